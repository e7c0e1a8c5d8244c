//! The frame around every page: where one is, where one can go, who one is.

use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::parts::{form, text};

/// Whom a page is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Who {
    /// The principal.
    pub(crate) principal: String,
    /// The word for the role.
    pub(crate) role: &'static str,
    /// Whether they may ask for weighings, waivers and deployments.
    pub(crate) may_submit: bool,
    /// Whether they may decide.
    pub(crate) may_approve: bool,
    /// Whether they may change settings.
    pub(crate) may_administer: bool,
    /// What proves that a form of theirs came from one of our pages.
    pub(crate) csrf: String,
}

/// Light or dark, where the reader chose; otherwise what the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The theme of a cookie's value.
    pub(crate) fn named(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A group of rooms: its name, and of each room what it is called and where it is.
type Group = (&'static str, &'static [(Room, &'static str, &'static str)]);

/// The rooms, in groups. A room joins with a line.
const ROOMS: &[Group] = &[
    (
        "Models",
        &[
            (Room::Production, "In production", "/"),
            (Room::Findings, "Findings", "/findings"),
            (Room::Behaviour, "Behaviour", "/behaviour"),
            (Room::Decisions, "Waiting for a decision", "/decisions"),
            (Room::Jobs, "Jobs", "/jobs"),
        ],
    ),
    ("Record", &[(Room::Record, "Every entry", "/record"), (Room::Calls, "Every call", "/calls")]),
    ("Reference", &[(Room::Rules, "Rules", "/rules"), (Room::Policies, "Policies", "/policies")]),
    (
        "Settings",
        &[
            (Room::Tokens, "Tokens", "/settings/tokens"),
            (Room::Owners, "Owners", "/settings/owners"),
            (Room::About, "About this server", "/settings/about"),
        ],
    ),
];

/// Where one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Room {
    #[default]
    Nowhere,
    Production,
    Findings,
    Behaviour,
    Decisions,
    Jobs,
    Record,
    Calls,
    Rules,
    Policies,
    Tokens,
    Owners,
    About,
}

/// What the frame needs to know of a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) who: Who,
    pub(crate) theme: Theme,
    pub(crate) room: Room,
    /// The title, as the browser shows it; may hold text of others.
    pub(crate) title: String,
    /// The way here: words and addresses; the last is this page.
    pub(crate) crumbs: Vec<(String, String)>,
    /// Where this page is, for the forms that come back to it.
    pub(crate) here: String,
    /// What somebody searched for.
    pub(crate) sought: String,
}

fn head(title: &str) -> Markup {
    // htmx may neither make styles nor run code nor speak to other hosts.
    let config = r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,"historyCacheSize":0}"#;
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="same-origin";
            meta name="htmx-config" content=(config);
            title { (text::plain(title)) " · Weighbridge" }
            link rel="stylesheet" href=(assets::path("style.css"));
            link rel="icon" type="image/svg+xml" href=(assets::path("mark.svg"));
            script src=(assets::path("htmx.js")) defer {}
            script type="module" src=(assets::path("weighbridge.js")) {}
        }
    }
}

fn brand() -> Markup {
    html! {
        a.brand href="/" {
            svg viewBox="0 0 32 32" aria-hidden="true" {
                path fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"
                    stroke-linejoin="round" d="M16 5v22M9 27h14M5 11h22M5 11l-3 8h6zM27 11l-3 8h6z" {}
            }
            "Weighbridge"
        }
    }
}

fn rooms(frame: &Frame, label: &str) -> Markup {
    html! {
        nav.groups aria-label=(label) {
            @for (group, rooms) in ROOMS {
                h2 { (group) }
                ul {
                    @for (room, name, path) in *rooms {
                        li { a href=(path) aria-current=[(frame.room == *room).then_some("page")] { (name) } }
                    }
                }
            }
        }
    }
}

fn who(frame: &Frame) -> Markup {
    let who = &frame.who;
    html! {
        div.who {
            @if !who.principal.is_empty() {
                div { (text::said(&who.principal)) " (" (who.role) ")" }
            }
            (themes(frame))
            @if !who.principal.is_empty() {
                (form::post("/sign-out", &who.csrf, &html! { button.plain type="submit" { "Sign out" } }))
            }
        }
    }
}

/// Light and dark by a cookie: without script, and without a choice as the system says.
fn themes(frame: &Frame) -> Markup {
    html! {
        form method="post" action="/theme" {
            input type="hidden" name=(form::CSRF) value=(frame.who.csrf);
            input type="hidden" name="back" value=(frame.here);
            span.hidden { "Colours: " }
            span.row {
                @for (theme, word) in [(Theme::System, "System"), (Theme::Light, "Light"), (Theme::Dark, "Dark")] {
                    @if theme == frame.theme { span aria-current="true" { (word) } }
                    @else { button.plain type="submit" name="theme" value=(theme.class()) { (word) } }
                }
            }
        }
    }
}

/// A page.
pub(crate) fn page(frame: &Frame, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" class=(frame.theme.class()) {
            (head(&frame.title))
            body {
                a.skip href="#main" { "Skip to the content" }
                header.side {
                    (brand())
                    (rooms(frame, "Rooms"))
                    (who(frame))
                    details.menu {
                        summary { (span_brand()) span.open { "Menu" } }
                        (rooms(frame, "Rooms, small"))
                        (who(frame))
                    }
                }
                div.top {
                    nav.crumbs aria-label="The way here" {
                        ol {
                            @for (n, (word, address)) in frame.crumbs.iter().enumerate() {
                                li {
                                    @if n + 1 == frame.crumbs.len() { span aria-current="page" { (text::said(word)) } }
                                    @else { a href=(address) { (text::said(word)) } }
                                }
                            }
                        }
                    }
                    form.search role="search" method="get" action="/search" {
                        label.hidden for="q" { "Search by digest or name" }
                        input id="q" type="search" name="q" value=(text::plain(&frame.sought))
                            placeholder="Digest or model   ( / )" autocomplete="off" spellcheck="false";
                    }
                }
                main id="main" tabindex="-1" { (main) }
            }
        }
    }
}

fn span_brand() -> Markup {
    html! { span.brand { "Weighbridge" } }
}

/// A page without rooms: for whoever is not signed in.
pub(crate) fn lone(frame: &Frame, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" class=(frame.theme.class()) {
            (head(&frame.title))
            body.lone {
                main id="main" tabindex="-1" { (brand()) (main) }
            }
        }
    }
}
