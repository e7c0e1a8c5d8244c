//! Long lists, in parts. Where one is stands in the address.

use gate::ledger::Page;
use maud::{Markup, html};

use super::parts::{facts, text};

/// How many rows a page of a list has.
pub(super) const ROWS: u32 = 50;

/// The rows of a page, counted from 1.
pub(super) fn rows(page: Option<u32>) -> Page {
    let before = page.unwrap_or(1).saturating_sub(1);
    Page { skip: before.saturating_mul(ROWS), take: ROWS }
}

/// A place with a query: empty values are left out.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", text::query(value)))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// The dossier of a model. Its name stands in the path, so that the record of calls tells whose dossier
/// was read; browsers take two names for something else.
pub(super) fn place_of(model: &str) -> String {
    match model {
        "." | ".." => address("/model", &[("name", model)]),
        model => format!("/models/{}", text::query(model)),
    }
}

/// Links to the neighbouring pages of a list; `query` is what the list is filtered by.
pub(super) fn links(path: &str, query: &[(&str, &str)], page: Option<u32>, total: u64) -> Markup {
    let page = page.unwrap_or(1).max(1);
    let last = u32::try_from(total.div_ceil(u64::from(ROWS))).unwrap_or(u32::MAX).max(1);
    let to = |page: u32| {
        let page = page.to_string();
        let mut query = query.to_vec();
        query.push(("page", &page));
        address(path, &query)
    };
    html! {
        @if last > 1 {
            nav.pager aria-label="Pages of the list" {
                @if page > 1 { a href=(to(page - 1)) rel="prev" { "← Previous" } }
                span { "Page " (facts::number(u64::from(page))) " of " (facts::number(u64::from(last))) }
                @if page < last { a href=(to(page + 1)) rel="next" { "Next →" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_stay_when_one_turns_the_page() {
        let shown =
            links("/findings", &[("rule", "a b"), ("model", "")], Some(2), 140).into_string();
        assert!(shown.contains("/findings?rule=a%20b&amp;page=1"), "{shown}");
        assert!(shown.contains("/findings?rule=a%20b&amp;page=3"), "{shown}");
        assert!(links("/", &[], None, 50).into_string().is_empty());
        assert_eq!(place_of("org/a b"), "/models/org%2Fa%20b");
        assert_eq!(place_of(".."), "/model?name=..");
        assert_eq!(rows(Some(3)).skip, 100);
        assert_eq!(rows(Some(0)).skip, 0);
    }
}
