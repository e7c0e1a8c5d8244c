//! `attest`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use gate::provenance::attest::{Checkpoint, Material, Metric, Role, Step, TestResult, value_of};
use jiff::Timestamp;
use serde_json::Value;

use super::Signatory;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Attest {
    #[command(subcommand)]
    pub(crate) other: Option<Other>,

    #[command(flatten)]
    pub(crate) one: One,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Other {
    /// Run a command, and sign what went in, what came out and in what it ran
    Wrap(Box<Wrap>),
    /// Commit to a seed before a run: print a salted digest, and the salt to keep
    Commit {
        /// The seed
        seed: String,
        /// Check instead that SALT and the seed give DIGEST
        #[arg(long, num_args = 2, value_names = ["SALT", "DIGEST"])]
        check: Option<Vec<String>>,
    },
}

/// A command that runs.
#[derive(Debug, clap::Args)]
pub(crate) struct Wrap {
    /// The step that the command is
    #[arg(long, value_parser = build_parser())]
    pub(crate) step: Step,

    /// What the command makes: files and folders
    #[arg(long = "output", required = true, value_name = "PATH")]
    pub(crate) outputs: Vec<PathBuf>,

    /// A folder of code; its git commit is told, and whether anything in it differs from that
    #[arg(long, value_name = "DIR")]
    pub(crate) code: Vec<PathBuf>,

    /// The Python whose version and packages are told, in place of the one that the command is
    #[arg(long, value_name = "FILE")]
    pub(crate) python: Option<PathBuf>,

    /// A variable of the environment to tell; credentials are masked
    #[arg(long = "env", value_name = "NAME")]
    pub(crate) variables: Vec<String>,

    #[command(flatten)]
    pub(crate) signatory: Signatory,

    #[command(flatten)]
    pub(crate) to: Output,

    #[command(flatten)]
    pub(crate) said: Said,

    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// One statement of one step. What is required is so unless another command is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The step
    #[arg(required = true, value_parser = step_parser())]
    pub(crate) step: Option<Step>,

    /// What the statement is about: files and folders
    #[arg(required = true, value_name = "MODEL")]
    pub(crate) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) signatory: Signatory,

    #[command(flatten)]
    pub(crate) output: Output,

    /// Take what is said of the step from a YAML file; flags come on top of it
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,

    /// For `scan` and `gate`: take it from the report of a weighing (`weigh --format json`)
    #[arg(long, value_name = "FILE")]
    pub(crate) from_report: Option<PathBuf>,

    /// For `evaluation`: take it from the journal of a run of probes on this model (`probe --journal`),
    /// which is judged again
    #[arg(long, value_name = "FILE", requires = "packs")]
    pub(crate) journal: Option<PathBuf>,

    /// The packs of that run: shipped ones by name, others by path
    // The name is that of the argument for knowledge packs, which it stands in place of here.
    #[arg(long, value_name = "NAME|FILE", value_delimiter = ',', requires = "journal")]
    pub(crate) packs: Vec<PathBuf>,

    /// The seed of that run
    #[arg(long, value_name = "N", default_value_t = 0, requires = "journal")]
    pub(crate) seed: u64,

    /// For steps that train: steps, losses and checkpoints out of what the trainer wrote down; a file,
    /// or a folder with records in it
    #[arg(long = "record", value_name = "FILE|DIR")]
    pub(crate) records: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) said: Said,
}

/// Where the statement goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// Write the statement to a new file in place of stdout
    #[arg(short = 'o', long = "statement", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Add it as a line where the file exists
    #[arg(long, requires = "output")]
    pub(crate) append: bool,
}

/// What is said of a step. What does not belong to the step is refused.
#[derive(Debug, clap::Args)]
pub(crate) struct Said {
    /// What the artifact is called, in place of the name of its file or folder
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Who made it, or who decided: a URI of the pipeline or the person
    #[arg(long, value_name = "URI")]
    pub(crate) builder: Option<String>,

    /// The run's own name
    #[arg(long, value_name = "ID")]
    pub(crate) invocation: Option<String>,

    /// When it began
    #[arg(long, value_name = "TIME")]
    pub(crate) started: Option<Timestamp>,

