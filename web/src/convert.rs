//! Between JavaScript's values and the session's: requests in, grids and errors out.

use std::fmt::Display;

use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{
    self, Array, ArrayBuffer, Float32Array, Function, Reflect, Uint8Array, Uint32Array,
};

use pathpatch::{
    device::LoadOptions,
    error::{Code, Error, Result, Warning},
    patching::{Estimates, Grid, Head, LayerNorm, Progress, SweepOptions, Update},
    prompt::in_pair,
    session::{Answer, EdgeRequest, MetricRequest, PairRequest, Prompt, SweepRequest, Warned},
};

/// Longest text that an error shows of a value.
const SHOWN: usize = 80;

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
    warnings: Vec<Warning>,
}

#[derive(Serialize)]
struct JsEstimates {
    q: JsGrid,
    k: JsGrid,
    v: JsGrid,
    warnings: Vec<Warning>,
}

/// A result with what to say of its request.
#[derive(Serialize)]
struct JsWarned<T> {
    #[serde(flatten)]
    result: T,
    warnings: Vec<Warning>,
}

/// How far a sweep is, as its updates have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JsProgress {
    done: usize,
    total: usize,
    edges_per_second: f64,
    seconds_left: Option<f64>,
    flops: f64,
    max_estimate_error: Option<f32>,
}

impl From<Progress> for JsProgress {
    fn from(progress: Progress) -> Self {
        Self {
            done: progress.done,
            total: progress.total,
            edges_per_second: progress.edges_per_second,
            seconds_left: progress.seconds_left,
            flops: progress.flops,
            max_estimate_error: progress.max_estimate_error,
        }
    }
}

