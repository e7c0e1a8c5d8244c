//! As much of Markdown as the chores need: headings, fenced blocks, links.

/// One heading and what stands below it, up to the next heading of any level.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Section<'t> {
    /// 1 for `#`; 0 for what stands before the first heading.
    pub(crate) level: usize,
    pub(crate) title: &'t str,
    pub(crate) body: Vec<&'t str>,
}

impl Section<'_> {
    /// How many fenced blocks.
    pub(crate) fn blocks(&self) -> usize {
        self.body.iter().filter(|line| line.trim_start().starts_with("```")).count() / 2
    }
}

/// The sections of a page. A `#` inside a fenced block is no heading.
pub(crate) fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections = vec![Section { level: 0, title: "", body: Vec::new() }];
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let level = line.bytes().take_while(|b| *b == b'#').count();
        let title = line.get(level..).unwrap_or_default();
        if !fenced && (1..=6).contains(&level) && title.starts_with(' ') {
            sections.push(Section { level, title: title.trim(), body: Vec::new() });
        } else if let Some(last) = sections.last_mut() {
            last.body.push(line);
        }
    }
    sections
}

/// The targets of all links outside fenced blocks and code spans.
pub(crate) fn links(text: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second piece stands between backticks; a link's text may hold such a piece.
        let mut prose = line;
        while let Some((before, after)) = prose.split_once("](") {
            let in_code = before.matches('`').count() % 2 == 1;
            let Some((target, rest)) = after.split_once(')') else { break };
            if !in_code {
                links.push(target.trim());
            }
            prose = rest;
        }
    }
    links
}

/// The anchor of a heading, as mdBook and GitHub make it.
pub(crate) fn anchor(title: &str) -> String {
    title
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "before\n# One\ntext [a](b.md#c) `[x](y)`\n```sh\n# no heading [c](d)\n```\n\
                        ## Two `code`\n[`e`](f) and [g](https://h)\n";

    #[test]
    fn tells_headings_from_comments_in_blocks() {
        let titles: Vec<_> = sections(PAGE).iter().map(|s| (s.level, s.title)).collect();
        assert_eq!(titles, [(0, ""), (1, "One"), (2, "Two `code`")]);
        assert_eq!(sections(PAGE).iter().map(Section::blocks).collect::<Vec<_>>(), [0, 1, 0]);
    }

    #[test]
    fn finds_links_in_prose_alone() {
        assert_eq!(links(PAGE), ["b.md#c", "f", "https://h"]);
    }

    #[test]
    fn makes_the_anchors_of_mdbook() {
        assert_eq!(anchor("What `weigh` does, in short"), "what-weigh-does-in-short");
    }
}
