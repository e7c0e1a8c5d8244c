//! A server that speaks the protocol, and whatever else a test wants it to say.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// What came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
}

impl Request {
    /// What is asked: the last message, or the text.
    pub(crate) fn prompt(&self) -> String {
        let last = |list: &Vec<Value>| list.last()?.get("content")?.as_str().map(str::to_owned);
        let chat = self.body.get("messages").and_then(Value::as_array).and_then(last);
        let text = || self.body.get("prompt")?.as_str().map(str::to_owned);
        chat.or_else(text).unwrap_or_default()
    }

    /// Whether it belongs to finding out what the server can do.
    pub(crate) fn looks(&self) -> bool {
        self.path.ends_with("/models") || self.prompt().starts_with("Name an animal")
    }
}

/// What goes out.
pub(crate) enum Answer {
    /// A status, headers and a body.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// A whole answer that is not told its end: the connection closes after so many bytes.
    Cut(Vec<u8>, usize),
    /// Bytes as they stand, then the end of the connection.
    Raw(Vec<u8>),
    /// A whole answer, a byte at a time.
    Drip(Vec<u8>, Duration),
    /// A body that has no end.
    Endless,
    /// Nothing, for so long.
    Stall(Duration),
}

impl Answer {
    pub(crate) fn json(value: &Value) -> Self {
        Self::Whole(200, Vec::new(), value.to_string().into_bytes())
    }

    pub(crate) fn status(status: u16) -> Self {
        let body = json!({"error": {"message": format!("status {status}")}});
        Self::Whole(status, Vec::new(), body.to_string().into_bytes())
    }
}

type Behave = dyn Fn(&Request, u64) -> Answer + Send + Sync;

/// A server on a port of its own. It ends with this.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
}

impl Server {
    /// Answers by a function of the request and how many came before, those that look not counted.
    pub(crate) fn new(behave: impl Fn(&Request, u64) -> Answer + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", behave)
    }

    pub(crate) fn at(
        address: &str,
        behave: impl Fn(&Request, u64) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, ended) =
            (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (behave, count): (Arc<Behave>, _) = (Arc::new(behave), Arc::new(AtomicU64::new(0)));
        let (known, over) = (requests.clone(), ended.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (behave, known, count, over) =
                    (behave.clone(), known.clone(), count.clone(), over.clone());
                thread::spawn(move || serve(&stream, &*behave, &known, &count, &over));
            }
        });
        Self { address, requests, ended }
    }

    /// A server that does as it should.
    pub(crate) fn honest() -> Self {
        Self::new(|request, _| honest(request))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What came in so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How often each prompt was asked, those that look left out.
    pub(crate) fn asked(&self) -> BTreeMap<String, u64> {
        let mut asked = BTreeMap::new();
        for request in self.requests().iter().filter(|request| !request.looks()) {
            *asked.entry(request.prompt()).or_default() += 1;
        }
        asked
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // It waits for one more.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    stream: &TcpStream,
    behave: &Behave,
    known: &Mutex<Vec<Request>>,
    count: &AtomicU64,
    over: &AtomicBool,
) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        if over.load(Ordering::SeqCst) {
            return;
        }
        known.lock().unwrap().push(request.clone());
        let more = u64::from(!request.looks());
        let before = count.fetch_add(more, Ordering::SeqCst);
        if !write(stream, behave(&request, before), over) {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut key) = (0, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => key = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path, key, body: serde_json::from_slice(&body).unwrap_or_default() })
}

fn head(status: u16, headers: &[(&str, String)], length: usize) -> String {
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}content-length: {length}\r\n\r\n")
}

/// Whether the connection goes on.
fn write(mut stream: &TcpStream, answer: Answer, over: &AtomicBool) -> bool {
    match answer {
        Answer::Whole(status, headers, body) => {
            let head = head(status, &headers, body.len());
            stream.write_all(&[head.as_bytes(), &body].concat()).is_ok()
        }
        Answer::Cut(body, after) => {
            let head = head(200, &[], body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body[..after.min(body.len())]].concat());
            false
        }
        Answer::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
        Answer::Drip(body, pause) => {
            let _ = stream.write_all(head(200, &[], body.len()).as_bytes());
            body.iter().all(|byte| {
                thread::sleep(pause);
                !over.load(Ordering::SeqCst) && stream.write_all(&[*byte]).is_ok()
            })
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\n\r\n");
            let block = vec![b' '; 1 << 20];
            while !over.load(Ordering::SeqCst) && stream.write_all(&block).is_ok() {}
            false
        }
        Answer::Stall(pause) => {
            let until = std::time::Instant::now() + pause;
            while !over.load(Ordering::SeqCst) && std::time::Instant::now() < until {
                thread::sleep(Duration::from_millis(10));
            }
            false
        }
    }
}

/// What a model would say: a function of the prompt, and of the seed where it is sampled.
pub(crate) fn said(request: &Request) -> String {
    let sampled = request.body.get("temperature").and_then(Value::as_f64).unwrap_or(1.0) > 0.0;
    let seed = request.body.get("seed").and_then(Value::as_u64).filter(|_| sampled);
    format!("you said: {} {}", request.prompt(), seed.unwrap_or(0))
}

pub(crate) fn honest(request: &Request) -> Answer {
    if request.path.ends_with("/models") {
        return Answer::json(&json!({"object": "list", "data": [{"id": "tiny"}]}));
    }
    let text = said(request);
    let count = text.split(' ').count();
    let usage = json!({"prompt_tokens": request.prompt().split(' ').count(),
        "completion_tokens": count.min(request.body["max_tokens"].as_u64().unwrap_or(16) as usize),
        "total_tokens": 0});
    let tokens = text.split(' ').map(|word| {
        let top: Vec<Value> = request.body["top_logprobs"]
            .as_u64()
            .map(|most| {
                (0..most)
                    .map(|n| json!({"token": format!("{word}{n}"), "logprob": -(n as f64) - 0.5}))
                    .collect()
            })
            .unwrap_or_default();
        json!({"token": word, "logprob": -0.5, "top_logprobs": top})
    });
    let told = request.body.get("logprobs") == Some(&Value::Bool(true));
    let logprobs = if told { json!({"content": tokens.collect::<Vec<_>>()}) } else { Value::Null };
    let choice = if request.path.ends_with("/chat/completions") {
        json!({"index": 0, "message": {"role": "assistant", "content": text},
            "finish_reason": "stop", "logprobs": logprobs})
    } else {
        json!({"index": 0, "text": text, "finish_reason": "length", "logprobs": null})
    };
    Answer::json(&json!({"id": "x", "model": "tiny", "system_fingerprint": "fp_1",
        "choices": [choice], "usage": usage}))
}
