//! Recognises a file that is not what its name says by its first bytes, and says what to do about it.

/// Number of first bytes that suffice.
pub const ENOUGH: usize = 512;

/// Describes a file by its first bytes, worded to follow "got". `None` for JSON, safetensors and unknown formats.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    /// First bytes of a format, and its description with advice.
    const KINDS: [(&[u8], &str); 9] = [
        (
            b"version https://git-lfs",
            "a Git LFS pointer instead of the file: run `git lfs pull` in its directory, or download the file \
             itself",
        ),
        (
            b"PK\x03\x04",
            "a zip archive, probably from PyTorch's torch.save: save_pretrained of transformers writes \
             model.safetensors",
        ),
        (
            b"\x80\x02",
            "a Python pickle, probably from an older torch.save of PyTorch: save_pretrained of transformers \
             writes model.safetensors",
        ),
        (
            b"GGUF",
            "a GGUF file, llama.cpp's format: use the model that it was made from",
        ),
        (
            b"\x89HDF",
            "an HDF5 file, TensorFlow's format: from_pretrained(..., from_tf=True) and save_pretrained of \
             transformers write model.safetensors",
        ),
        (b"\x1f\x8b\x08", "gzipped: unpack it"),
        (b"BZh", "packed with bzip2: unpack it"),
        (b"\xfd7zXZ", "packed with xz: unpack it"),
        (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it"),
    ];
    let kind = KINDS.iter().find(|(first, _)| bytes.starts_with(first));
    if let Some((_, what)) = kind {
        return Some(what);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match text.trim_ascii_start() {
        [b'<', ..] => Some(
            "an HTML or XML page instead of the file: check the address, or whether it needs a login",
        ),
        [] => Some("an empty file: download it again"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_recognised_by_their_first_bytes() {
        let pointer =
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 548105171\n";
        for (bytes, what) in [
            (&pointer[..], Some("Git LFS pointer")),
            (b"\n  <!DOCTYPE html>", Some("HTML")),
            (b"\xef\xbb\xbf<html>", Some("HTML")),
            (b"PK\x03\x04\0\0\x08\x08", Some("torch.save")),
            (b"\x80\x02\x8a\nl\xfc\x9cF\xf9", Some("pickle")),
            (b"GGUF\x03\0\0\0", Some("GGUF")),
            (b"", Some("empty")),
            (b"{\"model_type\": \"gpt2\"}", None),
            (b"\x40\0\0\0\0\0\0\0{\"wte.weight\"", None),
            (b"Entry not found", None),
        ] {
            let got = sniff(bytes);
            assert_eq!(got.is_some(), what.is_some(), "{got:?}");
            assert!(got.unwrap_or("").contains(what.unwrap_or("")), "{got:?}");
        }
    }
}
