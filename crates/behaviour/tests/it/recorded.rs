//! Real servers: what they answered once, kept as `tests/servers/NAME.json`, and one that is started where
//! it is installed.
//!
//! `WEIGHBRIDGE_SERVER=http://host/v1 WEIGHBRIDGE_RECORD=NAME cargo test -p weighbridge-behaviour
//! records_a_server` writes such a file anew.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use behaviour::engine::{Hooks, Options, Unwatched, run};
use behaviour::journal::Journal;
use behaviour::target::endpoint::{Endpoint, Settings};
use behaviour::target::{Ability, Call, Finish, Prompt, Reply, Target};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::server::{Answer, Request, Server};
use crate::{chat, settings};

#[derive(Clone, Serialize, Deserialize)]
struct Exchange {
    path: String,
    request: Value,
    status: u16,
    /// The text as it came: what it holds is what is read.
    answer: String,
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/servers/{name}.json"))
}

/// What is asked of every server.
fn calls() -> Vec<Call> {
    let mut told = chat("Say a few words about the sea.");
    told.decode.top_logprobs = 3;
    told.decode.max_tokens = 6;
    let mut sampled = told.clone();
    (sampled.decode.temperature, sampled.decode.top_p) = (0.8, 0.9);
    let mut text = told.clone();
    text.prompt = Prompt::Text("the first day".to_owned());
    let mut stopped = told.clone();
    stopped.decode.stop = vec![" ".to_owned()];
    vec![told, sampled, text, stopped]
}

/// Everything that is known of a server by asking it.
fn seen(endpoint: &Endpoint) -> (BTreeSet<Ability>, u32, Vec<Reply>, Vec<String>) {
    let found = endpoint.capabilities();
    let replies = calls().iter().map(|call| endpoint.ask(call).unwrap()).collect();
    let scored = match found.can.contains(&Ability::Score) {
        true => endpoint.score(&Prompt::Text("the first ".to_owned()), "day of water").unwrap(),
        false => Vec::new(),
    };
    let scored = scored.iter().map(|token| format!("{:?} {:.3}", token.text, token.logprob));
    (found.can.clone(), found.top_logprobs, replies, scored.collect())
}

fn patient(url: &str) -> Settings {
    let one = std::num::NonZeroU32::MIN;
    Settings { timeout: Duration::from_mins(1), concurrency: one, key: None, ..settings(url) }
}

fn exchange(request: &Request, known: &[Exchange]) -> Option<Exchange> {
    known.iter().find(|one| one.path == request.path && one.request == request.body).cloned()
}

/// A server that says what a real one said.
fn replayed(name: &str) -> (Server, String) {
    let known: Vec<Exchange> =
        serde_json::from_str(&fs::read_to_string(file(name)).unwrap()).unwrap();
    let asked = known.iter().find_map(|one| one.request["model"].as_str());
    let model = asked.unwrap_or_default().to_owned();
    let server = Server::new(move |request, _| match exchange(request, &known) {
        Some(one) => Answer::Whole(one.status, Vec::new(), one.answer.into_bytes()),
        None => Answer::status(418),
    });
    (server, model)
}

#[test]
fn llama_cpp_is_read_as_it_answers() {
    let (server, model) = replayed("llama-cpp-python");
    let endpoint = Endpoint::look(&patient(&server.url()), &model).unwrap();
    let (can, top, replies, scored) = seen(&endpoint);
    let all = [Ability::Chat, Ability::Completion, Ability::Score, Ability::Seed];
    assert_eq!((can, top), (all.into(), 20));
    assert!(replies.iter().all(|reply| reply.served_by.as_deref() == Some(model.as_str())));
    let [told, sampled, text, stopped] = replies.as_slice() else { panic!("{replies:?}") };
    for reply in [told, sampled, text] {
        assert_eq!(reply.finish, Finish::Length);
        // The first bytes of a character that never came are no token to it.
        assert!((5..=6).contains(&reply.tokens.len()), "{reply:?}");
        let joined: String = reply.tokens.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(joined, reply.text);
        assert!(reply.tokens.iter().all(|token| token.logprob < 0.0 && token.top.len() >= 3));
        assert_eq!(reply.usage.unwrap().completion, 6);
    }
    assert_ne!(told.text, sampled.text);
    assert_eq!(stopped.finish, Finish::Stop);
    // Its words come whole behind a space alone, and a text has none before it.
    assert_eq!(scored.len(), "day of water".len(), "{scored:?}");
}

