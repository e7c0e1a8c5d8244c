//! `attest` and `lineage` as they are run: what a wrapped command did is told, whatever it was.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        let made = place.run(&["keygen", "-o", "k.pem"]);
        assert!(made.status.success(), "{made:?}");
        std::fs::create_dir(place.path().join("data")).expect("a folder");
        place.write("data/a.txt", "a");
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weighbridge"));
        command.args(args).current_dir(self.path()).env("RUN_TOKEN", "t0p").env("RUN_NAME", "n");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program runs")
    }

    fn wrap<'a>(&self, extra: &[&'a str], command: &[&'a str]) -> Command {
        let mut args = vec![
            "attest",
            "wrap",
            "--step",
            "train",
            "--input",
            "dataset=data",
            "--output",
            "model",
            "--key",
            "k.pem",
            "-o",
            "s.jsonl",
        ];
        args.extend(extra);
        args.push("--");
        args.extend(command);
        self.command(&args)
    }

    /// The statement of a line of a file.
    fn statement(&self, file: &str, line: usize) -> Value {
        let text = std::fs::read_to_string(self.path().join(file)).expect("the statements");
        let envelope = text.lines().nth(line).expect("a line").as_bytes();
        let envelope =
            gate::provenance::dsse::Envelope::parse("the line", envelope).expect("an envelope");
        serde_json::from_slice(&envelope.payload).expect("a statement")
    }
}

#[test]
fn a_training_script_is_told_with_what_went_in_and_came_out() {
    let place = Place::new();
    place.write(
        "train.py",
        "import os, pathlib\nos.mkdir('model')\ntext = pathlib.Path('data/a.txt').read_text()\n\
         pathlib.Path('model/w.json').write_text(text * 2)\nprint('loss 0.5')\n",
    );
    let extra =
        ["--env", "RUN_TOKEN", "--env", "RUN_NAME", "--env", "UNSET_HERE", "--param", "lr=0.1"];
    let command = ["python3", "train.py", "--api-key", "hidden"];
    let ended = place.wrap(&extra, &command).output().expect("the program runs");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(ended.stdout, b"loss 0.5\n", "the command's output passes through");
    let said = place.statement("s.jsonl", 0);
    let definition = &said["predicate"]["buildDefinition"];
    let shown = &definition["externalParameters"]["command"];
    assert_eq!(*shown, serde_json::json!(["python3", "train.py", "--api-key", "(masked)"]));
    assert_eq!(definition["externalParameters"]["parameters"]["lr"], 0.1);
    let environment = &definition["internalParameters"]["environment"];
    assert!(environment["python"]["version"].as_str().is_some_and(|it| it.starts_with("Python ")));
    assert_eq!(environment["variables"]["RUN_TOKEN"], "(masked)");
    assert_eq!(environment["variables"]["RUN_NAME"], "n");
    assert_eq!(environment["variables"]["UNSET_HERE"], Value::Null);
    assert_eq!(definition["resolvedDependencies"][0]["name"], "data");
    assert_eq!(said["subject"][0]["name"], "model");
    let run = &said["predicate"]["runDetails"]["weighbridge_run"];
    assert_eq!(run["exitCode"], 0);
    assert!(run["resources"]["wallMilliseconds"].is_u64());
    let text = std::fs::read_to_string(place.path().join("s.jsonl")).expect("the statement");
    assert!(!text.contains("t0p"));
}

#[test]
fn a_failed_command_passes_its_code_on_and_is_told() {
    let place = Place::new();
    let command = ["sh", "-c", "echo more > data/a.txt; exit 7"];
    let ended = place.wrap(&[], &command).output().expect("the program runs");
    assert_eq!(ended.status.code(), Some(7));
    let said = place.statement("s.jsonl", 0);
    let run = &said["predicate"]["runDetails"]["weighbridge_run"];
    assert_eq!(run["exitCode"], 7);
    assert_eq!(run["inputsChanged"][0]["name"], "data");
    assert_eq!(run["outputsAbsent"], serde_json::json!(["model"]));
    assert_eq!(said["subject"][0]["name"], "run", "there is nothing else to speak of");
}

#[test]
fn nothing_is_run_where_the_statement_could_not_be_written() {
    let place = Place::new();
    place.write("s.jsonl", "kept\n");
    for extra in [&[][..], &["--statement", "no/such/folder"][..]] {
        let ended = place.wrap(extra, &["touch", "ran"]).output().expect("the program runs");
        assert_eq!(ended.status.code(), Some(3));
    }
    assert!(!place.path().join("ran").exists());
    let kept = std::fs::read_to_string(place.path().join("s.jsonl")).expect("the file");
    assert_eq!(kept, "kept\n");
}

