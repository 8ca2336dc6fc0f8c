//! Turns of computing, between which messages are handled.

use std::{cell::Cell, pin::Pin, time::Duration};

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, MessageChannel, js_sys::Promise};
use web_time::Instant;

use crate::{cancel::check_signal, convert};
use pathpatch::{
    error::{Code, Error, Result},
    pause::Pause,
};

/// Decides when to handle messages from the page: one thread both computes and handles them.
pub struct Turn<'a> {
    began: Cell<Instant>,
    what: &'static str,
    signal: Option<&'a AbortSignal>,
}

/// How long we compute before messages are handled. A cancel may take 200 ms, so this is short.
const TURN: Duration = Duration::from_millis(20);

impl<'a> Turn<'a> {
    pub fn new(what: &'static str, signal: Option<&'a AbortSignal>) -> Self {
        Self {
            began: Cell::new(Instant::now()),
            what,
            signal,
        }
    }
}

impl Pause for Turn<'_> {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(async {
            if self.began.get().elapsed() < TURN {
                return Ok(());
            }
            hear_messages().await.map_err(|e| {
                let (what, expected) = ("MessageChannel", "to carry a message");
                Error::new(Code::Unsupported, what, expected, convert::text(&e))
            })?;
            self.began.set(Instant::now());
            match self.signal {
                Some(signal) => check_signal(signal, self.what),
                None => Ok(()),
            }
        })
    }
}

/// Let the worker handle the messages that have come, such as a cancel. It posts a message to itself and waits for it:
/// a timer would wait at least 4 ms, since browsers delay a timer that is set by a timer.
async fn hear_messages() -> Result<(), JsValue> {
    let channel = MessageChannel::new()?;
    let heard = Promise::new(&mut |resolve, _| channel.port1().set_onmessage(Some(&resolve)));
    channel.port2().post_message(&JsValue::NULL)?;
    JsFuture::from(heard).await?;
    channel.port1().close();
    Ok(())
}
