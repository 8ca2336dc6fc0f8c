//! Web Locks, by which the tabs and workers of one browser agree on who reads and who writes a kept model.
//!
//! A load holds the lock of its model until it is done: shared while it reads a complete one, exclusive while it
//! downloads; deleting one takes it exclusively. The browser lets go of a lock when its tab or worker goes.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    WorkerGlobalScope,
    js_sys::{Array, Function, Object, Promise, Reflect, global},
};

#[wasm_bindgen]
extern "C" {
    // web-sys still has this behind a compiler flag.
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        callback: &Function,
    ) -> Result<Promise, JsValue>;
}

/// Who else may hold a lock at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Others that ask for the same.
    Shared,
    /// Nobody.
    Exclusive,
}

/// What became of asking for a lock.
pub enum Asked {
    /// It is ours until it is dropped; `None` where the browser has no locks, or none for this page.
    Held(Option<Lock>),
    /// Another tab or worker has it.
    Taken,
}

/// A lock that is held.
pub struct Lock {
    /// Settles the promise: the browser holds the lock until then.
    release: Function,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A resolving function does not throw.
        let _ = self.release.call0(&JsValue::NULL);
    }
}

/// Ask for the lock of a model, without waiting for its owner.
pub async fn ask(id: &str, mode: Mode) -> Asked {
    ask_browser(id, mode).await.unwrap_or(Asked::Held(None))
}

async fn ask_browser(id: &str, mode: Mode) -> Result<Asked, JsValue> {
    let scope: WorkerGlobalScope = global().unchecked_into();
    let locks = Reflect::get(&scope.navigator(), &"locks".into())?;
    if !locks.is_object() {
        return Ok(Asked::Held(None));
    }
    let locks: LockManager = locks.unchecked_into();
    let (held, release) = deferred()?;
    // From here on: if this future is dropped before the browser answers, its answer is given back at once.
    let lock = Lock { release };
    let (granted, grant) = deferred()?;
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let is_ours = !lock.is_null();
        let _ = grant.call1(&JsValue::NULL, &is_ours.into());
        if is_ours {
            held.into()
        } else {
            JsValue::UNDEFINED
        }
    });
    let options = Object::new();
    let mode = match mode {
        Mode::Shared => "shared",
        Mode::Exclusive => "exclusive",
    };
    Reflect::set(&options, &"mode".into(), &mode.into())?;
    Reflect::set(&options, &"ifAvailable".into(), &true.into())?;
    let name = format!("pathpatch {id}");
    let asked = locks.request(&name, &options, callback.unchecked_ref())?;
    // The request itself ends when the lock is let go, or with an error where the page may have no locks.
    let answer = Promise::race(&Array::of2(&granted, &asked));
    let is_ours = JsFuture::from(answer).await?;
    Ok(match is_ours.is_truthy() {
        true => Asked::Held(Some(lock)),
        false => Asked::Taken,
    })
}

/// A promise, and the function that resolves it.
fn deferred() -> Result<(Promise, Function), JsValue> {
    let mut resolve = None;
    let promise = Promise::new(&mut |resolved, _| resolve = Some(resolved));
    // The browser calls that before it returns the promise.
    let resolve = resolve.ok_or("a promise that cannot be resolved")?;
    Ok((promise, resolve))
}
