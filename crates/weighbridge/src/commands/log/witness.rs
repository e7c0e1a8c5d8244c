use std::net::TcpListener;

use gate::provenance::log::{self, Disk, Kind, Vkey};

use super::keys::read_key;
use crate::args::log::Witness;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::{output, world};

pub(super) fn witness(witness: &Witness) -> Result<Exit, Failure> {
    let key = read_key(&witness.key, witness.name.as_deref(), Kind::Witness, &witness.password)?;
    let logs = witness.logs.iter().map(|text| named(text)).collect::<Result<_, _>>()?;
    let failed = |source| Failure::Listen { address: witness.listen, source };
    let listener = TcpListener::bind(witness.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    output::write(&format!("{}\nlistening on http://{address}\n", key.vkey()), None)?;
    let witness = log::witness::Witness::new(key, logs, Disk::new(&witness.state));
    match log::witness::serve(listener, witness, world::unix_seconds, tell) {
        Err(source) => Err(Failure::Listen { address, source }),
    }
}

fn tell(error: &log::Error) {
    failure::tell_trouble(error);
}

/// `origin=vkey`.
fn named(text: &str) -> Result<(String, Vkey), Failure> {
    // Neither an origin nor the name of a key is known to be free of `=`, and base64 may end in it;
    // the text after the first `=` that makes a key is the key.
    let at = text.match_indices('=').map(|(at, _)| at);
    let mut split =
        at.filter_map(|at| Some((text.get(..at)?, Vkey::parse(text.get(at + 1..)?).ok()?)));
    let found = split.rfind(|(_, key)| key.kind() == Kind::Log);
    found
        .map(|(origin, key)| (origin.to_owned(), key))
        .ok_or_else(|| Failure::NoLogKey { text: text.to_owned() })
}
