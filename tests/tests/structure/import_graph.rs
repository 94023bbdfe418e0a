//! [`ImportGraph`]: the imports between the files of a crate.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::source_tree::{ModulePath, SourceTree};

/// The imports of a crate, each resolved to the module that defines the imported item.
pub(crate) struct ImportGraph {
    files: Vec<String>,
    edges: Vec<Edge>,
}

struct Edge {
    from: usize,
    to: usize,
    line: usize,
    /// The layer that imports: the first segment of the module's path.
    layer: Option<String>,
    /// The path of the imported item, without `crate`.
    path: ModulePath,
}

impl ImportGraph {
    pub(crate) fn new(tree: &SourceTree) -> Self {
        let mut edges = Vec::new();
        for (path, module) in &tree.modules {
            for import in &module.imports {
                let (defined_in, target) = tree.definition(&import.path, 0);
                edges.push(Edge {
                    from: module.file,
                    to: tree.modules[&defined_in].file,
                    line: import.line,
                    layer: path.first().cloned(),
                    path: target,
                });
            }
        }
        let files = tree.files.iter().map(|file| file.path.clone()).collect();
        ImportGraph { files, edges }
    }

    /// The imports in layers that are not allowed: of a layer that comes later in `layers`, of one
    /// that is `forbidden` to the importing layer, and of a module that is not a layer.
    pub(crate) fn layer_violations(
        &self,
        layers: &[&str],
        forbidden: &[(&str, &[&str])],
    ) -> Vec<String> {
        let rank = |name: &str| layers.iter().position(|layer| *layer == name);
        let mut violations = BTreeMap::new();
        for edge in &self.edges {
            let Some(layer) = edge.layer.as_deref() else {
                continue;
            };
            let (Some(own), Some(target)) = (rank(layer), edge.path.first()) else {
                continue;
            };
            let is_forbidden =
                |(of, others): &(&str, &[&str])| *of == layer && others.contains(&target.as_str());
            let is_allowed = rank(target).is_some_and(|target| target <= own);
            if !is_allowed || forbidden.iter().any(is_forbidden) {
                let (file, path) = (&self.files[edge.from], edge.path.join("::"));
                let message = format!("{file}:{}: `{layer}` imports `crate::{path}`", edge.line);
                violations.insert((edge.from, edge.line, message.clone()), message);
            }
        }
        violations.into_values().collect()
    }

    /// The shortest import cycle through each file, except files in a cycle that was found before.
    pub(crate) fn cycles(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut cycles = Vec::new();
        for file in 0..self.files.len() {
            if !seen.contains(&file)
                && let Some(cycle) = self.shortest_cycle(file)
            {
                seen.extend(cycle.iter().map(|edge| edge.from));
                let imports = cycle.iter().map(|edge| {
                    let (file, path) = (&self.files[edge.from], edge.path.join("::"));
                    format!("{file}:{} imports `crate::{path}`", edge.line)
                });
                cycles.push(imports.collect::<Vec<_>>().join(", "));
            }
        }
        cycles
    }

    /// The shortest chain of imports that leads from a file back to it.
    fn shortest_cycle(&self, start: usize) -> Option<Vec<&Edge>> {
        // The import through which each file was reached first.
        let mut reached_by: BTreeMap<usize, &Edge> = BTreeMap::new();
        let mut frontier = vec![start];
        while !frontier.is_empty() && !reached_by.contains_key(&start) {
            let mut next = Vec::new();
            for file in frontier {
                let imports = self
                    .edges
                    .iter()
                    .filter(|edge| edge.from == file && edge.to != file);
                for edge in imports {
                    if let Entry::Vacant(unreached) = reached_by.entry(edge.to) {
                        unreached.insert(edge);
                        next.push(edge.to);
                    }
                }
            }
            frontier = next;
        }
        let mut cycle = vec![*reached_by.get(&start)?];
        while cycle[0].from != start {
            cycle.insert(0, reached_by[&cycle[0].from]);
        }
        Some(cycle)
    }
}

impl SourceTree {
    /// The module that defines the item at a path, and the item's path without re-exports.
    fn definition(&self, path: &[String], depth: usize) -> (ModulePath, ModulePath) {
        let mut module = ModulePath::new();
        for (at, segment) in path.iter().enumerate() {
            let child = [&module[..], std::slice::from_ref(segment)].concat();
            if self.modules.contains_key(&child) {
                module = child;
                continue;
            }
            let is_defined_here = self.modules[&module].items.contains(segment);
            // An item of the module wins over a re-export of its name. The depth is limited,
            // because re-exports may form a cycle.
            if !is_defined_here
                && depth < 8
                && let Some(mut target) = self.export(&module, segment, depth)
            {
                target.extend_from_slice(&path[at + 1..]);
                return self.definition(&target, depth + 1);
            }
            break;
        }
        (module, path.to_vec())
    }

    /// The full path of a name that a module re-exports.
    fn export(&self, module: &ModulePath, name: &str, depth: usize) -> Option<ModulePath> {
        let module = &self.modules[module];
        if let Some(path) = module.exports.get(name) {
            return Some(path.clone());
        }
        let globs = module
            .glob_exports
            .iter()
            .map(|glob| [&glob[..], &[name.to_owned()]].concat());
        globs.into_iter().find(|path| {
            let (defined_in, _) = self.definition(path, depth + 1);
            self.modules[&defined_in].items.contains(name)
        })
    }
}
