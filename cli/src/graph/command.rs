//! `pathpatch graph`: from the arguments to a file.

use pathpatch::{
    directory,
    error::{Code, Error, Result},
    patching::{EdgeOptions, EdgeResult, Patch, Scores},
    pause::NoPause,
    session::EdgesRequest,
};

use super::{
    csv::csv,
    date::today,
    dot::dot,
    json::{About, GraphReport},
    npy::npy,
    out_file::Format,
    scored::scored,
};
use crate::{
    args::GraphArgs,
    model::Model,
    output::{io_error, open, progress_bar, show, warn, write},
};

/// Compute the edges and write them.
pub async fn graph(args: &GraphArgs) -> Result<()> {
    let scores = args.scores()?;
    let format = args.out.as_ref().map_or(Format::Json, |out| out.format);
    if args.by_position && format != Format::Json {
        let expected = "JSON, the only file that has positions";
        let got = "another kind of output file";
        return Err(Error::new(Code::Option, "by-position", expected, got));
    }
    let (on, warnings) = args.on.request()?;
    warn(&warnings);
    let checked = args.checked(scores)?;
    let strongest = args.strongest.map(|n| n as usize);
    let is_partial = scores == Scores::Exact && strongest.is_some();
    let request = EdgesRequest {
        on,
        edges: None,
        options: EdgeOptions {
            patch: Patch {
                direction: args.direction,
                replacement: args.patch,
                layer_norm: args.layer_norm,
            },
            scores,
            // They say which edges are the strongest, and what each position does.
            estimates: is_partial || args.by_position,
            strongest: strongest.filter(|_| is_partial),
            checked,
            by_position: args.by_position,
            ..EdgeOptions::default()
        },
    };
    let session = directory::load(&args.on.model, args.on.load_options()).await?;
    warn(session.warnings());
    warn(&session.check_edges(&request, &NoPause).await?);
    // Before the work, which an output that cannot be written would make vain.
    let out = args
        .out
        .as_ref()
        .map(|out| Ok((&out.path, open(&out.path)?)));
    let out = out.transpose()?;

    let bar = progress_bar();
    let computed = session
        .edges(&request, &NoPause, |update| {
            show(&bar, &update.progress);
            Ok(())
        })
        .await?;
    bar.finish_and_clear();

    let model = Model::of(&args.on.model);
    let about = About {
        model: &model,
        config: session.config(),
        request: &request,
        strongest,
        date: today(),
    };
    write(out, &file_of(format, &computed.result, &about)?)
}

/// A result as the bytes of a file.
fn file_of(format: Format, result: &EdgeResult, about: &About<'_>) -> Result<Vec<u8>> {
    let table = &result.table;
    let edges = scored(table, about.request.options.scores, about.strongest);
    match format {
        Format::Json => {
            let report = GraphReport::new(result, &edges, about);
            let text = serde_json::to_string(&report).map_err(|e| io_error("the result", e))?;
            Ok((text + "\n").into_bytes())
        }
        Format::Npy => Ok(npy(table.graph, &edges)),
        Format::Dot => Ok(dot(table.graph, &edges, &about.title()).into_bytes()),
        Format::Csv => Ok(csv(table, &edges).into_bytes()),
    }
}
