//! The pages in a real Chromium, over the program and a record that was made for it.
//!
//! `cargo xtask test` prepares the browser and says in `WEIGHBRIDGE_BROWSER` where its modules lie.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a browser saw is told")]

pub(crate) mod runs;
mod seed;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_weighbridge");
const TOKEN: &str = "wb_browser_0123456789abcdef0123456789abcdef";

/// A running server; it ends with the test.
struct Server {
    child: Child,
    base: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            // What the record holds stays as it is.
            .args(["--workers", "0"])
            .env("WEIGHBRIDGE_ADMIN_TOKEN", TOKEN)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let base = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        // What else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base: base.unwrap() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Has the browser look at a record. `mode` tells which pages there are.
fn look(mode: &str, record: fn(&Path) -> seed::Plan) {
    let Ok(modules) = std::env::var("WEIGHBRIDGE_BROWSER") else {
        eprintln!("no browser: nothing seen");
        return;
    };
    let folder = folder(mode);
    let (data, shots) = (folder.join("data"), folder.join("shots"));
    let plan = record(&data);
    let server = Server::start(&data);
    let ended = Command::new("node")
        .arg(Path::new(&modules).join("run.mjs"))
        .env("MODE", mode)
        .env("BASE", &server.base)
        .env("TOKEN", TOKEN)
        .env("READER", &plan.reader)
        .env("PLAN", plan.json.to_string())
        .env("SHOTS", &shots)
        .env("CHROMIUM", "/usr/bin/chromium")
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&ended.stdout));
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_pages() {
    look("team", seed::team);
}

#[test]
fn nothing_of_an_attacker_acts_in_a_browser() {
    look("planted", seed::planted);
}

/// The answer to a call, and how long it took.
fn get(server: &Server, path: &str) -> (String, Duration) {
    let host = server.base.strip_prefix("http://").unwrap();
    let call = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Connection: close\r\n\r\n"
    );
    let begun = Instant::now();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(call.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer, begun.elapsed())
}

/// What the page of an entry tells to do, done.
#[test]
fn the_receipt_of_an_entry_verifies_offline() {
    let folder = folder("receipt");
    let plan = seed::team(&folder.join("data"));
    let server = Server::start(&folder.join("data"));
    let entry = plan.json["entry"].as_u64().unwrap();
    let body = |path: &str| {
        let (answer, _) = get(&server, &format!("/record/{entry}{path}"));
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    let page = body("");
    let key = page.split_once("printf 'log ").unwrap().1.split_once("\\n").unwrap().0;
    std::fs::write(folder.join("policy"), format!("log {key}\nquorum none\n")).unwrap();
    let verify = || {
        let mut command = Command::new(PROGRAM);
        command.args(["log", "verify-proof", "proof", "--entry", "entry", "--policy", "policy"]);
        command.current_dir(&folder).output().unwrap()
    };
    std::fs::write(folder.join("proof"), body("/proof")).unwrap();
    std::fs::write(folder.join("entry"), body("/entry")).unwrap();
    let ended = verify();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    std::fs::write(folder.join("entry"), body("/entry").replace("watcher", "watched")).unwrap();
    assert!(!verify().status.success(), "another entry does not verify");
}

/// `cargo test --release -p weighbridge --test it -- --ignored --nocapture a_thousand_models`
#[test]
#[ignore = "measures"]
fn pages_over_a_thousand_models() {
    let data = folder("many");
    let (model, weighing, run) = seed::many(&data, 1000);
    let run = format!("/behaviour/{run}");
    let server = Server::start(&data);
    let model = model.replace('/', "%2F");
    for path in [
        "/",
        "/?page=12&running=3",
        "/?name=model-07",
        &format!("/models/{model}"),
        &format!("/weighings/{weighing}"),
        "/findings",
        "/findings?severity=medium&page=300",
        "/findings?rule=pickle-file-access",
        "/blast?rule=pickle-code-execution",
        "/behaviour",
        "/behaviour?judgement=fail&model=team-1/model-0001",
        &run,
        &format!("{run}/replies"),
        &format!("{run}/replies?page=1900"),
        &format!("{run}/replies?probe=wide/insults&only=high&page=3"),
        &format!("{run}/replies?search=leaf"),
        &format!("{run}/replies?search=request%2077%20twig"),
        &format!("{run}/replies?search=nothing-of-the-kind"),
        &format!("{run}/replies/99999"),
        "/decisions",
        "/record",
        "/record?kind=weighing&page=15",
        "/record/700",
        "/calls",
        "/search?q=model-01",
        "/search?q=2e7aea8ff43c",
        "/settings/owners",
        "/settings/about",
        "/settings/tokens",
        "/rules",
        "/rules/pickle-code-execution",
        "/policies",
    ] {
        let mut times = Vec::new();
        for _ in 0..11 {
            let (answer, took) = get(&server, path);
            assert!(
                answer.starts_with("HTTP/1.1 200"),
                "{path}: {}",
                &answer[..80.min(answer.len())]
            );
            times.push(took);
        }
        times.sort_unstable();
        println!("{path}: median {:?}, longest {:?}", times[5], times[10]);
    }
}
