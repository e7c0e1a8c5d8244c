//! `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[cfg_attr(not(feature = "server"), expect(dead_code, reason = "this build has no server"))]
pub(crate) struct Serve {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8420", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    /// Where the record lies; a folder that is not there is made
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,

    /// A folder of this machine whose models may be weighed by their path
    #[arg(long, num_args = 1.., value_name = "DIR")]
    pub(crate) models: Vec<PathBuf>,

    /// A folder of policies (`NAME.toml`) that callers may name beside the shipped ones
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Option<PathBuf>,

    /// Keep the record in PostgreSQL (`postgres://…`) in place of one file in the folder
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,

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

    /// How many calls a second one credential may make, over some time
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
}
