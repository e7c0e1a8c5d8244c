use std::path::Path;

use gate::provenance::certificates;
use gate::provenance::files;
use gate::provenance::log::witness::Client;
use gate::provenance::log::{Policy, View};
use vocabulary::escape;

use super::write::Seen;
use super::{read_policy, view};
use crate::args::Args;
use crate::args::log::{Ask, Cosign};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

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
        let urls = if urls.is_empty() { policy.urls() } else { urls.to_vec() };
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
        let Self { policy, urls, client } = self;
        let gathered = client.gather(policy, urls, view)?;
        for (url, because) in &gathered.silent {
            output::say(&format!("witness `{}`: {}\n", escape(url), escape(because)));
        }
        let witnesses = policy.names(&gathered.seen);
        let quorum = policy.is_quorum(&gathered.seen);
        if !quorum {
            let (count, of) = (witnesses.len(), policy.witnesses.len());
            output::say(&format!(
                "no quorum: {count} of the {of} witnesses of the policy signed the checkpoint; \
                 `weighbridge log cosign` asks again\n"
            ));
        }
        Ok(Seen { tree: (gathered.note, gathered.checkpoint), witnesses, quorum })
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
