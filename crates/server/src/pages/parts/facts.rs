//! Digests, moments, sizes, and lists of them.

use jiff::Timestamp;
use maud::{Markup, html};

use super::text;

const SHOWN: usize = 12;

/// The first digits of a digest, `scheme:hex`; the whole stands in the title and is what is copied.
pub(crate) fn digest(digest: &str) -> Markup {
    if digest.is_empty() {
        return html! { span.soft { "no digest" } };
    }
    let (scheme, value) = digest.split_once(':').unwrap_or(("", digest));
    let head: String = value.chars().take(SHOWN).collect();
    let shown = if scheme.is_empty() { head } else { format!("{scheme}:{head}") };
    let more = value.chars().count() > SHOWN;
    html! {
        span.digest title=(text::plain(digest)) {
            bdi { (text::plain(&shown)) @if more { "…" } }
        }
    }
}

/// The same, with a button that copies the whole where there is script.
pub(crate) fn digest_to_copy(value: &str) -> Markup {
    html! { span data-copy=(text::plain(value)) { (digest(value)) } }
}

/// All digits of a digest.
pub(crate) fn whole_digest(value: &str) -> Markup {
    let shown = text::plain(value);
    html! { span.digest.whole data-copy=(shown) { bdi { (shown) } } }
}

/// A moment as the record tells it, RFC 3339, and how long ago it was.
pub(crate) fn moment(at: &str, now: Timestamp) -> Markup {
    let Ok(then) = at.parse::<Timestamp>() else {
        return html! { span.soft { "never" } };
    };
    html! { time datetime=(at) title=(at) { (ago(then, now)) } }
}

/// A moment in full, to the minute, and how long ago.
pub(crate) fn day(at: &str, now: Timestamp) -> Markup {
    let Ok(then) = at.parse::<Timestamp>() else {
        return html! { span.soft { "never" } };
    };
    let shown = then.strftime("%Y-%m-%d %H:%M UTC");
    html! { time datetime=(at) { (shown) } " · " (ago(then, now)) }
}

/// How long ago, in one unit.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second());
    let (future, seconds) = (seconds < 0, seconds.unsigned_abs());
    let (n, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400..5_184_000 => (seconds / 86_400, "day"),
        5_184_000..63_072_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    let s = if n == 1 { "" } else { "s" };
    if future { format!("in {n} {unit}{s}") } else { format!("{n} {unit}{s} ago") }
}

/// Days until a day, `2027-01-31`, from a moment; negative where it is over. `None` where it is no day.
pub(crate) fn days_until(day: &str, now: Timestamp) -> Option<i64> {
    let end: Timestamp = format!("{day}T23:59:59Z").parse().ok()?;
    Some(end.as_second().saturating_sub(now.as_second()).div_euclid(86_400))
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut scaled = bytes.saturating_mul(10);
    while scaled >= 10_240 && unit + 1 < UNITS.len() {
        scaled /= 1024;
        unit += 1;
    }
    let (whole, tenth) = (scaled / 10, scaled % 10);
    if unit == 0 { format!("{bytes} B") } else { format!("{whole}.{tenth} {}", UNITS[unit]) }
}

/// A number with a space between thousands.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `1 entry`, `2 entries`.
pub(crate) fn entries(n: u64) -> String {
    format!("{} entr{}", number(n), if n == 1 { "y" } else { "ies" })
}

/// `1 file`, `2 files`.
pub(crate) fn count(n: u64, what: &str) -> String {
    format!("{} {what}{}", number(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_long_ago() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (then, said) in [
            ("2026-11-21T11:59:30Z", "just now"),
            ("2026-11-21T11:58:59Z", "1 minute ago"),
            ("2026-11-20T12:00:00Z", "1 day ago"),
            ("2026-08-21T12:00:00Z", "3 months ago"),
            ("2026-11-24T13:00:00Z", "in 3 days"),
        ] {
            assert_eq!(ago(then.parse().unwrap(), now), said);
        }
        assert_eq!(days_until("2026-11-21", now), Some(0));
        assert_eq!(days_until("2026-11-20", now), Some(-1));
        assert_eq!(days_until("soon", now), None);
    }

    #[test]
    fn sizes_and_numbers_are_for_people() {
        assert_eq!(size(12), "12 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(7 << 30), "7.0 GiB");
        assert_eq!(size(u64::MAX).split(' ').nth(1), Some("TiB"));
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(1, "file"), "1 file");
    }
}