#[derive(Serialize)]
struct JsUpdate {
    #[serde(flatten)]
    progress: JsProgress,
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
pub fn metric_request(request: &JsValue) -> Result<(MetricRequest, LayerNorm)> {
    let expected = "an object with pairs, a metric and how they are read";
    if !request.is_object() {
        let got = shown(request);
        return Err(Error::new(Code::Option, "request", expected, got));
    }
    let layer_norm = word(request, "layerNorm")?.parse()?;
    let on = MetricRequest {
        pairs: pairs(&field(request, "pairs"))?,
        metric: word(request, "metric")?.parse()?,
        position: position(&field(request, "position"))?,
        prepend_bos: yes_or_no(request, "prependBos")?,
    };
    Ok((on, layer_norm))
}

/// Read what to sweep, and how.
pub fn sweep_request(request: &JsValue) -> Result<(SweepRequest, SweepOptions)> {
    let (on, layer_norm) = metric_request(request)?;
    let is_given = |name| !is_none(&field(request, name));
    let source = match (is_given("srcLayer"), is_given("srcHead")) {
        (true, true) => Some(head(request, "srcLayer", "srcHead")?),
        (false, false) => None,
        _ => {
            let expected = "both srcLayer and srcHead, or neither";
            return Err(Error::new(Code::Source, "source head", expected, "one"));
        }
    };
    let sweep = SweepRequest {
        on,
        component: word(request, "component")?.parse()?,
        source,
    };
    let options = SweepOptions {
        layer_norm,
        estimates: yes_or_no(request, "estimates")?,
        ..SweepOptions::default()
    };
    Ok((sweep, options))
}

/// Read which edge to look at, and on what.
pub fn edge_request(request: &JsValue) -> Result<EdgeRequest> {
    let (on, layer_norm) = metric_request(request)?;
    Ok(EdgeRequest {
        on,
        src: head(request, "srcLayer", "srcHead")?,
        dst: head(request, "dstLayer", "dstHead")?,
        component: word(request, "component")?.parse()?,
        layer_norm,
    })
}

/// Read which head to look at, and on what.
pub fn head_request(request: &JsValue) -> Result<(MetricRequest, Head)> {
    let (on, _) = metric_request(request)?;
    Ok((on, head(request, "layer", "head")?))
}

/// A field of an object; undefined where it has none.
pub fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

pub fn is_none(value: &JsValue) -> bool {
    value.is_null() || value.is_undefined()
}

pub fn word(request: &JsValue, name: &str) -> Result<String> {
    let value = field(request, name);
    let wrong = || Error::new(Code::Option, name, "a word", shown(&value));
    value.as_string().ok_or_else(wrong)
}

pub fn yes_or_no(request: &JsValue, name: &str) -> Result<bool> {
    let value = field(request, name);
    let wrong = || Error::new(Code::Option, name, "true or false", shown(&value));
    value.as_bool().ok_or_else(wrong)
}

fn head(request: &JsValue, layer: &str, head: &str) -> Result<Head> {
    let index = |name: &str| at_least(0, &field(request, name), Code::Source, name);
    Ok(Head {
        layer: index(layer)?,
        head: index(head)?,
    })
}

fn position(value: &JsValue) -> Result<Option<i64>> {
    if is_none(value) {
        return Ok(None);
    }
    let whole = whole(value).map(|position| Some(position as i64));
    whole.ok_or_else(|| {
        let expected = "a whole number, a negative one to count from the end";
        Error::new(Code::Metric, "position", expected, shown(value))
    })
}

fn pairs(value: &JsValue) -> Result<Vec<PairRequest>> {
    if !Array::is_array(value) {
        let expected = "an array of pairs";
        return Err(Error::new(Code::Clean, "pairs", expected, shown(value)));
    }
    let pairs = Array::from(value);
    let count = pairs.length() as usize;
    let pairs = pairs.iter().enumerate();
    pairs
        .map(|(i, value)| pair(&value).map_err(|e| in_pair(i, count, e)))
        .collect()
}

fn pair(value: &JsValue) -> Result<PairRequest> {
    if !value.is_object() {
        let expected = "an object with clean, corrupted, answer and distractor";
        return Err(Error::new(Code::Clean, "pair", expected, shown(value)));
    }
    let prompt = |code, name| prompt(&field(value, name), code, name);
    let answers = |code, name| answers(&field(value, name), code, name);
    Ok(PairRequest {
        clean: prompt(Code::Clean, "clean")?,
        corrupted: prompt(Code::Corrupted, "corrupted")?,
        answers: answers(Code::Answer, "answer")?,
        distractors: answers(Code::Distractor, "distractor")?,
    })
}

/// A text, or token ids in an array of any type.
fn prompt(value: &JsValue, code: Code, name: &str) -> Result<Prompt> {
    if let Some(text) = value.as_string() {
        return Ok(Prompt::Text(text));
    }
    let wrong = |got: &dyn Display| {
        let expected = "text or an array of token ids";
        Error::new(code, name, expected, got)
    };
    if !(Array::is_array(value) || ArrayBuffer::is_view(value)) {
        return Err(wrong(&shown(value)));
    }
    let ids = Array::from(value);
    let ids = ids.iter().enumerate().map(|(i, value)| {
        let got = || format!("{} at index {i}", shown(&value));
        id(&value).ok_or_else(|| wrong(&got()))
    });
    ids.collect::<Result<_>>().map(Prompt::Ids)
}

/// How to load a model: `{device, weights, fastest}`.
pub fn load_options(options: &JsValue) -> Result<LoadOptions> {
    let fastest = field(options, "fastest");
    let wrong = |e| {
        Error::new(
            Code::Option,
            "fastest",
            "names of products by what they were measured for",
            e,
        )
    };
    Ok(LoadOptions {
        device: word(options, "device")?.parse()?,
        weights: word(options, "weights")?.parse()?,
        fastest: serde_wasm_bindgen::from_value(fastest).map_err(wrong)?,
    })
}

/// A text, a token id, or an array of those; nothing is none.
pub fn answers(value: &JsValue, code: Code, name: &str) -> Result<Vec<Answer>> {
    if is_none(value) {
        return Ok(Vec::new());
    }
    if !(Array::is_array(value) || ArrayBuffer::is_view(value)) {
        return Ok(vec![answer(value, code, name)?]);
    }
    let values = Array::from(value);
    let values = values.iter().enumerate();
    values
        .map(|(i, value)| answer(&value, code, &format!("{name}[{i}]")))
        .collect()
}

fn answer(value: &JsValue, code: Code, name: &str) -> Result<Answer> {
    match (value.as_string(), id(value)) {
        (Some(text), _) => Ok(Answer::Text(text)),
        (_, Some(id)) => Ok(Answer::Id(id)),
        _ => Err(Error::new(code, name, "text or a token id", shown(value))),
    }
}

/// A number without a fraction, of those that JavaScript counts exactly.
fn whole(value: &JsValue) -> Option<f64> {
    let is_whole = |n: &f64| n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_991.0;
    value.as_f64().filter(is_whole)
}

/// A number of things; `name` says in errors what it is.
pub fn whole_number(value: &JsValue, name: &str) -> Result<usize> {
    at_least(0, value, Code::Option, name)
}

/// A number of things of which there is at least one, likewise.
pub fn count(value: &JsValue, name: &str) -> Result<usize> {
    at_least(1, value, Code::Option, name)
}

fn at_least(least: u32, value: &JsValue, code: Code, name: &str) -> Result<usize> {
    let expected = format!("a whole number from {least} on");
    let wrong = || Error::new(code, name, expected, shown(value));
    let number = id(value).filter(|number| *number >= least);
    number.map(|number| number as usize).ok_or_else(wrong)
}

fn id(value: &JsValue) -> Option<u32> {
    let is_id = |n: &f64| (0.0..=f64::from(u32::MAX)).contains(n);
    whole(value).filter(is_id).map(|n| n as u32)
}

/// What a value is, for an error: short ones as they are.
pub fn shown(value: &JsValue) -> String {
    if is_none(value) {
        return "nothing".into();
    }
    if let Some(text) = value.as_string() {
        return match text.chars().count() > SHOWN {
            true => "a long text".into(),
            false => format!("{text:?}"),
        };
    }
    if Array::is_array(value) || ArrayBuffer::is_view(value) {
        return "an array".into();
    }
    match (value.as_f64(), value.as_bool()) {
        (Some(number), _) => number.to_string(),
        (_, Some(truth)) => truth.to_string(),
        _ => {
            let kind = value.js_typeof().as_string().unwrap_or_default();
            format!("a value of type {kind}")
        }
    }
}

/// A grid as `{shape, values, mask, exact, spread, cleanMetric, corruptedMetric, warnings}` with typed arrays.
pub fn grid(swept: Warned<Grid>) -> Result<JsValue> {
    to_js(&js_grid(swept.result, &swept.warnings))
}

/// A grid for each component, as `{q, k, v, warnings}`.
pub fn estimates(estimated: Warned<Estimates>) -> Result<JsValue> {
    let warnings = estimated.warnings;
    let Estimates { q, k, v } = estimated.result;
    let [q, k, v] = [q, k, v].map(|grid| js_grid(grid, &warnings));
    to_js(&JsEstimates { q, k, v, warnings })
}

/// A result's own fields, and `warnings`.
pub fn warned(warned: Warned<impl Serialize>) -> Result<JsValue> {
    let Warned { result, warnings } = warned;
    to_js(&JsWarned { result, warnings })
}

fn js_grid(grid: Grid, warnings: &[Warning]) -> JsGrid {
    JsGrid {
        shape: grid.shape,
        values: Float32Array::from(&grid.values[..]),
        mask: Uint8Array::from(&grid.mask[..]),
        exact: Uint8Array::from(&grid.exact[..]),
        spread: Float32Array::from(&grid.spread[..]),
        clean_metric: grid.clean_metric,
        corrupted_metric: grid.corrupted_metric,
        warnings: warnings.to_vec(),
    }
}

/// A sweep's progress and what is new in its grid, as a plain object.
pub fn update(update: Update<'_>) -> Result<JsValue> {
    let Update {
        progress,
        grid,
        fresh,
    } = update;
    let indices: Vec<u32> = fresh.iter().map(|i| *i as u32).collect();
    let values: Vec<f32> = fresh.iter().map(|i| grid.values[*i]).collect();
    let exact: Vec<u8> = fresh.iter().map(|i| grid.exact[*i]).collect();
    let spread: Vec<f32> = fresh.iter().map(|i| grid.spread[*i]).collect();
    to_js(&JsUpdate {
        progress: progress.into(),
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
