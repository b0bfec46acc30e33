//! Between ringpop's bodies and what a node says and hears.
//!
//! ```text
//!   Send(Request) ──> request ──> body      body ──> asked ──> Message, Via::Request
//!                                                                  │
//!   Message, Via::Response <── answered <── body    body <── reply <── Send(Reply)
//!                          <── refused  <── error   error <─┘
//! ```
//!
//! What a body cannot say is left out or filled in: nobody's incarnation is in the answer to a join, and the core needs
//! none there; a helper is given the time that it would give a ping of its own, and the numbers of pings and ping-reqs
//! are the host's.

use std::net::SocketAddr;
use std::time::Duration;

use swim_core::{
    ChangeList, Checksum, ClusterId, Incarnation, Kind, Labels, Message, Micros, Options, OwnedMessage, Reach,
    Readiness, RefusedReason, Seq, Ticket,
};

use super::body::{
    Body, BodyError, Dropped, ErrorBody, JoinAnswer, JoinRequest, PingBody, PingReqAnswer, PingReqRequest, Scalar,
    Told, to_bytes,
};

/// What is called to speak of membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Join,
    Ping,
    PingReq,
}

impl Endpoint {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Join, Self::Ping, Self::PingReq];

    /// Its name in a call.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Join => "/protocol/join",
            Self::Ping => "/protocol/ping",
            Self::PingReq => "/protocol/ping-req",
        }
    }

    /// The endpoint of this name.
    pub(crate) fn from_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.path() == path)
    }
}

/// What a translation needs to know of the node for which it translates.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    app: String,
    local: SocketAddr,
    join_timeout: Duration,
    ping_timeout: Duration,
    ping_request_timeout: Duration,
    heal_timeout: Duration,
}

/// A request that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// How long it may take.
    pub(crate) ttl: Duration,
    pub(crate) body: Vec<u8>,
    /// What the answer belongs to; its endpoint is the one that is called.
    pub(crate) asked: Asked,
}

/// What was asked, as far as its answer does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Join,
    Ping { seq: Seq },
    PingReq { seq: Seq, target: SocketAddr },
}

impl Asked {
    /// What is called.
    pub(crate) const fn endpoint(self) -> Endpoint {
        match self {
            Self::Join => Endpoint::Join,
            Self::Ping { .. } => Endpoint::Ping,
            Self::PingReq { .. } => Endpoint::PingReq,
        }
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Who says that it speaks: connections do not tell.
    pub(crate) from: SocketAddr,
    pub(crate) message: OwnedMessage<SocketAddr>,
    /// What it told besides, and could not be heard.
    pub(crate) dropped: Dropped,
}

/// An answer that came.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) message: OwnedMessage<SocketAddr>,
    /// What it told besides, and could not be heard.
    pub(crate) dropped: Dropped,
}

impl Words {
    /// Of the node at `local` with these options.
    pub(crate) fn new(options: &Options, local: SocketAddr) -> Self {
        Self {
            app: options.app.clone(),
            local,
            join_timeout: options.join.timeout,
            ping_timeout: options.ping_timeout,
            ping_request_timeout: options.ping_request_timeout,
            heal_timeout: options.heal.timeout,
        }
    }