    /// When it ended, in place of now
    #[arg(long, value_name = "TIME")]
    pub(crate) finished: Option<Timestamp>,

    /// What went in: `[ROLE=]PATH`, `[ROLE=]URI` or `[ROLE=]NAME@ALGORITHM:DIGEST`; roles: base-model,
    /// dataset, adapter, calibration, source, code, container, lockfile, tool, config
    #[arg(long = "input", value_name = "INPUT", value_parser = material)]
    pub(crate) inputs: Vec<Material>,

    /// A parameter, hyper-parameters among them
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) parameters: Vec<(String, Value)>,

    /// The digest that `attest commit` printed before the run
    #[arg(long, value_name = "HEX")]
    pub(crate) seed_commitment: Option<String>,

    /// The SHA-256 of the order in which the data was seen
    #[arg(long, value_name = "HEX")]
    pub(crate) data_order: Option<String>,

    /// A checkpoint: `PATH[,step=N][,train-loss=X][,eval-loss=X]`
    #[arg(long = "checkpoint", value_name = "CHECKPOINT", value_parser = checkpoint)]
    pub(crate) checkpoints: Vec<Checkpoint>,

    /// What else came out, written as `--input`
    #[arg(long = "byproduct", value_name = "OUTPUT", value_parser = material)]
    pub(crate) byproducts: Vec<Material>,

    /// How a test or a decision ended: passed, warned, failed
    #[arg(long, value_parser = result)]
    pub(crate) result: Option<TestResult>,

    /// Where its log can be read, or where it is served
    #[arg(long)]
    pub(crate) url: Option<String>,

    /// A test that passed
    #[arg(long = "passed", value_name = "TEST")]
    pub(crate) passed: Vec<String>,

    /// A test that passed with a warning
    #[arg(long = "warned", value_name = "TEST")]
    pub(crate) warned: Vec<String>,

    /// A test that failed
    #[arg(long = "failed", value_name = "TEST")]
    pub(crate) failed: Vec<String>,

    /// What a test was configured by, written as `--input`
    #[arg(long = "configuration", value_name = "INPUT", value_parser = material)]
    pub(crate) configuration: Vec<Material>,

    /// What was measured: `NAME=VALUE`, with a threshold `NAME=VALUE>=THRESHOLD`, with the count of
    /// samples `…,n=500`
    #[arg(long = "metric", value_name = "METRIC", value_parser = metric)]
    pub(crate) metrics: Vec<Metric>,

    /// The policy that a gate applied, written as `--input`
    #[arg(long, value_name = "INPUT", value_parser = material)]
    pub(crate) policy: Option<Material>,

    /// The name under which the artifact is asked for
    #[arg(long, value_name = "URI")]
    pub(crate) resource: Option<String>,

    /// A file of attestations that a gate looked at
    #[arg(long = "attestation", value_name = "FILE", value_parser = material)]
    pub(crate) attestations: Vec<Material>,

    /// The package URL of a release, version included
    #[arg(long)]
    pub(crate) purl: Option<String>,

    /// The package's stable identifier in its registry
    #[arg(long, value_name = "ID")]
    pub(crate) package_id: Option<String>,

    /// Where it was put or seen: a host, a cluster, an endpoint
    #[arg(long)]
    pub(crate) place: Option<String>,

    /// Who answers for it
    #[arg(long)]
    pub(crate) owner: Option<String>,

    /// The `dirHash` that was to be seen
    #[arg(long, value_name = "HEX")]
    pub(crate) expected: Option<String>,
}

fn step_parser() -> impl clap::builder::TypedValueParser<Value = Step> {
    parser_of(|_| true)
}

/// The steps in which something is made, which is what a command can do.
fn build_parser() -> impl clap::builder::TypedValueParser<Value = Step> {
    parser_of(|step| step.build_type().is_some())
}

fn parser_of(fits: fn(&Step) -> bool) -> impl clap::builder::TypedValueParser<Value = Step> {
    let steps = Step::ALL.iter().copied().filter(fits);
    PossibleValuesParser::new(
        steps
            .map(|step| PossibleValue::new(step.name()).help(step.meaning().trim_end_matches('.'))),
    )
    .try_map(|name| Step::named(&name).ok_or("it is no step"))
}

