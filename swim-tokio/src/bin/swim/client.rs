//! Talks to an agent's admin address: one connection a request, JSON both ways.
//!
//! An agent that is stopped still takes connections: the system does that in its place. So whoever waits for an answer
//! asks meanwhile, over connections of their own, whether the agent is alive. Healing and leaving may take their time as
//! long as it is; nobody waits for one that is silent.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::api::{ANSWER_MAX, Problem, SIGN_OF_LIFE};
use crate::exit::{Exit, Failure};

/// The admin address of one agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    agent: SocketAddr,
    /// How long the agent may be silent.
    patience: Duration,
}

/// Why an agent did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("no agent answers at {agent}; start one with `swim agent`, or name its admin address with --admin")]
    NoAgent { agent: SocketAddr, source: io::Error },
    #[error(
        "nothing came from the agent at {agent} for {patience:?}; check that its process is not stopped or overloaded, and \
         that this is its admin address (--admin); --timeout waits longer"
    )]
    Silent { agent: SocketAddr, patience: Duration },
    #[error("the agent at {agent} is alive, but did not answer within {time:?}; see its log, and ask again")]
    Unanswered { agent: SocketAddr, time: Duration },
    #[error("what answers at {agent} is no swim agent; name an agent's admin address with --admin")]
    NotAnAgent { agent: SocketAddr },
    #[error("the connection to the agent at {agent} broke")]
    Broken { agent: SocketAddr, source: hyper::Error },
    #[error("{error}")]
    Refused { error: String },
}

/// How long an agent may be silent unless something else is said.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer is waited for: a little longer than an agent takes to give up.
const ANSWERED_BY: Duration = ANSWER_MAX.saturating_add(Duration::from_secs(10));
/// A watched agent gives so many signs of life in the time after which it counts as silent, at least.
const SIGNS_MISSED: u32 = 3;
/// The longest answer that is read: a list of a million members.
const LENGTH_MAX: usize = 256 << 20;

impl Client {
    /// Asks the agent with this admin address, and gives up where it is silent for `patience`.
    pub(crate) fn new(agent: SocketAddr, patience: Duration) -> Self {
        Self { agent, patience }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for something to be done.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::POST, path, None).await
    }

    /// Sends something along.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        // Only shapes of `api.rs` and maps of text come here, all of which can be written.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.ask(method, path, Some(body)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T, ClientError> {
        let answer = async {
            let response = self.request(method, path, body).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LENGTH_MAX).collect().await;
            Ok((status, body.map_err(|error| self.unread(error))?.to_bytes()))
        };
        let (status, body) = self.while_alive(answer).await?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| ClientError::NotAnAgent { agent: self.agent });
        }
        match serde_json::from_slice(&body) {
            Ok(Problem { error }) => Err(ClientError::Refused { error }),
            Err(_) => Err(ClientError::NotAnAgent { agent: self.agent }),
        }
    }

    /// The events of the kinds that are named, with commas between.
    pub(crate) async fn events(&self, kinds: &str) -> Result<Events, ClientError> {
        let path = format!("/v1/events?kinds={kinds}");
        let response = self.while_alive(self.request(Method::GET, &path, None)).await?;
        if response.status() != StatusCode::OK {
            return Err(ClientError::NotAnAgent { agent: self.agent });
        }
        let patience = self.patience.max(SIGN_OF_LIFE * SIGNS_MISSED);
        Ok(Events { client: Self { patience, ..*self }, body: response.into_body(), text: Vec::new() })
    }

    /// What `answer` comes to, as long as the agent is alive.
    async fn while_alive<T>(&self, answer: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
        // Beyond the silence that is borne, so that silence is what it is called.
        let time = ANSWERED_BY.saturating_add(self.patience);
        tokio::select! {
            answer = answer => answer,
            () = self.falls_silent() => Err(self.silent()),
            () = tokio::time::sleep(time) => Err(ClientError::Unanswered { agent: self.agent, time }),
        }
    }

    /// Ends once the agent was silent for as long as it may be. Whatever it says is a sign of life.
    async fn falls_silent(&self) {
        let half = self.patience / 2;
        loop {
            tokio::time::sleep(half).await;
            if tokio::time::timeout(half, self.request(Method::GET, "/health", None)).await.is_err() {
                return;
            }
        }
    }

    fn silent(&self) -> ClientError {
        ClientError::Silent { agent: self.agent, patience: self.patience }
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Response<Incoming>, ClientError> {
        let agent = self.agent;
        let stream = TcpStream::connect(agent).await;
        let stream = stream.map_err(|source| ClientError::NoAgent { agent, source })?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| self.broken(error))?;
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, agent.to_string());
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(Bytes::from(body.unwrap_or_default())));
        let request = request.expect("the path is ours and an address is a header's value");
        sender.send_request(request).await.map_err(|error| self.broken(error))
    }

    fn broken(&self, source: hyper::Error) -> ClientError {
        match source.is_parse() {
            true => ClientError::NotAnAgent { agent: self.agent },
            false => ClientError::Broken { agent: self.agent, source },
        }
    }

    fn unread(&self, error: Box<dyn std::error::Error + Send + Sync>) -> ClientError {
        match error.downcast::<hyper::Error>() {
            Ok(error) => self.broken(*error),
            Err(error) => {
                debug_assert!(error.is::<LengthLimitError>());
                ClientError::NotAnAgent { agent: self.agent }
            }
        }
    }
}

/// A stream of events.
#[derive(Debug)]
pub(crate) struct Events {
    client: Client,
    body: Incoming,
    /// What came and was not used yet.
    text: Vec<u8>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) name: String,
    /// JSON.
    pub(crate) data: String,
}

impl Events {
    /// The next event; `None` once the agent has ended. Between events there are signs of life.
    pub(crate) async fn next(&mut self) -> Result<Option<Happened>, ClientError> {
        loop {
            while let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.text.drain(..end + 2).collect();
                if let Some(happened) = parse(&String::from_utf8_lossy(&block)) {
                    return Ok(Some(happened));
                }
            }
            if self.text.len() > LENGTH_MAX {
                return Err(ClientError::NotAnAgent { agent: self.client.agent });
            }
            match tokio::time::timeout(self.client.patience, self.body.frame()).await {
                Err(_) => return Err(self.client.silent()),
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => self.text.extend_from_slice(frame.data_ref().map_or(&[], |data| &data[..])),
                Ok(Some(Err(source))) => return Err(ClientError::Broken { agent: self.client.agent, source }),
            }
        }
    }
}

/// One event; `None` for a sign of life.
fn parse(block: &str) -> Option<Happened> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    Some(Happened { name: field("event: ")?.into(), data: field("data: ")?.into() })
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match error {
            ClientError::Refused { .. } => Exit::Refused,
            _ => Exit::NoAgent,
        };
        Self::new(exit, error)
    }
}
