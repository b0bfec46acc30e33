//! The binary as its users run it: processes that are started, heard, asked over HTTP, and ended with the test.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::helpers::{until, within};

/// The binary, without what the environment of the tests may say to it.
pub(crate) fn swim() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swim"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"SWIM_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// How a process ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the binary to its end.
pub(crate) async fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Ended {
    finish(swim().args(args)).await
}

/// Runs a command to its end.
pub(crate) async fn finish(command: &mut Command) -> Ended {
    let output = within(command.output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Lines that a process has said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn hear(&self, from: impl AsyncRead + Unpin + Send + 'static) {
        let said = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(from).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                said.0.lock().unwrap().push(line);
            }
        });
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// The first line with `text` in it, once it was said.
    pub(crate) async fn line(&self, text: &str) -> String {
        let find = || self.lines().into_iter().find(|line| line.contains(text));
        for _ in 0..6000 {
            if let Some(line) = find() {
                return line;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("in a minute nothing was said with `{text}`: {:#?}", self.lines());
    }
}

/// A process that runs.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) out: Said,
    pub(crate) err: Said,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (Said::default(), Said::default());
        out.hear(child.stdout.take().unwrap());
        err.hear(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().unwrap().try_into().unwrap()), signal).unwrap();
    }

    pub(crate) async fn end(&mut self) -> ExitStatus {
        within(self.child.wait()).await.unwrap()
    }
}

/// An agent that runs.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Agent {
    /// Starts an agent on free ports, with quick periods, and waits until it says where it is.
    pub(crate) async fn start(args: &[&str]) -> Self {
        let quick = quick();
        let quick = quick.to_str().unwrap();
        let mut command = swim();
        if !args.contains(&"--config") {
            command.args(["agent", "--config", quick]);
        } else {
            command.arg("agent");
        }
        for port in ["--bind", "--admin"] {
            if !args.contains(&port) {
                command.args([port, "127.0.0.1:0"]);
            }
        }
        Self::of(command.args(args)).await
    }

    /// Starts an agent that joins `other`, and waits until it has.
    pub(crate) async fn joining(other: &Self, args: &[&str]) -> Self {
        let agent = Self::start(&[&["--join", &other.address.to_string()], args].concat()).await;
        agent.process.out.line("joined:").await;
        agent
    }

    pub(crate) async fn of(command: &mut Command) -> Self {
        let process = Process::start(command);
        let address = process.out.line("swim agent ").await;
        let address = address.split(' ').nth(2).unwrap().parse().unwrap();
        let admin = process.out.line("http://").await;
        let admin = admin.split_once("http://").unwrap().1.parse().unwrap();
        Self { process, address, admin }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.ask("POST", path, "").await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        ask(self.admin, &request(self.admin, method, path, body)).await
    }

    /// What this agent holds the member at `address` to be.
    pub(crate) async fn status(&self, address: SocketAddr) -> Option<String> {
        let members = self.get("/v1/members").await.json();
        let mut members = members["members"].as_array().unwrap().iter();
        let member = members.find(|member| member["address"] == address.to_string())?;
        Some(member["status"].as_str().unwrap().into())
    }

    /// Waits until this agent holds the member at `address` to be `status`.
    pub(crate) async fn until_status(&self, address: SocketAddr, status: &str) {
        for _ in 0..1200 {
            if self.status(address).await.as_deref() == Some(status) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("in a minute {address} did not become {status}: {:?}", self.get("/v1/members").await);
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) fn request(to: SocketAddr, method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends `request` as it is, and reads the whole answer.
pub(crate) async fn ask(to: SocketAddr, request: &str) -> Answer {
    let mut stream = within(TcpStream::connect(to)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    within(stream.read_to_string(&mut text)).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, body: body.into() }
}

/// A folder of this test's own, gone with it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("swim-it-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().into()
    }

    /// Writes a file, and returns where it is.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }

    /// Makes a pipe with a name, and returns where it is.
    pub(crate) fn pipe(&self, name: &str) -> String {
        let path = self.path(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// Puts a pipe in the place of a file: whoever reads it waits, as for a disk that hangs.
    pub(crate) fn hang(&self, name: &str) -> Hanging {
        let beside = self.pipe("pipe");
        std::fs::rename(beside, self.path(name)).unwrap();
        Hanging(self.path(name))
    }
}

/// A file that hangs.
#[derive(Debug)]
pub(crate) struct Hanging(pub(crate) String);

impl Hanging {
    /// Waits until someone reads it, who then waits until the file was written and dropped.
    pub(crate) async fn is_read(&self) -> std::fs::File {
        let (path, (opened, file)) = (self.0.clone(), tokio::sync::oneshot::channel());
        // To be opened for writing a pipe waits for a reader: on a thread that the test does not wait for.
        std::thread::spawn(move || opened.send(std::fs::File::options().write(true).open(path)));
        within(file).await.unwrap().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A settings file with quick periods, and healing only when it is asked for.
pub(crate) const QUICK: &str = "\
[options]
protocol_period = '200ms'
ping_timeout = '80ms'
ping_request_timeout = '100ms'
gossip = { interval = '40ms' }
heal = { period = 'off' }
join = { timeout = '1s', delay_min = '20ms', delay_max = '500ms', settle_after = '1500ms' }
";

/// Where that file is.
fn quick() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("quick-{}.toml", std::process::id()));
    if !path.exists() {
        let beside = path.with_extension(format!("{:?}", std::thread::current().id()));
        std::fs::write(&beside, QUICK).unwrap();
        std::fs::rename(beside, &path).unwrap();
    }
    path
}

/// Waits until nobody listens at `address` any more.
pub(crate) async fn until_closed(address: SocketAddr) {
    until("its port is closed", || std::net::UdpSocket::bind(address).is_ok()).await;
}
