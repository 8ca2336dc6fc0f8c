//! Arguments, files and the progress bar; everything else is the session's.

mod args;
mod graph;

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pathpatch::{
    allocator::keep_freed_memory,
    directory,
    error::{Code, Error, Result, Warning},
    gpt2::Config,
    patching::{Progress, SweepOptions},
    pause::NoPause,
    report::SweepReport,
    session::SweepRequest,
};

use args::{Args, Command, InspectArgs, SweepArgs};

/// Parse the arguments and run the command.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    keep_freed_memory();
    let result = match args.command {
        Command::Sweep(args) => pollster::block_on(sweep(&args)),
        Command::Graph(args) => pollster::block_on(graph::graph(&args)),
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
    let session = directory::load(&args.on.model, args.on.device).await?;
    warn(session.warnings());
    warn(&session.check(&request.on, &NoPause).await?);
    // Before the work, which an output that cannot be written would make vain.
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

    let name = model_name(&args.on.model);
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

/// Open a file that will be written. What is in it stays until there is a result.
fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).open(path);
    file.map_err(|e| io_error(path.display(), e))
}

/// Make bytes the content of a file that was opened, or send them on where that is a pipe; to standard output where
/// there is none.
fn write(out: Option<(&PathBuf, File)>, bytes: &[u8]) -> Result<()> {
    let replace = |mut file: File| {
        if file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        file.write_all(bytes)
    };
    match out {
        Some((path, file)) => replace(file).map_err(|e| io_error(path.display(), e)),
        None => {
            let written = io::stdout().write_all(bytes);
            written.map_err(|e| io_error("standard output", e))
        }
    }
}

/// Print each warning as one line on standard error.
fn warn(warnings: &[Warning]) {
    for warning in warnings {
        eprintln!("warning: {}", warning.to_string().replace('\n', " "));
    }
}

fn inspect(args: &InspectArgs) -> Result<()> {
    let config = Config::from_json(&directory::config(&args.model)?)?;
    warn(&config.warnings);
    let name = model_name(&args.model);
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

fn io_error(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Error {
    Error::new(Code::Io, what, "a file that can be used", error)
}

/// The directory's own name.
fn model_name(dir: &Path) -> String {
    let full = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let name = full.file_name().unwrap_or(full.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Move a bar to where the work is.
fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.total as u64);
    bar.set_position(progress.done as u64);
}

/// Edges done, rate and time left, on a terminal; silent elsewhere.
fn progress_bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = "{bar:40} {pos}/{len} edges, {per_sec}, {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
