//! An allocator that counts: how much is held, the most that was, and how much was asked for since the last pause.

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

// SAFETY: hands every request on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        IN_STEP.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
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

/// What a computation took, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// The most that it held at once.
    pub most: usize,
    /// The most that it asked for between two pauses: each product allocates what it gives, so this grows with the
    /// work of a step.
    pub in_step: usize,
}

/// Counts the steps of what it is given to.
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

/// Run something and say what it took beside what was held before.
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
