//! The bundled model on a GPU: how many kernels are launched and compiled from loading to the end of a sweep, and the same
//! numbers as on the CPU.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{
    config::{TypeNameFormatLevel, type_name_format},
    launched::LaunchedKernels,
    logging::{LaunchObservation, LaunchObserver},
};
use pathpatch::{
    checkpoint::{self, Loader, WEIGHTS},
    device::{DeviceChoice, LoadOptions, WeightType},
    directory,
    error::Code,
    gpt2::{Config, Steps},
    metric::MetricKind,
    ops::{GpuTile, Queries, has_f16},
    patching::{
        ByPosition, Component, Direction, EdgeOptions, EdgeResult, Grid, LayerNorm, Patch,
        Replacement, SweepOptions,
    },
    pause::NoPause,
    rate::choose_product,
    session::{Answer, EdgesRequest, MetricRequest, PairRequest, Prompt, Session, SweepRequest},
};
use pollster::block_on;

use crate::gpu;

/// Most launches of a layer's step.
const OF_A_STEP: usize = 10;
/// Most kernels that are compiled from loading to the end of a sweep.
const OF_A_SWEEP: usize = 24;
/// Edges of the model: into queries, keys and values, into MLPs and into the logits.
const EDGES: usize = (12 + 72 + 132) + (5 + 10 + 15) + 16;
/// Largest difference between a value of the GPU and that of the CPU.
const TOLERANCE: f32 = 1e-3;

