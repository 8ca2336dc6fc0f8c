//! Several workers with one model: what this one sends the others, and what one does that holds layers for another.
//!
//! The page starts the workers, and gives this one the ways to them. Arrays are copied into a message and out of it, which
//! takes a thousandth of the work that is done with them; between workers they are handed on without a copy.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::js_sys::{Array, Float32Array, Function, Promise};

use crate::{convert, fused, turn::Turn};
use pathpatch::{
    error::{Code, Error, Result, Warning},
    gpt2::Config,
    loading::Loading,
    ops::Product,
    patching::{Crew, Link, Member, Parcel},
};

/// How many workers a load takes, and who brings them.
pub struct Hire<'h> {
    /// As many as the caller has asked for; `by_default` where that is nothing, unless the model is too small.
    pub asked: Option<usize>,
    pub by_default: usize,
    /// Brings so many others, who know the model's `config.json`, as far as they can be started: `[count, why]`, how many
    /// there are, and why one of them could not begin, if it has said so.
    pub bring: &'h Function,
    /// Asks one of them.
    pub ask: &'h Function,
}

impl Hire<'_> {
    /// Share a model that is about to be loaded with the workers that can be started, if it is to have several. A warning
    /// says that there are fewer than there should be, and why, if that is known.
    ///
    /// # Errors
    /// [`Code::Device`] where others cannot be asked for at all.
    pub async fn share(&self, loading: &mut Loading, config: &[u8]) -> Result<Option<Warning>> {
        if loading.device().kind != "cpu" {
            return Ok(None);
        }
        let workers = match self.asked {
            Some(asked) => asked.clamp(1, loading.config().n_layers),
            None => Crew::worthwhile(loading.config(), self.by_default),
        };
        if workers == 1 {
            return Ok(None);
        }
        let config = String::from_utf8_lossy(config);
        let wanted = workers - 1;
        let bring = self
            .bring
            .call2(&JsValue::NULL, &wanted.into(), &config[..].into());
        let brought = JsFuture::from(Promise::resolve(&bring.map_err(lost)?)).await;
        let brought = Array::from(&brought.map_err(lost)?);
        let others = convert::whole_number(&brought.get(0), "workers")?;
        let why = brought.get(1).as_string().unwrap_or_default();
        if others > 0 {
            loading.share(Rc::new(Others {
                others,
                ask: self.ask.clone(),
            }));
        }
        Ok((others < wanted).then(|| {
            let got = others + 1;
            let why = match why.is_empty() {
                true => "the browser did not start more".into(),
                false => format!("others could not begin ({why})"),
            };
            let message = format!(
                "workers: expected {workers} to share the model, got {got}: {why}, so sweeps take longer; values are the \
                 same"
            );
            Warning::new(Code::Device, message)
        }))
    }
}

/// The way to the other workers.
#[derive(Debug)]
struct Others {
    others: usize,
    ask: Function,
}

impl Link for Others {
    fn others(&self) -> usize {
        self.others
    }

    fn ask(&self, other: usize, parcel: Parcel) -> Pin<Box<dyn Future<Output = Result<Parcel>>>> {
        let arrays = to_arrays(&parcel);
        let asked = self
            .ask
            .call3(&JsValue::NULL, &other.into(), &parcel.head.into(), &arrays);
        // Made now, so that a promise that nobody waits for any more has who hears of its failure.
        let asked = asked.map(|asked| JsFuture::from(Promise::resolve(&asked)));
        Box::pin(async {
            let answer = asked.map_err(lost)?.await;
            let answer = Array::from(&answer.map_err(lost)?);
            Ok(from_arrays(
                answer.get(0).as_string().unwrap_or_default(),
                &Array::from(&answer.get(1)),
            ))
        })
    }
}

thread_local! {
    /// What this worker is where it holds layers for another.
    static MEMBER: RefCell<Option<Rc<Member>>> = const { RefCell::new(None) };
}

/// Hold layers for another worker from now on, of the model with this `config.json`.
#[wasm_bindgen]
pub fn join(config: &str) -> Result<(), JsValue> {
    let config = Config::from_json(config.as_bytes()).map_err(convert::error)?;
    let product = fused::tile().map_or_else(Product::default, Product::Fused);
    let pause = Rc::new(Turn::new("step", None));
    let member = Rc::new(Member::new(&config, product, pause));
    MEMBER.set(Some(member));
    Ok(())
}

/// Take a message of that worker: see `Member::receive`. The answer is `[head, arrays]`.
#[wasm_bindgen]
pub fn receive(head: String, arrays: Array) -> Promise {
    let parcel = from_arrays(head, &arrays);
    // So that the message's arrays can be let go before the answer is there.
    drop(arrays);
    let received = MEMBER.with_borrow(|member| Some(member.as_ref()?.receive(parcel)));
    future_to_promise(async {
        let received = received.ok_or("to be joined first")?;
        let answer = received.await.map_err(convert::error)?;
        let arrays = to_arrays(&answer);
        Ok(Array::of2(&answer.head.into(), &arrays).into())
    })
}

fn to_arrays(parcel: &Parcel) -> Array {
    let arrays = Array::new();
    parcel.each(&mut |numbers| {
        arrays.push(&Float32Array::from(numbers));
    });
    arrays
}

fn from_arrays(head: String, arrays: &Array) -> Parcel {
    let arrays = arrays
        .iter()
        .map(|array| Float32Array::from(array).to_vec());
    Parcel::of(head, arrays)
}

fn lost(thrown: JsValue) -> Error {
    let got = convert::text(&thrown);
    Error::new(Code::Device, "a worker", "to do its share", got)
}
