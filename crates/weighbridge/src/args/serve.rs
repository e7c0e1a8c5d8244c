//! `serve`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::Queue;

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8420", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) queue: Queue,

    /// Under which address people reach it, where that is not where it listens: `https://…`
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// The certificate (PEM) that it shows; read anew on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key (PEM) of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Listen elsewhere than on this machine without TLS: something in front of it speaks TLS
    #[arg(long)]
    pub(crate) insecure_http: bool,

    /// The address of a proxy in front of it: whom it names in `X-Forwarded-For` counts as the caller, in
    /// the record and in the limits
    #[arg(long, num_args = 1.., value_name = "ADDRESS")]
    pub(crate) proxy: Vec<IpAddr>,

    /// How many calls a second one credential may make, over some time
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,

    /// The identity provider (`OpenID Connect`) through whom people sign in; what this server shows it
    /// stands in `WEIGHBRIDGE_OIDC_SECRET`
    #[arg(long, value_name = "URL", requires = "oidc_client", requires = "oidc_role")]
    pub(crate) oidc_issuer: Option<String>,

    /// Under which name the identity provider knows this server
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    pub(crate) oidc_client: Option<String>,

    /// The claim that names who signs in
    #[arg(long, value_name = "CLAIM", default_value = "email")]
    pub(crate) oidc_principal: String,

    /// The claim that roles follow from
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    pub(crate) oidc_claim: String,

    /// A value of that claim and the role that it gives
    #[arg(long, value_name = "VALUE=ROLE", requires = "oidc_issuer")]
    pub(crate) oidc_role: Vec<String>,
}
