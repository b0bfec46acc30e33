//! One connection of a scripted member, whoever opened it: init in both roles, calls in both directions.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::peer::{Answer, Heard, Opened, Peer, Reply};
use super::tchannel::{self, Frame, Init, Last, Parts, Sum};

/// A connection. Clones are one.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) opened: Opened,
    /// Whom it was opened to, where this peer did.
    pub(crate) to: Option<SocketAddr>,
    state: Arc<State>,
}

struct State {
    out: mpsc::UnboundedSender<Out>,
    waiting: Mutex<BTreeMap<u32, oneshot::Sender<Answer>>>,
    /// What the other's init said, once it came.
    init: watch::Sender<Option<Init>>,
    open: watch::Sender<Stage>,
    /// Frames that are neither calls nor answers to any.
    others: Mutex<Vec<Frame>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Closed,
}

enum Out {
    Bytes(Vec<u8>),
    Close,
}

impl Line {
    pub(crate) fn start(stream: TcpStream, opened: Opened, number: usize, peer: Peer) -> Self {
        stream.set_nodelay(true).unwrap();
        let to = (opened == Opened::ByPeer).then(|| stream.peer_addr().unwrap());
        let (reader, writer) = stream.into_split();
        let (out, queue) = mpsc::unbounded_channel();
        let state = State {
            out,
            waiting: Mutex::default(),
            init: watch::Sender::new(None),
            open: watch::Sender::new(Stage::Open),
            others: Mutex::default(),
        };
        let line = Self { number, opened, to, state: Arc::new(state) };
        tokio::spawn(write(writer, queue));
        if opened == Opened::ByPeer {
            line.send(&Frame::init(tchannel::INIT_REQ, peer.next(), &peer.address.to_string()).bytes());
        }
        let reading = line.clone();
        tokio::spawn(async move {
            reading.read(reader, &peer).await;
            reading.close();
            reading.state.waiting.lock().unwrap().clear();
        });
        line
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.state.open.borrow() == Stage::Open
    }

    /// Waits until it is closed, by whomever.
    pub(crate) async fn closed(&self) {
        self.state.open.subscribe().wait_for(|stage| *stage == Stage::Closed).await.unwrap();
    }

    pub(crate) fn close(&self) {
        let _ = self.state.out.send(Out::Close);
        self.state.open.send_replace(Stage::Closed);
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let _ = self.state.out.send(Out::Bytes(bytes.to_vec()));
    }

    /// What the other's init said.
    pub(crate) async fn ready(&self) -> Init {
        let mut init = self.state.init.subscribe();
        init.wait_for(Option::is_some).await.unwrap().clone().unwrap()
    }

    /// The answer to the call `id`, to be sent now.
    pub(crate) fn expect(&self, id: u32) -> oneshot::Receiver<Answer> {
        let (done, answer) = oneshot::channel();
        if self.is_open() {
            self.state.waiting.lock().unwrap().insert(id, done);
        }
        answer
    }

    /// The frames that came and were neither calls nor answers to any.
    pub(crate) fn others(&self) -> Vec<Frame> {
        self.state.others.lock().unwrap().clone()
    }

    async fn read(&self, mut reader: OwnedReadHalf, peer: &Peer) {
        let mut parts: BTreeMap<(u8, u32), Parts> = BTreeMap::new();
        let mut closed = self.state.open.subscribe();
        loop {
            let frame = tokio::select! {
                frame = Frame::read(&mut reader) => frame,
                _ = closed.wait_for(|stage| *stage == Stage::Closed) => None,
            };
            let Some(frame) = frame else { return };
            match frame.kind {
                tchannel::INIT_REQ => {
                    assert_eq!(self.opened, Opened::ByNode, "an init to whoever has sent one");
                    self.state.init.send_replace(Some(Init::of(&frame)));
                    self.send(&Frame::init(tchannel::INIT_RES, frame.id, &peer.address.to_string()).bytes());
                }
                tchannel::INIT_RES => {
                    self.state.init.send_replace(Some(Init::of(&frame)));
                }
                tchannel::CALL_REQ | tchannel::CALL_REQ_CONTINUE => {
                    assert!(self.state.init.borrow().is_some(), "a call before init");
                    let call = (tchannel::CALL_REQ, frame.id);
                    if parts.entry(call).or_default().add(&frame) == Last::Yes {
                        self.called(frame.id, parts.remove(&call).unwrap(), peer);
                    }
                }
                tchannel::CALL_RES | tchannel::CALL_RES_CONTINUE => {
                    let call = (tchannel::CALL_RES, frame.id);
                    if parts.entry(call).or_default().add(&frame) == Last::Yes {
                        self.answered(frame, parts.remove(&call).unwrap());
                    }
                }
                tchannel::PING_REQ => self.send(&Frame::new(tchannel::PING_RES, frame.id, Vec::new()).bytes()),
                tchannel::ERROR => {
                    let (code, message) = tchannel::read_error(&frame);
                    self.end(frame, Answer::Error(code, message));
                }
                _ => self.state.others.lock().unwrap().push(frame),
            }
        }
    }

    fn answered(&self, frame: Frame, parts: Parts) {
        let response = parts.response;
        assert!(response.headers.iter().any(|(key, _)| key == "as"), "an answer without its format: {response:?}");
        assert_eq!(response.arguments[0], b"", "an answer has no endpoint");
        let body = &response.arguments[2];
        let body = serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into());
        self.end(frame, if response.code == 0 { Answer::Ok(body) } else { Answer::Failed(body) });
    }

    /// The call that the frame answers ends so.
    fn end(&self, frame: Frame, answer: Answer) {
        match self.state.waiting.lock().unwrap().remove(&frame.id) {
            Some(done) => drop(done.send(answer)),
            None => self.state.others.lock().unwrap().push(frame),
        }
    }

    fn called(&self, id: u32, parts: Parts, peer: &Peer) {
        let request = parts.request;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let heard = Heard {
            at: Instant::now(),
            endpoint: text(&request.arguments[0]),
            body: serde_json::from_slice(&request.arguments[2]).unwrap_or(Value::Null),
            line: self.number,
            opened: self.opened,
            request,
        };
        // As ringpop does, with the checksum that the caller has chosen.
        let sum = if heard.request.sum == 0 { Sum::None } else { Sum::Crc32 };
        let reply = peer.asked(heard);
        self.reply(id, reply, sum);
    }

    fn reply(&self, id: u32, reply: Reply, sum: Sum) {
        let answer = |code, body: Value, sum| {
            let frames = tchannel::response(id, code, body.to_string().as_bytes(), sum);
            frames.iter().for_each(|frame| self.send(&frame.bytes()));
        };
        match reply {
            Reply::Usual | Reply::Silence => {}
            Reply::Ok(body) => answer(0, body, sum),
            Reply::Corrupt(body) => answer(0, body, Sum::Wrong),
            Reply::Refuse(body) => answer(1, body, sum),
            Reply::Error(code) => self.send(&tchannel::error(id, code, "as the script says").bytes()),
            Reply::Close => self.close(),
            Reply::Raw(bytes) => self.send(&bytes),
            Reply::After(time, reply) => {
                let line = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    line.reply(id, *reply, sum);
                });
            }
        }
    }
}

async fn write(mut writer: OwnedWriteHalf, mut queue: mpsc::UnboundedReceiver<Out>) {
    while let Some(Out::Bytes(bytes)) = queue.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let _ = writer.shutdown().await;
}
