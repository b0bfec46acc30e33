//! What a ping with six changes costs on the wire: ours, a plain fixed-width layout written by hand, and bincode's
//! derive. Prints medians in nanoseconds and the ratio to the plain layout; asserts no time.
//!
//! Half of the changes are claims of a member about itself, half name another source; none has labels.
//!
//! Run with `cargo bench --bench wire`.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::fmt::Debug;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Instant;

use swim_core::{
    Address, Change, ChangeList, Checksum, ClusterId, Incarnation, Kind, Labels, Message, Seq, Source, Status, wire,
};

const CLUSTER: ClusterId = ClusterId(0x1234_5678);
const CHANGES: u32 = 6;
const ROUNDS: usize = 401;
const LOOPS: u32 = 1_000;

fn main() {
    println!("ping with {CHANGES} changes, median of {ROUNDS} rounds\n");
    println!("{:<34}{:>9}{:>9}{:>9}{:>9}{:>9}", "", "plain ns", "ours ns", "ratio", "derive", "ratio");
    bench::<u32>("u32");
    bench::<SocketAddr>("SocketAddr V4");
}

fn bench<A: Fixed>(name: &str) {
    let list = changes::<A>();
    let message = Message {
        kind: Kind::Ping { seq: Seq(77) },
        incarnation: incarnation(9),
        checksum: Checksum(0xdead_beef),
        changes: list.as_changes(),
    };
    let twin = derived::Ping::new(&message);

    let mut ours = Vec::new();
    wire::encode(CLUSTER, &message, &mut ours);
    let mut body = Vec::new();
    let kind = wire::encode_body(&message, &mut body);
    let mut plain_body = Vec::new();
    plain::encode_body(&message, &mut plain_body);
    let mut plain_frame = Vec::new();
    plain::encode(&message, &mut plain_frame);
    let mut derived_body = Vec::new();
    derived::encode(&twin, &mut derived_body);
    let limits = wire::Limits::datagram(1400);

    // What is compared says the same.
    let mut into = ChangeList::new();
    assert_eq!(wire::decode(CLUSTER, limits, &ours, &mut into), Ok(message));
    assert_eq!(plain::decode::<A>(&plain_frame, &mut into), Some(message));
    assert_eq!(derived::decode::<A>(&derived_body, &mut into), Some(message));

    let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
    let (mut d, mut e, mut f) = (ChangeList::new(), ChangeList::new(), ChangeList::new());
    report(
        &format!("{name}: encode body"),
        [
            &mut || fill(&mut a, |into| plain::encode_body(black_box(&message), into)),
            &mut || fill(&mut b, |into| _ = wire::encode_body(black_box(&message), into)),
            &mut || fill(&mut c, |into| derived::encode(black_box(&twin), into)),
        ],
    );
    report(
        &format!("{name}: decode body"),
        [
            &mut || keep(plain::decode_body::<A>(black_box(&plain_body), &mut d).ok_or(())),
            &mut || {
                e.clear();
                keep(wire::decode_body::<A>(kind, limits, black_box(&body), &mut e));
            },
            &mut || keep(derived::decode::<A>(black_box(&derived_body), &mut f).ok_or(())),
        ],
    );
    report(
        &format!("{name}: encode frame with CRC"),
        [
            &mut || fill(&mut a, |into| plain::encode(black_box(&message), into)),
            &mut || fill(&mut b, |into| wire::encode(CLUSTER, black_box(&message), into)),
            &mut || fill(&mut c, |into| plain::frame(into, |into| derived::encode(black_box(&twin), into))),
        ],
    );
    let mut derived_frame = Vec::new();
    plain::frame(&mut derived_frame, |into| derived::encode(&twin, into));
    report(
        &format!("{name}: decode frame with CRC"),
        [
            &mut || keep(plain::decode::<A>(black_box(&plain_frame), &mut d).ok_or(())),
            &mut || keep(wire::decode::<A>(CLUSTER, limits, black_box(&ours), &mut e)),
            &mut || {
                keep(
                    plain::unframe(black_box(&derived_frame))
                        .and_then(|body| derived::decode::<A>(body, &mut f))
                        .ok_or(()),
                )
            },
        ],
    );
    let (ours, plain, derived) = (body.len(), plain_body.len(), derived_body.len());
    println!("{name}: bytes of a body: plain {plain}, ours {ours}, derive {derived}\n");
}

/// Times the three in turn, round after round, so that a slow moment hits all of them.
fn report(name: &str, mut candidates: [&mut dyn FnMut(); 3]) {
    let mut times = [const { Vec::new() }; 3];
    for round in 0..ROUNDS + 5 {
        for (candidate, times) in candidates.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..LOOPS {
                candidate();
            }
            let ns = start.elapsed().as_nanos() as f64 / f64::from(LOOPS);
            if round >= 5 {
                times.push(ns);
            }
        }
    }
    let [plain, ours, derived] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!("{name:<34}{plain:>9.1}{ours:>9.1}{:>9.2}{derived:>9.1}{:>9.2}", ours / plain, derived / plain);
}

