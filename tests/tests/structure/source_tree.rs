//! [`SourceTree`]: the modules of a crate, as its files declare them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMod, ItemUse, Macro, UseTree, Visibility,
    ext::IdentExt,
    spanned::Spanned,
    visit::{self, Visit},
};

/// A path from the crate's root, without `crate`.
pub(crate) type ModulePath = Vec<String>;

/// All modules and files of a crate, apart from those that are built for tests only.
#[derive(Default)]
pub(crate) struct SourceTree {
    pub(crate) modules: BTreeMap<ModulePath, Module>,
    pub(crate) files: Vec<File>,
}

#[derive(Default)]
pub(crate) struct File {
    pub(crate) path: String,
    /// The lines on which the keyword `unsafe` begins code.
    pub(crate) unsafe_lines: Vec<usize>,
}

#[derive(Default)]
pub(crate) struct Module {
    /// The position of the module's file in [`SourceTree::files`].
    pub(crate) file: usize,
    /// The items that the module defines.
    pub(crate) items: BTreeSet<String>,
    /// The names that the module re-exports, with their full paths.
    pub(crate) exports: BTreeMap<String, ModulePath>,
    /// The modules of which this module re-exports everything.
    pub(crate) glob_exports: Vec<ModulePath>,
    pub(crate) imports: Vec<Import>,
}

pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: ModulePath,
}

impl SourceTree {
    /// Reads a crate; `root` is the path of its `lib.rs` below `workspace`.
    pub(crate) fn load(workspace: &Path, root: &str) -> Self {
        let read = |path: &str| fs::read_to_string(workspace.join(path)).ok();
        SourceTree::read(root, &read)
    }

    /// The crate that consists of `files`, pairs of a path and a source. The root is `lib.rs`.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let find = |path: &str| files.iter().find(|(known, _)| *known == path);
        SourceTree::read("lib.rs", &|path| {
            find(path).map(|(_, source)| (*source).into())
        })
    }

    fn read(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut tree = SourceTree::default();
        let source = read(root).unwrap_or_else(|| panic!("no file {root}"));
        let folder = root.strip_suffix("lib.rs").expect("a lib.rs").to_owned();
        tree.add_file(root.to_owned(), &source, &Vec::new(), &folder, read);
        tree
    }

    /// Adds a file that is the module `path`, whose children are in `folder`.
    fn add_file(
        &mut self,
        name: String,
        source: &str,
        path: &ModulePath,
        folder: &str,
        read: &dyn Fn(&str) -> Option<String>,
    ) {
        let syntax = syn::parse_file(source).unwrap_or_else(|error| panic!("{name}: {error}"));
        let tokens: TokenStream = source.parse().expect("what was parsed is tokens");
        let mut unsafe_lines = Vec::new();
        find_unsafe(tokens, &mut unsafe_lines);
        self.files.push(File {
            path: name,
            unsafe_lines,
        });
        self.add_module(self.files.len() - 1, &syntax.items, path, folder, read);
    }

    fn add_module(
        &mut self,
        file: usize,
        items: &[Item],
        path: &ModulePath,
        folder: &str,
        read: &dyn Fn(&str) -> Option<String>,
    ) {
        let children = items.iter().filter_map(|item| match item {
            Item::Mod(child) => Some(child.ident.unraw().to_string()),
            _ => None,
        });
        let mut collector = Collector {
            path: path.clone(),
            children: children.collect(),
            module: Module {
                file,
                ..Module::default()
            },
        };
        let mut submodules = Vec::new();
        for item in items {
            match item {
                Item::Mod(child) => submodules.push(child),
                item => collector.visit_item(item),
            }
        }
        self.modules.insert(path.clone(), collector.module);
        for child in submodules
            .into_iter()
            .filter(|child| !is_for_tests(&child.attrs))
        {
            self.add_child(file, child, path, folder, read);
        }
    }

    fn add_child(
        &mut self,
        file: usize,
        child: &ItemMod,
        parent: &ModulePath,
        folder: &str,
        read: &dyn Fn(&str) -> Option<String>,
    ) {
        let name = child.ident.unraw().to_string();
        let path = [&parent[..], std::slice::from_ref(&name)].concat();
        let below = format!("{folder}{name}/");
        if let Some((_, items)) = &child.content {
            return self.add_module(file, items, &path, &below, read);
        }
        let named = child.attrs.iter().find_map(path_attribute);
        let flat = named.map_or(format!("{folder}{name}.rs"), |named| {
            format!("{folder}{named}")
        });
        let nested = format!("{below}mod.rs");
        let found = read(&flat).map(|source| (flat, source));
        // Reads files of other targets and features as well. Ignores a missing file, because some
        // examples of the checks leave files out.
        if let Some((file, source)) = found.or_else(|| read(&nested).map(|source| (nested, source)))
        {
            self.add_file(file, &source, &path, &below, read);
        }
    }
}

