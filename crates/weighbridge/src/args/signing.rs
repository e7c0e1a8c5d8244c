//! `sign`, `verify` and `keygen`.

use std::path::PathBuf;

use clap::ValueEnum;
use gate::provenance::keyless::RekorVersion;
use gate::provenance::keys::Scheme;
use gate::provenance::oms;
use jiff::Timestamp;

use super::DataFormat;

#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    /// The model: a file or a folder
    pub(crate) model: PathBuf,

    #[command(flatten)]
    pub(crate) signatory: Signatory,

    /// How files become entries
    #[arg(long, value_enum, default_value = "files")]
    pub(crate) method: MethodArg,

    /// Bytes of a shard
    #[arg(long, value_name = "BYTES", default_value_t = oms::SHARD,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) shard_size: u64,

    /// The algorithm of the digests
    #[arg(long, value_enum, default_value = "sha256")]
    pub(crate) hash: HashArg,

    /// Leave out a path of the model, with everything below it
    #[arg(long, value_name = "PATH")]
    pub(crate) ignore: Vec<String>,

    /// As the specification says, or as `model_signing` 1.1.1 reads single files and shards
    #[arg(long, value_enum, default_value = "specification")]
    pub(crate) form: FormArg,

    /// The signature
    #[arg(short, long, value_name = "FILE", default_value = "model.sig")]
    pub(crate) output: PathBuf,

    /// Replace the signature where it exists
    #[arg(long)]
    pub(crate) force: bool,

    /// The form of what is told of it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,
}

/// Who signs.
#[derive(Debug, clap::Args)]
pub(crate) struct Signatory {
    #[command(flatten)]
    pub(crate) with: With,

    #[command(flatten)]
    pub(crate) services: Services,

    /// The certificate of the key (PEM); others in the file follow it in the chain
    #[arg(long, value_name = "FILE", conflicts_with = "keyless")]
    pub(crate) cert: Option<PathBuf>,

    /// More certificates of the chain (PEM), up to the root
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) chain: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) password: Password,
}

/// What signs.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct With {
    /// A private key (PEM: PKCS#8, encrypted or not, or SEC 1): ECDSA on P-256, P-384 or P-521;
    /// statements may be signed with Ed25519, too
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// A key in a hardware module (RFC 7512): `pkcs11:token=…;object=…?module-path=…`; its PIN by
    /// `pin-source`, `pin-value` or as the password
    #[arg(long, value_name = "URI")]
    pub(crate) pkcs11: Option<String>,

    /// A key that lives for this signature, under the identity of an OIDC token, which
    /// `--identity-token-file` or the variable `SIGSTORE_ID_TOKEN` gives
    #[arg(long, requires = "fulcio", requires = "rekor")]
    pub(crate) keyless: bool,
}

/// Services of the network. Nothing is asked of any that is not named.
#[derive(Debug, clap::Args)]
pub(crate) struct Services {
    /// Fulcio, which issues the certificate of a keyless signature
    #[arg(long, value_name = "URL", requires = "keyless")]
    pub(crate) fulcio: Option<String>,

    /// Rekor, which logs a keyless signature
    #[arg(long, value_name = "URL", requires = "keyless")]
    pub(crate) rekor: Option<String>,

    /// Which interface Rekor has: 1, or 2 (tiles; needs `--tsa`)
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) rekor_version: RekorVersion,

    /// A timestamp authority (RFC 3161), which attests when the signature was made
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Option<String>,

    /// The file that holds the identity token
    #[arg(long, value_name = "FILE", requires = "keyless")]
    pub(crate) identity_token_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The model: a file or a folder
    pub(crate) model: PathBuf,

    /// Its signature
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: PathBuf,

    #[command(flatten)]
    pub(crate) trusted: Trusted,

    /// The moment at which the signature has to count (RFC 3339), in place of now
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,

    /// Tolerate that a path of the model was left out, with everything below it
    #[arg(long, value_name = "PATH")]
    pub(crate) ignore: Vec<String>,

    /// Tolerate files that nobody signed, and tell each
    #[arg(long)]
    pub(crate) ignore_unsigned: bool,

    /// Tolerate symbolic links to files of the model, where the signer followed links
    #[arg(long)]
    pub(crate) allow_symlinks: bool,

    /// Refuse where anything in the model is not covered
    #[arg(long)]
    pub(crate) complete: bool,

    /// The form of what is told of it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DataFormat,
}

