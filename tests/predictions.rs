//! What runs say next: against the oracle to 1e-4, against the bundled model's known answers, and for questions that
//! cannot be run.

use std::{
    cell::Cell,
    future::{Future, ready},
    pin::Pin,
};

use pathpatch::{
    device::DeviceChoice,
    directory,
    error::{Code, Error, Result},
    metric::MetricKind,
    patching::{
        Both, Direction, EdgeOptions, Memory, PairPredictions, Patch, Prediction, predictions,
    },
    pause::{NoPause, Pause},
    prompt::{Batch, PromptPair},
    session::{
        Answer, EdgeDetailRequest, EdgesRequest, MetricRequest, PairRequest, Prompt, Session,
    },
};

use crate::{
    common::{RANDOM_MODELS, demo, random_model, run_pairs},
    oracle::Oracle,
    shortcuts::read_of,
};

const TOLERANCE: f64 = 1e-4;

fn ids(predictions: &[Prediction]) -> Vec<u32> {
    predictions.iter().map(|p| p.id).collect()
}

fn is_close(got: impl Into<f64>, expected: f64, what: &str) {
    let got = got.into();
    assert!(
        (got - expected).abs() < TOLERANCE,
        "{what}: {got}, not {expected}"
    );
}

/// Compare one run's predictions with the oracle's logits.
fn check(predictions: &[Prediction], logits: &[f64], what: &str) {
    let largest = logits.iter().copied().fold(f64::MIN, f64::max);
    let total: f64 = logits.iter().map(|l| (l - largest).exp()).sum();
    for of in predictions {
        let logit = logits[of.id as usize];
        is_close(of.logit, logit, what);
        is_close(of.probability, (logit - largest).exp() / total, what);
        assert_eq!(of.text, format!("<{}>", of.id));
    }
}

/// Pairs of the generator's batch, read where they differ at the earliest and after; of the last one the runs are equal,
/// the one before has sets, and the first lacks a distractor.
fn pairs(mut pairs: Vec<PromptPair>) -> Vec<PromptPair> {
    let last = pairs.last().unwrap();
    let equal = PromptPair {
        corrupted: last.clean.clone(),
        ..last.clone()
    };
    let sets = PromptPair {
        answers: vec![3, 1],
        distractors: vec![7, 2, 9],
        ..last.clone()
    };
    pairs[0].distractors.clear();
    pairs.extend([sets, equal]);
    pairs
}

#[test]
fn both_runs_say_what_the_oracle_says() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = Batch::new(pairs(expected.batch.pairs()), None, &model.config).unwrap();
        let oracle = Oracle::new(&model);
        // All at once, then one prompt and one row at a time.
        for memory in [Memory::of(&model.device()), Memory { runs: 0, step: 0 }] {
            for (kind, metric) in MetricKind::ALL {
                let runs = run_pairs(&model, &batch).within(memory);
                let text = |id| format!("<{id}>");
                let told = pollster::block_on(predictions(&runs, kind, 5, &text)).unwrap();
                assert_eq!(told.len(), batch.pairs().len());
                for (i, (of, pair)) in told.iter().zip(batch.pairs()).enumerate() {
                    let at = batch.positions()[i];
                    let what = format!("{name} {metric} pair {i}");
                    let [clean, corrupted] =
                        [&pair.clean, &pair.corrupted].map(|ids| oracle.run(ids).logits);
                    check_pair(of, pair, [&clean[at], &corrupted[at]], &what);

                    let sizes = [pair.answers.len(), pair.distractors.len()];
                    let is_measured = match kind {
                        MetricKind::LogitDiff => sizes == [1, 1],
                        MetricKind::NormalizedLogitDiff => {
                            sizes == [1, 1] && pair.clean != pair.corrupted
                        }
                        MetricKind::ProbDiff => sizes[1] > 0,
                        MetricKind::LogProb | MetricKind::Prob | MetricKind::Kl => true,
                    };
                    let Both {
                        clean: Some(of_clean),
                        corrupted: Some(of_corrupted),
                    } = of.metric
                    else {
                        assert_eq!(of.metric, Both::default(), "{what}");
                        assert!(!is_measured, "{what}");
                        continue;
                    };
                    assert!(is_measured, "{what}");
                    if kind == MetricKind::NormalizedLogitDiff {
                        is_close(of_clean, 1.0, &what);
                        is_close(of_corrupted, 0.0, &what);
                        continue;
                    }
                    let read = read_of(kind);
                    is_close(of_clean, read(&clean, &clean, pair, at), &what);
                    is_close(of_corrupted, read(&corrupted, &clean, pair, at), &what);
                }
            }
        }
    }
}