/// Launches by the name of the kernel.
#[derive(Default)]
struct Launches(Mutex<BTreeMap<&'static str, usize>>);

impl LaunchObserver for Launches {
    fn launched(&self, kernel: &'static str) {
        *self.0.lock().unwrap().entry(kernel).or_default() += 1;
    }
}

/// What something launches, in all and of how many kernels.
fn launches<T>(what: &str, run: impl FnOnce() -> T) -> (T, usize, usize) {
    let launches = Arc::new(Launches::default());
    let observation = LaunchObservation::new(launches.clone());
    let kernels = LaunchedKernels::new();
    let result = run();
    drop(observation);
    let compiled = kernels.finish().len();
    let launches = launches.0.lock().unwrap();
    let all = launches.values().sum();
    println!("{what}: {all} launches of {compiled} kernels");
    for (kernel, n) in &*launches {
        println!(
            "    {n:5} {}",
            type_name_format(kernel, TypeNameFormatLevel::Short)
        );
    }
    (result, all, compiled)
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("www/models/ioi-demo")
}

fn session(choice: DeviceChoice) -> Session {
    block_on(directory::load(&demo(), choice)).unwrap()
}

fn request(metric: MetricKind) -> MetricRequest {
    let words = |first| {
        let rest = "lamp river piano cloud spoon tiger crown eagle glove river piano fox";
        Prompt::Text(format!("{first} {rest}"))
    };
    let answer = |word: &str| vec![Answer::Text(word.into())];
    MetricRequest {
        pairs: vec![PairRequest {
            clean: words("fox"),
            corrupted: words("dragon"),
            answers: answer("lamp"),
            distractors: answer("spoon"),
        }],
        metric,
        position: None,
        prepend_bos: true,
    }
}

fn sweep(session: &Session, metric: MetricKind, component: Component) -> Grid {
    let request = SweepRequest {
        on: request(metric),
        component,
        source: None,
    };
    let options = SweepOptions {
        estimates: true,
        ..SweepOptions::default()
    };
    let sweep = session.sweep(&request, options, &NoPause, |_| Ok(()));
    block_on(sweep).unwrap().result
}

#[track_caller]
fn assert_same(gpu: &Grid, cpu: &Grid) {
    assert_eq!(gpu.mask, cpu.mask);
    let mut compared = 0;
    for (a, b) in gpu.values.iter().zip(&cpu.values) {
        assert_eq!(a.is_nan(), b.is_nan());
        if !a.is_nan() {
            assert!((a - b).abs() < TOLERANCE, "{a} on the GPU, {b} on the CPU");
            compared += 1;
        }
    }
    assert!(compared > 10);
}

#[test]
fn a_layers_step_has_few_launches() {
    let (device, _one) = gpu();
    let file = |name: &str| fs::read(demo().join(name)).unwrap();
    let config = Config::from_json(&file("config.json")).unwrap();
    let d_model = config.d_model;
    let (product, _) = block_on(choose_product(&device, &config, WeightType::F32)).unwrap();
    let mut model = checkpoint::load(config, &file("model.safetensors"), &device).unwrap();
    model.multiply_with(product);
    let block = model.layers.held(1).unwrap();
    let steps = Steps {
        rows: usize::MAX,
        pause: &NoPause,
    };
    let resid = Tensor::ones([6 * 5, d_model], &device);
    let (_, all, _) = launches("a step", || {
        block_on(block.forward_rows(resid, None, 5, Queries::All, steps)).unwrap()
    });
    assert!(all <= OF_A_STEP, "{all} launches");
}

#[test]
fn a_sweep_has_few_kernels_and_the_numbers_of_the_cpu() {
    let (_, _one) = gpu();
    let kernels = LaunchedKernels::new();
    let (on_gpu, ..) = launches("load", || session(DeviceChoice::WebGpu));
    println!("{}", on_gpu.device().matmul);
    let on_cpu = session(DeviceChoice::Cpu);
    let metric = MetricKind::LogitDiff;
    let request = request(metric);
    let estimates = |session: &Session| {
        block_on(session.estimate(&request, LayerNorm::Exact, &NoPause)).unwrap()
    };
    let (ours, ..) = launches("estimates", || estimates(&on_gpu));
    let (estimates, expected) = (ours.result, estimates(&on_cpu).result);
    assert_same(&estimates.q, &expected.q);
    assert_same(&estimates.k, &expected.k);
    assert_same(&estimates.v, &expected.v);
    let (grid, ..) = launches("sweep", || sweep(&on_gpu, metric, Component::K));
    assert_same(&grid, &sweep(&on_cpu, metric, Component::K));
    let compiled = kernels.finish().len();
    assert!(compiled <= OF_A_SWEEP, "{compiled} kernels");
}

#[test]
fn every_metric_and_component_has_the_numbers_of_the_cpu() {
    let (_, _one) = gpu();
    let [on_gpu, on_cpu] = [DeviceChoice::WebGpu, DeviceChoice::Cpu].map(session);
    for (metric, _) in MetricKind::ALL {
        for component in Component::ALL {
            let grids = [&on_gpu, &on_cpu].map(|on| sweep(on, metric, component));
            assert_same(&grids[0], &grids[1]);
        }
    }
}

/// Every edge of the model; with effects by position, the strongest of them.
fn graph(session: &Session, patch: Patch, by_position: bool) -> EdgeResult {
    let request = EdgesRequest {
        on: request(MetricKind::LogitDiff),
        edges: None,
        options: EdgeOptions {
            patch,
            by_position,
            strongest: by_position.then_some(20),
            ..EdgeOptions::default()
        },
    };
    block_on(session.edges(&request, &NoPause, |_| Ok(())))
        .unwrap()
        .result
}

#[track_caller]
fn assert_same_graph(gpu: &EdgeResult, cpu: &EdgeResult) {
    let cells = gpu.table.cells.iter().zip(&cpu.table.cells);
    let compared = cells.filter_map(|(a, b)| Some((a.value()?, b.value()?)));
    let compared: Vec<_> = compared.collect();
    assert_eq!(compared.len(), EDGES);
    for (a, b) in compared {
        assert!((a - b).abs() < TOLERANCE, "{a} on the GPU, {b} on the CPU");
    }
    let Some((ours, theirs)) = gpu.by_position.as_ref().zip(cpu.by_position.as_ref()) else {
        return;
    };
    let exact = |of: &ByPosition| of.exact.clone().into_iter().flat_map(|(_, at)| at);
    let [ours, theirs] = [ours, theirs].map(|of| of.estimates.iter().copied().chain(exact(of)));
    for (a, b) in ours.zip(theirs) {
        assert!((a - b).abs() < TOLERANCE, "{a} on the GPU, {b} on the CPU");
    }
}

#[test]
fn the_whole_graph_has_few_kernels_and_the_numbers_of_the_cpu() {
    let (_, _one) = gpu();
    let [on_gpu, on_cpu] = [DeviceChoice::WebGpu, DeviceChoice::Cpu].map(session);
    let patch = |direction, replacement, layer_norm| Patch {
        direction,
        replacement,
        layer_norm,
    };
    let plain = patch(Direction::Denoise, Replacement::Resample, LayerNorm::Exact);
    let (result, _, compiled) = launches("graph", || graph(&on_gpu, plain, false));
    assert_same_graph(&result, &graph(&on_cpu, plain, false));
    assert!(compiled <= OF_A_SWEEP, "{compiled} kernels");
    for (direction, replacement, layer_norm) in [
        (Direction::Noise, Replacement::Zero, LayerNorm::Exact),
        (Direction::Noise, Replacement::Resample, LayerNorm::Frozen),
        (Direction::Denoise, Replacement::Mean, LayerNorm::Exact),
    ] {
        let patch = patch(direction, replacement, layer_norm);
        for by_position in [false, true] {
            let graphs = [&on_gpu, &on_cpu].map(|on| graph(on, patch, by_position));
            assert_same_graph(&graphs[0], &graphs[1]);
        }
    }
}

/// Each weight is rounded by up to 1 part in 2,048: every edge's value stays near that of f32.
#[test]
fn weights_stored_as_f16_give_almost_the_same_values() {
    /// In logits.
    const NEAR: f32 = 0.01;
    let (device, _one) = gpu();
    let options = LoadOptions {
        device: DeviceChoice::WebGpu,
        weights: WeightType::F16,
        ..LoadOptions::default()
    };
    let rounded = block_on(directory::load(&demo(), options)).unwrap();
    let warning = &rounded.warnings().last().unwrap().message;
    if !has_f16(&device) {
        assert_eq!(rounded.device().weights, WeightType::F32);
        assert!(warning.contains("no shader-f16"), "{warning}");
        return;
    }
    assert_eq!(rounded.device().weights, WeightType::F16);
    assert!(warning.contains("1 part in 2,048"), "{warning}");
    let exact = session(DeviceChoice::WebGpu);
    let patch = Patch {
        direction: Direction::Denoise,
        replacement: Replacement::Resample,
        layer_norm: LayerNorm::Exact,
    };
    let [a, b] = [&rounded, &exact].map(|session| graph(session, patch, false));
    let values = a.table.cells.iter().zip(&b.table.cells);
    let differences = values.filter_map(|(a, b)| Some((a.value()? - b.value()?).abs()));
    let largest = differences.fold(0.0, f32::max);
    println!("{largest} at most");
    assert!(largest > 0.0 && largest < NEAR, "{largest}");
}

/// A load that is told which product is fastest does not look for it.
#[test]
fn the_fastest_product_is_remembered() {
    let (_, _one) = gpu();
    // While kernels are compiled, a race may be cut short; then nothing is remembered. The second load finds them compiled.
    let raced =
        || Some(session(DeviceChoice::WebGpu)).filter(|first| first.device().race.is_some());
    let first = raced().or_else(raced).expect("a race of all products");
    let race = first.device().race.clone().unwrap();
    let known = GpuTile::ALL.map(|tile| tile.as_str());
    assert!(known.contains(&first.device().matmul));
    let with = |race: &str, name: &str| {
        let fastest = BTreeMap::from([(race.to_string(), name.to_string())]);
        let options = LoadOptions {
            device: DeviceChoice::WebGpu,
            fastest,
            ..LoadOptions::default()
        };
        block_on(directory::load(&demo(), options))
            .unwrap()
            .device()
            .matmul
    };
    for name in known {
        assert_eq!(with(&race, name), name);
    }
    // What is not known is passed over.
    assert!(known.contains(&with(&race, "by-hand")));
    assert!(known.contains(&with("another adapter", "by-hand")));
}

#[test]
fn heads_that_do_not_fit_a_workgroup_are_refused() {
    let (_, _one) = gpu();
    let config = br#"{"model_type": "gpt2", "n_embd": 65536, "n_head": 1}"#;
    let Err(error) = block_on(Session::begin(config, None, DeviceChoice::WebGpu)) else {
        panic!("a head of 65,536 numbers");
    };
    assert_eq!(error.code, Code::Device);
    let text = error.to_string();
    assert!(
        text.contains("heads of at most") && text.contains("65536"),
        "{text}"
    );
}

#[test]
fn a_weight_beyond_f16_is_refused_and_named() {
    const NAME: &str = "transformer.h.1.mlp.c_proj.weight";
    let (device, _one) = gpu();
    if !has_f16(&device) {
        return;
    }
    let config = fs::read(demo().join("config.json")).unwrap();
    let config = Config::from_json(&config).unwrap();
    let mut file = fs::read(demo().join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&file[8..][..length]).unwrap();
    let tensor = &header[NAME];
    assert_eq!(tensor["dtype"], "F32");
    let first = 8 + length + tensor["data_offsets"][0].as_u64().unwrap() as usize;
    file[first..][..4].copy_from_slice(&1e6_f32.to_le_bytes());
    let load = |weights| {
        let mut loader = Loader::new(config.clone(), &device).storing(weights);
        let mut whole = loader.file(WEIGHTS);
        whole.push(&file)
    };
    assert!(load(WeightType::F32).is_ok());
    let error = load(WeightType::F16).unwrap_err();
    assert_eq!(error.code, Code::Option);
    let text = error.to_string();
    assert!(
        text.contains("65504") && text.contains("h.1.mlp.c_proj.weight"),
        "{text}"
    );
}