#[inline]
fn fill(into: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>)) {
    into.clear();
    encode(into);
    black_box(into.as_slice());
}

#[inline]
fn keep<A: Address, E: Debug>(message: Result<Message<'_, A>, E>) {
    let message = message.expect("what was encoded is decoded");
    assert_eq!(black_box(&message).changes.len(), CHANGES as usize);
}

fn changes<A: Fixed>() -> ChangeList<A> {
    (0..CHANGES)
        .map(|n| {
            let (address, at) = (A::numbered(n), incarnation(n));
            let source = if n % 2 == 0 {
                Source { address, incarnation: at }
            } else {
                Source { address: A::numbered(100 + n), incarnation: incarnation(100 + n) }
            };
            let status = if n % 2 == 0 { Status::Alive } else { Status::Suspect };
            Change { address, incarnation: at, status, source: Some(source), labels: Labels::NONE }
        })
        .collect()
}

fn incarnation(n: u32) -> Incarnation {
    Incarnation::new(1_790_000_000_000 + u64::from(n) * 1_000_003).expect("it is a moment of this century")
}

/// An address of a fixed width, as a plain layout has it.
trait Fixed: Address {
    type Bytes: AsRef<[u8]> + for<'b> TryFrom<&'b [u8]> + bincode::Encode + bincode::Decode<()> + Copy;
    const LEN: usize;
    fn numbered(n: u32) -> Self;
    fn to_bytes(self) -> Self::Bytes;
    fn from_bytes(bytes: Self::Bytes) -> Self;
}

impl Fixed for u32 {
    type Bytes = [u8; 4];
    const LEN: usize = 4;

    fn numbered(n: u32) -> Self {
        n
    }

    #[inline]
    fn to_bytes(self) -> [u8; 4] {
        self.to_le_bytes()
    }

    #[inline]
    fn from_bytes(bytes: [u8; 4]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

impl Fixed for SocketAddr {
    type Bytes = [u8; 6];
    const LEN: usize = 6;

    fn numbered(n: u32) -> Self {
        SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::from(0x0a00_0000 + n), 3000))
    }

    #[inline]
    fn to_bytes(self) -> [u8; 6] {
        let SocketAddr::V4(address) = self else { panic!("the plain layout has no room for IPv6") };
        let [a, b, c, d] = address.ip().octets();
        let [high, low] = address.port().to_be_bytes();
        [a, b, c, d, high, low]
    }

    #[inline]
    fn from_bytes([a, b, c, d, high, low]: [u8; 6]) -> Self {
        SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])))
    }
}

/// Fixed widths, field after field, without a second thought.
mod plain {
    use super::*;

    #[inline]
    pub(super) fn encode_body<A: Fixed>(message: &Message<'_, A>, into: &mut Vec<u8>) {
        let Kind::Ping { seq } = message.kind else { panic!("only pings are measured") };
        into.extend_from_slice(&message.incarnation.get().to_le_bytes());
        into.extend_from_slice(&message.checksum.0.to_le_bytes());
        into.extend_from_slice(&seq.0.to_le_bytes());
        into.extend_from_slice(&(message.changes.len() as u32).to_le_bytes());
        for change in message.changes {
            into.push(change.status as u8);
            into.extend_from_slice(change.address.to_bytes().as_ref());
            into.extend_from_slice(&change.incarnation.get().to_le_bytes());
            let source = change.source.expect("every change of this benchmark has a source");
            into.extend_from_slice(source.address.to_bytes().as_ref());
            into.extend_from_slice(&source.incarnation.get().to_le_bytes());
        }
    }

