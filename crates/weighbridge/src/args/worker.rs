//! `worker`.

use super::Queue;

#[derive(Debug, clap::Args)]
#[cfg_attr(not(feature = "server"), expect(dead_code, reason = "this build has no server"))]
pub(crate) struct Worker {
    #[command(flatten)]
    pub(crate) queue: Queue,
}
