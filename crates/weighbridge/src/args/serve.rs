//! `serve`.

use std::net::SocketAddr;

use super::Queue;

#[derive(Debug, clap::Args)]
#[cfg_attr(not(feature = "server"), expect(dead_code, reason = "this build has no server"))]
pub(crate) struct Serve {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8420", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) queue: Queue,

    /// Under which address people reach it, where that is not where it listens: `https://…`
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
}
