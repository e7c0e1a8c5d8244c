//! `sign`, `verify` and `keygen`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gate::Policy;
use gate::provenance::certificates::{self, Authority, SubjectName};
use gate::provenance::files::{self, Readers, SMALL};
use gate::provenance::keyless::{Expected, Root, Services};
use gate::provenance::keys::{PrivateKey, PublicKey, Sign as _};
use gate::provenance::oms::{Method, Options, Verdict};
use gate::provenance::signatory::Signatory;
use gate::provenance::trust::{Identity, Keyless, Signer, Trust};
use gate::provenance::{self, Error};
use gate::render::Detail;
use gate::signing::{self, Signing, Verifying};
use vocabulary::escape;

use crate::args::{self, Args, DataFormat, Keygen, MethodArg, Password, Sign, Trusted, Verify};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::output;
use crate::world;

pub(super) fn sign(sign: &Sign, args: &Args) -> Result<Exit, Failure> {
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
    match signing::sign(&request, &signatory(&sign.signatory)?) {
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

/// Who signs, as the arguments say.
pub(super) fn signatory(given: &args::Signatory) -> Result<Signatory<'static>, Failure> {
    let key: Box<dyn provenance::keys::Sign> = match (&given.with.key, &given.with.pkcs11) {
        (Some(path), _) => Box::new(private_key(path, &given.password)?),
        (None, Some(uri)) => hardware_key(uri, &given.password)?,
        (None, None) => return keyless(&given.services),
    };
    let signatory = match chain(given.cert.as_deref(), &given.chain)? {
        Some(chain) => Signatory::certified(key, chain)?,
        None => Signatory::key(key),
    };
    Ok(signatory.timestamped(given.services.tsa.clone()))
}

fn keyless(given: &args::Services) -> Result<Signatory<'static>, Failure> {
    let services = Services {
        fulcio: given.fulcio.clone().unwrap_or_default(),
        rekor: given.rekor.clone().unwrap_or_default(),
        rekor_version: given.rekor_version,
        tsa: given.tsa.clone(),
    };
    let token = match &given.identity_token_file {
        Some(path) => files::read_text(path, SMALL)?,
        None => world::variable(TOKEN).ok_or_else(|| {
            let because = format!(
                "there is no identity token; set `{TOKEN}` or give `--identity-token-file`"
            );
            Error::Key { because }
        })?,
    };
    Ok(Signatory::keyless(services, token))
}

/// Where other tools of Sigstore look for a token, too.
const TOKEN: &str = "SIGSTORE_ID_TOKEN";

#[cfg(feature = "pkcs11")]
fn hardware_key(uri: &str, given: &Password) -> Result<Box<dyn provenance::keys::Sign>, Failure> {
    use gate::provenance::pkcs11::{Key, Uri};
    let uri = Uri::parse(uri)?;
    let pin = match (&uri.pin, &uri.pin_source) {
        (Some(pin), _) => Some(pin.clone()),
        (None, Some(source)) => {
            let path = PathBuf::from(source.strip_prefix("file:").unwrap_or(source));
            let text = files::read_text(&path, SMALL)?;
            Some(text.lines().next().unwrap_or_default().to_owned())
        }
        (None, None) => password(given)?,
    };
    let pin = pin.ok_or_else(|| {
        let because = "its PIN is not given; add `pin-source` to the URI, or `--password-env`";
        Error::Key { because: because.to_owned() }
    })?;
    Ok(Box::new(Key::open(&uri, &pin)?))
}

#[cfg(not(feature = "pkcs11"))]
fn hardware_key(_: &str, _: &Password) -> Result<Box<dyn provenance::keys::Sign>, Failure> {
    Err(Error::NotInThisBuild { what: "keys in hardware modules" }.into())
}

