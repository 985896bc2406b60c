//! Finds the modules of a target and their imports.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, Meta, MetaList, Path, Token, UseTree, Visibility};

/// The modules and imports of a target. A module's path has no crate, as in `lead::number`; the root's path is empty.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) files: BTreeSet<String>,
    pub(super) modules: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    /// Pairs of a file and a crate that it imports.
    pub(super) crates: BTreeSet<(String, String)>,
}

/// An import of a module of the same crate.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) file: String,
    pub(super) from: String,
    /// The path of a module or of an item in it.
    pub(super) path: String,
    /// The module of that path.
    pub(super) to: String,
}

/// Scans a target from its root file. `read` gets the path of a file within the repository.
pub(super) fn scan(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Scanned {
    let mut scan =
        Scan { read, scanned: Scanned::default(), file: root.to_owned(), module: Vec::new(), paths: Vec::new() };
    let directory = root.rsplit_once('/').map_or("", |(directory, _)| directory);
    scan.file(root, directory, true);
    let Scan { mut scanned, paths, .. } = scan;
    for Used { file, module, path } in paths {
        scanned.resolve(file, &module, &path);
    }
    scanned
}

/// A path as it is written in a module.
struct Used {
    file: String,
    module: Vec<String>,
    path: Vec<String>,
}

struct Scan<'a> {
    read: &'a dyn Fn(&str) -> Option<String>,
    scanned: Scanned,
    file: String,
    module: Vec<String>,
    paths: Vec<Used>,
}

impl Scan<'_> {
    /// Scans a file, whose modules are files of the directory.
    fn file(&mut self, file: &str, directory: &str, counts: bool) {
        let text = (self.read)(file).unwrap_or_else(|| panic!("{file} cannot be read"));
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.scanned.files.insert(file.to_owned());
        let outer = std::mem::replace(&mut self.file, file.to_owned());
        self.items(&syntax.items, directory, counts);
        self.file = outer;
    }

    /// Scans the items of a module. If the module is compiled only for tests, it is only searched for files.
    fn items(&mut self, items: &[Item], directory: &str, counts: bool) {
        if counts {
            self.scanned.modules.insert(self.module.join("::"));
        }
        for item in items {
            match item {
                Item::Mod(item) => self.child(item, directory, counts && !is_test(&item.attrs)),
                item if counts => self.visit_item(item),
                _ => {}
            }
        }
    }

    fn child(&mut self, item: &ItemMod, directory: &str, counts: bool) {
        let name = item.ident.to_string();
        let directory = format!("{directory}/{name}");
        self.module.push(name);
        match &item.content {
            Some((_, items)) => self.items(items, &directory, counts),
            None => self.file(&format!("{directory}.rs"), &directory, counts),
        }
        self.module.pop();
    }

    fn path(&mut self, path: Vec<String>) {
        self.paths.push(Used { file: self.file.clone(), module: self.module.clone(), path });
    }

    /// Records every path of a `use` tree, after the segments before it.
    fn tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) if name.ident == "self" => self.path(before.to_vec()),
            UseTree::Name(name) => self.path(with(&name.ident)),
            UseTree::Rename(rename) => self.path(with(&rename.ident)),
            UseTree::Glob(_) => self.path(before.to_vec()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
        }
    }

    /// Records the paths among the tokens of a macro, which `syn` does not parse.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(colon) if colon.as_char() == ':' && !path.is_empty() && colons < 2 => colons += 1,
                TokenTree::Ident(ident) if colons == 2 => {
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.path(std::mem::take(&mut path));
                    colons = 0;
                    match other {
                        TokenTree::Ident(ident) => path.push(ident.to_string()),
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        _ => {}
                    }
                }
            }
        }
        self.path(path);
    }
}

impl<'ast> Visit<'ast> for Scan<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Const(item) => &item.attrs,
            Item::Enum(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Macro(item) => &item.attrs,
            Item::Static(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Trait(item) => &item.attrs,
            Item::Type(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !matches!(item, ImplItem::Fn(function) if is_test(&function.attrs)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        self.path(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.tokens(called.tokens.clone());
    }

    /// `pub(crate)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// Whether an item is compiled for unit tests alone: `cfg(test)`, also among the conditions of an `all`.
fn is_test(attributes: &[Attribute]) -> bool {
    fn needs_test(condition: &Meta) -> bool {
        let all = |list: &MetaList| list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        match condition {
            Meta::Path(path) => path.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => all(list).is_ok_and(|all| all.iter().any(needs_test)),
            _ => false,
        }
    }
    let is_cfg = |attribute: &&Attribute| attribute.path().is_ident("cfg");
    attributes.iter().filter(is_cfg).any(|cfg| cfg.parse_args().is_ok_and(|condition| needs_test(&condition)))
}

impl Scanned {
    /// Finds the module or crate of a path that a module uses.
    fn resolve(&mut self, file: String, module: &[String], path: &[String]) {
        let Some(first) = path.first() else { return };
        let child = [module, &path[..1]].concat().join("::");
        let target = match first.as_str() {
            // In the tokens of a macro, `pub(crate)` looks like this.
            "crate" if path.len() == 1 => return,
            "crate" => path[1..].to_vec(),
            "self" => [module, &path[1..]].concat(),
            "super" => {
                let up = path.iter().take_while(|segment| *segment == "super").count();
                [&module[..module.len().saturating_sub(up)], &path[up..]].concat()
            }
            _ if self.modules.contains(&child) => [module, path].concat(),
            other if path.len() > 1 => {
                self.crates.insert((file, other.to_owned()));
                return;
            }
            _ => return,
        };
        let to = (0..=target.len()).rev().map(|length| target[..length].join("::"));
        let to = to.into_iter().find(|module| self.modules.contains(module)).unwrap_or_default();
        self.imports.push(Import { file, from: module.join("::"), path: target.join("::"), to });
    }
}
