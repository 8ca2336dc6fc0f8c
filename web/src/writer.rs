//! A kept file while it is downloaded: written at its end, flushed now and then, read from its beginning.

use wasm_bindgen::prelude::*;
use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle, js_sys::Uint8Array};

/// A file that is being written, which nobody else can write.
pub struct Writer {
    handle: FileSystemSyncAccessHandle,
    size: f64,
    /// Bytes that a closed tab could lose.
    unsafe_bytes: u32,
}

impl Writer {
    /// Write at the end of what is there.
    pub fn new(handle: FileSystemSyncAccessHandle) -> Result<Self, JsValue> {
        Ok(Self {
            size: handle.get_size()?,
            handle,
            unsafe_bytes: 0,
        })
    }

    /// Bytes that are there.
    pub fn size(&self) -> u64 {
        self.size as u64
    }

    /// Put bytes at the end.
    pub fn write(&mut self, bytes: &Uint8Array) -> Result<(), JsValue> {
        const AT_RISK: u32 = 8 << 20;
        let end = self.write_at(self.size, bytes);
        if end.is_err() {
            // Keep what came before, without the part of the new bytes that still fitted. If that fails too, the first
            // failure is the one to report.
            let _ = self.handle.truncate_with_f64(self.size);
        }
        self.size = end?;
        self.unsafe_bytes += bytes.length();
        if self.unsafe_bytes > AT_RISK {
            self.flush()?;
        }
        Ok(())
    }

    /// Replace all that is there. A tab that is closed meanwhile leaves the old bytes, or the new ones followed by the
    /// end of the old.
    pub fn overwrite(&mut self, bytes: &Uint8Array) -> Result<(), JsValue> {
        self.size = self.write_at(0.0, bytes)?;
        self.handle.truncate_with_f64(self.size)?;
        self.flush()
    }

    /// Flush what was written to the disk.
    pub fn flush(&mut self) -> Result<(), JsValue> {
        self.unsafe_bytes = 0;
        self.handle.flush()
    }

    /// Make the file empty.
    pub fn truncate(&mut self) -> Result<(), JsValue> {
        self.size = 0.0;
        self.handle.truncate_with_f64(0.0)
    }

    /// Returns where the bytes end.
    fn write_at(&self, at: f64, bytes: &Uint8Array) -> Result<f64, JsValue> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(at);
        let written = self
            .handle
            .write_with_buffer_source_and_options(bytes, &options)?;
        // Chromium reports a full disk as a number of 2^32 - 8 bytes, and throws nothing.
        match written == f64::from(bytes.length()) {
            true => Ok(at + written),
            false => Err("not all could be written: no space is left".into()),
        }
    }

    /// Bytes from a place on, at most so many.
    pub fn read(&self, from: u64, at_most: u32) -> Result<Uint8Array, JsValue> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(from as f64);
        let bytes = Uint8Array::new_with_length(at_most);
        let read = self
            .handle
            .read_with_buffer_source_and_options(&bytes, &options)?;
        Ok(bytes.subarray(0, read as u32))
    }
}

impl Drop for Writer {
    /// Closing flushes the file and lets others write it.
    fn drop(&mut self) {
        self.handle.close();
    }
}