    #[inline]
    pub(super) fn decode_body<'l, A: Fixed>(mut bytes: &[u8], list: &'l mut ChangeList<A>) -> Option<Message<'l, A>> {
        list.clear();
        let incarnation = Incarnation::new(u64::from_le_bytes(take(&mut bytes)?))?;
        let checksum = Checksum(u32::from_le_bytes(take(&mut bytes)?));
        let kind = Kind::Ping { seq: Seq(u32::from_le_bytes(take(&mut bytes)?)) };
        let count = u32::from_le_bytes(take(&mut bytes)?);
        if bytes.len() != count as usize * (1 + 2 * (A::LEN + 8)) {
            return None;
        }
        for _ in 0..count {
            let [status] = take(&mut bytes)?;
            let status = Status::from_number(status)?;
            let address = address(&mut bytes)?;
            let incarnation = Incarnation::new(u64::from_le_bytes(take(&mut bytes)?))?;
            let source = address_of_source(&mut bytes)?;
            list.push(Change { address, incarnation, status, source: Some(source), labels: Labels::NONE });
        }
        Some(Message { kind, incarnation, checksum, changes: list.as_changes() })
    }

    #[inline]
    fn address_of_source<A: Fixed>(bytes: &mut &[u8]) -> Option<Source<A>> {
        let address = address(bytes)?;
        Some(Source { address, incarnation: Incarnation::new(u64::from_le_bytes(take(bytes)?))? })
    }

    #[inline]
    fn address<A: Fixed>(bytes: &mut &[u8]) -> Option<A> {
        let (taken, rest) = bytes.split_at_checked(A::LEN)?;
        *bytes = rest;
        Some(A::from_bytes(taken.try_into().ok()?))
    }

    #[inline]
    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (taken, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(*taken)
    }

    /// Appends a header like ours and what `body` writes.
    #[inline]
    pub(super) fn frame(into: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
        let start = into.len();
        into.push(1);
        into.extend_from_slice(&CLUSTER.0.to_le_bytes());
        into.push(1);
        into.extend_from_slice(&[0; 8]);
        body(into);
        let (header, body) = into[start..].split_at_mut(14);
        header[6..10].copy_from_slice(&(body.len() as u32).to_le_bytes());
        let crc = crc(&header[..10], body).to_le_bytes();
        header[10..].copy_from_slice(&crc);
    }

    /// The body of a frame.
    #[inline]
    pub(super) fn unframe(bytes: &[u8]) -> Option<&[u8]> {
        let (header, body) = bytes.split_first_chunk::<14>()?;
        let [1, c0, c1, c2, c3, 1, l0, l1, l2, l3, crc0, crc1, crc2, crc3] = *header else { return None };
        let sound = u32::from_le_bytes([c0, c1, c2, c3]) == CLUSTER.0
            && u32::from_le_bytes([l0, l1, l2, l3]) as usize == body.len()
            && u32::from_le_bytes([crc0, crc1, crc2, crc3]) == crc(&header[..10], body);
        sound.then_some(body)
    }

    #[inline]
    fn crc(header: &[u8], body: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(header);
        hasher.update(body);
        hasher.finalize()
    }

    #[inline]
    pub(super) fn encode<A: Fixed>(message: &Message<'_, A>, into: &mut Vec<u8>) {
        frame(into, |into| encode_body(message, into));
    }

    #[inline]
    pub(super) fn decode<'l, A: Fixed>(bytes: &[u8], list: &'l mut ChangeList<A>) -> Option<Message<'l, A>> {
        decode_body(unframe(bytes)?, list)
    }
}

/// What bincode's derive makes of it, with its standard numbers.
mod derived {
    use bincode::{Decode, Encode};

    use super::*;

    #[derive(Encode, Decode)]
    pub(super) struct Ping<B> {
        incarnation: u64,
        checksum: u32,
        seq: u32,
        changes: Vec<Claim<B>>,
    }

    #[derive(Encode, Decode)]
    struct Claim<B> {
        address: B,
        incarnation: u64,
        status: u8,
        source: Option<(B, u64)>,
        labels: Vec<u8>,
    }

    impl<B> Ping<B> {
        pub(super) fn new<A: Fixed<Bytes = B>>(message: &Message<'_, A>) -> Self {
            let Kind::Ping { seq } = message.kind else { panic!("only pings are measured") };
            let changes = message.changes.iter().map(|change| Claim {
                address: change.address.to_bytes(),
                incarnation: change.incarnation.get(),
                status: change.status as u8,
                source: change.source.map(|source| (source.address.to_bytes(), source.incarnation.get())),
                labels: Vec::new(),
            });
            Self {
                incarnation: message.incarnation.get(),
                checksum: message.checksum.0,
                seq: seq.0,
                changes: changes.collect(),
            }
        }
    }

    struct Append<'v>(&'v mut Vec<u8>);

    impl bincode::enc::write::Writer for Append<'_> {
        #[inline]
        fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
    }

    #[inline]
    pub(super) fn encode<B: Encode>(ping: &Ping<B>, into: &mut Vec<u8>) {
        let config = bincode::config::standard().with_limit::<65_536>();
        bincode::encode_into_writer(ping, Append(into), config).expect("a vector takes all that is appended");
    }

    #[inline]
    pub(super) fn decode<'l, A: Fixed>(bytes: &[u8], list: &'l mut ChangeList<A>) -> Option<Message<'l, A>> {
        list.clear();
        let config = bincode::config::standard().with_limit::<65_536>();
        let (ping, len) = bincode::decode_from_slice::<Ping<A::Bytes>, _>(bytes, config).ok()?;
        if len != bytes.len() {
            return None;
        }
        for claim in &ping.changes {
            let source = match claim.source {
                Some((address, incarnation)) => {
                    Some(Source { address: A::from_bytes(address), incarnation: Incarnation::new(incarnation)? })
                }
                None => None,
            };
            list.push(Change {
                address: A::from_bytes(claim.address),
                incarnation: Incarnation::new(claim.incarnation)?,
                status: Status::from_number(claim.status)?,
                source,
                labels: Labels::from_encoded(&claim.labels)?,
            });
        }
        Some(Message {
            kind: Kind::Ping { seq: Seq(ping.seq) },
            incarnation: Incarnation::new(ping.incarnation)?,
            checksum: Checksum(ping.checksum),
            changes: list.as_changes(),
        })
    }
}
