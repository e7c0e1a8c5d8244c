use std::path::Path;

use gate::provenance::certificates;
use gate::provenance::files;
use gate::provenance::log::witness::{Asked, Client};
use gate::provenance::log::{Checkpoint, Error, Note, Policy, Signature, View, Vkey};
use vocabulary::escape;

use super::write::Seen;
use super::{read_policy, view};
use crate::args::Args;
use crate::args::log::{Ask, Cosign};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// How often the newest checkpoint is taken when other writers are faster.
const ATTEMPTS: u32 = 5;

/// Which witnesses are asked, and which of them count.
pub(super) struct Asking {
    policy: Policy,
    urls: Vec<String>,
    client: Client,
}

impl Asking {
    /// What `append` was told; `None` where it was told nothing of witnesses.
    pub(super) fn of(ask: &Ask, args: &Args) -> Result<Option<Self>, Failure> {
        let Some(policy) = &ask.policy else { return Ok(None) };
        Self::new(policy, &ask.witnesses, ask.ca.as_deref(), args).map(Some)
    }

    fn new(
        policy: &Path,
        urls: &[String],
        ca: Option<&Path>,
        args: &Args,
    ) -> Result<Self, Failure> {
        let policy = read_policy(policy)?;
        let urls = if urls.is_empty() {
            policy.witnesses.iter().filter_map(|witness| witness.url.clone()).collect()
        } else {
            urls.to_vec()
        };
        if args.offline && !urls.is_empty() {
            return Err(Failure::Offline);
        }
        let client = match ca {
            Some(path) => {
                let pem = files::read_text(path, files::SMALL)?;
                Client::trusting(&certificates::chain_of_pem(&path.to_string_lossy(), &pem)?)
            }
            None => Client::default(),
        };
        Ok(Self { policy, urls, client })
    }

    /// Has the newest checkpoint of a log signed. Who does not sign is told; the log keeps what the
    /// others signed.
    pub(super) fn ask(&self, view: &View) -> Result<Seen, Failure> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (mut note, checkpoint) = view.checkpoint()?;
            let asked = self.ask_all(view, &note, &checkpoint);
            let newer = view.checkpoint()?.1.size > checkpoint.size;
            let others = asked.iter().any(|asked| matches!(asked, Ok(Asked::SawMore(_))));
            if others && newer && attempt < ATTEMPTS {
                continue;
            }
            let signatures = self.told(asked);
            note.add(&signatures);
            view.add_cosignatures(&note.text, &signatures)?;
            let seen = self.policy.witnessed(&note)?;
            let name = |(at, _): &(usize, u64)| Some(self.policy.witnesses.get(*at)?.name.clone());
            let witnesses: Vec<String> = seen.iter().filter_map(name).collect();
            let quorum = self.policy.is_quorum(&seen);
            if !quorum {
                let of = self.policy.witnesses.len();
                let count = witnesses.len();
                output::say(&format!(
                    "no quorum: {count} of the {of} witnesses of the policy signed the checkpoint; \
                     `weighbridge log cosign` asks again\n"
                ));
            }
            return Ok(Seen { tree: (note, checkpoint), witnesses, quorum });
        }
    }

    fn ask_all(
        &self,
        view: &View,
        note: &Note,
        checkpoint: &Checkpoint,
    ) -> Vec<Result<Asked, Error>> {
        let keys: Vec<&Vkey> = self.policy.witnesses.iter().map(|witness| &witness.key).collect();
        let ask = |url: &str| self.client.ask(url, &keys, view, (note, checkpoint));
        std::thread::scope(|scope| {
            let asking: Vec<_> =
                self.urls.iter().map(|url| scope.spawn(move || ask(url))).collect();
            let crashed = || Ok(Asked::Refused("asking it crashed".to_owned()));
            asking.into_iter().map(|one| one.join().unwrap_or_else(|_| crashed())).collect()
        })
    }

    /// Tells who did not sign, and gives what the others signed.
    fn told(&self, asked: Vec<Result<Asked, Error>>) -> Vec<Signature> {
        let mut signatures = Vec::new();
        for (url, asked) in self.urls.iter().zip(asked) {
            let because = match asked {
                Ok(Asked::Signed(signed)) => {
                    signatures.extend(signed);
                    continue;
                }
                Ok(Asked::Refused(because)) => because,
                Err(error) => error.to_string(),
                Ok(Asked::SawMore(size)) => format!(
                    "it saw a tree of {size} entries, which this log does not have: entries were \
                     taken out, or it forked"
                ),
            };
            output::say(&format!("witness `{}`: {}\n", escape(url), escape(&because)));
        }
        signatures
    }
}

pub(super) fn cosign(cosign: &Cosign, args: &Args) -> Result<Exit, Failure> {
    let asking = Asking::new(&cosign.policy, &cosign.witnesses, cosign.ca.as_deref(), args)?;
    let view = view(&cosign.dir)?;
    let seen = asking.ask(&view)?;
    let names: Vec<String> =
        seen.witnesses.iter().map(|name| format!("`{}`", escape(name))).collect();
    let text = format!(
        "tree of {}: signed by {}\n",
        seen.tree.1.size,
        match names.as_slice() {
            [] => "no witness".to_owned(),
            names => names.join(", "),
        }
    );
    output::write(&text, None)?;
    Ok(if seen.quorum { Exit::Fine } else { Exit::Undecided })
}
