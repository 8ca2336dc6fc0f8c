//! Freed memory is kept, for programs that sweep on the CPU.
//!
//! A chunk's activations are allocated and freed layer by layer, some ten megabytes at a time. glibc gives
//! blocks of that size back to the system at once, and the system clears each page anew: 15% of a sweep.

/// Tell the system's allocator to keep what is freed, where it can be told (glibc).
pub fn keep_freed_memory() {
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
