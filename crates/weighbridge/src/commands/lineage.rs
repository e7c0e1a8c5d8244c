use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gate::provenance::attest::identity;
use gate::provenance::keys::PublicKey;
use gate::provenance::lineage::{Collection, Question, Requirement, Verdict, render, trace};
use gate::provenance::trust::{Identity, Signer, Trust};
use gate::provenance::{Error, files, lineage, trust_file};

use crate::args::{Args, ChainFormat, Lineage};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

pub(super) fn lineage(args: &Lineage, all: &Args) -> Result<Exit, Failure> {
    let artifact = identity(&args.model)?;
    let mut collection = Collection::default();
    for path in &args.attestations {
        lineage::files::collect(path, &mut collection)?;
    }
    let policy = args.policy.as_deref().map(super::weigh::policy).transpose()?;
    let mut trust = trust(args.trust.as_deref(), &args.keys)?;
    trust.signers.extend(policy.iter().flat_map(|policy| policy.trust().signers));
    if trust.signers.is_empty() {
        let because = "nobody is trusted; give `--key`, `--trust` or `--policy`";
        return Err(Error::malformed("the trust", because).into());
    }
    let mut at_hand = BTreeMap::new();
    for (name, path) in &args.at_hand {
        at_hand.insert(name.clone(), identity(path)?);
    }
    let mut requirements: Vec<Requirement> = args
        .require
        .iter()
        .map(|one| Requirement { max_age: one.max_age.or(args.max_age), ..one.clone() })
        .collect();
    requirements.extend(policy.iter().flat_map(gate::Policy::required_steps));
    let chain = trace(
        collection,
        &Question {
            artifact: &artifact,
            trust: &trust,
            at: args.at.unwrap_or_else(world::now),
            requirements: &requirements,
            at_hand: &at_hand,
        },
    );
    let text = match args.format {
        ChainFormat::Text => render::text(&chain, all.verbose),
        ChainFormat::Json => {
            // It holds only what JSON can hold.
            let mut text = serde_json::to_string_pretty(&render::json(&chain)).unwrap_or_default();
            text.push('\n');
            text
        }
        ChainFormat::Svg => render::svg(&chain),
        ChainFormat::Html => render::html(&chain),
        ChainFormat::Dot => render::dot(&chain),
    };
    output::write(&text, args.output.as_deref())?;
    Ok(match chain.verdict {
        Verdict::Verified => Exit::Fine,
        Verdict::Refused => Exit::Refused,
        Verdict::Undecided => Exit::Undecided,
    })
}

/// Whom a file and keys on the command line name.
pub(super) fn trust(file: Option<&Path>, keys: &[PathBuf]) -> Result<Trust, Failure> {
    let mut trust = match file {
        Some(path) => {
            let text = files::read_text(path, files::SMALL)?;
            let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
            let mut key = |name: &str| files::read_text(&folder.join(name), files::SMALL);
            trust_file::parse(&path.display().to_string(), &text, &mut key)?
        }
        None => Trust::default(),
    };
    for path in keys {
        let pem = files::read_text(path, files::SMALL)?;
        let name = path.display().to_string();
        let identity = Identity::Key(PublicKey::from_pem(&name, &pem)?);
        trust.signers.push(Signer::new(&name, identity));
    }
    Ok(trust)
}
