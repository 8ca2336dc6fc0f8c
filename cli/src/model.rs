//! What a model's directory says of its name and revision.

use std::{fs, path::Path};

/// Which model it is, for whoever reads the file later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The repository where that is known, the directory's own name otherwise.
    pub name: String,
    /// The commit of the repository, where it is known.
    pub revision: Option<String>,
}

impl Model {
    /// What Hugging Face's tools leave beside the files: their cache has
    /// `models--OWNER--NAME/snapshots/COMMIT`, and a download to a directory a line with the commit in
    /// `.cache/huggingface/download/config.json.metadata`.
    pub fn of(directory: &Path) -> Self {
        let full = directory
            .canonicalize()
            .unwrap_or_else(|_| directory.to_path_buf());
        if let Some(cached) = Self::in_cache(&full) {
            return cached;
        }
        let metadata = full.join(".cache/huggingface/download/config.json.metadata");
        let metadata = fs::read_to_string(metadata).unwrap_or_default();
        let revision = metadata.lines().next().filter(|line| is_commit(line));
        Self {
            name: own_name(&full),
            revision: revision.map(String::from),
        }
    }

    fn in_cache(full: &Path) -> Option<Self> {
        let commit = own_name(full);
        let snapshots = full.parent().filter(|p| own_name(p) == "snapshots")?;
        let repository = own_name(snapshots.parent()?);
        let name = repository.strip_prefix("models--")?.replace("--", "/");
        is_commit(&commit).then_some(Self {
            name,
            revision: Some(commit),
        })
    }
}

/// The last part of a directory's path.
pub fn own_name(directory: &Path) -> String {
    let full = directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_path_buf());
    let name = full.file_name().unwrap_or(full.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Whether a text is a commit's hash in full.
fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "607a30d783dfa663caf39e06633721c8d4cfcd7e";

    #[test]
    fn a_cache_and_a_download_tell_their_commit() {
        let directory = tempfile::tempdir().unwrap();
        let snapshots = directory
            .path()
            .join("models--openai-community--gpt2/snapshots");
        let cached = snapshots.join(COMMIT);
        fs::create_dir_all(&cached).unwrap();
        let expected = Model {
            name: "openai-community/gpt2".into(),
            revision: Some(COMMIT.into()),
        };
        assert_eq!(Model::of(&cached), expected);

        let plain = directory.path().join("gpt2");
        let metadata = plain.join(".cache/huggingface/download");
        fs::create_dir_all(&metadata).unwrap();
        let without = Model {
            name: "gpt2".into(),
            revision: None,
        };
        assert_eq!(Model::of(&plain), without);
        let lines = format!("{COMMIT}\netag\n1700000000.0\n");
        fs::write(metadata.join("config.json.metadata"), lines).unwrap();
        assert_eq!(Model::of(&plain).revision.as_deref(), Some(COMMIT));
    }
}
