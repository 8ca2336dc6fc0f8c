//! No two Rust files import each other in a circle, by whatever way round.
//!
//! A file imports another where a path in it names that file's module: in a `use`, in a type, in an expression. What a
//! `mod.rs` re-exports is imported from the `mod.rs`, so that a child which takes from its parent what the parent takes
//! from it is a circle. Left out are tests and what is imported for documentation alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use petgraph::{algo::tarjan_scc, graphmap::DiGraphMap};
use syn::{
    Attribute, Item, ItemMod, ItemUse, UseTree,
    visit::{self, Visit},
};

/// Where the crates have their files.
const CRATES: [&str; 7] = [
    "src",
    "cli/src",
    "fuzz/src",
    "kernels/src",
    "tools/train-demo/src",
    "web/src",
    "xtask/src",
];

/// A module's names from the crate's root down.
type Module = Vec<String>;

/// Check every crate; the error lists the files of each circle.
pub fn check() -> Result<()> {
    let mut circles = Vec::new();
    for crate_root in CRATES {
        circles.extend(circles_of(Path::new(crate_root))?);
    }
    if circles.is_empty() {
        return Ok(());
    }
    bail!("files that import each other:\n{}", circles.join("\n"))
}

/// The circles of one crate, one line for each.
fn circles_of(root: &Path) -> Result<Vec<String>> {
    let mut files = BTreeMap::new();
    find(root, &mut Vec::new(), &mut files)?;
    let modules: Vec<&Module> = files.keys().collect();
    let place: BTreeMap<&Module, usize> =
        modules.iter().enumerate().map(|(i, m)| (*m, i)).collect();
    let mut graph = DiGraphMap::<usize, ()>::new();
    for (module, file) in &files {
        let text = fs::read_to_string(file)?;
        let parsed = syn::parse_file(&text).with_context(|| format!("{}", file.display()))?;
        let mut imports = Imports {
            module,
            files: &files,
            depth: 0,
            found: BTreeSet::new(),
        };
        imports.visit_file(&parsed);
        for other in imports.found.iter().filter(|other| *other != module) {
            graph.add_edge(place[module], place[other], ());
        }
    }
    let names = |circle: Vec<usize>| {
        let files = circle
            .iter()
            .map(|i| files[modules[*i]].display().to_string());
        files.collect::<Vec<_>>().join(", ")
    };
    let circles = tarjan_scc(&graph)
        .into_iter()
        .filter(|circle| circle.len() > 1);
    Ok(circles.map(names).collect())
}

/// All files below a directory, by their modules. `main.rs` is a crate of its own that names no module of the library.
fn find(
    directory: &Path,
    module: &mut Module,
    files: &mut BTreeMap<Module, PathBuf>,
) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            module.push(stem);
            find(&path, module, files)?;
            module.pop();
        } else if path.extension().is_some_and(|e| e == "rs") {
            let own = match stem.as_str() {
                "lib" | "mod" => module.clone(),
                "main" if directory.join("lib.rs").exists() => continue,
                "main" => module.clone(),
                _ => [&module[..], &[stem]].concat(),
            };
            files.insert(own, path);
        }
    }
    Ok(())
}

/// Finds the modules that a file's paths name.
struct Imports<'a> {
    module: &'a Module,
    files: &'a BTreeMap<Module, PathBuf>,
    /// How many modules within the file it is in.
    depth: usize,
    found: BTreeSet<Module>,
}

impl Imports<'_> {
    /// Note the file that a path leads to: the longest beginning of it that is a module.
    fn note(&mut self, path: &[String]) {
        let (mut at, mut rest) = match path.first().map(String::as_str) {
            Some("crate") => (Vec::new(), &path[1..]),
            Some("self") => (self.module.clone(), &path[1..]),
            Some("super") => (self.module.clone(), path),
            // A name without one of these is a child's, or not of this crate.
            Some(name)
                if self
                    .files
                    .contains_key(&[&self.module[..], &[name.into()]].concat()) =>
            {
                (self.module.clone(), path)
            }
            _ => return,
        };
        let ups = rest.iter().take_while(|name| *name == "super").count();
        for _ in self.depth..ups {
            at.pop();
        }
        rest = &rest[ups..];
        for name in rest {
            let next = [&at[..], &[name.clone()]].concat();
            if !self.files.contains_key(&next) {
                break;
            }
            at = next;
        }
        self.found.insert(at);
    }

    fn note_tree(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.note_tree(before, &path.tree);
                before.pop();
            }
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.note_tree(before, tree)),
            UseTree::Name(name) => self.note(&[&before[..], &[name.ident.to_string()]].concat()),
            UseTree::Rename(name) => self.note(&[&before[..], &[name.ident.to_string()]].concat()),
            UseTree::Glob(_) => self.note(before),
        }
    }
}

impl Visit<'_> for Imports<'_> {
    fn visit_item(&mut self, item: &Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !attributes.iter().any(is_left_out) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &ItemMod) {
        self.depth += 1;
        visit::visit_item_mod(self, item);
        self.depth -= 1;
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        self.note_tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if names.len() > 1 {
            self.note(&names);
        }
        visit::visit_path(self, path);
    }

    /// Where a thing may be seen is no import.
    fn visit_visibility(&mut self, _: &syn::Visibility) {}
}

/// Whether an item is for tests or for documentation alone.
fn is_left_out(attribute: &Attribute) -> bool {
    let condition = attribute
        .path()
        .is_ident("cfg")
        .then(|| attribute.parse_args::<syn::Path>());
    matches!(condition, Some(Ok(path)) if path.is_ident("test") || path.is_ident("doc"))
}
