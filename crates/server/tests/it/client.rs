//! A running server, and a client that sends exactly the bytes that a test wants to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use gate::Date;
use gate::ledger::{Act, Ledger, Place, Role};
use jiff::Timestamp;
use server::{Options, Server, World};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const ADMIN: &str = "an-admin-token-of-the-environment";

/// What the clock of the tests is ahead of the machine's, in seconds.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// The clock of the tests.
pub(crate) fn now() -> Timestamp {
    let ahead = AHEAD.load(Ordering::Relaxed);
    Timestamp::from_second(Timestamp::now().as_second() + ahead).unwrap()
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    pub(crate) ledger: Ledger,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), server::Error>>>,
}

pub(crate) async fn start() -> Running {
    start_with(|_| ()).await
}

pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Running {
    let folder = tempfile::tempdir().unwrap();
    start_in(folder, change).await
}

pub(crate) async fn start_in(folder: TempDir, change: impl FnOnce(&mut Options)) -> Running {
    let listen = "127.0.0.1:0".parse().unwrap();
    let mut options = Options::new(listen, Place::folder(folder.path().join("data")));
    options.admin_token = Some(ADMIN.to_owned());
    options.models = vec![folder.path().join("models")];
    options.bounds.stranger = 100_000;
    options.bounds.credential = 100_000;
    std::fs::create_dir_all(folder.path().join("models")).unwrap();
    change(&mut options);
    let today = || Date::new(2027, 1, 1).unwrap();
    let world = World { now, today, say: |line| eprintln!("{line}") };
    let server = Server::bind(options, world).await.unwrap();
    let (address, ledger) = (server.address(), server.ledger().clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { address, folder, ledger, stop: Some(stop), task: Some(task) }
}

impl Running {
    /// A token of a role, and its identifier.
    pub(crate) async fn token(&self, principal: &str, role: Role) -> (String, String) {
        let made = self.ledger.make_token(Act::new("test", now()), principal, role, None);
        let made = made.await.unwrap();
        (made.text, made.token)
    }

    /// Stops it; gives its folder back.
    pub(crate) async fn stop(mut self) -> TempDir {
        let _ = self.stop.take().unwrap().send(());
        self.task.take().unwrap().await.unwrap().unwrap();
        self.folder
    }

    /// One call.
    pub(crate) async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, headers, "").await
    }

    /// One call with a body.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            text += &format!("host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("content-length: {}\r\n\r\n{body}", body.len());
        Answer::parse(&self.raw(text.into_bytes()).await)
    }

    /// The API, with a token.
    pub(crate) async fn api(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", &*bearer), ("content-type", "application/json")];
        self.send(method, path, &headers, body).await
    }

    /// Sends bytes; gives everything that comes back until the server closes.
    pub(crate) async fn raw(&self, bytes: Vec<u8>) -> Vec<u8> {
        let address = self.address;
        tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            // A server that refuses early closes while we still write.
            let _ = stream.write_all(&bytes);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            answer
        })
        .await
        .unwrap()
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_default();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Self { status, headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(its, _)| its == name).map(|(_, value)| value.as_str())
    }

    /// The value of a cookie that is set.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.headers.iter().filter(|(header, _)| header == "set-cookie").find_map(|(_, value)| {
            let (its, rest) = value.split_once('=')?;
            (its == name).then(|| rest.split(';').next().unwrap_or_default().to_owned())
        })
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self.body.split_once(&*mark).map(|(_, rest)| rest).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}