    /// A request of the node, under its ticket; `labels` are the node's own. `None` for what ringpop cannot be asked.
    ///
    /// A ping whose number is not its ticket is a healer's, which gives it another time than a probe has.
    pub(crate) fn request(
        &self,
        ticket: Ticket,
        message: &Message<'_, SocketAddr>,
        labels: Labels<'_>,
    ) -> Option<Call> {
        let (incarnation, checksum) = (message.incarnation.get(), message.checksum.0);
        match message.kind {
            Kind::Join { .. } => {
                let body = to_bytes(&JoinRequest {
                    app: &self.app,
                    source: self.local,
                    incarnation_number: incarnation,
                    timeout: u64::try_from(self.join_timeout.as_nanos()).unwrap_or(u64::MAX),
                    labels,
                });
                Some(Call { ttl: self.join_timeout, body, asked: Asked::Join })
            }
            Kind::Ping { seq } => {
                let is_probe = ticket == Ticket(u64::from(seq.0));
                let ttl = if is_probe { self.ping_timeout } else { self.heal_timeout };
                Some(Call { ttl, body: self.ping_body(message), asked: Asked::Ping { seq } })
            }
            Kind::PingReq { seq, target, .. } => {
                let body = to_bytes(&PingReqRequest {
                    source: self.local,
                    source_incarnation_number: incarnation,
                    target,
                    checksum,
                    changes: message.changes,
                });
                Some(Call { ttl: self.ping_request_timeout, body, asked: Asked::PingReq { seq, target } })
            }
            _ => None,
        }
    }

    fn ping_body(&self, message: &Message<'_, SocketAddr>) -> Vec<u8> {
        to_bytes(&PingBody {
            changes: message.changes,
            checksum: message.checksum.0,
            source: self.local,
            source_incarnation_number: message.incarnation.get(),
            app: &self.app,
        })
    }

    /// A request that came, for the node; `seq` is the number that its answer will carry.
    ///
    /// A joiner's app is the node's to judge. Its labels are not heard, as it says nothing of itself in a join: whoever heals,
    /// or compares lists, joins as well, and it is heard of with its first ping.
    ///
    /// # Errors
    /// What is wrong with the body; [`error_body`] makes the answer of it.
    pub(crate) fn asked(&self, endpoint: Endpoint, body: &[u8], seq: Seq) -> Result<Request, BodyError> {
        let body = Body::read(body)?;
        let from = body.source.address("source")?;
        let (kind, incarnation) = match endpoint {
            Endpoint::Join => {
                let app = body.app.text("app")?.unwrap_or_default();
                let incarnation = body.incarnation_number.incarnation("incarnationNumber")?;
                let kind = Kind::Join { app: ClusterId::from_name(&app) };
                return Ok(Request {
                    from,
                    message: message(kind, incarnation, Checksum(0), ChangeList::new()),
                    dropped: Dropped::default(),
                });
            }
            Endpoint::Ping => {
                self.check_app(body.app)?;
                (Kind::Ping { seq }, body.source_incarnation_number)
            }
            Endpoint::PingReq => {
                let target = body.target.address("target")?;
                let timeout = Micros::from(self.ping_timeout);
                (Kind::PingReq { seq, target, timeout }, body.source_incarnation_number)
            }
        };
        let incarnation = incarnation.incarnation("sourceIncarnationNumber")?;
        let checksum = body.checksum.checksum("checksum")?;
        let Told { list, dropped } = body.changes;
        Ok(Request { from, message: message(kind, incarnation, checksum, list), dropped })
    }

    /// Another app is another cluster; none, or an empty one, may be this one.
    fn check_app(&self, app: Scalar) -> Result<(), BodyError> {
        match app.text("app")? {
            Some(app) if app != self.app => Err(BodyError::OtherApp(app)),
            _ => Ok(()),
        }
    }

    /// The node's reply.
    ///
    /// # Errors
    /// The body of an application error, where the reply is a refusal.
    pub(crate) fn reply(&self, message: &Message<'_, SocketAddr>) -> Result<Vec<u8>, Vec<u8>> {
        match message.kind {
            Kind::List => Ok(to_bytes(&JoinAnswer {
                app: &self.app,
                coordinator: self.local,
                membership: message.changes,
                membership_checksum: message.checksum.0,
            })),
            // A node that is not ready yet answers well all the same: to others an error is silence, and they suspect it.
            Kind::Ack { .. } => Ok(self.ping_body(message)),
            Kind::PingReqAnswer { reach: Reach::NotReady, .. } => Err(refusal(RefusedReason::NotReady)),
            Kind::PingReqAnswer { target, reach, .. } => {
                let ping_status = reach == Reach::Reached;
                Ok(to_bytes(&PingReqAnswer { changes: message.changes, ping_status, target }))
            }
            Kind::Refused { reason } => Err(refusal(reason)),
            _ => Err(refusal(RefusedReason::Unexpected)),
        }
    }

