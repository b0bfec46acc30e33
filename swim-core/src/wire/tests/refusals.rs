//! Each rule of the layout that a frame can break, and the error that says so.

use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::{CLUSTER, PING, bytes_of, encoded, message, ping_list};
use crate::address::{Address, Canonical};
use crate::cluster::ClusterId;
use crate::member::{ChangeList, Changes};
use crate::wire::{self, DecodeError, HEADER_LEN, Limits, MAX_BODY_LEN};

const GOSSIP: u8 = 5;

#[test]
fn less_than_a_header_is_too_short() {
    for len in 0..HEADER_LEN {
        assert_eq!(refusal(&vec![1; len]), DecodeError::TooShort { len });
    }
}

#[test]
fn a_frame_above_the_limit_is_too_long() {
    let bytes = encoded(&message(PING, Changes::NONE));
    let limits = Limits { bytes: bytes.len() - 1, changes: 9 };
    assert_eq!(refusal_within::<u32>(limits, &bytes), DecodeError::TooLong { len: 34, most: 33 });
    let limits = Limits { bytes: bytes.len(), changes: 9 };
    assert!(wire::decode::<u32>(CLUSTER, limits, &bytes, &mut ChangeList::new()).is_ok());
}

#[test]
fn another_version_is_refused() {
    assert_eq!(with_byte(0, 2), DecodeError::WrongVersion { found: 2 });
}

#[test]
fn a_frame_of_another_cluster_is_refused() {
    assert_eq!(with_byte(4, 0x13), DecodeError::OtherCluster { found: ClusterId(0x1334_5678) });
}

#[test]
fn a_kind_that_does_not_exist_is_refused() {
    for found in [0, 15, 255] {
        assert_eq!(refusal(&sealed(found, &[0; 16])), DecodeError::UnknownKind { found });
    }
}

#[test]
fn a_body_of_another_length_than_the_header_says_is_refused() {
    let bytes = encoded(&message(PING, Changes::NONE));
    assert_eq!(refusal(&bytes[..bytes.len() - 1]), DecodeError::LengthMismatch { claimed: 20, found: 19 });
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(refusal(&longer), DecodeError::LengthMismatch { claimed: 20, found: 21 });
}

#[test]
fn damaged_bytes_are_told_by_the_crc() {
    assert!(matches!(with_byte(20, 0xff), DecodeError::CrcMismatch { .. }));
    assert!(matches!(with_byte(10, 0xff), DecodeError::CrcMismatch { .. }));
}

#[test]
fn a_body_above_the_longest_is_refused_whatever_the_limits_say() {
    let bytes = sealed(GOSSIP, &vec![0; MAX_BODY_LEN + 1]);
    let limits = Limits { bytes: usize::MAX, changes: usize::MAX };
    assert_eq!(refusal_within::<u32>(limits, &bytes), DecodeError::LimitExceeded);
}

#[test]
fn a_body_that_ends_within_a_field_is_truncated() {
    assert_eq!(refusal(&sealed(GOSSIP, &[0; 15])), DecodeError::Truncated);
    assert_eq!(refused_change("00 00 00 00 01 00"), DecodeError::Truncated);
    assert_eq!(refused_change("40 00 00 00 01 00 00 01"), DecodeError::Truncated);
    assert_eq!(refused_change("20 00 00 00 01 01 00 07"), DecodeError::Truncated);
    assert_eq!(refused_change("20 00 00 00 01 01 00 07 00 04"), DecodeError::Truncated);
}

#[test]
fn bytes_after_the_last_change_are_refused() {
    let body = [&[0; 16][..], &[1, 2, 3]].concat();
    assert_eq!(refusal(&sealed(GOSSIP, &body)), DecodeError::TrailingBytes { len: 3 });
    assert_eq!(refused_change("00 00 00 00 01 01 00 00"), DecodeError::TrailingBytes { len: 1 });
}

