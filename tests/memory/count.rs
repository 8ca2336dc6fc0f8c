//! An allocator that counts bytes: those held now, the most held at once, and those requested since the last pause.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    future::{Future, ready},
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use pathpatch::{error::Result, pause::Pause};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static IN_STEP: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every request is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        IN_STEP.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller upholds the contract of the system's allocator, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Memory that a computation used, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Most bytes held at once.
    pub most: usize,
    /// Most bytes requested between two pauses. Each product allocates its result, so this grows with the work of a
    /// step.
    pub in_step: usize,
}

/// A pause that measures the memory requested in each step of a computation.
#[derive(Default)]
pub struct StepCounter {
    longest: AtomicUsize,
}

impl Pause for StepCounter {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        self.longest.fetch_max(IN_STEP.swap(0, Relaxed), Relaxed);
        Box::pin(ready(Ok(())))
    }
}

/// Run a computation and measure the memory that it used on top of what was held before.
pub fn taken_by<T>(run: impl FnOnce(&StepCounter) -> T) -> (T, Taken) {
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    IN_STEP.store(0, Relaxed);
    let steps = StepCounter::default();
    let result = run(&steps);
    steps.longest.fetch_max(IN_STEP.load(Relaxed), Relaxed);
    let taken = Taken {
        most: MOST.load(Relaxed) - before,
        in_step: steps.longest.load(Relaxed),
    };
    (result, taken)
}
