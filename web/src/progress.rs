//! What a load tells the page while it goes on: bytes, rate, time left, and why it waits.

use std::cell::{Cell, RefCell};

use serde::Serialize;
use web_sys::js_sys::Function;
use web_time::{Duration, Instant};

use crate::convert;
use pathpatch::error::Result;

/// Least time between two reports; the page draws no faster.
const PAUSE: Duration = Duration::from_millis(50);

/// Where bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A server.
    Network,
    /// What this browser has kept.
    Store,
    /// A file that was picked.
    Disk,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoadProgress<'a> {
    file: &'a str,
    from: Origin,
    loaded: u64,
    total: Option<u64>,
    bytes_per_second: f64,
    seconds_left: Option<f64>,
    waiting: Option<&'a str>,
}

/// Reports one file's bytes.
pub struct Progress<'a> {
    pub file: &'a str,
    on_progress: &'a Function,
    total: Cell<Option<u64>>,
    loaded: Cell<u64>,
    from: Cell<Origin>,
    /// When the bytes began to come from there, and how many were there then.
    began: Cell<(Instant, u64)>,
    told: RefCell<Option<Instant>>,
}

impl<'a> Progress<'a> {
    pub fn new(file: &'a str, from: Origin, total: Option<u64>, on_progress: &'a Function) -> Self {
        Self {
            file,
            on_progress,
            total: Cell::new(total),
            loaded: Cell::new(0),
            from: Cell::new(from),
            began: Cell::new((Instant::now(), 0)),
            told: RefCell::new(None),
        }
    }

    /// From now on bytes come from another place. `total` is their number where it is known: a server that compresses
    /// may announce fewer than will come.
    pub fn switch_origin(&self, from: Origin, total: Option<u64>) {
        self.from.set(from);
        self.total.set(total);
        self.began.set((Instant::now(), self.loaded.get()));
    }

    /// Set how many bytes are there, where another counts them.
    pub fn set_loaded(&self, bytes: u64) {
        self.loaded.set(bytes);
    }

    /// Count bytes that have come.
    pub fn add(&self, bytes: usize) -> Result<()> {
        self.loaded.set(self.loaded.get() + bytes as u64);
        if self
            .total
            .get()
            .is_some_and(|total| total < self.loaded.get())
        {
            self.total.set(None);
        }
        let is_last = Some(self.loaded.get()) == self.total.get();
        let told = *self.told.borrow();
        match told.is_some_and(|told| told.elapsed() < PAUSE) && !is_last {
            true => Ok(()),
            false => self.tell(None),
        }
    }

    /// Report that nothing comes for the moment, and why.
    pub fn waits(&self, reason: &str) -> Result<()> {
        self.tell(Some(reason))
    }

    /// Report that all bytes are there.
    pub fn done(&self) -> Result<()> {
        self.total.set(Some(self.loaded.get()));
        self.tell(None)
    }

    fn tell(&self, waiting: Option<&str>) -> Result<()> {
        *self.told.borrow_mut() = Some(Instant::now());
        let (began, before) = self.began.get();
        let (loaded, total) = (self.loaded.get(), self.total.get());
        let seconds = began.elapsed().as_secs_f64();
        let bytes_per_second = match seconds > 0.0 {
            true => (loaded - before) as f64 / seconds,
            false => 0.0,
        };
        let left = total.map(|total| total.saturating_sub(loaded) as f64);
        let progress = LoadProgress {
            file: self.file,
            from: self.from.get(),
            loaded,
            total,
            bytes_per_second,
            seconds_left: left
                .filter(|_| bytes_per_second > 0.0)
                .map(|left| left / bytes_per_second),
            waiting,
        };
        convert::call(self.on_progress, &convert::to_js(&progress)?)
    }
}
