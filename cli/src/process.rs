//! Sets up a process that sweeps on the CPU.

use pathpatch::error::{Code, Error, Result};

/// Keep freed memory, and make the thread that calls one of those that compute. To be called once, before anything is
/// computed, by the thread that will sweep. No other thread may use rayon then: where there is one core, nobody would do
/// its work.
///
/// # Errors
/// [`Code::Device`] where the system does not start as many threads as there are cores, or as RAYON_NUM_THREADS says.
pub fn set_up_process() -> Result<()> {
    keep_freed_memory();
    compute_here_too()
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

/// Make this thread one of rayon's. Otherwise it sleeps while they compute and they sleep while it does, and every loop
/// that they share wakes them anew.
fn compute_here_too() -> Result<()> {
    let threads = rayon::ThreadPoolBuilder::new().use_current_thread();
    threads.build_global().map_err(|error| {
        let expected = "one for each core, or as many as RAYON_NUM_THREADS says: set it to 1";
        Error::new(Code::Device, "threads", expected, error)
    })
}