#[test]
fn more_changes_than_the_limit_are_refused() {
    let list = ping_list();
    let bytes = encoded(&message(PING, list.as_changes()));
    let limits = Limits { bytes: 1400, changes: 4 };
    assert_eq!(refusal_within::<u32>(limits, &bytes), DecodeError::TooManyChanges { claimed: 5, most: 4 });
    let limits = Limits { bytes: 1400, changes: 5 };
    assert!(wire::decode::<u32>(CLUSTER, limits, &bytes, &mut ChangeList::new()).is_ok());
}

#[test]
fn more_changes_than_the_body_can_hold_are_refused_before_memory_is_taken() {
    let mut body = [0; 100];
    body[12..16].copy_from_slice(&[0xff; 4]);
    let bytes = sealed(GOSSIP, &body);
    let limits = Limits { bytes: usize::MAX, changes: usize::MAX };
    let mut list = ChangeList::<u32>::new();
    let refused = wire::decode(CLUSTER, limits, &bytes, &mut list);
    assert_eq!(refused, Err(DecodeError::TooManyChanges { claimed: u32::MAX, most: 84 / 4 }));
    assert_eq!(list.capacity(), 0);
}

#[test]
fn a_header_that_claims_gigabytes_is_refused_before_memory_is_taken() {
    let mut header = encoded(&message(PING, Changes::NONE));
    header.truncate(HEADER_LEN);
    header[6..10].copy_from_slice(&[0xff; 4]);
    let len = u64::from(u32::MAX) + HEADER_LEN as u64;
    let limits = Limits::stream(1000);
    assert_eq!(wire::frame_len(CLUSTER, limits, &header), Err(DecodeError::TooLong { len, most: limits.bytes }));
    assert_eq!(refusal(&header), DecodeError::LengthMismatch { claimed: u32::MAX, found: 0 });
}

#[test]
fn an_incarnation_above_the_highest_is_refused() {
    let found = 1 << 50;
    let mut body = [0; 16];
    body[..8].copy_from_slice(&u64::to_le_bytes(found));
    assert_eq!(refusal(&sealed(GOSSIP, &body)), DecodeError::IncarnationTooHigh { found });
    assert_eq!(refused_change("c0 00 00 00 01 00 00 00 00 00 00 04"), DecodeError::IncarnationTooHigh { found });
    let foreign = "08 00 00 00 01 01 00 00 00 00 02 03 00 00 00 00 00 00 04";
    assert_eq!(refused_change(foreign), DecodeError::IncarnationTooHigh { found });
}

#[test]
fn an_incarnation_with_bytes_to_spare_is_refused() {
    for (found, text) in [
        (0xffff, "40 00 00 00 01 ff ff 00 00"),
        (0xffff_ffff, "80 00 00 00 01 ff ff ff ff 00 00"),
        (0xffff_ffff_ffff, "c0 00 00 00 01 ff ff ff ff ff ff 00"),
        (7, "08 00 00 00 01 01 00 00 00 00 02 01 07 00 00 00"),
    ] {
        assert_eq!(refused_change(text), DecodeError::NumberNotShortest { found });
    }
}

#[test]
fn an_own_claim_that_is_written_as_that_of_another_is_refused() {
    assert_eq!(refused_change("08 00 00 00 01 07 00 00 00 00 01 00 07 00"), DecodeError::SourceNotShortest);
}

#[test]
fn bytes_that_are_no_address_are_refused() {
    let body = body_with_change("00 05 0a 00 00 01 0b b8 01 00");
    assert_eq!(refusal_of::<SocketAddr>(&sealed(GOSSIP, &body)), DecodeError::BadAddress);
    assert_eq!(refused_change("00 00 00 00"), DecodeError::BadAddress);
    assert_eq!(refusal(&sealed(3, &[0; 18])), DecodeError::BadAddress);
}

#[test]
fn a_status_that_does_not_exist_is_refused() {
    for found in 5..8 {
        let text = alloc::format!("0{found} 00 00 00 01 01 00");
        assert_eq!(refused_change(&text), DecodeError::BadStatus { found });
    }
}

