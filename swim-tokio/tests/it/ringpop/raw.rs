//! A bare connection to a node, on which a test sends what it likes.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tchannel::{self, CALL_RES, Frame, INIT_REQ, INIT_RES, Parts, Sum};
use crate::helpers::within;

pub(crate) struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// A connection on which nothing was said.
    pub(crate) async fn connect(to: SocketAddr) -> Self {
        Self { stream: within(TcpStream::connect(to)).await.unwrap() }
    }

    /// A connection with its init done.
    pub(crate) async fn open(to: SocketAddr) -> Self {
        let mut raw = Self::connect(to).await;
        raw.send(&Frame::init(INIT_REQ, 1, "127.0.0.1:9").bytes()).await;
        assert_eq!(raw.frame().await.unwrap().kind, INIT_RES);
        raw
    }

    /// Sends `bytes`; that the other has closed is seen when reading.
    pub(crate) async fn send(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            within(self.stream.writable()).await.unwrap();
            match self.stream.try_write(bytes) {
                Ok(n) => bytes = &bytes[n..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The next frame; `None` where the node has closed.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        within(Frame::read(&mut self.stream)).await
    }

    /// Waits until the node has closed. What it said until then.
    pub(crate) async fn closed(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frame().await {
            frames.push(frame);
        }
        frames
    }

    /// What the node answers a call without arguments, with whatever else it says left out.
    pub(crate) async fn call(&mut self, endpoint: &str) -> Value {
        self.send(&tchannel::request(99, "json", endpoint, b"{}", Sum::None)[0].bytes()).await;
        loop {
            let frame = self.frame().await.expect("the connection is kept");
            if frame.id == 99 {
                assert_eq!(frame.kind, CALL_RES, "{frame:x?}");
                let mut parts = Parts::default();
                parts.add(&frame);
                return serde_json::from_slice(&parts.response.arguments[2]).unwrap();
            }
        }
    }

    /// Everything that comes until the node has closed, as bytes.
    pub(crate) async fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = within(self.stream.read_to_end(&mut bytes)).await;
        bytes
    }
}
