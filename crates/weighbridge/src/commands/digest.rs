use gate::provenance::manifest::{Algorithm, Cache};
use gate::provenance::reconcile::{self, Source};
use gate::{DigestRequest, Digested, Limits};

use crate::args::{Args, Digest, DigestFormat, Identity};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::{output, world};

pub(super) fn digest(digest: &Digest, args: &Args) -> Result<Exit, Failure> {
    let identities = identities(&digest.identity)?;
    let cache = cache(&digest.identity);
    let algorithms = match digest.format.algorithm() {
        Some(one) => vec![one],
        None if digest.only.is_empty() => vec![Algorithm::Sha256, Algorithm::Blake3],
        None => digest.only.clone(),
    };
    let mut text = String::new();
    let mut end = Exit::Fine;
    for source in &digest.sources {
        let request = DigestRequest {
            source,
            algorithms: algorithms.clone(),
            identities: identities.clone(),
            cache: cache.as_ref(),
            jobs: digest.jobs.map(usize::from),
            max_files: Limits::default().files,
        };
        match gate::digest(&request) {
            Ok(digested) => {
                end = end.and(digested.verdict().into());
                text.push_str(&shown(&digested, digest, args));
            }
            Err(error) => {
                // The others are digested all the same.
                failure::tell(&error.into());
                end = Exit::Error;
            }
        }
    }
    save(cache.as_ref())?;
    output::write(&text, digest.output.as_deref())?;
    Ok(end)
}

fn shown(digested: &Digested, digest: &Digest, args: &Args) -> String {
    let whole = |name| {
        digested.whole(name).unwrap_or_else(|because| {
            output::say(&format!("no {name}: {because}\n"));
            String::new()
        })
    };
    let text = match digest.format {
        DigestFormat::Text => return digested.text(args.verbose),
        DigestFormat::Json => {
            let value = digested.json();
            let one = digest.sources.len() == 1;
            let text = if one {
                serde_json::to_string_pretty(&value)
            } else {
                serde_json::to_string(&value)
            };
            // It holds only what JSON can hold.
            return text.unwrap_or_default() + "\n";
        }
        DigestFormat::Sha256sums => digested.sums(Algorithm::Sha256),
        DigestFormat::B3sums => digested.sums(Algorithm::Blake3),
        DigestFormat::DirHash => whole("dirHash"),
        DigestFormat::Oms => whole("oms"),
    };
    if !args.quiet {
        for line in digested.untold() {
            output::say(&format!("covered by no digest: {line}\n"));
        }
    }
    text
}

/// Where digests are kept. A cache that is damaged is told and ignored.
pub(super) fn cache(args: &Identity) -> Option<Cache> {
    let cache = Cache::open(args.digest_cache.as_deref()?, world::seconds());
    if let Some(because) = &cache.ignored {
        output::say(&format!("the digest cache is ignored: {because}\n"));
    }
    Some(cache)
}

pub(super) fn save(cache: Option<&Cache>) -> Result<(), Failure> {
    Ok(cache.map_or(Ok(()), Cache::save).map_err(gate::Error::from)?)
}

/// What the arguments say that a source is.
pub(super) fn identities(args: &Identity) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for text in &args.expect {
        sources.push(reconcile::expectation(text).map_err(gate::Error::from)?);
    }
    for path in &args.against {
        sources.push(gate::identity(path, false)?);
    }
    for path in &args.expect_hf {
        sources.push(gate::identity(path, true)?);
    }
    Ok(sources)
}