#[test]
fn labels_that_are_not_canonical_are_refused() {
    for text in [
        "20 00 00 00 01 01 00 00 00",                         // announced, and none
        "20 00 00 00 01 01 00 06 00 01 62 00 01 61 00",       // keys descend
        "20 00 00 00 01 01 00 03 00 01 ff 00",                // no UTF-8
        "20 00 00 00 01 01 00 04 00 01 61 02 78",             // a value that is cut off
        "20 00 00 00 01 01 00 08 00 01 61 00 01 61 01 78 00", // a key twice
    ] {
        assert_eq!(refused_change(text), DecodeError::BadLabels, "{text}");
    }
}

#[test]
fn bits_without_a_meaning_are_refused() {
    assert_eq!(refused_change("18 00 00 00 01 01 00"), DecodeError::UnknownFlags { found: 0x18 });
    for found in [0x04, 0x08, 0x10, 0x20, 0x40, 0x80] {
        let text = alloc::format!("08 00 00 00 01 01 00 00 00 00 02 {found:02x} 01 00");
        assert_eq!(refused_change(&text), DecodeError::UnknownFlags { found });
    }
}

#[test]
fn codes_without_a_meaning_are_refused() {
    let fields: [(u8, &[u8], u8); 5] = [
        (2, &[0; 4], 3), // readiness
        (4, &[0; 8], 4), // reach
        (8, &[], 3),     // reason of a sync
        (9, &[], 3),     // and of its answer
        (14, &[], 7),    // reason of a refusal
    ];
    for (kind, before, unknown) in fields {
        for found in [0, unknown, 255] {
            let body = [&[0; 12][..], before, &[found], &[0; 4]].concat();
            assert_eq!(refusal(&sealed(kind, &body)), DecodeError::UnknownCode { found }, "kind {kind}");
        }
    }
}

#[test]
fn a_refused_frame_leaves_the_list_empty() {
    let mut list = ping_list();
    assert!(wire::decode(CLUSTER, Limits::datagram(1400), &[], &mut list).is_err());
    assert!(list.is_empty());
    let mut bytes = encoded(&message(PING, ping_list().as_changes()));
    bytes.push(0);
    let bytes = sealed(1, &bytes[HEADER_LEN..]);
    assert!(wire::decode(CLUSTER, Limits::datagram(1400), &bytes, &mut list).is_err());
    assert!(list.is_empty());
}

#[test]
fn a_frame_that_is_cut_off_anywhere_is_refused() {
    let bytes = encoded(&message(PING, ping_list().as_changes()));
    for len in 0..bytes.len() {
        assert!(wire::decode::<u32>(CLUSTER, Limits::datagram(1400), &bytes[..len], &mut ChangeList::new()).is_err());
    }
    for len in HEADER_LEN..bytes.len() {
        refusal(&sealed(1, &bytes[HEADER_LEN..len]));
    }
}

#[test]
fn a_frame_with_one_bit_flipped_is_refused() {
    let bytes = encoded(&message(PING, ping_list().as_changes()));
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        refusal(&bytes);
    }
}

/// Every byte counts: with the CRC put right, a flipped bit is refused or makes another message.
#[test]
fn no_bit_of_a_body_is_ignored() {
    let list = ping_list();
    let message = message(PING, list.as_changes());
    let bytes = encoded(&message);
    for bit in HEADER_LEN * 8..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let bytes = sealed(1, &bytes[HEADER_LEN..]);
        let mut list = ChangeList::new();
        assert_ne!(wire::decode(CLUSTER, Limits::datagram(1400), &bytes, &mut list), Ok(message), "bit {bit}");
    }
}

#[test]
fn a_stream_shows_how_long_its_first_frame_is() {
    let limits = Limits::stream(10);
    let bytes = encoded(&message(PING, ping_list().as_changes()));
    for len in 0..HEADER_LEN {
        assert_eq!(wire::frame_len(CLUSTER, limits, &bytes[..len]), Ok(None));
    }
    for len in HEADER_LEN..=bytes.len() {
        assert_eq!(wire::frame_len(CLUSTER, limits, &bytes[..len]), Ok(Some(bytes.len())));
    }
    let exactly = Limits { bytes: bytes.len(), changes: 5 };
    assert_eq!(wire::frame_len(CLUSTER, exactly, &bytes), Ok(Some(bytes.len())));
}

