//! Accepts streams, and rests where the system cannot open one more.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

/// A node's listener.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    /// Until then it rests: the system could not open one more.
    rests_until: Option<Instant>,
}

impl Listener {
    pub(crate) fn new(socket: TcpListener) -> Self {
        Self { socket, rests_until: None }
    }

    /// The next stream of another's, and where it comes from. Cancellation-safe.
    pub(crate) async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            if let Some(until) = self.rests_until {
                sleep_until(until).await;
                self.rests_until = None;
            }
            match self.socket.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::warn!(target: "swim", %error, "a stream cannot be accepted; are there enough file descriptors?");
                    self.rests_until = Some(Instant::now() + REST);
                }
            }
        }
    }
}

/// How long it rests where the system cannot open one more.
const REST: Duration = Duration::from_millis(250);