/// Everything but the metric.
fn check_pair(of: &PairPredictions, pair: &PromptPair, logits: [&[f64]; 2], what: &str) {
    let runs = [
        (&of.top.clean, &of.answers.clean, &of.distractors.clean),
        (
            &of.top.corrupted,
            &of.answers.corrupted,
            &of.distractors.corrupted,
        ),
    ];
    let differences = [of.logit_diff.clean, of.logit_diff.corrupted];
    for (((top, answers, distractors), logits), difference) in
        runs.into_iter().zip(logits).zip(differences)
    {
        let mut likeliest: Vec<u32> = (0..logits.len() as u32).collect();
        likeliest.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]));
        assert_eq!(ids(top), likeliest[..5], "{what}");
        assert_eq!(ids(answers), pair.answers, "{what}");
        assert_eq!(ids(distractors), pair.distractors, "{what}");
        for predictions in [top, answers, distractors] {
            check(predictions, logits, what);
        }
        let mean = |ids: &[u32]| {
            let sum: f64 = ids.iter().map(|id| logits[*id as usize]).sum();
            sum / ids.len() as f64
        };
        match difference {
            Some(got) => is_close(got, mean(&pair.answers) - mean(&pair.distractors), what),
            None => assert!(pair.distractors.is_empty(), "{what}"),
        }
    }
}

fn session() -> Session {
    pollster::block_on(directory::load(&demo(), DeviceChoice::Cpu)).unwrap()
}

const CLEAN: &str = "fox lamp river piano cloud spoon tiger crown eagle glove river piano fox";

fn induction() -> PairRequest {
    PairRequest {
        clean: Prompt::Text(CLEAN.into()),
        corrupted: Prompt::Text(CLEAN.replacen("fox", "dragon", 1)),
        answers: vec![Answer::Text("lamp".into())],
        distractors: vec![Answer::Text("spoon".into())],
    }
}

fn on(pairs: &[PairRequest], metric: MetricKind) -> MetricRequest {
    MetricRequest {
        pairs: pairs.to_vec(),
        metric,
        position: None,
        prepend_bos: true,
    }
}

fn ask(session: &Session, request: &MetricRequest, top: usize) -> Result<Vec<PairPredictions>> {
    pollster::block_on(session.predictions(request, top, &NoPause))
}

#[test]
fn the_bundled_model_says_lamp_after_fox() {
    let request = on(&[induction()], MetricKind::LogitDiff);
    let told = ask(&session(), &request, 5).unwrap().remove(0);
    let Both { clean, corrupted } = &told.top;
    assert_eq!([clean.len(), corrupted.len()], [5, 5]);
    assert_eq!([&clean[0].text[..], &corrupted[0].text], ["lamp", "crown"]);
    assert!((clean[0].probability - 0.983).abs() < 5e-4, "{clean:?}");
    assert!(
        (corrupted[0].probability - 0.979).abs() < 5e-4,
        "{corrupted:?}"
    );
    assert_eq!(told.answers.clean, clean[..1]);
    assert_eq!(told.distractors.corrupted[0].text, "spoon");
    // One answer and one distractor: the metric is the difference of the logits.
    for (difference, expected) in [
        (told.logit_diff.clean, 9.233),
        (told.metric.clean, 9.233),
        (told.logit_diff.corrupted, -0.284),
        (told.metric.corrupted, -0.284),
    ] {
        let difference = difference.unwrap();
        assert!((difference - expected).abs() < 1e-3, "{difference}");
    }
}

