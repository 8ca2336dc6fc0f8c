//! Between JavaScript's values and the session's: requests in, grids and errors out.

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::js_sys::{self, Float32Array, Function, Reflect, Uint8Array};

use crate::{
    error::{Code, Error, Result},
    patching::{Grid, Head, Progress},
    session::{Answer, PairRequest, Prompt, SweepRequest},
};

/// The argument of `getActPatchDirectPath` and `getActPatchDirectPathAllSources`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsSweepRequest {
    clean: Prompt,
    corrupted: Prompt,
    answer: Option<Answer>,
    distractor: Option<Answer>,
    src_layer: Option<usize>,
    src_head: Option<usize>,
    component: String,
    metric: String,
    position: Option<usize>,
    prepend_bos: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsGrid {
    shape: Vec<usize>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    values: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    mask: Uint8Array,
    clean_metric: f32,
    corrupted_metric: f32,
}

#[derive(Serialize)]
pub struct Edges {
    done: usize,
    total: usize,
}

/// Read a sweep's request.
pub fn sweep_request(value: JsValue) -> Result<SweepRequest> {
    let request: JsSweepRequest = serde_wasm_bindgen::from_value(value).map_err(|e| {
        let expected = "prompts as text or token ids, a component and a metric";
        Error::new(Code::Option, "sweep request", expected, e)
    })?;
    let source = match (request.src_layer, request.src_head) {
        (Some(layer), Some(head)) => Some(Head { layer, head }),
        (None, None) => None,
        _ => {
            let expected = "both srcLayer and srcHead, or neither";
            return Err(Error::new(Code::Source, "source head", expected, "one"));
        }
    };
    Ok(SweepRequest {
        pairs: vec![PairRequest {
            clean: request.clean,
            corrupted: request.corrupted,
            answer: request.answer,
            distractor: request.distractor,
        }],
        component: request.component.parse()?,
        metric: request.metric.parse()?,
        source,
        position: request.position,
        prepend_bos: request.prepend_bos,
    })
}

/// A grid as `{shape, values, mask, cleanMetric, corruptedMetric}` with typed arrays.
pub fn grid(grid: Grid) -> Result<JsValue> {
    to_js(&JsGrid {
        shape: grid.shape,
        values: Float32Array::from(&grid.values[..]),
        mask: Uint8Array::from(&grid.mask[..]),
        clean_metric: grid.clean_metric,
        corrupted_metric: grid.corrupted_metric,
    })
}

/// A sweep's progress as a plain object.
pub fn edges(progress: Progress) -> Edges {
    Edges {
        done: progress.done,
        total: progress.total,
    }
}

/// Any value as a plain JavaScript object.
pub fn to_js(value: &impl Serialize) -> Result<JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value
        .serialize(&serializer)
        .map_err(|e| Error::new(Code::Option, "result", "a JavaScript value", e))
}

/// Call a callback with one argument; what it throws becomes an error.
pub fn call(callback: &Function, argument: &impl Serialize) -> Result<()> {
    let thrown = |e: JsValue| Error::new(Code::Option, "onProgress", "to return", text(&e));
    callback
        .call1(&JsValue::NULL, &to_js(argument)?)
        .map(|_| ())
        .map_err(thrown)
}

/// A JavaScript `Error` with `code`, `what`, `expected` and `got`.
pub fn error(error: Error) -> JsValue {
    let js = js_sys::Error::new(&error.to_string());
    for (key, value) in [
        ("code", error.code.as_str()),
        ("what", &error.what),
        ("expected", &error.expected),
        ("got", &error.got),
    ] {
        // Setting a fresh property of a fresh object cannot fail.
        let _ = Reflect::set(&js, &key.into(), &value.into());
    }
    js.into()
}

/// What a thrown value says.
pub fn text(value: &JsValue) -> String {
    match value.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => format!("{value:?}"),
    }
}
