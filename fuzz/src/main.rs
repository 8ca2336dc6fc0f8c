//! The plain fuzzing loop, `fuzz --seconds N [--seed S]`, for any compiler.
//!
//! Every kind of input has its own process, so the input is reported whatever ends the process: a panic, an abort, a
//! stack overflow, too much memory, or an input that takes longer than [`SLOWEST`]. An input depends only on the seed
//! and its number.

mod limit;

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use pathpatch_fuzz::{KINDS, Kind};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static ALLOCATOR: limit::Limited = limit::Limited::new();

/// The longest time that one input may take.
const SLOWEST: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);
/// A kind of input stops after this many failures.
const MAX_FAILURES: usize = 10;
/// Directory for the inputs that failed.
const FOUND: &str = "target/fuzz";

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<ExitCode, Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let mut pairs = arguments.windows(2);
        pairs.find(|pair| pair[0] == name).map(|pair| &pair[1])
    };
    let number = |name: &str| value(name).map(|text| text.parse::<u64>()).transpose();
    let seed = number("--seed")?.unwrap_or(0);
    let seconds = value("--seconds").map_or(Ok(60.0), |text| text.parse())?;
    let seconds = Duration::try_from_secs_f64(seconds)?;
    match number("--kind")? {
        Some(kind) => {
            let kind = KINDS.get(usize::try_from(kind)?).ok_or("no such kind")?;
            let first = number("--first")?.unwrap_or(0);
            try_inputs(kind, seed, first, number("--count")?, seconds)?;
            Ok(ExitCode::SUCCESS)
        }
        None => all(seed, seconds),
    }
}

/// Run every kind, as many at a time as there are cores.
fn all(seed: u64, seconds: Duration) -> Result<ExitCode, Error> {
    fs::create_dir_all(FOUND)?;
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(KINDS.len());
    let rounds = KINDS.len().div_ceil(workers);
    let each = seconds / u32::try_from(rounds)?;
    println!(
        "seed {seed}, {:.1} s for each kind of input",
        each.as_secs_f64()
    );
    let mut failures = 0;
    for (round, kinds) in KINDS.chunks(workers).enumerate() {
        let outcomes = thread::scope(|scope| {
            let running: Vec<_> = (0..kinds.len())
                .map(|i| scope.spawn(move || watch(round * workers + i, seed, each)))
                .collect();
            running
                .into_iter()
                .map(|run| run.join().map_err(|_| "a watcher has panicked")?)
                .collect::<Result<Vec<Outcome>, Error>>()
        })?;
        for (
            kind,
            Outcome {
                tried,
                accepted,
                failed,
            },
        ) in kinds.iter().zip(outcomes)
        {
            println!(
                "{:16} {tried:>9} inputs, {accepted:>8} accepted, {failed} failed",
                kind.name
            );
            failures += failed;
        }
    }
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        eprintln!("{failures} inputs failed; they are in {FOUND}");
        ExitCode::FAILURE
    })
}

#[derive(Default)]
struct Outcome {
    tried: u64,
    accepted: u64,
    failed: usize,
}

/// The file in which a process records its progress: the number of the current input, and how many earlier ones were
/// accepted.
struct Progress(File);

impl Progress {
    fn create(path: &Path) -> Result<Self, Error> {
        Ok(Self(File::create(path)?))
    }

    fn write(&mut self, input: u64, accepted: u64) -> Result<(), Error> {
        let mut both = [0; 16];
        both[..8].copy_from_slice(&input.to_le_bytes());
        both[8..].copy_from_slice(&accepted.to_le_bytes());
        self.0.seek(SeekFrom::Start(0))?;
        Ok(self.0.write_all(&both)?)
    }

    /// `None` before the first input.
    fn read(path: &Path) -> Option<(u64, u64)> {
        let mut both = [0; 16];
        File::open(path).ok()?.read_exact(&mut both).ok()?;
        let (input, accepted) = both.split_at(8);
        Some((
            u64::from_le_bytes(input.try_into().ok()?),
            u64::from_le_bytes(accepted.try_into().ok()?),
        ))
    }
}

