//! Several workers that each hold some layers give the numbers of one, bit for bit: every class of edge, by position too, for
//! every metric, patch and memory, however long each takes. One that fails ends the sweep with its error, and a sweep
//! that is dropped is forgotten by all.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use pathpatch::{
    error::{Code, Error, Result},
    gpt2::{Gpt2, Layers, Lender},
    metric::MetricKind,
    ops::Product,
    patching::{
        Component, Crew, Direction, Edge, EdgeOptions, EdgeResult, EdgeUpdate, Head, LayerNorm,
        Link, Member, Memory, Parcel, Patch, Replacement, Runs, Scores, edge_detail,
        graph::{Graph, Receiver, Sender},
        head_detail, predictions, sweep_edges,
    },
    pause::{NoPause, Pause},
    prompt::Batch,
};

use crate::common::{RANDOM_MODELS, batch, metric, random_model};

/// Waits for a while that differs from time to time.
#[derive(Debug)]
struct Slow(Cell<u32>);

impl Slow {
    fn wait(&self) -> impl Future<Output = ()> + use<> {
        // A linear congruential generator.
        self.0.set(
            self.0
                .get()
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223),
        );
        let mut left = self.0.get() >> 29;
        std::future::poll_fn(move |context| {
            context.waker().wake_by_ref();
            let is_over = left == 0;
            left = left.saturating_sub(1);
            if is_over {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    }
}

impl Pause for Slow {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(async {
            self.wait().await;
            Ok(())
        })
    }
}

/// Workers of this process. Those that are asked for a step fail once `left` steps have been asked for.
struct InProcess {
    members: Vec<Rc<Member>>,
    slow: Rc<Slow>,
    left: Cell<usize>,
    /// Which kinds of steps each was asked for.
    asked: RefCell<HashSet<(usize, &'static str)>>,
    /// How many steps ended with each code.
    failed: RefCell<Vec<Code>>,
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} workers", self.members.len())
    }
}

/// An [`InProcess`] that its steps can hold on to.
#[derive(Debug, Clone)]
struct Here(Rc<InProcess>);

impl Link for Here {
    fn others(&self) -> usize {
        self.0.members.len()
    }

    fn ask(&self, other: usize, parcel: Parcel) -> Pin<Box<dyn Future<Output = Result<Parcel>>>> {
        let here = self.0.clone();
        for kind in ["Enter", "Through", "Lend", "Hold", "End"] {
            if parcel.head.contains(kind) {
                here.asked.borrow_mut().insert((other, kind));
            }
        }
        let is_step = parcel.head.starts_with(r#"{"Step""#);
        let answer = here.members[other].receive(parcel);
        Box::pin(async move {
            here.slow.wait().await;
            if is_step && here.left.get() == 0 {
                return Err(Error::new(Code::Device, "worker", "to be there", "none"));
            }
            here.left.set(here.left.get() - usize::from(is_step));
            let answer = answer.await;
            if let Err(error) = &answer {
                here.failed.borrow_mut().push(error.code);
            }
            answer
        })
    }
}

/// A model whose layers are with so many workers, this one among them.
fn share(whole: &Gpt2, workers: usize) -> (Gpt2, Rc<Crew>, Here) {
    let slow = Rc::new(Slow(Cell::new(7)));
    let member = |_| {
        let member = Member::new(&whole.config, Product::default(), slow.clone());
        Rc::new(member)
    };
    let here = Here(Rc::new(InProcess {
        members: (1..workers).map(member).collect(),
        slow: slow.clone(),
        left: Cell::new(usize::MAX),
        asked: RefCell::default(),
        failed: RefCell::default(),
    }));
    let crew = Crew::new(Rc::new(here.clone()), &whole.config, Product::default());
    let crew = Rc::new(crew);
    let blocks = whole.layers.blocks().cloned().enumerate();
    let layers = blocks.map(|(i, block)| crew.take(i, block)).collect();
    let model = Gpt2 {
        layers: Layers::new(layers, Some(crew.clone())),
        ..whole.clone()
    };
    let held = crew.holders().iter().filter(|worker| **worker == 0);
    assert_eq!(model.layers.blocks().count(), held.count());
    (model, crew, here)
}

fn runs<'a>(
    model: &'a Gpt2,
    batch: &Batch,
    crew: Option<&Rc<Crew>>,
    patch: Patch,
    memory: Option<Memory>,
    pause: &'a dyn Pause,
) -> Runs<'a> {
    let runs = Runs::new(model, batch, pause).patching(patch.direction, patch.replacement);
    let memory = memory.unwrap_or(Memory::of(&model.device()));
    runs.within(memory).shared(crew.cloned())
}

