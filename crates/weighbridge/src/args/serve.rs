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
}
