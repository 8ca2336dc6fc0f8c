//! An allocator that ends the program where an input makes it take memory without bounds.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    process::abort,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Bytes of one allocation, and of all that are alive. No input is larger than 1 MB.
const MOST_AT_ONCE: usize = 1 << 30;
const MOST_ALIVE: usize = 2 << 30;

/// Counts what is alive.
pub struct Limited {
    alive: AtomicUsize,
}

impl Limited {
    /// Nothing is alive yet.
    pub const fn new() -> Self {
        Self {
            alive: AtomicUsize::new(0),
        }
    }

    fn take(&self, size: usize) {
        let alive = self.alive.fetch_add(size, Relaxed).saturating_add(size);
        if size > MOST_AT_ONCE || alive > MOST_ALIVE {
            // Printing allocates a little, which must not end here again.
            self.alive.store(0, Relaxed);
            eprintln!("an allocation of {size} bytes, {alive} bytes alive");
            abort();
        }
    }

    fn give(&self, size: usize) {
        self.alive.fetch_sub(size, Relaxed);
    }
}

// SAFETY: all is done by the system's allocator; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller's promises are those that this asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.give(layout.size());
        self.take(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.give(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) };
    }
}