/// Whose signature counts.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Trusted {
    /// A public key that counts (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,

    /// Root certificates that count (PEM)
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub(crate) cert_root: Option<PathBuf>,

    /// The name that the certificate has to carry: `email:…`, `dns:…` or `uri:…`; of a keyless
    /// signature the name alone
    #[arg(long, value_name = "NAME")]
    pub(crate) identity: Vec<String>,

    /// The OIDC issuer that has to vouch for the name of a keyless signature
    #[arg(long, value_name = "URL", requires = "identity", conflicts_with = "cert_root")]
    pub(crate) issuer: Option<String>,

    /// The instance of Sigstore, and the timestamp authorities, that count (`trusted_root.json`), in
    /// place of the public one
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_root: Option<PathBuf>,

    /// A policy file: its signers count, and what it lets signatures leave out
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<String>,

    /// A list of revoked certificates (PEM or DER); it has to know the certificate's issuer
    #[arg(long, value_name = "FILE", requires = "cert_root")]
    pub(crate) crl: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Keygen {
    /// The private key (PKCS#8, PEM), readable by its owner alone
    #[arg(short, long, value_name = "FILE", required_unless_present = "pkcs11")]
    pub(crate) output: Option<PathBuf>,

    /// Make no key: write the public half of one in a hardware module (RFC 7512)
    #[arg(long, value_name = "URI", requires = "public", conflicts_with_all = ["output", "kind"])]
    pub(crate) pkcs11: Option<String>,

    /// The public key (PEM), in place of the private key's name with `.pub`
    #[arg(long, value_name = "FILE")]
    pub(crate) public: Option<PathBuf>,

    /// The kind of key
    #[arg(long, value_enum, default_value = "p256")]
    pub(crate) kind: KeyKind,

    #[command(flatten)]
    pub(crate) password: Password,

    /// Replace both files where they exist
    #[arg(long)]
    pub(crate) force: bool,
}

/// The password of a private key.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct Password {
    /// The variable of the environment that holds the key's password
    #[arg(long, value_name = "VAR")]
    pub(crate) password_env: Option<String>,

    /// The file that holds the key's password in its first line
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MethodArg {
    /// One entry a file
    Files,
    /// One entry for each so many bytes
    Shards,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum HashArg {
    /// SHA-256
    Sha256,
    #[value(help = "BLAKE2b, 64 bytes")]
    Blake2b,
    /// BLAKE3
    Blake3,
}

impl From<HashArg> for oms::Hash {
    fn from(arg: HashArg) -> Self {
        match arg {
            HashArg::Sha256 => Self::Sha256,
            HashArg::Blake2b => Self::Blake2b,
            HashArg::Blake3 => Self::Blake3,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormArg {
    /// The specification
    Specification,
    /// `model_signing` 1.1.1
    Reference,
}

impl From<FormArg> for oms::Form {
    fn from(arg: FormArg) -> Self {
        match arg {
            FormArg::Specification => Self::Specification,
            FormArg::Reference => Self::Reference,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KeyKind {
    /// ECDSA, P-256
    P256,
    /// ECDSA, P-384
    P384,
    /// ECDSA, P-521
    P521,
    /// Ed25519; not for signing models
    Ed25519,
}

impl From<KeyKind> for Scheme {
    fn from(arg: KeyKind) -> Self {
        match arg {
            KeyKind::P256 => Self::EcdsaP256,
            KeyKind::P384 => Self::EcdsaP384,
            KeyKind::P521 => Self::EcdsaP521,
            KeyKind::Ed25519 => Self::Ed25519,
        }
    }
}
