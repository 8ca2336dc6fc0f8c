//! The sweep on the bundled model, compared with the plain method of one forward pass per edge.
//!
//! Every throughput is in edges, so the ratio of two is the speed-up.

use burn::tensor::Device;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pathpatch::{
    checkpoint,
    gpt2::{Config, Gpt2},
    metric::MetricKind,
    patching::{
        Component, Head, Runs, SweepOptions, Update, get_act_patch_direct_path,
        get_act_patch_direct_path_all_sources,
    },
    pause::NoPause,
    prompt::{Batch, PromptPair},
    tokenizer::Tokenizer,
};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/www/models/ioi-demo");

fn read(file: &str) -> Vec<u8> {
    std::fs::read(format!("{MODEL}/{file}")).expect("the bundled model")
}

fn load() -> (Gpt2, Batch) {
    let config = Config::from_json(&read("config.json")).expect("config.json");
    let weights = read("model.safetensors");
    let model = checkpoint::load(config, &weights, &Device::flex()).expect("model.safetensors");
    let tokenizer = Tokenizer::from_json(&read("tokenizer.json")).expect("tokenizer.json");
    let ids = |text: &str| tokenizer.encode(text).expect("words of the vocabulary");
    let pair = PromptPair {
        clean: ids("When Mary and John went to the store , John gave a book to"),
        corrupted: ids("When Mary and John went to the store , Mary gave a book to"),
        answers: ids("Mary"),
        distractors: ids("John"),
    };
    let batch = Batch::new(vec![pair], None, &model.config).expect("a pair");
    (model, batch)
}

fn sweep(criterion: &mut Criterion) {
    let (model, batch) = load();
    let mut group = criterion.benchmark_group("edges");

    group.throughput(Throughput::Elements(1));
    group.bench_function("one forward pass an edge", |bencher| {
        bencher.iter(|| {
            let [_, corrupted] = batch.tokens();
            let resid = pollster::block_on(model.run_with_cache(&corrupted, &NoPause));
            let resid = resid.expect("a run").final_resid();
            model.unembed(resid).into_data()
        });
    });

    let runs = Runs::new(&model, &batch, &NoPause);
    let metric = pollster::block_on(runs.metric(MetricKind::LogitDiff)).expect("a metric");
    let options = SweepOptions::default();
    let ignore = |_: Update<'_>| Ok(());
    let (layers, heads) = (model.config.n_layers, model.config.n_heads);

    group.throughput(Throughput::Elements(((layers - 1) * heads) as u64));
    group.bench_function("one source, batched", |bencher| {
        let src = Head { layer: 0, head: 3 };
        bencher.iter(|| {
            let sweep =
                get_act_patch_direct_path(&runs, &metric, src, Component::K, options, ignore);
            pollster::block_on(sweep).expect("a grid")
        });
    });

    let edges = heads * heads * layers * (layers - 1) / 2;
    group.throughput(Throughput::Elements(edges as u64));
    group.bench_function("all sources, batched", |bencher| {
        bencher.iter(|| {
            let sweep = get_act_patch_direct_path_all_sources(
                &runs,
                &metric,
                Component::K,
                options,
                ignore,
            );
            pollster::block_on(sweep).expect("a grid")
        });
    });
    group.finish();
}

criterion_group!(benches, sweep);
criterion_main!(benches);
