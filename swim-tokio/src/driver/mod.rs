//! The one task: drives a node with datagrams, streams, time, hosts and requests.

pub(crate) mod clock;

use std::net::SocketAddr;
use std::sync::Arc;

use swim_core::{BootstrapOptions, Config};
use tokio::sync::mpsc;

use crate::discovery::Discover;
use crate::request::Request;
use crate::shared::Shared;
use crate::transport::limits::StreamLimits;
use crate::transport::open::Sockets;
use crate::transport::seal::Seal;

/// What a driver is made of.
pub(crate) struct Parts {
    pub(crate) sockets: Sockets,
    pub(crate) seal: Seal,
    pub(crate) config: Config,
    pub(crate) limits: StreamLimits,
    pub(crate) discovery: Arc<dyn Discover>,
    pub(crate) remembered: Vec<SocketAddr>,
}

pub(crate) struct Driver {
    shared: Arc<Shared>,
    requests: mpsc::Receiver<Request>,
    _parts: Parts,
}

impl Driver {
    pub(crate) fn new(shared: Arc<Shared>, requests: mpsc::Receiver<Request>, parts: Parts) -> Self {
        Self { shared, requests, _parts: parts }
    }

    pub(crate) async fn run(mut self, _options: BootstrapOptions) {
        while let Some(Request::Command { wanted, done }) = self.requests.recv().await {
            let _ = (wanted.as_command(), done);
        }
        self.shared.stop();
    }
}