pub(crate) fn pair(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value_of(value))),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the form that clap asks for")]
pub(crate) fn material(text: &str) -> Result<Material, String> {
    let with_role = text.split_once('=').and_then(|(role, rest)| Some((Role::named(role)?, rest)));
    let (role, rest) = match with_role {
        Some((role, rest)) => (Some(role), rest),
        None => (None, text),
    };
    let mut material = Material { role, ..Material::default() };
    let digest = rest.rsplit_once('@').and_then(|(what, digest)| {
        let (algorithm, value) = digest.split_once(':')?;
        let hex = !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_hexdigit());
        let named = !algorithm.is_empty() && algorithm.bytes().all(|b| b.is_ascii_alphanumeric());
        (hex && named).then(|| (what, algorithm.to_owned(), value.to_owned()))
    });
    let what = match digest {
        Some((what, algorithm, value)) => {
            material.digest.insert(algorithm, value);
            what
        }
        None => rest,
    };
    if what.contains("://") {
        material.uri = Some(what.to_owned());
    } else if material.digest.is_empty() {
        material.path = Some(what.into());
    } else {
        material.name = Some(what.to_owned());
    }
    Ok(material)
}

fn checkpoint(text: &str) -> Result<Checkpoint, String> {
    let mut parts = text.split(',');
    let at = material(parts.next().unwrap_or_default())?;
    let mut checkpoint = Checkpoint { at, ..Checkpoint::default() };
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
        match (name, number) {
            ("step", _) if value.parse::<u64>().is_ok() => {
                checkpoint.step = value.parse().ok();
            }
            ("train-loss", Some(loss)) => checkpoint.train_loss = Some(loss),
            ("eval-loss", Some(loss)) => checkpoint.eval_loss = Some(loss),
            _ => return Err(format!("`{part}` is no step=N, train-loss=X or eval-loss=X")),
        }
    }
    Ok(checkpoint)
}

fn result(text: &str) -> Result<TestResult, String> {
    TestResult::named(text).ok_or_else(|| "it is none of passed, warned, failed".to_owned())
}

fn metric(text: &str) -> Result<Metric, String> {
    let wrong = || "write it as NAME=VALUE, NAME=VALUE>=THRESHOLD or NAME=VALUE,n=500".to_owned();
    let number = |text: &str| {
        text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(wrong)
    };
    let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (rest, samples) = match rest.rsplit_once(",n=") {
        Some((rest, samples)) => (rest, Some(samples.parse().map_err(|_| wrong())?)),
        None => (rest, None),
    };
    let split = [">=", "<=", ">", "<"]
        .into_iter()
        .find_map(|sign| rest.split_once(sign).map(|(value, than)| (value, sign, than)));
    let (value, comparator, threshold) = match split {
        Some((value, sign, than)) => (value, Some(sign.to_owned()), Some(number(than)?)),
        None => (rest, None, None),
    };
    let name = name.to_owned();
    Ok(Metric { name, value: number(value)?, threshold, comparator, samples })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_went_in() {
        let one = material("dataset=data/x").unwrap();
        assert_eq!((one.role, one.path), (Some(Role::Dataset), Some("data/x".into())));
        let one = material("container=ghcr.io/a/b@sha256:0ab1").unwrap();
        assert_eq!(
            (one.name.as_deref(), one.digest["sha256"].as_str()),
            (Some("ghcr.io/a/b"), "0ab1")
        );
        let one = material("code=git+https://example.org/x@gitCommit:abcd").unwrap();
        assert_eq!(one.uri.as_deref(), Some("git+https://example.org/x"));
        assert_eq!(material("odd=name").unwrap().path, Some("odd=name".into()));
        let one = metric("accuracy=0.93>=0.9,n=500").unwrap();
        assert_eq!((one.value, one.threshold, one.samples), (0.93, Some(0.9), Some(500)));
        assert!(metric("accuracy=high").is_err());
        let one = checkpoint("c/1,step=10,train-loss=0.5").unwrap();
        assert_eq!((one.step, one.train_loss), (Some(10), Some(0.5)));
        assert!(checkpoint("c/1,lost=1").is_err());
    }
}
