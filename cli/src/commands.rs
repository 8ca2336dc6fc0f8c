//! The commands; everything that they compute is the session's.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use pathpatch::{
    directory,
    error::{Code, Result},
    gpt2::Config,
    patching::{Replacement, SweepOptions},
    pause::NoPause,
    session::SweepRequest,
};

use crate::{
    args::{Args, Command, InspectArgs, SweepArgs},
    graph::command::graph,
    model::own_name,
    output::{io_error, open, progress_bar, show, warn, write},
    process::set_up_process,
    report::SweepReport,
};

/// Parse the arguments and run the command.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let result = match args.command {
        Command::Sweep(args) => set_up_process().and_then(|()| pollster::block_on(sweep(&args))),
        Command::Graph(args) => set_up_process().and_then(|()| pollster::block_on(graph(&args))),
        Command::Inspect(args) => inspect(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error.to_string().replace('\n', " "));
            match error.code {
                Code::Device | Code::Io => ExitCode::from(1),
                _ => ExitCode::from(2),
            }
        }
    }
}

/// Help and version as clap prints them; wrong arguments as one line, without the usage that follows.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    let text = error.to_string();
    let what = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = what.split_whitespace().collect();
    eprintln!("{}", words.join(" "));
    ExitCode::from(2)
}

async fn sweep(args: &SweepArgs) -> Result<()> {
    let (on, warnings) = args.on.request()?;
    warn(&warnings);
    let request = SweepRequest {
        on,
        component: args.component,
        source: args.source,
    };
    let options = SweepOptions {
        layer_norm: args.layer_norm,
        ..SweepOptions::default()
    };
    let session = directory::load(&args.on.model, args.on.load_options()).await?;
    warn(session.warnings());
    let checked = session.check(&request.on, Replacement::Resample, &NoPause);
    warn(&checked.await?);
    // Before the work, which would be in vain if the output could not be written.
    let out = args.out.as_ref().map(|path| Ok((path, open(path)?)));
    let out = out.transpose()?;

    let bar = progress_bar();
    let swept = session
        .sweep(&request, options, &NoPause, |update| {
            show(&bar, &update.progress);
            Ok(())
        })
        .await?;
    bar.finish_and_clear();

    let name = own_name(&args.on.model);
    let report = SweepReport::new(
        &name,
        session.config(),
        request.component,
        request.on.metric,
        request.source,
        &swept.result,
    );
    let json = serde_json::to_string(&report).map_err(|e| io_error("the result", e))? + "\n";
    write(out, json.as_bytes())
}

fn inspect(args: &InspectArgs) -> Result<()> {
    let config = Config::from_json(&directory::config(&args.model)?)?;
    warn(&config.warnings);
    let name = own_name(&args.model);
    let (n_params, bos) = (config.n_params(), config.bos_token_id);
    let scales = match (
        config.scale_attn_weights,
        config.scale_attn_by_inverse_layer_idx,
    ) {
        (true, false) => "1/sqrt(d_head)",
        (true, true) => "1/sqrt(d_head), 1/(layer + 1)",
        (false, true) => "1/(layer + 1)",
        (false, false) => "1",
    };
    let unembedding = match config.tie_word_embeddings {
        true => "tied",
        false => "untied",
    };
    let text = format!(
        "model       {name}\n\
         n_layers    {}\nn_heads     {}\nd_model     {}\nd_head      {}\nd_mlp       {}\n\
         n_ctx       {}\nd_vocab     {}\neps         {:?}\nbos         {}\n\
         activation  {}\nscaled by   {scales}\nunembedding {unembedding}\nn_params    {n_params}",
        config.n_layers,
        config.n_heads,
        config.d_model,
        config.d_head,
        config.d_mlp,
        config.n_ctx,
        config.d_vocab,
        config.eps,
        bos.map_or("none".into(), |id| id.to_string()),
        config.activation.as_str(),
    );
    writeln!(io::stdout(), "{text}").map_err(|e| io_error("standard output", e))
}
