//! Sweeps between heads beside those of an earlier version, as both do them on the command line, in one run.

use anyhow::Result;

use super::{checkpoint, previous, runners};

/// How often each is measured, in turns, so that both meet the same noise. The least time counts.
const ROUNDS: usize = 2;

/// Measure both on a checkpoint of GPT-2 small's size, and print a table: the sweep as a user calls it, without loading, then
/// the command line, which loads the model and makes no estimates.
pub fn sweeps() -> Result<()> {
    let model = checkpoint::random_gpt2(12)?;
    let prompts = checkpoint::prompts(15, 10, 1)?;
    previous::set_up()?;
    let mut least = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        let before = previous::sweep(&model, &prompts, "k", "frozen")?;
        let now = runners::native(&model, &prompts, "frozen")?;
        for (least, sweep) in least.iter_mut().zip([before, now]) {
            *least = least.min(sweep.seconds);
        }
    }
    let [before, now] = least;
    println!(
        "15 tokens that differ from the 11th on, both runs, estimates and all exact values, without loading: {} {before:.2} s, \
         now {now:.2} s, {:.2} times as fast\n",
        previous::COMMIT,
        before / now
    );
    let programs = [previous::program()?, runners::program()?];
    println!(
        "GPT-2 small's size, random weights, all edges into keys, one pair\n\n\
         | tokens | they differ from | metric | {} | now | times as fast |\n\
         | --: | --: | --- | --: | --: | --: |",
        previous::COMMIT
    );
    for (tokens, difference, metric) in [
        (15, 10, "logit-diff"),
        (15, 10, "prob"),
        (15, 10, "kl"),
        (60, 10, "logit-diff"),
        (300, 295, "logit-diff"),
        (1000, 995, "logit-diff"),
    ] {
        let prompts = checkpoint::prompts(tokens, difference, 1)?;
        let mut least = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            for (program, least) in programs.iter().zip(&mut least) {
                *least = least.min(runners::seconds(program, &model, &prompts, metric)?);
            }
        }
        let [before, now] = least;
        let ratio = before / now;
        let first = difference + 1;
        println!("| {tokens} | {first} | {metric} | {before:.1} s | {now:.1} s | {ratio:.2} |");
    }
    Ok(())
}