#[test]
fn a_question_that_cannot_be_run_is_told_all_the_same() {
    let session = session();
    let whole = induction();
    let bare = PairRequest {
        answers: Vec::new(),
        distractors: Vec::new(),
        ..whole.clone()
    };
    let equal = PairRequest {
        corrupted: whole.clean.clone(),
        ..whole.clone()
    };
    let twice = PairRequest {
        distractors: whole.answers.clone(),
        ..whole.clone()
    };
    let pairs = [whole, bare, equal, twice];
    let normalized = on(&pairs, MetricKind::NormalizedLogitDiff);
    let told = ask(&session, &normalized, 3).unwrap();
    let none = Both::default();
    for (of, i) in told.iter().zip(0..) {
        assert_eq!([of.top.clean.len(), of.top.corrupted.len()], [3, 3]);
        assert_eq!(of.top.clean, told[0].top.clean);
        assert_eq!(of.metric == none, i > 0, "pair {i}: {:?}", of.metric);
        assert_eq!(of.answers.clean.is_empty(), i == 1);
        assert_eq!(of.logit_diff == none, i == 1);
    }
    assert_eq!(told[2].top.clean, told[2].top.corrupted);
    assert_eq!(told[3].logit_diff.clean, Some(0.0));

    // Elsewhere than at the end, before the prompts differ, and as many tokens as there are.
    let first = MetricRequest {
        position: Some(0),
        ..on(&pairs, MetricKind::LogitDiff)
    };
    let all = session.config().d_vocab;
    let told = ask(&session, &first, usize::MAX).unwrap();
    assert_eq!(told[0].top.clean.len(), all);
    assert_eq!(told[0].top.clean, told[0].top.corrupted);
    assert_eq!(told[0].metric.clean, told[0].metric.corrupted);
    assert!(told[0].metric.clean.is_some());
    let sum: f32 = told[0].top.clean.iter().map(|p| p.probability).sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    assert!(ask(&session, &first, 0).unwrap()[0].top.clean.is_empty());
}

#[test]
fn what_is_no_prompt_no_token_and_no_position_is_an_error() {
    let session = session();
    let refused = |change: fn(&mut PairRequest), position| {
        let mut pair = induction();
        change(&mut pair);
        let request = MetricRequest {
            position,
            ..on(&[induction(), pair], MetricKind::Kl)
        };
        let error = ask(&session, &request, 5).unwrap_err();
        assert!(error.what.starts_with("pair "), "{error}");
        error.code
    };
    let unknown = refused(|p| p.answers = vec![Answer::Text("zebu".into())], None);
    assert_eq!(unknown, Code::Answer);
    let no_row = refused(|p| p.distractors = vec![Answer::Id(u32::MAX)], None);
    assert_eq!(no_row, Code::Distractor);
    let longer = refused(|p| p.corrupted = Prompt::Text("fox fox".into()), None);
    assert_eq!(longer, Code::PromptLength);
    let empty = refused(|p| p.clean = Prompt::Ids(Vec::new()), None);
    assert_eq!(empty, Code::Clean);
    assert_eq!(refused(|_| (), Some(99)), Code::Metric);
    let none = ask(&session, &on(&[], MetricKind::Kl), 5).unwrap_err();
    assert_eq!(none.code, Code::Clean);
}

/// Cancels after so many steps.
struct Steps(Cell<usize>);

impl Pause for Steps {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.unwrap_or_default());
        let cancelled = || Error::new(Code::Cancelled, "predictions", "to go on", "a cancel");
        Box::pin(ready(left.map(|_| ()).ok_or_else(cancelled)))
    }
}