    /// The answer to a request of the node.
    ///
    /// # Errors
    /// What is wrong with the body: to the node the request has failed.
    pub(crate) fn answered(&self, asked: Asked, body: &[u8]) -> Result<Answer, BodyError> {
        let body = Body::read(body)?;
        self.check_app(body.app)?;
        let (message, dropped) = match asked {
            Asked::Join => {
                let checksum = body.membership_checksum.checksum("membershipChecksum")?;
                let Told { list, dropped } = body.membership;
                (message(Kind::List, Incarnation::default(), checksum, list), dropped)
            }
            Asked::Ping { seq } => {
                let incarnation = body.source_incarnation_number.incarnation("sourceIncarnationNumber")?;
                let checksum = body.checksum.checksum("checksum")?;
                let Told { list, dropped } = body.changes;
                (message(Kind::Ack { seq, ready: Readiness::Ready }, incarnation, checksum, list), dropped)
            }
            Asked::PingReq { seq, target } => {
                let reach = match body.ping_status {
                    Scalar::Flag(true) => Reach::Reached,
                    Scalar::Flag(false) => Reach::NotReached,
                    _ => return Err(BodyError::Field("pingStatus")),
                };
                let Told { list, dropped } = body.changes;
                let kind = Kind::PingReqAnswer { seq, target, reach };
                (message(kind, Incarnation::default(), Checksum(0), list), dropped)
            }
        };
        Ok(Answer { message, dropped })
    }
}

/// The application error that came in the place of an answer: who is not ready lives, whatever else it says.
pub(crate) fn refused(body: &[u8]) -> OwnedMessage<SocketAddr> {
    let text = match Body::read(body).map(|body| body.message) {
        Ok(Scalar::Text(text)) => text.to_ascii_lowercase(),
        _ => String::new(),
    };
    // Errors have no codes, so there is nothing but their words to go by.
    let reason = if text.contains("not ready") {
        RefusedReason::NotReady
    } else if text.contains("itself") {
        RefusedReason::Oneself
    } else if text.contains("different app") || text.contains("another app") {
        RefusedReason::OtherApp
    } else if text.contains("too many") {
        RefusedReason::Busy
    } else {
        RefusedReason::Unexpected
    };
    message(Kind::Refused { reason }, Incarnation::default(), Checksum(0), ChangeList::new())
}

/// The answer to a request whose body was refused.
pub(crate) fn error_body(error: &BodyError) -> Vec<u8> {
    match error {
        BodyError::OtherApp(_) => refusal(RefusedReason::OtherApp),
        error => to_bytes(&ErrorBody::new(&error.to_string())),
    }
}

/// What is said of a refusal.
fn refusal(reason: RefusedReason) -> Vec<u8> {
    let text = match reason {
        RefusedReason::OtherApp => "the request is of a different app",
        RefusedReason::Oneself => "the request has the address of the node itself as its source",
        RefusedReason::Busy => "the node has too many such requests under way",
        RefusedReason::NotReady => "the node is not ready: it has not joined yet",
        _ => "the node does not answer this request",
    };
    to_bytes(&ErrorBody::new(text))
}

fn message(
    kind: Kind<SocketAddr>,
    incarnation: Incarnation,
    checksum: Checksum,
    list: ChangeList<SocketAddr>,
) -> OwnedMessage<SocketAddr> {
    let changes = list.as_changes();
    OwnedMessage::new(Message { kind, incarnation, checksum, changes })
}

#[cfg(test)]
mod tests;
