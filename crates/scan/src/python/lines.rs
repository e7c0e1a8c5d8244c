//! Lines of source text.

use ruff_text_size::TextSize;

/// Characters of source text that an act shows.
const SHOWN: usize = 120;

/// Where lines begin.
pub(super) fn lines_of(text: &str) -> Vec<u32> {
    text.bytes()
        .enumerate()
        .filter(|(_, byte)| *byte == b'\n')
        .filter_map(|(at, _)| u32::try_from(at).ok())
        .collect()
}

/// The line of an offset, counted from one.
pub(super) fn line_of(lines: &[u32], at: TextSize) -> u32 {
    let before = lines.partition_point(|end| *end < at.to_u32());
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

/// Source text in one line.
pub(super) fn shorten(text: &str) -> String {
    let mut out = String::new();
    let mut blank = false;
    for c in text.chars().take(SHOWN.saturating_mul(4)) {
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        if blank && !out.is_empty() {
            out.push(' ');
        }
        blank = false;
        out.push(c);
        if out.chars().count() >= SHOWN {
            out.push('…');
            break;
        }
    }
    out
}