/// Stands between us and a real server, and writes down what it says.
fn between(upstream: String, told: Arc<Mutex<Vec<Exchange>>>) -> Server {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent = config.new_agent();
    Server::new(move |request, _| {
        let rest = request.path.strip_prefix("/v1").unwrap_or(&request.path);
        let url = format!("{upstream}{rest}");
        let answer = match &request.body {
            Value::Null => agent.get(&url).call(),
            body => agent.post(&url).content_type("application/json").send(body.to_string()),
        };
        let mut answer = answer.unwrap();
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().unwrap();
        let (path, request) = (request.path.clone(), request.body.clone());
        told.lock().unwrap().push(Exchange { path, request, status, answer: text.clone() });
        Answer::Whole(status, Vec::new(), text.into_bytes())
    })
}

/// Runs where a server is named; writes the file where that is asked for.
#[test]
fn records_a_server() {
    let Ok(upstream) = std::env::var("WEIGHBRIDGE_SERVER") else { return };
    let told = Arc::new(Mutex::new(Vec::new()));
    let server = between(upstream, told.clone());
    let settings = patient(&server.url());
    let models = Endpoint::models(&settings).unwrap();
    let endpoint = Endpoint::look(&settings, &models[0]).unwrap();
    let (can, top, ..) = seen(&endpoint);
    eprintln!("{models:?} can {can:?} with {top} alternatives");
    if let Ok(name) = std::env::var("WEIGHBRIDGE_RECORD") {
        let mut told = told.lock().unwrap().clone();
        // The same call at another time is the same call.
        let mut known = BTreeSet::new();
        told.retain(|one| known.insert(format!("{} {}", one.path, one.request)));
        let text = serde_json::to_string_pretty(&told).unwrap();
        fs::write(file(&name), text + "\n").unwrap();
    }
}

/// A server of llama.cpp with the tiny model; it ends with this.
struct Llama {
    process: Child,
    url: String,
    _place: tempfile::TempDir,
}

impl Llama {
    /// Nothing where it is not installed.
    fn start() -> Option<Self> {
        let Ok(python) = std::env::var("WEIGHBRIDGE_LLAMA") else {
            eprintln!("`WEIGHBRIDGE_LLAMA` names no Python: no real server was seen");
            return None;
        };
        let place = tempfile::TempDir::new().unwrap();
        let model = place.path().join("tiny.gguf");
        let script = file("tiny").with_extension("py");
        let made = Command::new(&python).arg(script).arg(&model).status().unwrap();
        assert!(made.success());
        // A port that nobody has now.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(&python)
            .args(["-m", "llama_cpp.server", "--n_ctx", "512", "--logits_all", "true"])
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--model"])
            .arg(&model)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}/v1");
        let llama = Self { process, url, _place: place };
        for _ in 0..600 {
            if Endpoint::models(&patient(&llama.url)).is_ok() {
                return Some(llama);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the server does not answer");
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_real_server_answers_and_then_dies() {
    let Some(mut llama) = Llama::start() else { return };
    let settings = patient(&llama.url);
    let model = Endpoint::models(&settings).unwrap().remove(0);
    let endpoint = Endpoint::look(&settings, &model).unwrap();
    let (can, top, replies, scored) = seen(&endpoint);
    assert!(can.is_superset(&[Ability::Chat, Ability::Completion, Ability::Score].into()));
    assert_eq!((top, replies.len(), scored.is_empty()), (20, 4, false));
    let cases = crate::cases(60);
    let journal = Journal::in_memory(endpoint.identity().clone());
    let stop = AtomicBool::new(false);
    let hooks = Hooks { watch: &Unwatched, decided: None, stop: &stop };
    let options = Options { patience: crate::patience(), ..Options::default() };
    let half = run(&cases[..30], &endpoint, &journal, &options, hooks).unwrap();
    assert_eq!(half.spent.calls, 30);
    assert_eq!(half.spent.doubted, 0, "its usage can be true");
    llama.process.kill().unwrap();
    llama.process.wait().unwrap();
    let rest = run(&cases, &endpoint, &journal, &options, hooks).unwrap();
    assert_eq!(rest.spent.calls, 30, "what it said is kept");
    assert!(rest.attempts[59].outcome().is_err());
}
