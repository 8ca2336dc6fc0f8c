//! Sweeps between heads beside those of an earlier version, as both do them on the command line, in one run.

use anyhow::Result;

use super::{checkpoint, previous, runners};

/// How often each is measured, in turns, so that both meet the same noise. The least time counts.
const ROUNDS: usize = 2;

/// Measure both on a checkpoint of GPT-2 small's size, and print a table. The times include loading it.
pub fn sweeps() -> Result<()> {
    let model = checkpoint::random_gpt2(12)?;
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
