//! The one place where bytes leave and where they enter: every datagram and every message of a stream goes through a
//! [`Seal`]. Today it says who speaks; a key would be applied here.
//!
//! ```text
//! 0     1                 8 or 24          12 or 28
//! form  address (7 or 23) CRC32 of these   frame (docs/WIRE.md)
//! ```
//!
//! The sender's address is its name, in the canonical form of swim-core. The address that a datagram or a connection
//! comes from will not do: it is another one behind NAT, and a connection's port is any. On streams four bytes go
//! before, which say how many follow.

use std::net::SocketAddr;

use swim_core::{Address, ClusterId, Message, wire};

/// Closes what leaves a node and opens what arrives.
#[derive(Debug)]
pub(crate) struct Seal {
    cluster: ClusterId,
    /// What goes before each frame: always the same.
    envelope: Vec<u8>,
}

/// What arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened<'b> {
    /// Who says that it speaks.
    pub(crate) from: SocketAddr,
    /// What it says.
    pub(crate) frame: &'b [u8],
}

impl Seal {
    pub(crate) fn new(cluster: ClusterId, local: SocketAddr) -> Self {
        let mut envelope = vec![PLAIN];
        envelope.extend_from_slice(local.canonical().as_bytes());
        let crc = crc32fast::hash(&envelope);
        envelope.extend_from_slice(&crc.to_le_bytes());
        Self { cluster, envelope }
    }

    /// What goes before each frame.
    pub(crate) fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    pub(crate) fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// How many bytes a node of this address adds to each frame.
    pub(crate) fn overhead(local: SocketAddr) -> u32 {
        (1 + local.canonical().len() + CRC_LEN) as u32
    }

    /// Appends `message` as it leaves in a datagram.
    pub(crate) fn close(&self, message: &Message<'_, SocketAddr>, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.envelope);
        wire::encode(self.cluster, message, into);
    }

    /// `message` as it leaves on a stream.
    pub(crate) fn close_for_stream(&self, message: &Message<'_, SocketAddr>) -> Vec<u8> {
        let len = self.len_on_stream(message);
        let mut bytes = Vec::with_capacity(len);
        // A message is shorter than 4 GiB, or `encode` would panic: no list of members comes near.
        bytes.extend_from_slice(&((len - LENGTH_LEN) as u32).to_le_bytes());
        self.close(message, &mut bytes);
        bytes
    }

    /// How many bytes `message` takes on a stream.
    pub(crate) fn len_on_stream(&self, message: &Message<'_, SocketAddr>) -> usize {
        LENGTH_LEN + self.envelope.len() + wire::encoded_len(message)
    }

    /// Opens what arrived; `None` where it is nothing of this protocol.
    pub(crate) fn open<'b>(&self, bytes: &'b [u8]) -> Option<Opened<'b>> {
        let (&form, rest) = bytes.split_first()?;
        if form != PLAIN {
            return None;
        }
        let (from, address_len) = SocketAddr::from_canonical(rest)?;
        let (guarded, rest) = bytes.split_at_checked(1 + address_len)?;
        let (crc, frame) = rest.split_first_chunk::<CRC_LEN>()?;
        let intact = crc32fast::hash(guarded).to_le_bytes() == *crc;
        (intact && is_name(from)).then_some(Opened { from, frame })
    }
}

/// Whether a member can be called so: what no node advertises is no sender either.
fn is_name(address: SocketAddr) -> bool {
    let ip = address.ip();
    address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && super::address::plain(address) == address
}

/// The form of what follows: not sealed.
const PLAIN: u8 = 1;

const CRC_LEN: usize = 4;
/// How long what follows on a stream is.
const LENGTH_LEN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{ChangeList, Changes, Checksum, Incarnation, Kind, Seq};

    const MESSAGE: Message<'static, SocketAddr> = Message {
        kind: Kind::Ping { seq: Seq(7) },
        incarnation: Incarnation::from_wall(swim_core::UnixMillis(5)),
        checksum: Checksum(9),
        changes: Changes::NONE,
    };

    fn seal(local: &str) -> (Seal, SocketAddr) {
        let local = local.parse().unwrap();
        (Seal::new(ClusterId(3), local), local)
    }

    #[test]
    fn what_was_closed_opens_as_it_was() {
        for local in ["10.0.0.1:7946", "[2001:db8::1]:7946"] {
            let (seal, local) = seal(local);
            let mut bytes = Vec::new();
            seal.close(&MESSAGE, &mut bytes);
            assert_eq!(bytes.len(), Seal::overhead(local) as usize + wire::encoded_len(&MESSAGE));
            let opened = seal.open(&bytes).unwrap();
            assert_eq!(opened.from, local);
            let mut list = ChangeList::new();
            assert_eq!(wire::decode(ClusterId(3), wire::Limits::datagram(1400), opened.frame, &mut list), Ok(MESSAGE));
            assert_eq!(seal.close_for_stream(&MESSAGE)[4..], bytes);
        }
    }

    #[test]
    fn a_sender_that_was_damaged_is_not_believed() {
        let (seal, local) = seal("10.0.0.1:7946");
        let mut bytes = Vec::new();
        seal.close(&MESSAGE, &mut bytes);
        for bit in 0..Seal::overhead(local) as usize * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal.open(&damaged), None, "bit {bit}");
        }
        for len in 0..Seal::overhead(local) as usize {
            assert_eq!(seal.open(&bytes[..len]), None, "{len} bytes");
        }
    }

    #[test]
    fn nobody_is_called_by_an_address_that_names_no_one() {
        for nobody in ["0.0.0.0:7", "10.0.0.1:0", "224.0.0.1:7", "[::]:7", "[fe80::1%3]:7", "[::ffff:10.0.0.1]:7"] {
            let (seal, _) = seal(nobody);
            let mut bytes = Vec::new();
            seal.close(&MESSAGE, &mut bytes);
            assert_eq!(seal.open(&bytes), None, "{nobody}");
        }
    }
}
