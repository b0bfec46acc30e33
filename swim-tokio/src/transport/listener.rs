//! Accepts streams, and rests where the system cannot open one more.

use std::future::pending;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};

/// A node's listener.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    accepting: Accepting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepting {
    Yes,
    /// Not before it is told to: the system could not open one more.
    NotNow,
}

impl Listener {
    pub(crate) fn new(socket: TcpListener) -> Self {
        Self { socket, accepting: Accepting::Yes }
    }

    /// The next stream of another's, and where it comes from; never while it rests. Cancellation-safe.
    pub(crate) async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        if self.accepting == Accepting::Yes {
            match self.socket.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::warn!(target: "swim", %error, "a stream cannot be accepted; are there enough file descriptors?");
                    self.accepting = Accepting::NotNow;
                }
            }
        }
        pending().await
    }

    /// Rests no longer.
    pub(crate) fn resume(&mut self) {
        self.accepting = Accepting::Yes;
    }
}