#[test]
fn a_stream_of_another_version_or_cluster_is_refused_as_soon_as_it_shows() {
    let limits = Limits::stream(10);
    assert_eq!(wire::frame_len(CLUSTER, limits, &[2]), Err(DecodeError::WrongVersion { found: 2 }));
    let other = DecodeError::OtherCluster { found: ClusterId(0) };
    assert_eq!(wire::frame_len(CLUSTER, limits, &[1, 0, 0, 0]), Ok(None));
    assert_eq!(wire::frame_len(CLUSTER, limits, &[1, 0, 0, 0, 0]), Err(other));
}

#[test]
fn a_stream_has_room_for_as_many_of_the_longest_changes_as_it_promises() {
    assert_eq!(Limits::stream(1), Limits { bytes: 30 + 43 + 1104, changes: 1 });
    assert_eq!(Limits::stream(usize::MAX).bytes, HEADER_LEN + MAX_BODY_LEN);
    assert_eq!(Limits::datagram(1400), Limits { bytes: 1400, changes: 342 });
    assert_eq!(Limits::datagram(3), Limits { bytes: 3, changes: 0 });
}

/// An address of a host whose function says that it took `LEN` bytes, whatever there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Took<const LEN: usize>;

impl<const LEN: usize> Address for Took<LEN> {
    fn same_host(&self, _: &Self) -> bool {
        true
    }

    fn canonical(&self) -> Canonical {
        Canonical::new(&[0; 4])
    }

    fn from_canonical(_: &[u8]) -> Option<(Self, usize)> {
        Some((Self, LEN))
    }
}

#[test]
fn an_address_that_took_nothing_or_more_than_there_was_is_refused() {
    let bytes = sealed(GOSSIP, &body_with_change("00 01020304 0100"));
    assert!(wire::decode::<Took<4>>(CLUSTER, Limits::datagram(1400), &bytes, &mut ChangeList::new()).is_ok());
    assert_eq!(refusal_of::<Took<0>>(&bytes), DecodeError::BadAddress);
    assert_eq!(refusal_of::<Took<7>>(&bytes), DecodeError::BadAddress);
}

/// A frame around `body` whose header is right.
pub(super) fn sealed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(CLUSTER.0.to_le_bytes());
    bytes.push(kind);
    bytes.extend((body.len() as u32).to_le_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes);
    crc.update(body);
    bytes.extend(crc.finalize().to_le_bytes());
    bytes.extend(body);
    bytes
}

#[track_caller]
fn refusal(bytes: &[u8]) -> DecodeError {
    refusal_of::<u32>(bytes)
}

#[track_caller]
fn refusal_of<A: Address>(bytes: &[u8]) -> DecodeError {
    refusal_within::<A>(Limits::datagram(1400), bytes)
}

#[track_caller]
fn refusal_within<A: Address>(limits: Limits, bytes: &[u8]) -> DecodeError {
    wire::decode::<A>(CLUSTER, limits, bytes, &mut ChangeList::new()).expect_err("the frame breaks a rule")
}

/// Why a ping is refused of which one byte has another value.
#[track_caller]
fn with_byte(at: usize, value: u8) -> DecodeError {
    let mut bytes = encoded(&message(PING, Changes::NONE));
    bytes[at] = value;
    refusal(&bytes)
}

/// Why gossip with this one change is refused.
#[track_caller]
fn refused_change(text: &str) -> DecodeError {
    refusal(&sealed(GOSSIP, &body_with_change(text)))
}

fn body_with_change(text: &str) -> Vec<u8> {
    [&[0; 12][..], &[1, 0, 0, 0], &bytes_of(text)].concat()
}