fn progress_of(kind: &Kind) -> PathBuf {
    Path::new(FOUND).join(format!("{}.progress", kind.name))
}

/// Runs in the process of a kind: try inputs until the time is over, or `count` of them.
fn try_inputs(
    kind: &Kind,
    seed: u64,
    first: u64,
    count: Option<u64>,
    seconds: Duration,
) -> Result<(), Error> {
    let began = Instant::now();
    let mut progress = Progress::create(&progress_of(kind))?;
    let mut accepted = 0;
    let mut number = first;
    while began.elapsed() < seconds && count.is_none_or(|count| number < first + count) {
        progress.write(number, accepted)?;
        accepted += u64::from((kind.target)(&input(kind, seed, number)));
        number += 1;
    }
    progress.write(number, accepted)
}

/// The `number`-th input of a kind.
fn input(kind: &Kind, seed: u64, number: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    (kind.make)(&mut rng)
}

/// Run the process of a kind, and start it again after each input that ends it.
fn watch(index: usize, seed: u64, seconds: Duration) -> Result<Outcome, Error> {
    let kind = &KINDS[index];
    let began = Instant::now();
    let mut outcome = Outcome::default();
    let mut first = 0;
    while began.elapsed() < seconds && outcome.failed < MAX_FAILURES {
        let left = seconds.saturating_sub(began.elapsed());
        let end = run_process(index, seed, first, None, left)?;
        outcome.accepted += end.accepted;
        let Some(failure) = end.failure else {
            first = end.input;
            break;
        };
        first = end.input + 1;
        // Try a slow input again: the machine may have been busy with something else.
        if failure == HANG
            && run_process(index, seed, end.input, Some(1), SLOWEST)?
                .failure
                .is_none()
        {
            continue;
        }
        outcome.failed += 1;
        let path = Path::new(FOUND).join(format!("{}-{seed}-{}", kind.name, end.input));
        fs::write(&path, input(kind, seed, end.input))?;
        eprintln!("{}: {failure}", path.display());
    }
    outcome.tried = first;
    Ok(outcome)
}

struct End {
    /// The number of the current input, or one past the last.
    input: u64,
    accepted: u64,
    failure: Option<String>,
}

const HANG: &str = "took longer than 5 s";

fn run_process(
    index: usize,
    seed: u64,
    first: u64,
    count: Option<u64>,
    time: Duration,
) -> Result<End, Error> {
    let progress = progress_of(&KINDS[index]);
    let _ = fs::remove_file(&progress);
    let log = progress.with_extension("log");
    let mut command = Command::new(std::env::current_exe()?);
    for (name, value) in [
        ("--kind", index.to_string()),
        ("--seed", seed.to_string()),
        ("--first", first.to_string()),
        ("--seconds", time.as_secs_f64().to_string()),
    ] {
        command.args([name, &value]);
    }
    if let Some(count) = count {
        command.args(["--count", &count.to_string()]);
    }
    let mut process = command
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .spawn()?;
    let mut last = (first, Instant::now());
    let failure = loop {
        if let Some(status) = process.try_wait()? {
            break (!status.success()).then(|| {
                let said = fs::read(&log).unwrap_or_default();
                format!("{status}\n{}", String::from_utf8_lossy(&said).trim_end())
            });
        }
        let input = Progress::read(&progress).map_or(first, |(input, _)| input);
        if input != last.0 {
            last = (input, Instant::now());
        } else if last.1.elapsed() > SLOWEST {
            process.kill()?;
            process.wait()?;
            break Some(HANG.to_string());
        }
        thread::sleep(POLL);
    };
    let (input, accepted) = Progress::read(&progress).ok_or("the process wrote no progress")?;
    Ok(End {
        input,
        accepted,
        failure,
    })
}
