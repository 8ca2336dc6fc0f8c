//! The programs that do the work: the native bench, a browser, TransformerLens. Each prints JSON.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    browsers,
    run::{WITHOUT_WEBGPU, cargo, cargo_program, run},
    site, vulkan,
};

/// What our runners print.
#[derive(Deserialize)]
pub struct Sweep {
    pub estimate_seconds: f64,
    pub seconds: f64,
    /// Whether the run was stopped, and the seconds include its estimate of the time left.
    #[serde(default)]
    pub projected: bool,
    pub edges: usize,
    /// Floating-point operations of the whole sweep.
    pub flops: f64,
    pub matmul_flops_per_second: f64,
    pub peak_memory: Option<f64>,
    /// Rank correlation and top-20 overlap of the estimates; the native bench measures them.
    pub spearman: Option<f64>,
    pub top_20: Option<usize>,
    pub slowest_cancel_ms: Option<f64>,
    /// Row-major over (source, destination), null without a path.
    pub values: Vec<Option<f64>>,
}

/// What the peer prints.
#[derive(Deserialize)]
pub struct Peer {
    pub version: String,
    pub seconds_per_edge: f64,
    /// Source layer and head, destination layer and head, value.
    pub edges: Vec<(usize, usize, usize, usize, f64)>,
}

/// The native bench, built where it is not.
pub fn native(model: &str, prompts: &str, layer_norm: &str) -> Result<Sweep> {
    let mut command = bench("full_sweep", &[WITHOUT_WEBGPU], model, prompts)?;
    json(command.args(["--layer-norm", layer_norm]))
}

/// What `benches/gpu.rs` prints.
#[derive(Deserialize)]
pub struct OnGpu {
    pub adapter: Option<String>,
    pub matmul: String,
    pub load_seconds: f64,
    pub first_seconds: f64,
    pub second_seconds: f64,
    pub projected: bool,
    pub edges: usize,
    pub flops: f64,
    pub products: Vec<(String, f64)>,
    pub largest_difference: Option<f64>,
}

impl OnGpu {
    /// The rate of the best bare product.
    pub fn best(&self) -> f64 {
        self.products.iter().fold(0.0, |best, p| p.1.max(best))
    }
}

/// All edges on a GPU, by a driver of Vulkan or by the system's choice; through wgpu, which is half of what there is to
/// compile.
pub fn gpu(
    model: &str,
    prompts: &str,
    limit: f64,
    compare: bool,
    driver: Option<&str>,
) -> Result<OnGpu> {
    let mut command = bench("gpu", &[], model, prompts)?;
    command.args(["--limit", &limit.to_string()]);
    if compare {
        command.arg("--compare");
    }
    command.envs(vulkan::variable(driver));
    json(&mut command)
}

/// Print how often the race at load finds the fastest product, as rows of a table: see `benches/race.rs`.
pub fn race(driver: Option<&str>) -> Result<()> {
    let mut command = Command::new(cargo_program());
    command.args(["bench", "--quiet", "--locked", "--package", "pathpatch-cli"]);
    command.args(["--bench", "race"]);
    command.envs(vulkan::variable(driver));
    let status = command.status().context("could not start cargo")?;
    ensure!(status.success(), "the race could not be measured: {status}");
    Ok(())
}

/// All edges of a model's graph, as `benches/graph.rs` prints them.
#[derive(Deserialize)]
pub struct Graph {
    pub edges: usize,
    pub seconds: f64,
    pub estimate_seconds: f64,
    pub strongest_seconds: f64,
    pub eap_seconds: f64,
    pub eap_ig_5_seconds: f64,
    pub max_estimate_error: f64,
}

/// All edges of the graph, natively.
pub fn graph(model: &str, prompts: &str, layer_norm: &str) -> Result<Graph> {
    let mut command = bench("graph", &[WITHOUT_WEBGPU], model, prompts)?;
    json(command.args(["--layer-norm", layer_norm]))
}

/// A bench of the command line's crate on a model and its prompts.
fn bench(name: &str, features: &[&str], model: &str, prompts: &str) -> Result<Command> {
    // Cargo runs it in the directory of its package.
    let [model, prompts] = [absolute(model)?, absolute(prompts)?];
    let mut command = Command::new(cargo_program());
    command
        .args(["bench", "--quiet", "--locked", "--package", "pathpatch-cli"])
        .args(features)
        .args(["--bench", name, "--", "--model", &model])
        .args(["--prompts", &prompts]);
    Ok(command)
}

/// The command line, built where it is not.
pub fn program() -> Result<PathBuf> {
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "pathpatch-cli",
    ];
    cargo(&[&build[..], &[WITHOUT_WEBGPU]].concat())?;
    built(Path::new("target"))
}

/// The command line in a build folder.
pub fn built(folder: &Path) -> Result<PathBuf> {
    let name = format!("pathpatch{}", std::env::consts::EXE_SUFFIX);
    let path = folder.join("release").join(name);
    fs::canonicalize(&path).with_context(|| path.display().to_string())
}