#[test]
fn a_command_that_is_told_to_end_is_told_of_and_a_killed_wrapper_leaves_nothing() {
    let place = Place::new();
    let script = "touch ready; sleep 600";
    let start = || {
        let mut child = place
            .wrap(&[], &["sh", "-c", script])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        for _ in 0..3_000 {
            if place.path().join("ready").exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        std::fs::remove_file(place.path().join("ready")).expect("the command runs");
        let pid = i32::try_from(child.id()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        assert!(child.try_wait().expect("a state").is_none());
        (child, pid)
    };
    let (mut child, pid) = start();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("a signal");
    child.wait().expect("an end");
    assert!(!place.path().join("s.jsonl").exists());
    let (mut child, pid) = start();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    assert_eq!(child.wait().expect("an end").code(), Some(143));
    let said = place.statement("s.jsonl", 0);
    assert_eq!(said["predicate"]["runDetails"]["weighbridge_run"]["signal"], 15);
}

#[test]
fn a_step_file_says_what_is_wrong_with_it_and_where() {
    let place = Place::new();
    place.write("step.yaml", "step: train\nbuilder: https://ci.example.org\nepochs: 3\n");
    let attest = ["attest", "train", "data", "--key", "k.pem", "--from", "step.yaml"];
    let ended = place.run(&attest);
    assert_eq!(ended.status.code(), Some(3));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        said.contains("`step.yaml`") && said.contains("line 3: unknown field `epochs`"),
        "{said}"
    );
    place.write(
        "step.yaml",
        "step: train\nbuilder: https://ci.example.org\nparameters: {epochs: 3}\n",
    );
    let ended = place.run(&attest);
    assert!(ended.status.success(), "{ended:?}");
    let ended =
        place.run(&["attest", "train", "data", "--key", "k.pem", "--purl", "pkg:generic/a@1"]);
    assert_eq!(ended.status.code(), Some(3), "a release's field does not belong to a training");
}

#[test]
fn a_report_of_another_artifact_is_no_decision_about_this_one() {
    let place = Place::new();
    place.write("other.txt", "o");
    let made = place.run(&["weigh", "other.txt", "--format", "json", "--output", "r.json"]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let gate = |of: &str| {
        place.run(&[
            "attest",
            "gate",
            of,
            "--from-report",
            "r.json",
            "--builder",
            "https://g.example.org",
            "--key",
            "k.pem",
        ])
    };
    let ended = gate("data");
    assert_eq!(ended.status.code(), Some(3));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("about another"), "{said}");
    assert_eq!(gate("other.txt").status.code(), Some(0));
}

#[test]
fn what_a_certificate_vouches_for_is_trusted_by_its_name() {
    let place = Place::new();
    let openssl = |args: &[&str]| {
        let ended = Command::new("openssl").args(args).current_dir(place.path()).output();
        assert!(ended.as_ref().is_ok_and(|ended| ended.status.success()), "{ended:?}");
    };
    place.write(
        "leaf.cnf",
        "subjectAltName=email:ci@example.org\nkeyUsage=critical,digitalSignature\n\
         extendedKeyUsage=codeSigning\nbasicConstraints=CA:FALSE\n",
    );
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "ca.pem",
        "-out",
        "root.pem",
        "-subj",
        "/CN=root",
        "-days",
        "30",
    ]);
    openssl(&["req", "-new", "-key", "k.pem", "-out", "leaf.csr", "-subj", "/CN=ci"]);
    openssl(&[
        "x509",
        "-req",
        "-in",
        "leaf.csr",
        "-CA",
        "root.pem",
        "-CAkey",
        "ca.pem",
        "-CAcreateserial",
        "-days",
        "7",
        "-extfile",
        "leaf.cnf",
        "-out",
        "leaf.pem",
    ]);
    let made = place.run(&[
        "attest",
        "acquire",
        "data",
        "--input",
        "source=https://example.org/data",
        "--builder",
        "https://ci.example.org",
        "--key",
        "k.pem",
        "--cert",
        "leaf.pem",
        "-o",
        "s.jsonl",
    ]);
    assert!(made.status.success(), "{made:?}");
    for (identity, code) in [("email:ci@example.org", 0), ("email:eve@example.org", 1)] {
        place.write(
            "trust.toml",
            &format!(
                "[[signer]]\nname = \"ci\"\ncertificate-roots = \"root.pem\"\nidentities = [\"{identity}\"]\n"
            ),
        );
        let asked = ["lineage", "data", "--attestations", "s.jsonl", "--trust", "trust.toml"];
        let ended = place.run(&asked);
        assert_eq!(ended.status.code(), Some(code), "{identity}: {ended:?}");
    }
}

/// `--packs` of `attest` names packs of probes, not the folder of knowledge packs that it names elsewhere.
#[test]
fn the_packs_of_an_evaluation_are_packs_of_probes() {
    let place = Place::new();
    let journal = ["--journal", "none.jsonl", "--packs", "triggers", "--key", "k.pem"];
    let ended = place.run(&[&["attest", "evaluation", "data"][..], &journal].concat());
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("none.jsonl"), "{said}");
    assert!(!said.contains("PACK.toml"), "{said}");
}

/// A journal is of one model, and its result is its own.
#[test]
fn a_journal_speaks_for_one_model_and_for_itself() {
    let place = Place::new();
    let journal = ["--journal", "none.jsonl", "--packs", "triggers", "--key", "k.pem"];
    for (more, says) in [
        (&["data"][..], "several are named"),
        (&["--result", "passed"], "told by the report or journal"),
        (&["--configuration", "pack triggers"], "told by the journal"),
    ] {
        let ended = place.run(&[&["attest", "evaluation", "data"], &journal[..], more].concat());
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(said.contains(says), "{more:?}: {said}");
    }
}