/// The value of `#[path = "..."]`.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    let pair = attribute.meta.require_name_value().ok()?;
    match &pair.value {
        syn::Expr::Lit(value) if pair.path.is_ident("path") => match &value.lit {
            syn::Lit::Str(file) => Some(file.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an item is built for tests only: its `cfg` is `test`, or an `all` that begins with
/// `test`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Ok(list) = attribute.meta.require_list() else {
            return false;
        };
        let condition = list.tokens.to_string();
        list.path.is_ident("cfg") && (condition == "test" || condition.starts_with("all (test"))
    })
}

/// Finds the keyword `unsafe` where it begins a block, an item or an attribute.
fn find_unsafe(tokens: TokenStream, lines: &mut Vec<usize>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "unsafe" => {
                let begins_code = tokens.peek().is_some_and(|next| match next {
                    TokenTree::Group(_) => true,
                    TokenTree::Ident(next) => ["extern", "fn", "impl", "trait"]
                        .iter()
                        .any(|keyword| next == keyword),
                    _ => false,
                });
                if begins_code {
                    lines.push(ident.span().start().line);
                }
            }
            TokenTree::Group(group) => find_unsafe(group.stream(), lines),
            _ => {}
        }
    }
}

/// Collects the items, the re-exports and the imports of a module.
struct Collector {
    path: ModulePath,
    children: BTreeSet<String>,
    module: Module,
}

impl Collector {
    /// Resolves a path in this module to its full path, if the path leads into the crate.
    fn resolve(&self, segments: &[String]) -> Option<ModulePath> {
        let (first, rest) = segments.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.path.clone(),
            "super" => self.path.split_last()?.1.to_vec(),
            child if self.children.contains(child) => [&self.path[..], &[child.into()]].concat(),
            _ => return None,
        };
        for segment in rest {
            if segment == "super" {
                base.pop();
            } else if segment != "self" {
                base.push(segment.clone());
            }
        }
        Some(base)
    }

    fn add_import(&mut self, line: usize, segments: &[String]) {
        if let Some(path) = self.resolve(segments) {
            self.module.imports.push(Import { line, path });
        }
    }

    fn add_use(&mut self, tree: &UseTree, prefix: &[String], is_export: bool) {
        let with = |name: String| [prefix, &[name]].concat();
        match tree {
            UseTree::Path(path) => {
                self.add_use(&path.tree, &with(path.ident.unraw().to_string()), is_export);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, prefix, is_export);
                }
            }
            UseTree::Glob(_) if is_export => {
                self.module.glob_exports.extend(self.resolve(prefix));
            }
            UseTree::Glob(glob) => self.add_import(glob.span().start().line, prefix),
            UseTree::Name(name) => {
                let ident = name.ident.unraw().to_string();
                self.add_name(
                    name.span().start().line,
                    &with(ident.clone()),
                    ident,
                    is_export,
                );
            }
            UseTree::Rename(rename) => {
                let segments = with(rename.ident.unraw().to_string());
                let name = rename.rename.to_string();
                self.add_name(rename.span().start().line, &segments, name, is_export);
            }
        }
    }

    fn add_name(&mut self, line: usize, segments: &[String], name: String, is_export: bool) {
        if !is_export {
            self.add_import(line, segments);
        } else if let Some(path) = self.resolve(segments) {
            self.module.exports.insert(name, path);
        }
    }

    /// Finds `crate::...` and `$crate::...` in the tokens of a macro call or definition.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Ident(ident) if ident == "crate" => {
                    let mut segments = vec!["crate".to_owned()];
                    while tokens.next_if(|token| token.to_string() == ":").is_some() {
                        if let Some(TokenTree::Ident(segment)) = tokens.peek() {
                            segments.push(segment.to_string());
                            tokens.next();
                        }
                    }
                    self.add_import(ident.span().start().line, &segments);
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &[][..],
        };
        if is_for_tests(attributes) {
            return;
        }
        let name = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Macro(item) => item.ident.as_ref(),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            _ => None,
        };
        self.module.items.extend(name.map(ToString::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_export = !matches!(item.vis, Visibility::Inherited);
        self.add_use(&item.tree, &[], is_export);
    }

    // Skips visibilities such as `pub(in crate::storage)`, which are not imports.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path
            .segments
            .iter()
            .map(|segment| segment.ident.unraw().to_string());
        let segments: Vec<String> = segments.collect();
        if segments.len() > 1 {
            self.add_import(path.span().start().line, &segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.add_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}
