//! The pages of rules, as HTML. They are ours, and use a part of Markdown: headings, paragraphs, lists,
//! fenced blocks, code and links.

use maud::{Markup, html};

/// Renders a page below a heading of the first level, which is left out: the page has its own.
pub(crate) fn page(text: &str) -> Markup {
    let blocks = blocks(text);
    html! {
        div.prose {
            @for block in &blocks {
                @match block {
                    Block::Heading(title) => h2 id=(anchor(title)) { (title) },
                    Block::Paragraph(text) => p { (inline(text)) },
                    Block::List(items) => ul { @for item in items { li { (inline(item)) } } },
                    Block::Code(what, code) => (fenced(what, code)),
                }
            }
        }
    }
}

/// The first paragraph below a heading, for a summary.
pub(crate) fn section(text: &str, heading: &str) -> Option<Markup> {
    let mut within = false;
    for block in blocks(text) {
        match block {
            Block::Heading(title) => within = title == heading,
            Block::Paragraph(text) if within => return Some(inline(&text)),
            Block::Paragraph(_) | Block::List(_) | Block::Code(..) => {}
        }
    }
    None
}

enum Block {
    Heading(String),
    Paragraph(String),
    List(Vec<String>),
    Code(String, String),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(what) = line.strip_prefix("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block::Code(what.to_owned(), code.join("\n")));
        } else if let Some(title) = line.strip_prefix("## ") {
            blocks.push(Block::Heading(title.to_owned()));
        } else if let Some(item) = line.strip_prefix("- ") {
            match blocks.last_mut() {
                Some(Block::List(items)) => items.push(item.to_owned()),
                _ => blocks.push(Block::List(vec![item.to_owned()])),
            }
        } else if line.starts_with("# ") || line.is_empty() {
            // The page's own heading; a border between blocks.
            if line.is_empty() {
                blocks.push(Block::Paragraph(String::new()));
            }
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(text)) if !text.is_empty() => {
                    text.push(' ');
                    text.push_str(line);
                }
                _ => blocks.push(Block::Paragraph(line.to_owned())),
            }
        }
    }
    blocks.retain(|block| !matches!(block, Block::Paragraph(text) if text.is_empty()));
    blocks
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

/// A recipe is long and seldom read: its first line, and the rest behind it.
fn fenced(what: &str, code: &str) -> Markup {
    html! {
        details {
            summary { "recipe: " code { (what) } }
            pre tabindex="0" { (code) }
        }
    }
}

/// Code between backticks, `[text](https://…)`, and addresses as they stand.
fn inline(text: &str) -> Markup {
    html! {
        @for (n, part) in text.split('`').enumerate() {
            @if n % 2 == 1 { code { (part) } } @else { (linked(part)) }
        }
    }
}

fn linked(text: &str) -> Markup {
    if let Some((before, rest)) = text.split_once("<https://")
        && let Some((address, after)) = rest.split_once('>')
    {
        let address = format!("https://{address}");
        return html! {
            (linked(before)) a href=(address) rel="noreferrer" { (address) } (linked(after))
        };
    }
    let link = text.split_once('[').and_then(|(before, rest)| {
        let (shown, rest) = rest.split_once("](")?;
        let (address, after) = rest.split_once(')')?;
        address.starts_with("https://").then_some((before, shown, address, after))
    });
    let Some((before, shown, address, after)) = link else { return html! { (text) } };
    html! { (before) a href=(address) rel="noreferrer" { (shown) } (linked(after)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_pages_of_rules() {
        let shown = page(
            "# r\n\n## What it finds\n\nA `x` and\n[y](https://z.test/).\n\n- one\n- <https://z.test/a>\n\n```file a\n<b>\n```\n",
        );
        assert_eq!(
            shown.into_string(),
            "<div class=\"prose\"><h2 id=\"what-it-finds\">What it finds</h2><p>A <code>x</code> and \
             <a href=\"https://z.test/\" rel=\"noreferrer\">y</a>.</p><ul><li>one</li><li><a href=\"https://z.test/a\" rel=\"noreferrer\">https://z.test/a</a></li></ul>\
             <details><summary>recipe: <code>file a</code></summary><pre tabindex=\"0\">&lt;b&gt;</pre>\
             </details></div>"
        );
    }

    #[test]
    fn every_rule_has_a_summary_of_what_to_do() {
        for rule in gate::rules::all() {
            assert!(section(rule.page, "What to do").is_some(), "{}", rule.name);
        }
    }
}