pub(super) fn verify(verify: &Verify, args: &Args) -> Result<Exit, Failure> {
    let policy = verify.trusted.policy.as_deref().map(super::weigh::policy).transpose()?;
    let trust = trust(&verify.trusted, policy.as_ref())?;
    let lets = policy.map(|policy| policy.terms.signature).unwrap_or_default();
    let options = Options {
        leave_out: [verify.ignore.clone(), lets.ignore].concat(),
        ignore_unsigned: verify.ignore_unsigned,
        links: verify.allow_symlinks || lets.allow_symlinks,
        complete: verify.complete,
        ..Options::default()
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
    // The table of arguments asks for one of the two.
    let private = keygen.output.as_deref().unwrap_or(Path::new(""));
    let (key, mut text) = match &keygen.pkcs11 {
        Some(uri) => (hardware_key(uri, &keygen.password)?.public_key().clone(), String::new()),
        None => new_key(private, keygen)?,
    };
    let public = keygen.public.clone().unwrap_or_else(|| private.with_extension("pub"));
    files::write_new(&public, key.pem().as_bytes(), keygen.force, Readers::Anybody)?;
    let whose = if keygen.pkcs11.is_some() { "the" } else { "its" };
    let name = escape(&shown(&public));
    let _ = writeln!(text, "{name}: {whose} public key, sha256:{}", key.fingerprint());
    output::write(&text, None)?;
    Ok(Exit::Fine)
}

/// Makes a key and writes its private half.
fn new_key(path: &Path, keygen: &Keygen) -> Result<(PublicKey, String), Failure> {
    let key = PrivateKey::generate(keygen.kind.into())?;
    let password = password(&keygen.password)?;
    let pem = match &password {
        Some(password) => key.encrypted_pem(password)?,
        None => key.pem()?,
    };
    files::write_new(path, pem.as_bytes(), keygen.force, Readers::Owner)?;
    let key = key.public_key().clone();
    let encrypted = if password.is_some() { ", encrypted" } else { "" };
    let text = format!("{}: {}{encrypted}\n", escape(&shown(path)), key.scheme().name());
    Ok((key, text))
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
pub(super) fn password(given: &Password) -> Result<Option<String>, Failure> {
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

/// The certificates of a key, the leaf first; none where it has none.
fn chain(cert: Option<&Path>, more: &[PathBuf]) -> Result<Option<Vec<Vec<u8>>>, Failure> {
    let Some(cert) = cert else { return Ok(None) };
    let mut chain = Vec::new();
    for path in std::iter::once(cert).chain(more.iter().map(PathBuf::as_path)) {
        let pem = files::read_text(path, SMALL)?;
        chain.extend(certificates::chain_of_pem(&shown(path), &pem)?);
    }
    Ok(Some(chain))
}

fn trust(given: &Trusted, policy: Option<&Policy>) -> Result<Trust, Failure> {
    let mut signers = policy.map(|policy| policy.trust().signers).unwrap_or_default();
    for path in &given.key {
        let key = PublicKey::from_pem(&shown(path), &files::read_text(path, SMALL)?)?;
        signers.push(Signer::new(&shown(path), Identity::Key(key)));
    }
    let root = given.trust_root.as_deref().map(instance).transpose()?;
    if let Some(path) = &given.cert_root {
        let mut authority = authority(path, &given.identity, &given.crl)?;
        if let Some(root) = root {
            authority = authority.with_timestamps(root);
        }
        signers.push(Signer::new(&shown(path), Identity::Certificate(authority)));
    } else if let Some(issuer) = &given.issuer {
        let root = root.map_or_else(|| Root::public_good().map(Arc::new), Ok)?;
        let expected = given
            .identity
            .iter()
            .map(|identity| Expected { identity: identity.clone(), issuer: issuer.clone() });
        let keyless = Keyless { expected: expected.collect(), root };
        signers.push(Signer::new(issuer, Identity::Keyless(keyless)));
    }
    if signers.is_empty() {
        return Err(Failure::Nobody);
    }
    Ok(Trust { signers })
}

/// An instance of Sigstore.
fn instance(path: &Path) -> Result<Arc<Root>, Failure> {
    Ok(Arc::new(Root::parse(&shown(path), &files::read_text(path, SMALL)?)?))
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
