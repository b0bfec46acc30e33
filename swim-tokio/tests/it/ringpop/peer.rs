//! A scripted member: it listens, answers what it is asked as a script says, asks for itself, and keeps a log of all that
//! it was asked. Any number of them can be members in one test.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant};

use super::facts::{INCARNATION, checksum};
use super::line::Line;
use super::tchannel::{self, Request, Sum};
use crate::helpers::{until, within};

/// A scripted member. Clones are one.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    log: Mutex<Vec<Heard>>,
    script: Mutex<Script>,
    /// What it tells who joins.
    list: Mutex<Value>,
    /// Every connection that there was.
    lines: Mutex<Vec<Line>>,
    next: AtomicU32,
}

/// How a peer answers.
struct Script(Box<dyn FnMut(&Heard) -> Reply + Send>);

/// Something that a peer was asked.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) endpoint: String,
    pub(crate) body: Value,
    /// The number of the connection, from 0 at each peer, and who opened it.
    pub(crate) line: usize,
    pub(crate) opened: Opened,
    pub(crate) request: Request,
}

impl Heard {
    pub(crate) fn is(&self, endpoint: &str) -> bool {
        self.endpoint == endpoint
    }
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    ByPeer,
    ByNode,
}

/// What a script answers.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// As a member that knows of no news.
    Usual,
    Ok(Value),
    /// A good answer whose checksum is wrong.
    Corrupt(Value),
    /// An application error.
    Refuse(Value),
    /// An error frame.
    Error(u8),
    Silence,
    Close,
    /// These bytes, in place of an answer.
    Raw(Vec<u8>),
    After(Duration, Box<Reply>),
}

/// How a call of a peer's ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Ok(Value),
    /// An application error.
    Failed(Value),
    /// An error frame.
    Error(u8, String),
    Closed,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        match self {
            Self::Ok(body) => body,
            other => panic!("no good answer: {other:?}"),
        }
    }

    /// The message of an application error.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        match self {
            Self::Failed(body) => {
                assert_eq!(body["type"], "error", "{body}");
                body["message"].as_str().unwrap().into()
            }
            other => panic!("no application error: {other:?}"),
        }
    }
}

