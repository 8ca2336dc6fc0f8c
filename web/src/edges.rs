//! Edges of the whole graph between JavaScript's values and the session's: names and options in, tables out.

use serde::Serialize;
use wasm_bindgen::JsValue;
use web_sys::js_sys::{Array, Float32Array, Uint8Array, Uint32Array};

use crate::convert::{
    JsProgress, field, is_none, metric_request, shown, to_js, whole_number, word, yes_or_no,
};
use pathpatch::{
    error::{Code, Error, Result, Warning},
    patching::{
        ByPosition, Cell, Check, EdgeOptions, EdgeResult, EdgeTable, EdgeUpdate, Patch,
        Replacement, Scores, graph::Edge,
    },
    session::{EdgeDetailRequest, EdgesRequest, MetricRequest, Warned},
};

/// Read which edges to compute, and how.
pub fn edges_request(request: &JsValue) -> Result<EdgesRequest> {
    let (on, patch) = patch_request(request)?;
    let steps = count(request, "steps")?;
    let default = EdgeOptions::default();
    Ok(EdgesRequest {
        on,
        edges: edges(&field(request, "edges"))?,
        options: EdgeOptions {
            patch,
            scores: Scores::of_name(&word(request, "scores")?, steps)?,
            estimates: yes_or_no(request, "estimates")?,
            strongest: count(request, "strongest")?,
            checked: count(request, "checked")?.unwrap_or(default.checked),
            by_position: yes_or_no(request, "byPosition")?,
            ..default
        },
    })
}

/// Read which edge of the graph to look at, and on what; `None` where the request names heads by numbers.
pub fn detail_request(request: &JsValue) -> Result<Option<EdgeDetailRequest>> {
    if is_none(&field(request, "from")) && is_none(&field(request, "to")) {
        return Ok(None);
    }
    let (on, patch) = patch_request(request)?;
    Ok(Some(EdgeDetailRequest {
        on,
        pair: count(request, "pair")?,
        edge: edge(request, "")?,
        patch,
        by_position: yes_or_no(request, "byPosition")?,
    }))
}

fn patch_request(request: &JsValue) -> Result<(MetricRequest, Patch)> {
    let (on, layer_norm) = metric_request(request)?;
    let patch = Patch {
        direction: word(request, "direction")?.parse()?,
        replacement: word(request, "patch")?.parse()?,
        layer_norm,
    };
    Ok((on, patch))
}

/// Read what goes in, if the request says so.
pub fn replacement(request: &JsValue) -> Result<Replacement> {
    match is_none(&field(request, "patch")) {
        true => Ok(Replacement::default()),
        false => word(request, "patch")?.parse(),
    }
}

/// A list of edges by name; all of them where there is none.
fn edges(value: &JsValue) -> Result<Option<Vec<Edge>>> {
    if is_none(value) {
        return Ok(None);
    }
    if !Array::is_array(value) {
        let expected = "an array of { from, to }";
        return Err(Error::new(Code::Source, "edges", expected, shown(value)));
    }
    let values = Array::from(value);
    let named = values.iter().enumerate().map(|(i, value)| {
        let place = format!("edges[{i}]");
        if !value.is_object() {
            let expected = "an object with from and to";
            return Err(Error::new(Code::Source, place, expected, shown(&value)));
        }
        edge(&value, &(place + "."))
    });
    named.collect::<Result<_>>().map(Some)
}

/// An edge's two names; `place` stands in front of the field's name in errors.
fn edge(object: &JsValue, place: &str) -> Result<Edge> {
    let name = |name: &str| {
        let value = field(object, name);
        let what = format!("{place}{name}");
        let wrong = || Error::new(Code::Source, &what, "a node's name", shown(&value));
        value.as_string().ok_or_else(wrong)
    };
    let named = |field: &str, e: Error| Error {
        what: format!("{place}{field}"),
        ..e
    };
    Ok(Edge {
        from: name("from")?.parse().map_err(|e| named("from", e))?,
        to: name("to")?.parse().map_err(|e| named("to", e))?,
    })
}

/// A number of things; `None` where nothing is given.
fn count(request: &JsValue, name: &str) -> Result<Option<usize>> {
    let value = field(request, name);
    match is_none(&value) {
        true => Ok(None),
        false => whole_number(&value, name).map(Some),
    }
}

/// A table as the page has it: see `EdgeTable` of its types.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsTable {
    senders: Vec<String>,
    receivers: Vec<String>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    values: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    state: Uint8Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    std_dev: Float32Array,
    clean_metric: f32,
    corrupted_metric: f32,
    direction: &'static str,
    patch: &'static str,
    layer_norm: &'static str,
    scores: &'static str,
    steps: Option<usize>,
}

