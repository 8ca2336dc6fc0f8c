//! How a process is set up that sweeps on the CPU.

/// Set it up: freed memory is kept, and the thread that calls is one of those that compute. To be called once, before
/// anything is computed, by the thread that will sweep.
///
/// # Panics
/// If rayon's threads are there already, or cannot be started.
pub fn set_up_process() {
    keep_freed_memory();
    compute_here_too();
}

/// Tell the system's allocator to keep what is freed, where it can be told (glibc).
///
/// A chunk's activations are allocated and freed layer by layer, some ten megabytes at a time. glibc gives
/// blocks of that size back to the system at once, and the system clears each page anew: 15% of a sweep.
fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const GIGABYTE: i32 = 1 << 30;
        // SAFETY: sets two parameters of malloc. If it does not know one, it says so and changes nothing.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, GIGABYTE);
            libc::mallopt(libc::M_TRIM_THRESHOLD, GIGABYTE);
        }
    }
}

/// Make this thread one of rayon's. One that is not sleeps while they compute, and they sleep when it does: each loop
/// that they share costs several wakings.
fn compute_here_too() {
    let pool = rayon::ThreadPoolBuilder::new().use_current_thread();
    pool.build_global().expect("threads");
}