impl Peer {
    /// A peer on a port of its own.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            log: Mutex::default(),
            script: Mutex::new(Script(Box::new(|_| Reply::Usual))),
            list: Mutex::new(json!([super::facts::change(address, "alive", INCARNATION)])),
            lines: Mutex::default(),
            next: AtomicU32::new(1),
        };
        let peer = Self { address, state: Arc::new(state) };
        let accepting = peer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.adopt(stream, Opened::ByNode);
            }
        });
        peer
    }

    /// From now on it answers so.
    pub(crate) fn script(&self, script: impl FnMut(&Heard) -> Reply + Send + 'static) {
        *self.state.script.lock().unwrap() = Script(Box::new(script));
    }

    /// From now on it answers calls to `endpoint` so, and all others as usual.
    pub(crate) fn reply(&self, endpoint: &'static str, reply: Reply) {
        self.script(move |heard| if heard.is(endpoint) { reply.clone() } else { Reply::Usual });
    }

    /// From now on it tells joiners this list.
    pub(crate) fn list(&self, list: Value) {
        *self.state.list.lock().unwrap() = list;
    }

    /// All that it was asked.
    pub(crate) fn log(&self) -> Vec<Heard> {
        self.state.log.lock().unwrap().clone()
    }

    /// All that it was asked at `endpoint`.
    pub(crate) fn heard(&self, endpoint: &str) -> Vec<Heard> {
        self.log().into_iter().filter(|heard| heard.is(endpoint)).collect()
    }

    /// Forgets what it was asked.
    pub(crate) fn forget(&self) {
        self.state.log.lock().unwrap().clear();
    }

    /// Waits for a call to `endpoint` of which `is_so`, and returns it.
    pub(crate) async fn hears(&self, endpoint: &str, is_so: impl Fn(&Heard) -> bool) -> Heard {
        let find = || self.heard(endpoint).into_iter().find(|heard| is_so(heard));
        until(&format!("{} hears the {endpoint}", self.address), || find().is_some()).await;
        find().unwrap()
    }

    /// The connections that there were.
    pub(crate) fn lines(&self, opened: Opened) -> Vec<Line> {
        self.state.lines.lock().unwrap().iter().filter(|line| line.opened == opened).cloned().collect()
    }

    /// Closes every connection.
    pub(crate) fn hang_up(&self) {
        self.state.lines.lock().unwrap().iter().for_each(Line::close);
    }

    /// Calls `to` over a connection of its own, which is kept.
    pub(crate) async fn call(&self, to: SocketAddr, endpoint: &str, body: &Value) -> Answer {
        let line = self.line_to(to).await;
        self.call_on(&line, endpoint, body.to_string().as_bytes()).await
    }

    /// Calls the node over the connection that the node opened last.
    pub(crate) async fn call_back(&self, endpoint: &str, body: &Value) -> Answer {
        let line = self.lines(Opened::ByNode).pop().expect("the node has opened a connection");
        self.call_on(&line, endpoint, body.to_string().as_bytes()).await
    }

    pub(crate) async fn call_on(&self, line: &Line, endpoint: &str, body: &[u8]) -> Answer {
        self.call_as(line, "json", endpoint, body, Sum::Crc32).await
    }

    pub(crate) async fn call_as(&self, line: &Line, format: &str, endpoint: &str, body: &[u8], sum: Sum) -> Answer {
        let id = self.next();
        let frames = tchannel::request(id, format, endpoint, body, sum);
        let answer = line.expect(id);
        frames.iter().for_each(|frame| line.send(&frame.bytes()));
        within(answer).await.unwrap_or(Answer::Closed)
    }

    /// A number for a call.
    pub(crate) fn next(&self) -> u32 {
        self.state.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The kept connection to `to`, opened where there is none.
    pub(crate) async fn line_to(&self, to: SocketAddr) -> Line {
        let open = |line: &&Line| line.to == Some(to) && line.is_open();
        let kept = self.state.lines.lock().unwrap().iter().find(open).cloned();
        match kept {
            Some(line) => line,
            None => self.open(to).await,
        }
    }

    /// A new connection to `to`, with its init done.
    pub(crate) async fn open(&self, to: SocketAddr) -> Line {
        let stream = within(TcpStream::connect(to)).await.unwrap();
        let line = self.adopt(stream, Opened::ByPeer);
        within(line.ready()).await;
        line
    }

    fn adopt(&self, stream: TcpStream, opened: Opened) -> Line {
        let mut lines = self.state.lines.lock().unwrap();
        let line = Line::start(stream, opened, lines.len(), self.clone());
        lines.push(line.clone());
        line
    }

    /// Keeps what was asked, and says how to answer it.
    pub(crate) fn asked(&self, heard: Heard) -> Reply {
        let reply = (self.state.script.lock().unwrap().0)(&heard);
        let reply = self.resolve(&heard, reply);
        self.state.log.lock().unwrap().push(heard);
        reply
    }

    fn resolve(&self, heard: &Heard, reply: Reply) -> Reply {
        match reply {
            Reply::Usual => self.usual(heard),
            Reply::After(time, reply) => Reply::After(time, Box::new(self.resolve(heard, *reply))),
            other => other,
        }
    }

    fn usual(&self, heard: &Heard) -> Reply {
        let me = self.address.to_string();
        match heard.endpoint.as_str() {
            "/protocol/join" => {
                let list = self.state.list.lock().unwrap().clone();
                let sum = checksum(&list);
                Reply::Ok(json!({ "app": "ringpop", "coordinator": me, "membership": list, "membershipChecksum": sum }))
            }
            "/protocol/ping" => Reply::Ok(self.ack(json!([]), &heard.body["checksum"])),
            "/protocol/ping-req" => Reply::Ok(json!({
                "changes": [], "pingStatus": true, "target": heard.body["target"],
            })),
            _ => Reply::Error(6),
        }
    }

    /// An answer to a ping.
    pub(crate) fn ack(&self, changes: Value, checksum: &Value) -> Value {
        json!({
            "app": "ringpop",
            "changes": changes,
            "checksum": checksum,
            "source": self.address.to_string(),
            "sourceIncarnationNumber": INCARNATION,
        })
    }

    /// The body of a ping of its own.
    pub(crate) fn ping(&self, changes: Value, checksum: u32) -> Value {
        self.ack(changes, &json!(checksum))
    }
}
