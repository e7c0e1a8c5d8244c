//! The bill for a person, with the table of what it has and what it lacks.

use std::fmt::Write as _;

use super::complete::{Part, coverage, missing};
use super::{Bom, Field, Options, shown};
/// Files that are listed.
const FILES: usize = 20;

/// Writes the bill. Writing to a string cannot fail.
pub fn write(bom: &Bom, options: &Options) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", bom.name());
    for (name, value) in &bom.digest {
        let _ = writeln!(out, "  {name}: {value}");
    }
    claims(bom, &mut out);
    origins(bom, &mut out);
    files(bom, &mut out);
    attestations(bom, &mut out);
    let parts = coverage(bom, options);
    table(&parts, &mut out);
    out.push_str(&told(&parts));
    out
}

/// One line for each part that is missing and required.
pub fn told(parts: &[Part]) -> String {
    let mut out = String::new();
    for part in missing(parts) {
        let _ = writeln!(out, "missing: {}: {}", part.name, part.required);
    }
    out
}

fn line(out: &mut String, name: &str, value: &str, tier: &str, source: &str) {
    let source = shown(&source.into());
    let _ = writeln!(out, "  {name}: {value}  [{tier}: {source}]");
}

fn claims(bom: &Bom, out: &mut String) {
    for field in Field::ALL {
        for claim in bom.all(*field) {
            let value = claim.value.shortened(200);
            line(out, field.name(), &value, claim.tier.name(), &claim.source);
        }
    }
    for licence in &bom.licences {
        let value = licence.id.map_or_else(|| licence.claim.text(), str::to_owned);
        line(out, "licence", &value, licence.claim.tier.name(), &licence.claim.source);
    }
    for metric in &bom.metrics {
        let on = metric.slice.as_ref().map(|on| format!(" on {}", on.shortened(200)));
        let name = format!("{}{}", metric.name.shortened(200), on.unwrap_or_default());
        line(out, &name, &metric.claim.text(), metric.claim.tier.name(), &metric.claim.source);
    }
}

fn origins(bom: &Bom, out: &mut String) {
    let all = bom.datasets.iter().map(|(used, origin)| (format!("{} data", used.name()), origin));
    let parents = bom.parents.iter().map(|origin| ("made from".to_owned(), origin));
    for (name, origin) in parents.chain(all) {
        let digest: Vec<String> = origin
            .digest
            .iter()
            .map(|(name, value)| {
                format!(" {}:{}", shown(&name.as_str().into()), shown(&value.as_str().into()))
            })
            .collect();
        let value = format!("{}{}", origin.claim.text(), digest.concat());
        line(out, &name, &value, origin.claim.tier.name(), &origin.claim.source);
    }
}

fn files(bom: &Bom, out: &mut String) {
    let noun = if bom.files.len() == 1 { "file" } else { "files" };
    let _ = writeln!(out, "{} {noun}", bom.files.len());
    for file in bom.files.iter().take(FILES) {
        let digest = &file.sha256;
        let _ = writeln!(out, "  {digest}  {}  {} bytes", file.path.shortened(200), file.bytes);
    }
    if bom.files.len() > FILES {
        let _ = writeln!(out, "  and {} more", bom.files.len().saturating_sub(FILES));
    }
    for (path, because) in bom.uncovered.iter().chain(&bom.unread) {
        let because = shown(&because.as_str().into());
        let _ = writeln!(out, "could not look: {}: {because}", path.shortened(200));
    }
}

fn attestations(bom: &Bom, out: &mut String) {
    for one in &bom.attestations {
        let step = if one.step.is_empty() { "attestation" } else { &one.step };
        let step = shown(&step.into());
        let place = &one.place;
        let _ = match &one.signer {
            Some(signer) if one.about => {
                writeln!(
                    out,
                    "verified: {step}, signed by {} ({place})",
                    shown(&signer.as_str().into())
                )
            }
            _ => {
                let because = shown(&one.because.as_str().into());
                writeln!(out, "not used: {step} ({place}): {because}")
            }
        };
    }
}

fn table(parts: &[Part], out: &mut String) {
    let _ = writeln!(out, "elements of the G7 paper, by cluster");
    let mut cluster = None;
    for part in parts {
        if cluster.replace(part.cluster) != Some(part.cluster) {
            let _ = writeln!(out, "  {}", part.cluster.name());
        }
        let state = part.tier.map_or("missing", super::Tier::name);
        let state = match (part.tier, part.required.is_empty()) {
            (None, true) => "not told",
            _ => state,
        };
        let _ = writeln!(out, "    {:9}  {}", state, part.name);
    }
}
