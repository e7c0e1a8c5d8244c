use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::log::checkpoint::{Checkpoint, decimal, hash_line};
use crate::log::note::{Note, Signature, Vkey};
use crate::log::{Error, Policy, View};

/// How long a witness may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// The most that an answer may have, in bytes.
const MAX_ANSWER: u64 = 64 << 10;
/// How often a witness may name another size.
const ATTEMPTS: u32 = 4;
/// How often the newest checkpoint is taken when other writers are faster.
const NEWER: u32 = 5;

/// Asks witnesses.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
}

/// What came of asking a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It signed.
    Signed(Vec<Signature>),
    /// It saw a larger tree before: another writer was faster, or the log forked.
    SawMore(u64),
    /// It did not sign, or nobody answered.
    Refused(String),
}

/// What came of asking all witnesses of a policy.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The newest checkpoint, with what the witnesses signed.
    pub note: Note,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The places of the witnesses of the policy that signed it, and when they did.
    pub seen: Vec<(usize, u64)>,
    /// Who was asked and did not sign: their address, and why.
    pub silent: Vec<(String, String)>,
}

impl Default for Client {
    fn default() -> Self {
        Self::with(RootCerts::WebPki)
    }
}

impl Client {
    /// Believes these authorities (DER), and no others, of a witness behind `https://`.
    pub fn trusting(authorities: &[Vec<u8>]) -> Self {
        let certificates = authorities.iter().map(|der| Certificate::from_der(der).to_owned());
        Self::with(RootCerts::Specific(Arc::new(certificates.collect())))
    }

    fn with(roots: RootCerts) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            // A witness is who was named, and nobody that it names.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("weighbridge")
            .build();
        Self { agent: config.new_agent() }
    }

    /// Asks the witness at a URL (its submission prefix) to sign a checkpoint of a log. Signatures
    /// of other keys than these are ignored.
    pub fn ask(
        &self,
        url: &str,
        keys: &[&Vkey],
        view: &View,
        (note, checkpoint): (&Note, &Checkpoint),
    ) -> Result<Asked, Error> {
        let mut old = 0;
        for _ in 0..ATTEMPTS {
            let mut body = format!("old {old}\n");
            for hash in view.consistency(old, checkpoint)? {
                body.push_str(&hash_line(&hash));
                body.push('\n');
            }
            body.push_str(&format!("\n{note}"));
            let (status, said) = match self.post(url, &body) {
                Ok(answer) => answer,
                Err(error) => return Ok(Asked::Refused(error.to_string())),
            };
            match (status, said.strip_suffix('\n').and_then(decimal)) {
                (200, _) => return Ok(signatures(&said, keys, note)),
                (409, Some(size)) if size > checkpoint.size => return Ok(Asked::SawMore(size)),
                (409, Some(size)) if size != old => old = size,
                _ => return Ok(refused(status, &said)),
            }
        }
        Ok(Asked::Refused(format!("it named another size {ATTEMPTS} times")))
    }

    /// Has the newest checkpoint of a log signed by the witnesses at these URLs, all at once; the log
    /// keeps what they signed.
    pub fn gather(&self, policy: &Policy, urls: &[String], view: &View) -> Result<Gathered, Error> {
        let mut attempt = 0u32;
        loop {
            attempt = attempt.saturating_add(1);
            let (mut note, checkpoint) = view.checkpoint()?;
            let asked = self.ask_all(policy, urls, view, (&note, &checkpoint));
            let newer = view.checkpoint()?.1.size > checkpoint.size;
            let others = asked.iter().any(|asked| matches!(asked, Ok(Asked::SawMore(_))));
            if others && newer && attempt < NEWER {
                continue;
            }
            let (signatures, silent) = sorted(urls, asked);
            note.add(&signatures);
            view.add_cosignatures(&note.text, &signatures)?;
            let seen = policy.witnessed(&note)?;
            return Ok(Gathered { note, checkpoint, seen, silent });
        }
    }

    fn ask_all(
        &self,
        policy: &Policy,
        urls: &[String],
        view: &View,
        tree: (&Note, &Checkpoint),
    ) -> Vec<Result<Asked, Error>> {
        let keys: Vec<&Vkey> = policy.witnesses.iter().map(|witness| &witness.key).collect();
        let ask = |url: &str| self.ask(url, &keys, view, tree);
        std::thread::scope(|scope| {
            let asking: Vec<_> = urls.iter().map(|url| scope.spawn(move || ask(url))).collect();
            let crashed = || Ok(Asked::Refused("asking it crashed".to_owned()));
            asking.into_iter().map(|one| one.join().unwrap_or_else(|_| crashed())).collect()
        })
    }

    fn post(&self, url: &str, body: &str) -> Result<(u16, String), ureq::Error> {
        let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let mut answer = self.agent.post(&url).content_type("text/plain").send(body)?;
        let said = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string()?;
        Ok((answer.status().as_u16(), said))
    }
}

/// What was signed, and who did not sign.
fn sorted(
    urls: &[String],
    asked: Vec<Result<Asked, Error>>,
) -> (Vec<Signature>, Vec<(String, String)>) {
    let (mut signatures, mut silent) = (Vec::new(), Vec::new());
    for (url, asked) in urls.iter().zip(asked) {
        let because = match asked {
            Ok(Asked::Signed(signed)) => {
                signatures.extend(signed);
                continue;
            }
            Ok(Asked::Refused(because)) => because,
            Err(error) => error.to_string(),
            Ok(Asked::SawMore(size)) => format!(
                "it saw a tree of {size} entries, which this log does not have: entries were taken \
                 out, or it forked"
            ),
        };
        silent.push((url.clone(), because));
    }
    (signatures, silent)
}

/// The signatures of an answer that verify.
fn signatures(said: &str, keys: &[&Vkey], note: &Note) -> Asked {
    let lines = said.lines().filter_map(Signature::parse);
    let verified = lines.filter(|signature| {
        let text = note.text.clone();
        let alone = Note { text, signatures: vec![signature.clone()] };
        alone.verified(keys).is_ok_and(|verified| !verified.is_empty())
    });
    let verified: Vec<Signature> = verified.collect();
    if verified.is_empty() {
        let because = "it answered, but not with a signature of a witness of the policy";
        return Asked::Refused(because.to_owned());
    }
    Asked::Signed(verified)
}

fn refused(status: u16, said: &str) -> Asked {
    let first = said.lines().next().unwrap_or_default();
    let first: String = first.chars().take(200).collect();
    Asked::Refused(format!("it answered {status}: {first}"))
}
