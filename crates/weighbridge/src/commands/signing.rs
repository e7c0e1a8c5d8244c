//! `sign`, `verify` and `keygen`.

use std::path::{Path, PathBuf};

use gate::provenance::certificates::{self, Authority, SubjectName};
use gate::provenance::files::{self, Readers, SMALL};
use gate::provenance::keys::{PrivateKey, PublicKey};
use gate::provenance::oms::{Method, Options, Verdict};
use gate::provenance::trust::{Identity, Signer, Trust};
use gate::provenance::{self, Error};
use gate::render::Detail;
use gate::signing::{self, Signing, Verifying};

use crate::args::{Args, DataFormat, Keygen, MethodArg, Password, Sign, Trusted, Verify};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::output;
use crate::world;

pub(super) fn sign(sign: &Sign, args: &Args) -> Result<Exit, Failure> {
    let key = private_key(&sign.key, &sign.password)?;
    let chain = chain(sign)?;
    let request = Signing {
        source: &sign.model,
        target: &sign.output,
        force: sign.force,
        method: match sign.method {
            MethodArg::Files => Method::Files,
            MethodArg::Shards => Method::Shards(sign.shard_size),
        },
        hash: sign.hash.into(),
        leave_out: &sign.ignore,
        form: sign.form.into(),
    };
    match signing::sign(&request, &key, chain.as_deref()) {
        Ok(signed) => {
            tell(sign.format, serde_json::to_string_pretty(&signed), || signed.text(most(args)))?;
            Ok(Exit::Fine)
        }
        Err(gate::Error::NotSigned { path, refusals }) => {
            for refusal in refusals.iter().take(most(args)) {
                let place = refusal.path.as_ref().map(|path| format!("{path}: "));
                let place = place.unwrap_or_default();
                output::say(&format!("{}: {place}{}\n", refusal.reason.name(), refusal.said));
            }
            let open = refusals.iter().all(|refusal| refusal.reason.is_open());
            failure::tell(&gate::Error::NotSigned { path, refusals }.into());
            Ok(if open { Exit::Undecided } else { Exit::Refused })
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn verify(verify: &Verify, args: &Args) -> Result<Exit, Failure> {
    let trust = trust(&verify.trusted)?;
    let options = Options {
        leave_out: verify.ignore.clone(),
        ignore_unsigned: verify.ignore_unsigned,
        links: verify.allow_symlinks,
        complete: verify.complete,
        bundle_at: None,
    };
    let seen = signing::verify(&Verifying {
        source: &verify.model,
        bundle: &verify.bundle,
        trust: &trust,
        at: verify.at.unwrap_or_else(world::now),
        options: &options,
    })?;
    tell(verify.format, serde_json::to_string_pretty(&seen), || seen.text(most(args)))?;
    Ok(match seen.verdict {
        Verdict::Verified => Exit::Fine,
        Verdict::Refused => Exit::Refused,
        Verdict::Undecided => Exit::Undecided,
    })
}

pub(super) fn keygen(keygen: &Keygen) -> Result<Exit, Failure> {
    let key = PrivateKey::generate(keygen.kind.into())?;
    let password = password(&keygen.password)?;
    let pem = match &password {
        Some(password) => key.encrypted_pem(password)?,
        None => key.pem()?,
    };
    let public = keygen.public.clone().unwrap_or_else(|| keygen.output.with_extension("pub"));
    files::write_new(&keygen.output, pem.as_bytes(), keygen.force, Readers::Owner)?;
    let key = provenance::keys::Sign::public_key(&key);
    files::write_new(&public, key.pem().as_bytes(), keygen.force, Readers::Anybody)?;
    let shown = |path: &Path| vocabulary::escape(&path.to_string_lossy());
    let text = format!(
        "{}: {}{}\n{}: its public key, sha256:{}\n",
        shown(&keygen.output),
        key.scheme().name(),
        if password.is_some() { ", encrypted" } else { "" },
        shown(&public),
        key.fingerprint()
    );
    output::write(&text, None)?;
    Ok(Exit::Fine)
}

/// How many lines a list may have.
fn most(args: &Args) -> usize {
    match args.detail() {
        Detail::Brief => 5,
        Detail::Usual => 20,
        Detail::Full => usize::MAX,
    }
}

fn tell(
    format: DataFormat,
    json: serde_json::Result<String>,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    let text = match format {
        DataFormat::Text => text(),
        DataFormat::Json => {
            // A report holds only what JSON can hold.
            let mut text = json.unwrap_or_default();
            text.push('\n');
            text
        }
    };
    output::write(&text, None)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn private_key(path: &Path, given: &Password) -> Result<PrivateKey, Failure> {
    let pem = files::read_text(path, SMALL)?;
    let password = password(given)?;
    Ok(PrivateKey::from_pem(&shown(path), &pem, || password)?)
}

/// The password of a key, where one was named.
fn password(given: &Password) -> Result<Option<String>, Failure> {
    if let Some(path) = &given.password_file {
        let text = files::read_text(path, SMALL)?;
        return Ok(Some(text.lines().next().unwrap_or_default().to_owned()));
    }
    let Some(variable) = &given.password_env else { return Ok(None) };
    world::variable(variable).map(Some).ok_or_else(|| {
        let because = format!("the variable `{variable}` with its password is not set");
        Error::Key { because }.into()
    })
}

fn chain(sign: &Sign) -> Result<Option<Vec<Vec<u8>>>, Failure> {
    let Some(cert) = &sign.cert else { return Ok(None) };
    let mut chain = Vec::new();
    for path in std::iter::once(cert).chain(&sign.chain) {
        let pem = files::read_text(path, SMALL)?;
        chain.extend(certificates::chain_of_pem(&shown(path), &pem)?);
    }
    Ok(Some(chain))
}

fn trust(given: &Trusted) -> Result<Trust, Failure> {
    let mut signers = Vec::new();
    for path in &given.key {
        let key = PublicKey::from_pem(&shown(path), &files::read_text(path, SMALL)?)?;
        signers.push(Signer::new(&shown(path), Identity::Key(key)));
    }
    if let Some(path) = &given.cert_root {
        let authority = authority(path, &given.identity, &given.crl)?;
        signers.push(Signer::new(&shown(path), Identity::Certificate(authority)));
    }
    Ok(Trust { signers })
}

fn authority(roots: &Path, names: &[String], lists: &[PathBuf]) -> Result<Authority, Failure> {
    let names = names.iter().map(|name| SubjectName::parse(name)).collect();
    let pem = files::read_text(roots, SMALL)?;
    let mut authority = Authority::new(&shown(roots), &pem, names)?;
    for path in lists {
        authority = authority.with_revocations(&shown(path), &files::read(path, SMALL)?)?;
    }
    Ok(authority)
}
