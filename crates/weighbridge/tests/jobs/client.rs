//! A client that knows when it was answered, and when it cannot know.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub(crate) const TOKEN: &str = "a-token-of-the-environment";

pub(crate) struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
    used: Instant,
}

/// A server closes connections that are idle: one that was not used for this long is not trusted.
const IDLE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.json()[key].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, used: Instant::now() }
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.call("GET", path, "", b"")
    }

    pub(crate) fn post(&mut self, path: &str, body: &serde_json::Value) -> io::Result<Answer> {
        self.call("POST", path, "content-type: application/json\r\n", body.to_string().as_bytes())
    }

    /// Asks for the weighing of a file that is the body.
    pub(crate) fn weigh(&mut self, model: &str, name: &str, body: &[u8]) -> io::Result<Answer> {
        let path = format!("/api/v1/weighings?model={model}&name={name}");
        self.call("POST", &path, "content-type: application/octet-stream\r\n", body)
    }

    /// One call; an error means that nobody knows whether it was done.
    pub(crate) fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<Answer> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n{headers}\
             content-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let answer = self.exchange(head.as_bytes(), body);
        self.used = Instant::now();
        if !answer.as_ref().is_ok_and(|answer| !answer.head.contains("connection: close")) {
            self.stream = None;
        }
        answer
    }

    fn exchange(&mut self, head: &[u8], body: &[u8]) -> io::Result<Answer> {
        if self.stream.is_none() || self.used.elapsed() > IDLE {
            let stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(10))?;
            stream.set_read_timeout(Some(Duration::from_mins(1)))?;
            stream.set_nodelay(true)?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut().unwrap();
        // A server that refuses early may close while we still write.
        let written =
            stream.get_mut().write_all(head).and_then(|()| stream.get_mut().write_all(body));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                written?;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let head = head.to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = Vec::new();
        if let Some(length) = length {
            body.resize(length.parse().map_err(io::Error::other)?, 0);
            stream.read_exact(&mut body)?;
        } else if head.contains("transfer-encoding: chunked") {
            loop {
                let mut line = String::new();
                stream.read_line(&mut line)?;
                let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
                let at = body.len();
                body.resize(at + size, 0);
                stream.read_exact(&mut body[at..])?;
                stream.read_line(&mut String::new())?;
                if size == 0 {
                    break;
                }
            }
        }
        Ok(Answer { status, head, body })
    }
}
