//! Forms. They work without script: a form is sent, the answer is a page.

use maud::{Markup, html};

use super::text;

/// The name of the field that proves that a form came from one of our pages.
pub(crate) const CSRF: &str = "csrf";

/// A form that changes something.
pub(crate) fn post(action: &str, csrf: &str, inside: &Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name=(CSRF) value=(csrf);
            (inside)
        }
    }
}

pub(crate) fn button(word: &str) -> Markup {
    html! { button.go type="submit" { (word) } }
}

/// A field for a line of text.
pub(crate) fn line(name: &str, label: &str, value: &str, help: &str, required: bool) -> Markup {
    field(
        name,
        label,
        help,
        &html! {
            input type="text" id=(name) name=(name) value=(text::plain(value)) required[required]
                autocomplete="off" aria-describedby=[described(name, help)];
        },
    )
}

/// A field for several lines.
pub(crate) fn lines(name: &str, label: &str, help: &str, required: bool) -> Markup {
    field(
        name,
        label,
        help,
        &html! {
            textarea id=(name) name=(name) rows="3" maxlength="4000" required[required]
                aria-describedby=[described(name, help)] {}
        },
    )
}

/// One of several: value, and what people read.
pub(crate) fn select(name: &str, label: &str, chosen: &str, options: &[(&str, String)]) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, shown) in options {
                    option value=(value) selected[*value == chosen] { (shown) }
                }
                // What an address asks for is shown, also where nobody would choose it.
                @if !options.iter().any(|(value, _)| *value == chosen) {
                    option value=(text::plain(chosen)) selected { (text::plain(chosen)) }
                }
            }
        }
    }
}

/// A field of a filter.
pub(crate) fn filter(name: &str, label: &str, value: &str) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            input type="search" id=(name) name=(name) value=(text::plain(value)) autocomplete="off"
                spellcheck="false";
        }
    }
}

fn described(name: &str, help: &str) -> Option<String> {
    (!help.is_empty()).then(|| format!("{name}-help"))
}

fn field(name: &str, label: &str, help: &str, input: &Markup) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            (input)
            @if !help.is_empty() { p.help id={ (name) "-help" } { (help) } }
        }
    }
}
