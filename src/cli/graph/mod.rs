//! `pathpatch graph`: every edge of a model, written to a file.
//!
//! `scored` chooses the edges and puts them in EAP-IG's order; `json`, `npy`, `dot` and `csv` each make the text or the
//! bytes of a file from a result and do nothing else.

mod csv;
mod date;
mod dot;
mod json;
mod model;
mod npy;
mod scored;

use std::{path::PathBuf, str::FromStr};

use pathpatch::{
    directory,
    error::{Code, Error, Result},
    patching::{EdgeOptions, EdgeResult, Patch, Scores},
    pause::NoPause,
    session::EdgesRequest,
};

use super::{args::GraphArgs, io_error, open, progress_bar, show, warn, write};
use json::{About, GraphReport};
use model::Model;
use scored::scored;

/// A file to write, by the end of its name one of four kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutFile {
    path: PathBuf,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Npy,
    Dot,
    Csv,
}

impl FromStr for OutFile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let path = PathBuf::from(text);
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let format = match extension.to_str() {
            Some("json") => Format::Json,
            Some("npy") => Format::Npy,
            Some("dot") => Format::Dot,
            Some("csv") => Format::Csv,
            _ => {
                let expected = "a name that ends in .json, .npy, .dot or .csv";
                return Err(Error::new(Code::Option, "output file", expected, text));
            }
        };
        Ok(Self { path, format })
    }
}

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
            by_position: args.by_position,
            ..EdgeOptions::default()
        },
    };
    let session = directory::load(&args.on.model, args.on.device).await?;
    warn(session.warnings());
    warn(&session.check(&request.on, &NoPause).await?);
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
        date: date::today(),
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
        Format::Npy => Ok(npy::npy(table.graph, &edges)),
        Format::Dot => Ok(dot::dot(table.graph, &edges, &about.title()).into_bytes()),
        Format::Csv => Ok(csv::csv(table).into_bytes()),
    }
}
