//! Between JavaScript's values and the session's: requests in, grids and errors out.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{self, Float32Array, Function, Reflect, Uint8Array, Uint32Array};

use crate::{
    error::{Code, Error, Result},
    patching::{Estimates, Grid, Head, LayerNorm, SweepOptions, Update},
    session::{EdgeRequest, MetricRequest, PairRequest, SweepRequest},
};

/// Prompts and a metric: the argument of `estimateDirectPathAllSources`, and part of a sweep's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsMetricRequest {
    pairs: Vec<PairRequest>,
    metric: String,
    position: Option<usize>,
    prepend_bos: bool,
    layer_norm: String,
}

/// The rest of the argument of `getActPatchDirectPath` and `getActPatchDirectPathAllSources`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsSweepRequest {
    src_layer: Option<usize>,
    src_head: Option<usize>,
    component: String,
    estimates: bool,
}

/// The rest of the argument of `edgeDetail`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsEdgeRequest {
    src_layer: usize,
    src_head: usize,
    dst_layer: usize,
    dst_head: usize,
    component: String,
}

/// The rest of the argument of `headDetail`.
#[derive(Deserialize)]
struct JsHeadRequest {
    layer: usize,
    head: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsGrid {
    shape: Vec<usize>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    values: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    mask: Uint8Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    exact: Uint8Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    spread: Float32Array,
    clean_metric: f32,
    corrupted_metric: f32,
}

#[derive(Serialize)]
struct JsEstimates {
    q: JsGrid,
    k: JsGrid,
    v: JsGrid,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsUpdate {
    done: usize,
    total: usize,
    edges_per_second: f64,
    seconds_left: Option<f64>,
    flops: f64,
    max_estimate_error: Option<f32>,
    fresh: JsFresh,
}

/// Entries of the grid that have changed.
#[derive(Serialize)]
struct JsFresh {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    indices: Uint32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    values: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    exact: Uint8Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    spread: Float32Array,
}

/// Read what to measure, and how LayerNorm reads the patch.
pub fn metric_request(value: JsValue) -> Result<(MetricRequest, LayerNorm)> {
    let request: JsMetricRequest = read(value, "prompts as text or token ids, and a metric")?;
    let layer_norm = request.layer_norm.parse()?;
    let on = MetricRequest {
        pairs: request.pairs,
        metric: request.metric.parse()?,
        position: request.position,
        prepend_bos: request.prepend_bos,
    };
    Ok((on, layer_norm))
}

/// Read what to sweep, and how.
pub fn sweep_request(value: JsValue) -> Result<(SweepRequest, SweepOptions)> {
    let (on, layer_norm) = metric_request(value.clone())?;
    let request: JsSweepRequest = read(value, "a component, and a source head or none")?;
    let source = match (request.src_layer, request.src_head) {
        (Some(layer), Some(head)) => Some(Head { layer, head }),
        (None, None) => None,
        _ => {
            let expected = "both srcLayer and srcHead, or neither";
            return Err(Error::new(Code::Source, "source head", expected, "one"));
        }
    };
    let component = request.component.parse()?;
    let sweep = SweepRequest {
        on,
        component,
        source,
    };
    let options = SweepOptions {
        layer_norm,
        estimates: request.estimates,
        ..SweepOptions::default()
    };
    Ok((sweep, options))
}

/// Read which edge to look at, and on what.
pub fn edge_request(value: JsValue) -> Result<EdgeRequest> {
    let (on, layer_norm) = metric_request(value.clone())?;
    let request: JsEdgeRequest = read(value, "a source head, a destination head and a component")?;
    Ok(EdgeRequest {
        on,
        src: Head {
            layer: request.src_layer,
            head: request.src_head,
        },
        dst: Head {
            layer: request.dst_layer,
            head: request.dst_head,
        },
        component: request.component.parse()?,
        layer_norm,
    })
}

/// Read which head to look at, and on what.
pub fn head_request(value: JsValue) -> Result<(MetricRequest, Head)> {
    let (on, _) = metric_request(value.clone())?;
    let JsHeadRequest { layer, head } = read(value, "a layer and a head")?;
    Ok((on, Head { layer, head }))
}

fn read<T: DeserializeOwned>(value: JsValue, expected: &str) -> Result<T> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|e| Error::new(Code::Option, "request", expected, e))
}