impl JsTable {
    fn of(table: &EdgeTable, options: &EdgeOptions) -> Self {
        let graph = table.graph;
        let cells = Cells::of(table.cells.iter().copied());
        Self {
            senders: graph.senders().map(|sender| sender.to_string()).collect(),
            receivers: graph.receivers().map(|r| r.to_string()).collect(),
            values: Float32Array::from(&cells.values[..]),
            state: Uint8Array::from(&cells.state[..]),
            std_dev: Float32Array::from(&cells.std_dev[..]),
            clean_metric: table.metric.clean,
            corrupted_metric: table.metric.corrupted,
            direction: options.patch.direction.as_str(),
            patch: options.patch.replacement.as_str(),
            layer_norm: options.patch.layer_norm.as_str(),
            scores: options.scores.as_str(),
            steps: match options.scores {
                Scores::EapIg { steps } => Some(steps),
                Scores::Exact | Scores::Estimate | Scores::Eap => None,
            },
        }
    }
}

/// Cells as three arrays.
#[derive(Default)]
struct Cells {
    values: Vec<f32>,
    /// 0 no path, 1 nothing known, 2 estimate, 3 exact.
    state: Vec<u8>,
    std_dev: Vec<f32>,
}

impl Cells {
    fn of(cells: impl Iterator<Item = Cell>) -> Self {
        let mut arrays = Self::default();
        for cell in cells {
            let (state, std_dev) = match cell {
                Cell::NoPath => (0, None),
                Cell::Pending => (1, None),
                Cell::Estimate(_) => (2, None),
                Cell::Exact { std_dev, .. } => (3, std_dev),
            };
            arrays.values.push(cell.value().unwrap_or(f32::NAN));
            arrays.state.push(state);
            arrays.std_dev.push(std_dev.unwrap_or(f32::NAN));
        }
        arrays
    }
}

#[derive(Serialize)]
struct JsUpdate {
    #[serde(flatten)]
    progress: JsProgress,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<JsTable>,
    changed: JsChanged,
}

/// Entries of the table that have changed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsChanged {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    indices: Uint32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    values: Float32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    state: Uint8Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    std_dev: Float32Array,
}

/// What is told of edges while they are computed: the table once, as soon as its baselines are known, then what
/// changes in it.
pub struct Teller {
    options: EdgeOptions,
    has_told: bool,
}

impl Teller {
    pub fn new(options: EdgeOptions) -> Self {
        Self {
            options,
            has_told: false,
        }
    }

    /// An update as a plain object.
    pub fn update(&mut self, update: EdgeUpdate<'_>) -> Result<JsValue> {
        let EdgeUpdate {
            progress,
            table,
            changed,
        } = update;
        let is_first = !self.has_told && table.metric.clean.is_finite();
        self.has_told |= is_first;
        let places: Vec<u32> = changed.iter().map(|place| *place as u32).collect();
        let cells = Cells::of(changed.iter().map(|place| table.cells[*place]));
        to_js(&JsUpdate {
            progress: progress.into(),
            table: is_first.then(|| JsTable::of(table, &self.options)),
            changed: JsChanged {
                indices: Uint32Array::from(&places[..]),
                values: Float32Array::from(&cells.values[..]),
                state: Uint8Array::from(&cells.state[..]),
                std_dev: Float32Array::from(&cells.std_dev[..]),
            },
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsResult {
    table: JsTable,
    by_position: Option<JsByPosition>,
    check: Option<JsCheck>,
    warnings: Vec<Warning>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsCheck {
    edges: usize,
    largest_error: f32,
    bound: f32,
}

#[derive(Serialize)]
struct JsByPosition {
    positions: usize,
    estimates: JsEstimated,
    exact: Vec<JsExact>,
}

/// Estimated effects of the edges that have any, one edge after the other.
#[derive(Serialize)]
struct JsEstimated {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    places: Uint32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    effects: Float32Array,
}

#[derive(Serialize)]
struct JsExact {
    place: usize,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    effects: Float32Array,
}

impl JsByPosition {
    fn of(by_position: &ByPosition) -> Self {
        let exact = by_position.exact.iter().map(|(place, effects)| JsExact {
            place: *place,
            effects: Float32Array::from(&effects[..]),
        });
        Self {
            positions: by_position.pos,
            estimates: JsEstimated::of(by_position),
            exact: exact.collect(),
        }
    }
}

impl JsEstimated {
    fn of(by_position: &ByPosition) -> Self {
        let places: Vec<u32> = by_position
            .places
            .iter()
            .map(|place| *place as u32)
            .collect();
        Self {
            places: Uint32Array::from(&places[..]),
            effects: Float32Array::from(&by_position.estimates[..]),
        }
    }
}

/// A result as `{table, byPosition, check, warnings}`.
pub fn result(computed: &Warned<EdgeResult>, options: &EdgeOptions) -> Result<JsValue> {
    let EdgeResult {
        table,
        by_position,
        check,
        ..
    } = &computed.result;
    let check = check.as_ref().map(|check: &Check| JsCheck {
        edges: check.edges,
        largest_error: check.largest_error,
        bound: check.bound,
    });
    to_js(&JsResult {
        table: JsTable::of(table, options),
        by_position: by_position.as_ref().map(JsByPosition::of),
        check,
        warnings: computed.warnings.clone(),
    })
}