fn sweep(
    runs: &Runs<'_>,
    kind: MetricKind,
    edges: &[Edge],
    options: &EdgeOptions,
) -> Result<EdgeResult> {
    let metric = metric(kind, runs);
    let ignore = |_: EdgeUpdate<'_>| Ok(());
    pollster::block_on(sweep_edges(runs, &metric, edges, options, ignore))
}

fn all_edges(model: &Gpt2) -> Vec<Edge> {
    Graph::of(&model.config).edges().collect()
}

const KINDS: [MetricKind; 6] = [
    MetricKind::LogitDiff,
    MetricKind::NormalizedLogitDiff,
    MetricKind::LogProb,
    MetricKind::Prob,
    MetricKind::ProbDiff,
    MetricKind::Kl,
];

/// Memory as it is, and so little that runs are not kept, deltas are not kept, and chunks and steps are short.
const MEMORIES: [Option<Memory>; 4] = [
    None,
    Some(Memory { runs: 0, step: 0 }),
    Some(Memory {
        runs: 0,
        step: 1 << 20,
    }),
    Some(Memory {
        runs: 1 << 30,
        step: 3_000,
    }),
];

#[test]
fn many_workers_give_the_numbers_of_one() {
    let mut i = 0;
    for name in RANDOM_MODELS {
        let (whole, expected) = random_model(name);
        let batch = batch(&whole, &expected);
        let edges = all_edges(&whole);
        for workers in [2, 3] {
            let (model, crew, here) = share(&whole, workers);
            for direction in [Direction::Denoise, Direction::Noise] {
                for replacement in [Replacement::Resample, Replacement::Mean, Replacement::Zero] {
                    for memory in MEMORIES {
                        i += 1;
                        // Every combination once, with one number of workers or the other.
                        if i % 2 == workers % 2 {
                            continue;
                        }
                        let kind = KINDS[i % KINDS.len()];
                        let layer_norm = [LayerNorm::Exact, LayerNorm::Frozen][i / 6 % 2];
                        let patch = Patch {
                            direction,
                            replacement,
                            layer_norm,
                        };
                        let options = EdgeOptions {
                            patch,
                            estimates: i % 4 > 1,
                            by_position: i % 3 == 0,
                            ..EdgeOptions::default()
                        };
                        let what = format!("{name} {workers} {kind:?} {patch:?} {memory:?}");
                        let of_one = runs(&whole, &batch, None, patch, memory, &NoPause);
                        let of_one = sweep(&of_one, kind, &edges, &options);
                        let pause = &*here.0.slow;
                        let of_many = runs(&model, &batch, Some(&crew), patch, memory, pause);
                        let of_many = sweep(&of_many, kind, &edges, &options);
                        assert_eq!(of_many, of_one, "{what}");
                        let log = crew.log();
                        let seen: HashSet<_> = log.iter().map(|event| event.worker).collect();
                        let holders: HashSet<_> = crew.holders().iter().copied().collect();
                        assert!(holders.is_subset(&seen), "{what}: {seen:?}");
                        assert!(log.iter().all(|event| event.began <= event.ended));
                    }
                }
            }
            for other in 0..workers.min(crew.holders().len()) - 1 {
                for kind in ["Enter", "Lend", "Hold", "End"] {
                    assert!(
                        here.0.asked.borrow().contains(&(other, kind)),
                        "{name} {other} {kind}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_metric_of_all_positions_and_few_edges_are_the_same_too() {
    let (whole, expected) = random_model("untied-bf16");
    let batch = batch(&whole, &expected);
    let (model, crew, here) = share(&whole, 3);
    let options = EdgeOptions::default();
    let all = |logits: burn::tensor::Tensor<3>| logits.square().mean();
    let edges = all_edges(&whole);
    for edges in [&edges[..], &edges[..1], &edges[edges.len() - 1..], &[]] {
        let swept = |model, crew: Option<&Rc<Crew>>, pause| {
            let runs = runs(model, &batch, crew, options.patch, None, pause);
            let ignore = |_: EdgeUpdate<'_>| Ok(());
            let options = EdgeOptions {
                estimates: false,
                ..options
            };
            pollster::block_on(sweep_edges(&runs, &all, edges, &options, ignore)).unwrap()
        };
        assert_eq!(
            swept(&model, Some(&crew), &*here.0.slow),
            swept(&whole, None, &NoPause)
        );
    }
}

#[test]
fn what_is_not_swept_is_the_same_with_layers_that_are_lent() {
    for name in RANDOM_MODELS {
        let (whole, expected) = random_model(name);
        let pairs = expected.batch.pairs();
        let batch = Batch::new(pairs[..1].to_vec(), None, &whole.config).unwrap();
        let (model, crew, here) = share(&whole, 2);
        let head = Head { layer: 1, head: 1 };
        let edge = |to| Edge {
            from: Sender::Head(Head { layer: 0, head: 1 }),
            to,
        };
        let of = |model, crew: Option<&Rc<Crew>>, pause| {
            let runs = runs(model, &batch, crew, Patch::default(), None, pause);
            let metric = metric(MetricKind::LogitDiff, &runs);
            let detail =
                |to| pollster::block_on(edge_detail(&runs, &metric, edge(to), LayerNorm::Exact));
            let details = [
                Receiver::Head(head, Component::K),
                Receiver::Mlp(1),
                Receiver::Logits,
            ]
            .map(detail);
            let head = pollster::block_on(head_detail(model, &batch, head, pause));
            let said = pollster::block_on(predictions(&runs, MetricKind::LogitDiff, 3, &|id| {
                format!("{id}")
            }));
            let scores = [Scores::Eap, Scores::EapIg { steps: 3 }].map(|scores| {
                let options = EdgeOptions {
                    scores,
                    ..EdgeOptions::default()
                };
                sweep(&runs, MetricKind::LogitDiff, &all_edges(model), &options).unwrap()
            });
            format!("{details:?} {head:?} {said:?} {scores:?}")
        };
        assert_eq!(
            of(&model, Some(&crew), &*here.0.slow),
            of(&whole, None, &NoPause),
            "{name}"
        );
    }
}

#[test]
fn a_worker_that_fails_ends_the_sweep_and_the_next_one_is_whole() {
    let (whole, expected) = random_model("hub-f16");
    let batch = batch(&whole, &expected);
    let edges = all_edges(&whole);
    let (model, crew, here) = share(&whole, 2);
    let options = EdgeOptions::default();
    let of = |model, crew| {
        let runs = runs(model, &batch, crew, options.patch, MEMORIES[3], &NoPause);
        sweep(&runs, MetricKind::LogitDiff, &edges, &options)
    };
    let expected = of(&whole, None);
    for steps in [0, 1, 7] {
        here.0.left.set(steps);
        let error = of(&model, Some(&crew)).unwrap_err();
        assert_eq!(error.to_string(), "worker: expected to be there, got none");
        here.0.left.set(usize::MAX);
        assert_eq!(of(&model, Some(&crew)), expected);
    }
}

#[test]
fn a_dropped_sweep_is_forgotten() {
    let (whole, expected) = random_model("hub-f16");
    let batch = batch(&whole, &expected);
    let edges = all_edges(&whole);
    let (model, crew, here) = share(&whole, 2);
    let options = EdgeOptions::default();
    let of_one = runs(&whole, &batch, None, options.patch, MEMORIES[3], &NoPause);
    let expected = sweep(&of_one, MetricKind::LogitDiff, &edges, &options).unwrap();
    let runs = runs(
        &model,
        &batch,
        Some(&crew),
        options.patch,
        MEMORIES[3],
        &*here.0.slow,
    );
    let metric = metric(MetricKind::LogitDiff, &runs);
    // So many times after the other worker has got its first step.
    for polls in [0, 20, 60, 150] {
        here.0.asked.borrow_mut().clear();
        let ignore = |_: EdgeUpdate<'_>| Ok(());
        let mut begun = Box::pin(sweep_edges(&runs, &metric, &edges, &options, ignore));
        let mut context = Context::from_waker(Waker::noop());
        let is_asked = |kind| here.0.asked.borrow().contains(&(0, kind));
        while !is_asked("Enter") && !is_asked("Through") {
            assert!(begun.as_mut().poll(&mut context).is_pending());
        }
        let is_pending = (0..polls).all(|_| begun.as_mut().poll(&mut context).is_pending());
        assert!(is_pending, "over after {polls} polls");
        assert!(!is_asked("End"), "{polls} polls");
        drop(begun);
        assert!(is_asked("End"), "no end after {polls} polls");
        let ignore = |_: EdgeUpdate<'_>| Ok(());
        let again = pollster::block_on(sweep_edges(&runs, &metric, &edges, &options, ignore));
        assert_eq!(again.unwrap(), expected);
    }
    // Steps that were under way end by that alone.
    let failed = here.0.failed.borrow();
    assert!(
        failed.iter().all(|code| *code == Code::Cancelled),
        "{failed:?}"
    );
}

#[test]
fn two_sweeps_at_once_do_not_disturb_each_other() {
    let (whole, expected) = random_model("hub-f16");
    let batch = batch(&whole, &expected);
    let edges = all_edges(&whole);
    let (model, crew, here) = share(&whole, 2);
    let options = EdgeOptions::default();
    let of_one = runs(&whole, &batch, None, options.patch, MEMORIES[3], &NoPause);
    let expected = sweep(&of_one, MetricKind::LogitDiff, &edges, &options).unwrap();
    let runs = || {
        let pause = &*here.0.slow;
        runs(
            &model,
            &batch,
            Some(&crew),
            options.patch,
            MEMORIES[3],
            pause,
        )
    };
    let both = [runs(), runs()];
    let metric = metric(MetricKind::LogitDiff, &both[0]);
    let mut sweeps = both.each_ref().map(|runs| {
        let ignore = |_: EdgeUpdate<'_>| Ok(());
        Box::pin(sweep_edges(runs, &metric, &edges, &options, ignore))
    });
    let mut results = [None, None];
    let mut context = Context::from_waker(Waker::noop());
    while results.iter().any(Option::is_none) {
        for (sweep, result) in sweeps.iter_mut().zip(&mut results) {
            if result.is_none()
                && let Poll::Ready(swept) = sweep.as_mut().poll(&mut context)
            {
                *result = Some(swept.unwrap());
            }
        }
    }
    assert_eq!(results, [Some(expected.clone()), Some(expected)]);
}

#[test]
fn a_member_stops_a_step_of_a_sweep_that_is_over() {
    let (whole, _) = random_model("hub-f16");
    let slow = Rc::new(Slow(Cell::new(7)));
    let member = Rc::new(Member::new(&whole.config, Product::default(), slow));
    let receive = |head: &str| {
        let head = head.to_string();
        pollster::block_on(member.receive(Parcel {
            head,
            data: Vec::new(),
        }))
    };
    let through = r#"{"Step":{"sweep":3,"part":0,"at":{"Through":{"layer":1}}}}"#;
    assert_eq!(receive(through).unwrap_err().code, Code::Cancelled);
    for strange in [
        "",
        "{}",
        r#"{"Hold":{"layer":0}}"#,
        r#"{"Lend":{"layer":99}}"#,
    ] {
        assert_eq!(
            receive(strange).unwrap_err().code,
            Code::Device,
            "{strange}"
        );
    }
}
