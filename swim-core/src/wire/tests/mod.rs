//! What the codec promises: one encoding for each message, its exact bytes and sizes, and a named refusal of
//! everything else.

mod documented;
mod golden;
mod properties;
mod refusals;

use alloc::vec::Vec;

use crate::address::Address;
use crate::cluster::ClusterId;
use crate::labels::OwnLabels;
use crate::member::{Change, ChangeList, Changes, Incarnation, Source, Status};
use crate::message::{Checksum, Kind, Message, Seq};
use crate::wire;

/// The cluster of all tests.
const CLUSTER: ClusterId = ClusterId(0x1234_5678);

const PING: Kind<u32> = Kind::Ping { seq: Seq(77) };

fn message<A: Address>(kind: Kind<A>, changes: Changes<'_, A>) -> Message<'_, A> {
    Message { kind, incarnation: incarnation(0x0191_2345_6789), checksum: Checksum(0xdead_beef), changes }
}

fn incarnation(number: u64) -> Incarnation {
    Incarnation::new(number).expect("the tests name incarnations that exist")
}

/// Changes of which each shows another part of the layout.
fn ping_list() -> ChangeList<u32> {
    let labels = OwnLabels::new([("zone", "b")]).unwrap();
    let change = |address: u32, number: u64, status, source: Option<(u32, u64)>| Change {
        address,
        incarnation: incarnation(number),
        status,
        source: source.map(|(address, number)| Source { address, incarnation: incarnation(number) }),
        labels: Default::default(),
    };
    [
        change(1, 0x0191_0000_0001, Status::Alive, Some((1, 0x0191_0000_0001))),
        change(2, 0x0191_0000_0002, Status::Suspect, Some((1, 0x0191_0000_0001))),
        change(3, 0x7fff, Status::Suspect, None),
        Change { labels: labels.as_labels(), ..change(4, 0x0001_0000, Status::Leave, Some((4, 0x0001_0000))) },
        change(5, Incarnation::MAX.get(), Status::Tombstone, Some((5, 0))),
    ]
    .into_iter()
    .collect()
}

fn encoded<A: Address>(message: &Message<'_, A>) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::encode(CLUSTER, message, &mut bytes);
    bytes
}

/// The bytes of a text: hexadecimal digits; what follows `|` on a line is said to the reader.
fn bytes_of(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .lines()
        .flat_map(|line| line.split('|').next().unwrap_or_default().chars())
        .filter(|character| !character.is_whitespace())
        .map(|digit| digit.to_digit(16).expect("only hexadecimal digits stand left of the bar") as u8)
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
