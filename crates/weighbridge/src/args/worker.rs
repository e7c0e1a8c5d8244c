//! `worker`.

use super::Queue;

#[derive(Debug, clap::Args)]
pub(crate) struct Worker {
    #[command(flatten)]
    pub(crate) queue: Queue,
}
