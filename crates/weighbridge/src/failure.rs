use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use vocabulary::{Untrusted, escape};

/// Why a command could not do what it was asked for, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No report could be made.
    #[error(transparent)]
    Gate(#[from] gate::Error),
    /// A policy file cannot be read.
    #[error("cannot read the policy `{}`", shown(path))]
    PolicyFile {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The output cannot be written.
    #[error("cannot write `{}`", shown(path))]
    Output {
        /// As it was given, or `stdout`.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A folder of knowledge packs cannot be read.
    #[error("cannot read the packs of `{}`", shown(path))]
    Packs {
        /// What could not be read.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A folder holds no knowledge pack.
    #[error("there is no knowledge pack in `{}`", shown(path))]
    NoPacks {
        /// As it was given.
        path: PathBuf,
    },
    /// A knowledge pack is not taken.
    #[error(transparent)]
    Pack(gate::packs::Error),
    /// Something with a transparency log.
    #[error(transparent)]
    Log(#[from] gate::provenance::log::Error),
    /// Statements were added to a log, but a receipt could not be written.
    #[error("entry {index} stands in the log, but its receipt could not be written")]
    Receipt {
        /// Which.
        index: u64,
        /// Why.
        #[source]
        source: gate::provenance::log::Error,
    },
    /// A receipt exists already.
    #[error("the receipt `{}` exists; nothing was added to the log", shown(path))]
    ReceiptExists {
        /// Which.
        path: PathBuf,
    },
    /// No entry of a log speaks of a statement.
    #[error("no entry of the log speaks of the statement `{}`", escape(digest))]
    NoStatement {
        /// As it was given.
        digest: String,
    },
    /// The network is needed and was forbidden.
    #[cfg(feature = "witness")]
    #[error("witnesses are asked over the network, and `--offline` was given")]
    Offline,
    /// A witness cannot listen.
    #[cfg(feature = "witness")]
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A log that a witness is to know has no key.
    #[cfg(feature = "witness")]
    #[error("`{}` is not an origin, `=`, and the verifier key of a log", escape(text))]
    NoLogKey {
        /// As it was given.
        text: String,
    },
    /// A log lies on an object store, and this build has none.
    #[cfg(not(feature = "object-store"))]
    #[error("this build of weighbridge has no object stores")]
    NoObjectStores,
    /// The record, or a server over it, and this build has neither.
    #[cfg(not(feature = "server"))]
    #[error("this build of weighbridge has no ledger and no server")]
    NoServer,
    /// The record.
    #[cfg(feature = "server")]
    #[error(transparent)]
    Ledger(#[from] gate::ledger::Error),
    /// The log of a ledger names no witnesses.
    #[cfg(all(feature = "server", feature = "witness"))]
    #[error("`{}` names no witnesses", data.join("log.policy").display())]
    NoWitnesses {
        /// The folder of the ledger.
        data: std::path::PathBuf,
    },
    /// An artifact that is to be recorded has no digest.
    #[cfg(feature = "server")]
    #[error("`{}` was weighed, and not recorded", shown(path))]
    NotRecorded {
        /// As it was given.
        path: PathBuf,
    },
    /// A run of probes that is not recorded.
    #[cfg(feature = "server")]
    #[error("the run was not recorded: {source}")]
    RunNotRecorded {
        /// Why.
        source: server::NotTaken,
    },
    /// A run that left no journal.
    #[cfg(feature = "server")]
    #[error("the run was not recorded: it has no journal")]
    NoJournal,
    /// The server.
    #[cfg(feature = "server")]
    #[error(transparent)]
    Server(#[from] server::Error),
    /// Nothing can be run.
    #[cfg(feature = "server")]
    #[error("the system gives no threads")]
    Runtime {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A server is to be asked, and the network was forbidden.
    #[error("a server is asked over the network, and `--offline` was given")]
    ServerOffline,
    /// The address of a server is none.
    #[error("the address that begins with `{}://` cannot be used", escape(scheme))]
    Address {
        /// What it begins with.
        scheme: String,
        /// What is wrong.
        #[source]
        source: gate::probe::BadAddress,
    },
    /// A key that cannot be sent.
    #[error("the variable `{}` holds no key", escape(variable))]
    Key {
        /// The variable of the environment.
        variable: String,
    },
    /// A pack of probes cannot be read.
    #[error("cannot read the pack of probes `{}`", shown(path))]
    ProbePack {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of frames or requests cannot be read.
    #[error("cannot read `{}`", shown(path))]
    Lines {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of frames or requests holds none.
    #[error("`{}` holds no line", shown(path))]
    NoLines {
        /// As it was given.
        path: PathBuf,
    },
    /// A signature is to be verified, and nobody's counts.
    #[error("it was not told whose signature counts")]
    Nobody,
    /// Nowhere to remember the last checkpoint.
    #[error("there is no folder to remember the last checkpoint in")]
    NoStateFolder,
    /// No rule has this name.
    #[error("no rule is named `{}`", escape(name))]
    NoSuchRule {
        /// As it was given.
        name: String,
    },
}

fn shown(path: &Path) -> Untrusted {
    Untrusted::from_bytes(path.as_os_str().as_encoded_bytes())
}

impl From<gate::policy::Error> for Failure {
    fn from(error: gate::policy::Error) -> Self {
        Self::Gate(error.into())
    }
}

impl From<gate::provenance::Error> for Failure {
    fn from(error: gate::provenance::Error) -> Self {
        Self::Gate(error.into())
    }
}

impl Failure {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Gate(error) => error.hint(),
            Self::PolicyFile { .. } => Some(
                "`weighbridge policy` lists the policies that are shipped; a file is named by its \
                 path"
                    .to_owned(),
            ),
            Self::Output { .. } => {
                Some("check that its folder exists and that there is space".to_owned())
            }
            Self::Packs { .. } | Self::NoPacks { .. } => {
                Some("a pack is a folder inside it, with a `PACK.toml`".to_owned())
            }
            Self::Pack(gate::packs::Error::Unknown(_)) => {
                Some("`weighbridge packs` lists them".to_owned())
            }
            Self::Pack(gate::packs::Error::Mismatch { .. }) => {
                Some("take the folder anew from where it came from".to_owned())
            }
            Self::Pack(_) => None,
            Self::Log(error) => log_hint(error).map(str::to_owned),
            Self::Receipt { .. } => {
                Some("make room, then `weighbridge log prove` writes receipts".to_owned())
            }
            Self::ReceiptExists { .. } => {
                Some("`--force` replaces it; `--receipts` puts it elsewhere".to_owned())
            }
            Self::NoStatement { .. } => Some("`weighbridge log list` lists them".to_owned()),
            #[cfg(feature = "witness")]
            Self::Offline => Some("leave `--policy` out, or name it without URLs".to_owned()),
            #[cfg(feature = "witness")]
            Self::Listen { .. } => Some("name another address with `--listen`".to_owned()),
            #[cfg(feature = "witness")]
            Self::NoLogKey { .. } => {
                Some("`weighbridge log keygen` and `log init` print verifier keys".to_owned())
            }
            #[cfg(not(feature = "server"))]
            Self::NoServer => Some("`cargo install` builds it with both".to_owned()),
            #[cfg(feature = "server")]
            Self::Ledger(error) => error.hint().map(str::to_owned),
            #[cfg(all(feature = "server", feature = "witness"))]
            Self::NoWitnesses { .. } => Some(
                "write that file: `witness NAME VKEY URL` for each, and `quorum NAME`; the guide to the \
                 ledger says more"
                    .to_owned(),
            ),
            #[cfg(feature = "server")]
            Self::NotRecorded { .. } => Some(
                "it has no digest, since not all of it was read; leave out `--no-digest`, and look at \
                 what the report could not look at"
                    .to_owned(),
            ),
            #[cfg(feature = "server")]
            Self::RunNotRecorded { source } => source.hint().map(str::to_owned),
            #[cfg(feature = "server")]
            Self::NoJournal => Some("keep it with `--journal FILE`".to_owned()),
            #[cfg(feature = "server")]
            Self::Server(error) => error.hint().map(str::to_owned),
            #[cfg(feature = "server")]
            Self::Runtime { .. } => None,
            #[cfg(not(feature = "object-store"))]
            Self::NoObjectStores => {
                Some("build it with the feature `object-store`, or use a folder".to_owned())
            }
            Self::ServerOffline => Some("name a journal or recorded replies".to_owned()),
            Self::Address { .. } => None,
            Self::Key { .. } => Some("a key is printable ASCII without spaces".to_owned()),
            Self::ProbePack { .. } => Some(
                "a shipped pack is named without a path; any other by the path of its YAML file"
                    .to_owned(),
            ),
            Self::Lines { .. } => None,
            Self::NoLines { .. } => Some("write one text a line".to_owned()),
            Self::Nobody => Some(
                "give `--key`, `--cert-root`, `--issuer` together with `--identity`, or `--policy`"
                    .to_owned(),
            ),
            Self::NoStateFolder => Some("name a file with `--state`".to_owned()),
            Self::NoSuchRule { name } => {
                let rules = gate::rules::all();
                let near = gate::nearest(name, rules.iter().map(|rule| rule.name));
                let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
                Some(if near.is_empty() {
                    "`weighbridge rules` lists them".to_owned()
                } else {
                    format!("did you mean {}?", near.join(" or "))
                })
            }
        }
    }

    /// The failure, its causes and the hint, one a line.
    pub(crate) fn rendered(&self) -> String {
        let mut out = format!("error: {}\n", escape(&self.to_string()));
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "cause: {}", escape(&error.to_string()));
            cause = error.source();
        }
        if let Some(hint) = self.hint() {
            let _ = writeln!(out, "hint: {hint}");
        }
        out
    }
}

fn log_hint(error: &gate::provenance::log::Error) -> Option<&'static str> {
    use gate::provenance::log::Error as Log;
    match error {
        Log::NoLog { .. } => Some("`weighbridge log init` begins one"),
        Log::Smaller { .. } | Log::Fork { .. } => Some(
            "find out who changed it; keep this copy, and put the newest one back that \
             `weighbridge log verify` accepts",
        ),
        Log::Damaged { .. } => Some("`weighbridge log verify` names everything that is broken"),
        Log::Storage { doing: "write" | "lock", .. } => {
            Some("check that the folder can be written and that there is space")
        }
        _ => None,
    }
}

#[allow(clippy::print_stderr, reason = "this module is where errors are told")]
pub(crate) fn tell(failure: &Failure) {
    eprint!("{}", failure.rendered());
}

/// Tells what goes wrong in a command that goes on.
#[cfg(feature = "witness")]
#[allow(clippy::print_stderr, reason = "this module is where errors are told")]
pub(crate) fn tell_trouble(error: &dyn std::error::Error) {
    eprintln!("warning: {}", escape(&error.to_string()));
}

#[allow(clippy::print_stderr, reason = "this module is where errors are told")]
pub(crate) fn crashed(said: &str) {
    eprintln!(
        "error: weighbridge crashed, which is a bug; there is no verdict\ncause: {}\nhint: report \
         it with this message, the command, and where the file can be had",
        escape(said)
    );
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
