//! What `serve` and `worker` are told about the queue.

use std::path::PathBuf;
use std::time::Duration;

/// The record, and the work on it.
#[derive(Debug, clap::Args)]
pub(crate) struct Queue {
    /// Where the record lies; a folder that is not there is made
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,

    /// A folder of this machine whose models may be weighed by their path; where none is named and only
    /// this machine reaches the server, an administrator may name any path
    #[arg(long, num_args = 1.., value_name = "DIR")]
    pub(crate) models: Vec<PathBuf>,

    /// A folder of policies (`NAME.toml`) that callers may name beside the shipped ones
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Option<PathBuf>,

    /// Keep the record in PostgreSQL (`postgres://…`) in place of one file in the folder
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,

    /// How many weighings run at a time; 0 leaves them to other workers [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<usize>,

    /// How long a weighing belongs to a worker that says nothing; another takes it then
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    pub(crate) lease: Duration,

    /// How long a weighing may take
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = time)]
    pub(crate) job_time: Duration,

    /// Read again what is deployed, each so often, and record whether it is what was approved
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) recheck_every: Option<Duration>,

    /// Keep uploads in a bucket (`s3://bucket/prefix`) in place of a folder beside the record
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,

    /// The most bytes of one upload
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 30)]
    pub(crate) max_upload: u64,

    /// Take no uploads once the disk has fewer bytes than this left
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    pub(crate) keep_free: u64,
}

/// A number and `s`, `m`, `h` or `d`.
fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number and `s`, `m`, `h` or `d`".to_owned();
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match number.checked_mul(seconds) {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err("it is no time that can be waited".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(time("24h"), time("1d"));
        for wrong in ["", "5", "s", "0s", "-1s", "1 s", "1w", "99999999999999999999s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
