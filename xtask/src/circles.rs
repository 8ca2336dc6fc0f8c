//! No two Rust files import each other in a circle, by whatever way round.
//!
//! A file imports another where it declares it as its module, and where a path in it names that file's module: in a
//! `use`, in a type, in an expression. So a child that imports something of its parent's file is a circle, and so is one
//! that imports what the parent re-exports: it takes that from where it is defined. Left out are tests, what is imported
//! for documentation alone, and paths within macros.

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
            let next = [&at[..], std::slice::from_ref(name)].concat();
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
        if item.content.is_none() {
            return self.note(&["self".into(), item.ident.to_string()]);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a crate of these files, each a path and its text.
    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        circles_of(folder.path()).unwrap()
    }

    #[test]
    fn files_in_an_order_are_no_circle() {
        let files = [
            ("lib.rs", "pub mod a;\nmod b;"),
            ("a/mod.rs", "mod one;\nmod two;\npub use one::One;"),
            ("a/one.rs", "pub struct One;"),
            (
                "a/two.rs",
                "use super::one::One;\nmod inner { use super::One; }\n#[cfg(test)] mod tests { use crate::a; }",
            ),
            (
                "b.rs",
                "use std::fmt;\nfn b() -> crate::a::One { crate::a::One }",
            ),
        ];
        assert_eq!(circles(&files), Vec::<String>::new());
    }

    #[test]
    fn a_child_that_imports_from_its_parents_file_is_a_circle() {
        for import in [
            "use super::One;",
            "use crate::a::{One};",
            "use super::*;",
            "fn f() { crate::a::made() }",
            "fn f(one: super::One) {}",
        ] {
            let files = [
                ("lib.rs", "mod a;"),
                ("a/mod.rs", "mod one;\nmod two;\npub use one::{One, made};"),
                ("a/one.rs", "pub struct One;"),
                ("a/two.rs", import),
            ];
            let circles = circles(&files);
            assert!(
                circles.len() == 1 && circles[0].contains("two.rs"),
                "{import}: {circles:?}"
            );
        }
    }

    #[test]
    fn siblings_by_way_of_a_third_are_a_circle() {
        let files = [
            ("main.rs", "mod a;\nmod b;\nmod c;"),
            ("a.rs", "use crate::b;"),
            ("b.rs", "fn b() { super::c::c(); }"),
            ("c.rs", "use super::a::{self as other};"),
        ];
        assert_eq!(circles(&files).len(), 1);
    }
}