/// How long a command line takes for all edges into keys on the first pair of a prompts file.
pub fn seconds(program: &Path, model: &str, prompts: &str, metric: &str) -> Result<f64> {
    #[derive(Deserialize)]
    struct Prompts {
        clean: Vec<Vec<u32>>,
        corrupted: Vec<Vec<u32>>,
        answers: Vec<u32>,
        distractors: Vec<u32>,
    }
    let prompts: Prompts = serde_json::from_str(&fs::read_to_string(prompts)?)?;
    let ids = |ids: &[u32]| {
        let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
        ids.join(",")
    };
    let mut command = Command::new(program);
    command
        .args(["sweep", "--device", "cpu", "--model", model])
        .args(["--clean-ids", &ids(&prompts.clean[0])])
        .args(["--corrupted-ids", &ids(&prompts.corrupted[0])])
        .args(["--answer-id", &ids(&prompts.answers[..1])])
        .args(["--distractor-id", &ids(&prompts.distractors[..1])])
        .args(["--component", "k", "--metric", metric])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(start.elapsed().as_secs_f64())
}

/// A path that means the same wherever a program runs.
pub fn absolute(path: &str) -> Result<String> {
    let path = fs::canonicalize(path).with_context(|| path.to_string())?;
    Ok(path.to_string_lossy().into_owned())
}

/// The built site and the checkpoint side by side, for a server.
pub fn site(model: &str) -> Result<&'static str> {
    const SITE: &str = "target/bench/site";
    site::build()?;
    if Path::new(SITE).exists() {
        fs::remove_dir_all(SITE)?;
    }
    link_files(Path::new("dist"), Path::new(SITE))?;
    link_files(Path::new(model), &Path::new(SITE).join("model"))?;
    Ok(SITE)
}

/// A directory with the same files, not copies of them.
fn link_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("a name")?);
        if path.is_dir() {
            link_files(&path, &target)?;
        } else {
            fs::hard_link(&path, &target)?;
        }
    }
    Ok(())
}

/// Chromium on the site; a sweep that takes longer than `limit` seconds is stopped there.
pub fn browser(site: &str, device: &str, model: &str, prompts: &str, limit: u32) -> Result<Sweep> {
    let limit = limit.to_string();
    let arguments = ["benches/browser.mjs", site, device, model, prompts, &limit];
    let chromium = browsers::chromium()?;
    json(
        Command::new("node")
            .env("CHROMIUM", chromium)
            .args(arguments),
    )
}

/// Where the older of the two is, for `PYTHONPATH`.
pub const OLDER_PEER: &str = "target/bench/venv/3.9";

const PIP: &str = "target/bench/venv/bin/pip";

/// A virtual environment with both peers: 4.3 installed, 3.9 in a directory of its own before it.
pub fn set_up_peers() -> Result<()> {
    if Path::new("target/bench/venv/ready").exists() {
        return Ok(());
    }
    run("python3", &["-m", "venv", "target/bench/venv"])?;
    run(
        PIP,
        &[
            "install",
            "--quiet",
            "--requirement",
            "benches/peer/requirements.txt",
        ],
    )?;
    let other = ["--target", OLDER_PEER, "transformer-lens==3.9.0"];
    run(
        PIP,
        &[&["install", "--quiet", "--no-deps"][..], &other].concat(),
    )?;
    fs::write("target/bench/venv/ready", "")?;
    Ok(())
}

/// EAP-IG beside them; whether it could be installed. It is in no package registry: it comes from its repository, or
/// from the checkout that the variable `EAP_IG` names.
pub fn set_up_eap_ig() -> bool {
    const READY: &str = "target/bench/venv/eap-ig";
    const COMMIT: &str = "795f5607b25638935aec89aee3c1cb4bd9ed72f1";
    if Path::new(READY).exists() {
        return true;
    }
    let source = std::env::var("EAP_IG")
        .unwrap_or_else(|_| format!("git+https://github.com/hannamw/EAP-IG@{COMMIT}"));
    let installed =
        run(PIP, &["install", "--quiet", &source]).and_then(|()| Ok(fs::write(READY, "")?));
    if let Err(error) = &installed {
        eprintln!("EAP-IG is not there: {error:#}. EAP_IG may name a checkout of it.");
    }
    installed.is_ok()
}

/// TransformerLens, `3.9` or `4.3`.
pub fn peer(version: &str, model: &str, prompts: &str) -> Result<Peer> {
    let mut python = Command::new("target/bench/venv/bin/python");
    if version == "3.9" {
        python.env("PYTHONPATH", OLDER_PEER);
    }
    let peer: Peer = json(python.args(["benches/peer/run.py", model, prompts]))?;
    if !peer.version.starts_with(version) {
        bail!("asked for transformer-lens {version}, got {}", peer.version);
    }
    Ok(peer)
}

/// The last line that a program prints, as JSON.
pub fn json<T: DeserializeOwned>(command: &mut Command) -> Result<T> {
    eprintln!("> {command:?}");
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", output.status);
    }
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("{command:?} printed {line:.200}"))
}