#[test]
fn predictions_can_be_cancelled_between_pairs() {
    let pairs = vec![induction(); 20];
    let request = on(&pairs, MetricKind::Prob);
    let ask = |steps| {
        let pause = Steps(Cell::new(steps));
        // Each time another session, which has not run these prompts yet.
        let session = session();
        let told = pollster::block_on(session.predictions(&request, 5, &pause));
        (told, pause.0.get())
    };
    let (told, left) = ask(usize::MAX);
    assert_eq!(told.unwrap().len(), 20);
    let steps = usize::MAX - left;
    // Among them one for each pair, once the runs are through.
    for steps in [0, 25, steps / 2, steps - 19, steps - 1] {
        assert_eq!(ask(steps).0.unwrap_err().code, Code::Cancelled);
    }
}

/// Counts the steps of a computation.
struct Count(Cell<usize>);

impl Pause for Count {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        self.0.set(self.0.get() + 1);
        Box::pin(ready(Ok(())))
    }
}

#[test]
fn both_runs_of_the_same_prompts_are_there_for_the_next_call() {
    let request = |pair, direction| {
        let patch = Patch {
            direction,
            ..EdgeOptions::default().patch
        };
        EdgesRequest {
            on: on(&[pair], MetricKind::Kl),
            edges: None,
            options: EdgeOptions {
                patch,
                ..EdgeOptions::default()
            },
        }
    };
    let sweep = |session: &Session, request: &EdgesRequest| {
        let count = Count(Cell::new(0));
        let swept = pollster::block_on(session.edges(request, &count, |_| Ok(()))).unwrap();
        (swept.result, count.0.get())
    };
    let mut other = induction();
    (other.clean, other.corrupted) = (other.corrupted, other.clean);
    let asked = request(induction(), Direction::Denoise);
    let (alone, steps) = sweep(&session(), &asked);

    let session = session();
    let layers = session.config().n_layers;
    ask(&session, &asked.on, 5).unwrap();
    let (result, after) = sweep(&session, &asked);
    assert_eq!(result, alone);
    assert!(after + 4 * layers <= steps, "{after} steps, {steps} alone");
    // Once more, with what the layers' receivers make of the runs.
    let (result, again) = sweep(&session, &asked);
    assert_eq!(result, alone);
    assert!(again < after, "{again} steps, {after} before");

    // Other runs in between, or another base run, and it is as if nothing had been there.
    for other in [
        request(other, Direction::Denoise),
        request(induction(), Direction::Noise),
    ] {
        let (different, _) = sweep(&session, &other);
        assert_ne!(different, alone);
        assert_eq!(sweep(&session, &asked), (alone.clone(), steps));
    }
}

#[test]
fn the_runs_of_an_edge_that_is_looked_at_are_there_for_the_next_edge() {
    let look = |session: &Session, edge: &str, pair| {
        let request = EdgeDetailRequest {
            on: on(&[pair], MetricKind::LogitDiff),
            pair: None,
            edge: edge.parse().unwrap(),
            patch: EdgeOptions::default().patch,
            by_position: false,
        };
        let count = Count(Cell::new(0));
        let found = pollster::block_on(session.edge(&request, &count)).unwrap();
        (found.result.detail, count.0.get())
    };
    let mut other = induction();
    (other.clean, other.corrupted) = (other.corrupted, other.clean);
    let kept = session();
    look(&kept, "a0.h3->a1.h3<k>", induction());
    for edge in [
        "a0.h3->a1.h3<k>",
        "input->a2.h0<v>",
        "m0->m1",
        "a1.h3->logits",
    ] {
        let (alone, steps) = look(&session(), edge, induction());
        let (again, fewer) = look(&kept, edge, induction());
        assert_eq!(again, alone, "{edge}");
        let layers = kept.config().n_layers;
        assert!(
            fewer + 4 * layers <= steps,
            "{edge}: {fewer} steps, {steps} alone"
        );
    }
    // Those of other prompts are not taken for them.
    let different = look(&kept, "m0->m1", other.clone());
    assert_eq!(different, look(&session(), "m0->m1", other));
}
