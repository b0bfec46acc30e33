//! Any platform: one datagram a system call, and no word of those that did not arrive.

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;

use super::datagrams::{Arrived, Inbox, Outgoing};

/// There is nothing to prepare.
pub(super) fn prepare(_socket: &UdpSocket, _bound: SocketAddr) -> io::Result<()> {
    Ok(())
}

/// Reads what has arrived, up to a batch.
pub(super) fn receive(socket: &UdpSocket, inbox: &mut Inbox) -> io::Result<()> {
    let Inbox { bytes, part, arrived } = inbox;
    for part in bytes.chunks_exact_mut(*part) {
        match socket.try_recv_from(part) {
            Ok((len, from)) => arrived.push(Arrived { from, len }),
            Err(_) if !arrived.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sends the first.
pub(super) fn send(socket: &UdpSocket, bytes: &[u8], datagrams: &[Outgoing]) -> io::Result<usize> {
    let Outgoing { to, range } = &datagrams[0];
    socket.try_send_to(&bytes[range.clone()], *to)?;
    Ok(1)
}

/// There is never an error to read.
pub(super) fn errors(_socket: &UdpSocket, _undelivered: &mut Vec<SocketAddr>) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_one_socket_sends_another_reads() -> io::Result<()> {
        let (one, other) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
        prepare(&one, one.local_addr()?)?;
        for range in [0..3, 3..5] {
            one.writable().await?;
            assert_eq!(send(&one, b"abcde", &[Outgoing { to: other.local_addr()?, range }])?, 1);
        }
        let mut inbox = Inbox::default();
        inbox.fit(100);
        while inbox.len() < 2 {
            other.readable().await?;
            let before = inbox.len();
            let mut more = Inbox::default();
            more.fit(100);
            if receive(&other, &mut more).is_ok() {
                for at in 0..more.len() {
                    let (from, bytes) = more.datagram(at);
                    assert_eq!((from, bytes), (one.local_addr()?, [&b"abc"[..], b"de"][before + at]));
                }
                inbox.arrived.append(&mut more.arrived);
            }
        }
        Ok(())
    }
}
