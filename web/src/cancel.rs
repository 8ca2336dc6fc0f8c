//! Cancelling takes effect at every await: the pending work is dropped, and with it all that it holds.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, js_sys::Promise};

use pathpatch::error::{Code, Error, Result};

/// Work, or an error as soon as the signal is aborted.
pub async fn cancellable<T>(
    signal: &AbortSignal,
    what: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    check_signal(signal, what)?;
    let aborted = Promise::new(&mut |resolve, _| signal.set_onabort(Some(&resolve)));
    let mut aborted = pin!(JsFuture::from(aborted));
    let mut work = pin!(work);
    let either = |context: &mut Context<'_>| match aborted.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(Err(cancelled(what))),
        Poll::Pending => work.as_mut().poll(context),
    };
    poll_fn(either).await
}

/// An error once the signal is aborted.
pub fn check_signal(signal: &AbortSignal, what: &str) -> Result<()> {
    match signal.aborted() {
        true => Err(cancelled(what)),
        false => Ok(()),
    }
}

fn cancelled(what: &str) -> Error {
    Error::new(Code::Cancelled, what, "to finish", "a cancel")
}
