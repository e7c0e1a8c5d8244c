//! Recipes in Markdown, and the pages of known evasions.

use crate::{Fault, Recipe, recipe};

/// A fenced block with the info string `forge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The heading that it stands under, without its `#`; empty before the first.
    pub heading: String,
    /// The lines between the fences.
    pub text: String,
    /// The line of the first of them in the Markdown, counted from 1.
    pub line: usize,
}

impl Block {
    /// Reads the recipe. Faults name lines of the Markdown.
    pub fn recipe(&self) -> Result<Recipe, Fault> {
        recipe::parse_at(&self.text, self.line)
    }
}

/// The recipes of a Markdown text, in order. Only fences of three or more backticks at the start of
/// a line are seen.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut heading = String::new();
    // The fence that closes the open block, and the block if it is a recipe.
    let mut open: Option<(String, Option<Block>)> = None;
    for (number, line) in markdown.lines().enumerate() {
        if let Some((fence, block)) = &mut open {
            if line.trim_end() == fence {
                found.extend(block.take());
                open = None;
            } else if let Some(block) = block {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if line.starts_with("```") {
            let info = line.trim_start_matches('`');
            let fence = "`".repeat(line.len() - info.len());
            let block = (info.trim() == "forge").then(|| Block {
                heading: heading.clone(),
                text: String::new(),
                line: number + 2,
            });
            open = Some((fence, block));
        } else if line.starts_with('#') {
            line.trim_start_matches('#').trim().clone_into(&mut heading);
        }
    }
    found
}

/// What weighing an evasion must end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A finding that the standard policy refuses.
    Refuse,
    /// Nobody can tell from the bytes: it must never be admitted. Refusing is right too.
    Undecided,
}

/// The page of a known evasion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bypass {
    /// The text of its `#` heading.
    pub title: String,
    /// Where it is known from.
    pub source: String,
    /// What weighing each block must end in.
    pub expect: Expect,
    /// The rule that must find it, where one is named.
    pub rule: Option<String>,
    /// Whether `CPython` alone runs the payload of every block (`Executes: python3`).
    pub executes: bool,
    /// The samples: variants of one trick.
    pub blocks: Vec<Block>,
}

impl Bypass {
    /// Reads a page: a heading, prose, the lines `Source:`, `Expect:`, `Rule:`, `Executes:`, and
    /// one or more blocks.
    pub fn parse(markdown: &str) -> Result<Self, Fault> {
        let field = |name: &str| {
            let prefix = format!("{name}: ");
            let mut lines = markdown.lines().take_while(|line| !line.starts_with("```"));
            lines.find_map(|line| line.strip_prefix(&prefix).map(|value| value.trim().to_owned()))
        };
        let need = |name: &str| {
            field(name).ok_or_else(|| Fault::new(1, format!("the page has no `{name}:` line")))
        };
        let title = markdown.lines().next().and_then(|line| line.strip_prefix("# "));
        let title = title.ok_or_else(|| Fault::new(1, "the page does not start with `# `"))?;
        let expect = match need("Expect")?.as_str() {
            "refuse" => Expect::Refuse,
            "undecided" => Expect::Undecided,
            other => return Err(Fault::new(1, format!("cannot expect `{other}`"))),
        };
        let executes = match field("Executes").as_deref() {
            None => false,
            Some("python3") => true,
            Some(other) => return Err(Fault::new(1, format!("cannot execute with `{other}`"))),
        };
        let blocks = blocks(markdown);
        if blocks.is_empty() {
            return Err(Fault::new(1, "the page has no recipe"));
        }
        Ok(Self {
            title: title.to_owned(),
            source: need("Source")?,
            expect,
            rule: field("Rule"),
            executes,
            blocks,
        })
    }
}
