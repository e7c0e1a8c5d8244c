//! A recipe: named files.

use crate::args::{Args, Entry, entry};
use crate::build::content_of;
use crate::tree::{Node, grow, items};
use crate::{Fault, build};

/// What a recipe makes at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A file and its bytes.
    File(Vec<u8>),
    /// An empty folder.
    Folder,
    /// A symbolic link and where it points, as written.
    Symlink(String),
}

/// A recipe that was read but not built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    nodes: Vec<Node>,
}

/// Reads a recipe. Only the tree and the paths are checked here; what the builders say is checked
/// when they build.
pub fn parse(text: &str) -> Result<Recipe, Fault> {
    parse_at(text, 1)
}

/// As [`parse`], with the number of the first line.
pub(crate) fn parse_at(text: &str, first_line: usize) -> Result<Recipe, Fault> {
    let nodes = grow(text, first_line)?;
    let mut paths = Vec::new();
    for node in items(&nodes) {
        let path = path_of(&entry(&node.text, node.line)?)?;
        if paths.contains(&path) {
            return Err(Fault::new(node.line, format!("`{path}` is made twice")));
        }
        paths.push(path);
    }
    if paths.is_empty() {
        return Err(Fault::new(first_line, "the recipe makes nothing"));
    }
    Ok(Recipe { nodes })
}

impl Recipe {
    /// Builds every item, in the order of the recipe. Paths are relative, with `/`, and never leave
    /// the folder they are written to.
    pub fn build(&self) -> Result<Vec<(String, Item)>, Fault> {
        let mut made = Vec::new();
        for node in items(&self.nodes) {
            let entry = entry(&node.text, node.line)?;
            let path = path_of(&entry)?;
            entry.options.finish()?;
            made.push((path, item(entry.builder, &node.children)?));
        }
        Ok(made)
    }

    /// Builds a recipe that makes one file, and gives its bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, Fault> {
        let made = self.build()?;
        let line = self.nodes.first().map_or(1, |node| node.line);
        match <[_; 1]>::try_from(made) {
            Ok([(_, Item::File(bytes))]) => Ok(bytes),
            _ => Err(Fault::new(line, "expected a recipe of exactly one file")),
        }
    }
}

fn item(mut args: Args, children: &[Node]) -> Result<Item, Fault> {
    if args.flag("symlink") {
        let target = args.need_text("a target")?;
        args.finish()?;
        build::no_children(children)?;
        return Ok(Item::Symlink(target));
    }
    if args.flag("folder") {
        args.finish()?;
        build::no_children(children)?;
        return Ok(Item::Folder);
    }
    content_of(args, children).map(Item::File)
}

fn path_of(entry: &Entry) -> Result<String, Fault> {
    let fault = |problem: &str| entry.options.fault(format!("path: {problem}"));
    let path = String::from_utf8(entry.name.clone()).map_err(|_| fault("not UTF-8"))?;
    if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return Err(fault("absolute, or with an empty, `.` or `..` part"));
    }
    if path.contains('\0') {
        return Err(fault("holds a NUL"));
    }
    Ok(path)
}
