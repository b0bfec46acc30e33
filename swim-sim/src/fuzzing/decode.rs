//! Bytes to messages (I5, I9): nothing panics, nothing takes more memory than the bytes and the limits allow, and what is
//! accepted is the one encoding of its message.
//!
//! The bytes are tried as a frame, and as the number of a kind and a body: under the CRC of a frame nearly no mutation
//! would get as far as the body.

use std::net::SocketAddr;

use swim_core::wire::{self, DecodeError, HEADER_LEN, Limits, VERSION};
use swim_core::{Address, ChangeList, ClusterId};

/// Decodes `bytes` in every way in which a node may receive them.
///
/// # Panics
/// Where the codec breaks one of its promises.
pub fn decode(bytes: &[u8]) {
    let cluster = ClusterId::from_name("fuzz");
    frame::<u32>(cluster, bytes);
    frame::<SocketAddr>(cluster, bytes);
    if let Some((kind, body)) = bytes.split_first() {
        let sealed = sealed(cluster, *kind, body);
        frame::<u32>(cluster, &sealed);
        frame::<SocketAddr>(cluster, &sealed);
    }
}

/// `body` in the frame that belongs to it. The codec itself tells the CRC, when it refuses another.
fn sealed(cluster: ClusterId, kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).expect("an input is shorter than 4 GiB");
    let mut bytes = vec![VERSION];
    bytes.extend(cluster.0.to_le_bytes());
    bytes.push(kind);
    bytes.extend(len.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    let mut list = ChangeList::<u32>::new();
    let refused = wire::decode(cluster, UNLIMITED, &bytes, &mut list);
    if let Err(DecodeError::CrcMismatch { computed, .. }) = refused {
        bytes[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&computed.to_le_bytes());
    }
    bytes
}

fn frame<A: Address>(cluster: ClusterId, bytes: &[u8]) {
    let mut list = ChangeList::<A>::new();
    let refused = wire::decode(cluster, UNLIMITED, bytes, &mut list).err();
    assert!(list.capacity() <= bytes.len() / SMALLEST_CHANGE, "{} changes for {} bytes", list.capacity(), bytes.len());
    let length = wire::frame_len(cluster, UNLIMITED, bytes);
    match refused {
        None => accepted(cluster, bytes, &list),
        Some(error) => {
            assert!(list.is_empty(), "{error} leaves changes behind");
            // What is refused for its header is refused so on a stream.
            let wrong = matches!(error, DecodeError::WrongVersion { .. } | DecodeError::OtherCluster { .. });
            assert!(!wrong || length == Err(error), "{error}, and on a stream {length:?}");
        }
    }
    for limits in [Limits::datagram(64), Limits::datagram(1400), Limits::stream(1), Limits::stream(1 << 20)] {
        let mut limited = ChangeList::<A>::new();
        let decoded = wire::decode(cluster, limits, bytes, &mut limited);
        let fits = bytes.len() <= limits.bytes && list.len() <= limits.changes;
        assert_eq!(decoded.is_ok(), refused.is_none() && fits, "{limits:?}: {decoded:?}, without limits {refused:?}");
        assert!(limited.capacity() <= limits.changes, "{} changes within {limits:?}", limited.capacity());
    }
}

/// What holds for bytes that are a frame, whose changes are in `list`.
fn accepted<A: Address>(cluster: ClusterId, bytes: &[u8], list: &ChangeList<A>) {
    // A list that was used before decodes the same.
    let mut warm = list.clone();
    let message = wire::decode(cluster, UNLIMITED, bytes, &mut warm).expect("it was accepted before");
    let mut again = Vec::new();
    wire::encode(cluster, &message, &mut again);
    assert_eq!(again, bytes, "another encoding of {message:?}");
    assert_eq!(wire::encoded_len(&message), bytes.len(), "{message:?}");

    for start in [HEADER_LEN, bytes.len()] {
        assert_eq!(wire::frame_len(cluster, UNLIMITED, &bytes[..start]), Ok(Some(bytes.len())));
    }
    assert_eq!(wire::frame_len(cluster, UNLIMITED, &bytes[..HEADER_LEN - 1]), Ok(None));
    let strict = Limits { bytes: bytes.len() - 1, ..UNLIMITED };
    let too_long = DecodeError::TooLong { len: bytes.len() as u64, most: strict.bytes };
    assert_eq!(wire::frame_len(cluster, strict, bytes), Err(too_long));

    let refused = |cluster: ClusterId, bytes: &[u8]| {
        let mut list = ChangeList::<A>::new();
        wire::decode(cluster, UNLIMITED, bytes, &mut list).expect_err("what is no frame is refused")
    };
    assert_eq!(refused(ClusterId(cluster.0 ^ 1), bytes), DecodeError::OtherCluster { found: cluster });
    refused(cluster, &bytes[..bytes.len() - 1]);
    refused(cluster, &[bytes, &[0]].concat());
    let mut damaged = bytes.to_vec();
    let place = message.checksum.0 as usize % bytes.len();
    damaged[place] ^= 1 << (place % 8);
    refused(cluster, &damaged);
}

const UNLIMITED: Limits = Limits { bytes: usize::MAX, changes: usize::MAX };
/// The shortest change of docs/WIRE.md, in bytes.
const SMALLEST_CHANGE: usize = 4;
