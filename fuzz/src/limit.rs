//! An allocator that aborts the program if an input makes it allocate too much memory.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    process::abort,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Limits for one allocation and for all live ones, in bytes. No input is larger than 1 MB.
const MAX_AT_ONCE: usize = 1 << 30;
const MAX_ALIVE: usize = 2 << 30;

/// Counts the bytes of live allocations.
pub struct Limited {
    alive: AtomicUsize,
}

impl Limited {
    /// An allocator without live allocations.
    pub const fn new() -> Self {
        Self {
            alive: AtomicUsize::new(0),
        }
    }

    fn take(&self, size: usize) {
        let alive = self.alive.fetch_add(size, Relaxed).saturating_add(size);
        if size > MAX_AT_ONCE || alive > MAX_ALIVE {
            // Printing allocates a little; reset the count so that this does not recurse.
            self.alive.store(0, Relaxed);
            eprintln!("an allocation of {size} bytes makes {alive} live bytes");
            abort();
        }
    }

    fn give(&self, size: usize) {
        self.alive.fetch_sub(size, Relaxed);
    }
}

// SAFETY: the system's allocator does all the work; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size());
        // SAFETY: the caller upholds the same contract.
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