/// A grid as `{shape, values, mask, exact, cleanMetric, corruptedMetric}` with typed arrays.
pub fn grid(grid: Grid) -> Result<JsValue> {
    to_js(&js_grid(grid))
}

/// A grid for each component, as `{q, k, v}`.
pub fn estimates(estimates: Estimates) -> Result<JsValue> {
    let Estimates { q, k, v } = estimates;
    let [q, k, v] = [q, k, v].map(js_grid);
    to_js(&JsEstimates { q, k, v })
}

fn js_grid(grid: Grid) -> JsGrid {
    JsGrid {
        shape: grid.shape,
        values: Float32Array::from(&grid.values[..]),
        mask: Uint8Array::from(&grid.mask[..]),
        exact: Uint8Array::from(&grid.exact[..]),
        spread: Float32Array::from(&grid.spread[..]),
        clean_metric: grid.clean_metric,
        corrupted_metric: grid.corrupted_metric,
    }
}

/// A sweep's progress and what is new in its grid, as a plain object.
pub fn update(update: Update<'_>) -> Result<JsValue> {
    let Update {
        progress: p,
        grid,
        fresh,
    } = update;
    let indices: Vec<u32> = fresh.iter().map(|i| *i as u32).collect();
    let values: Vec<f32> = fresh.iter().map(|i| grid.values[*i]).collect();
    let exact: Vec<u8> = fresh.iter().map(|i| grid.exact[*i]).collect();
    let spread: Vec<f32> = fresh.iter().map(|i| grid.spread[*i]).collect();
    to_js(&JsUpdate {
        done: p.done,
        total: p.total,
        edges_per_second: p.edges_per_second,
        seconds_left: p.seconds_left,
        flops: p.flops,
        max_estimate_error: p.max_estimate_error,
        fresh: JsFresh {
            indices: Uint32Array::from(&indices[..]),
            values: Float32Array::from(&values[..]),
            exact: Uint8Array::from(&exact[..]),
            spread: Float32Array::from(&spread[..]),
        },
    })
}

/// Any value as a plain JavaScript object.
pub fn to_js(value: &impl Serialize) -> Result<JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value
        .serialize(&serializer)
        .map_err(|e| Error::new(Code::Option, "result", "a JavaScript value", e))
}

/// Call a callback with one argument; what it throws becomes an error.
pub fn call(callback: &Function, argument: &JsValue) -> Result<()> {
    let thrown = |e: JsValue| Error::new(Code::Option, "onProgress", "to return", text(&e));
    callback
        .call1(&JsValue::NULL, argument)
        .map(|_| ())
        .map_err(thrown)
}

/// A JavaScript `Error` with `code`, `what`, `expected` and `got`.
pub fn error(error: Error) -> JsValue {
    let js = js_sys::Error::new(&error.to_string());
    for (key, value) in [
        ("code", error.code.as_str()),
        ("what", &error.what[..]),
        ("expected", &error.expected),
        ("got", &error.got),
    ] {
        // Setting a fresh property of a fresh object cannot fail.
        let _ = Reflect::set(&js, &key.into(), &value.into());
    }
    if let Some(suggestion) = error.suggestion {
        // As above.
        let _ = Reflect::set(&js, &"suggestion".into(), &suggestion.into());
    }
    js.into()
}

/// What a thrown value says.
pub fn text(value: &JsValue) -> String {
    match value.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => value.as_string().unwrap_or_else(|| format!("{value:?}")),
    }
}
