//! How ringpop makes numbers of lists and labels: farmhash's platform-independent 32-bit fingerprint of texts.
//!
//! ```text
//!   list:   127.0.0.1:3000alive1337;127.0.0.1:3001faulty1338#labels975109414;  sorted as texts, tombstones left out
//!   labels: XOR of the fingerprints of  00 00 00 05 hello 00 00 00 05 world  of each pair
//! ```

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::Range;

use swim_core::{Checksum, Digests, Labels, Member, Status};

/// The fingerprint of some bytes: farmhash's `Fingerprint32`, the same on every machine.
pub fn fingerprint32(bytes: &[u8]) -> u32 {
    super::farm::fingerprint32(bytes)
}

/// What a node of a ringpop cluster compares lists and labels by.
pub(crate) const fn digests() -> Digests<SocketAddr> {
    Digests { list: Some(list_checksum), labels: label_sum }
}

/// How ringpop writes an address: `ip:port`, an IPv6 address in brackets. Names of members are compared and hashed as
/// these texts by everyone else, so there is one for each address.
pub(crate) fn address_text(address: SocketAddr) -> String {
    address.to_string()
}

/// The address that is written so. `None` for anything else, an address in another of its spellings included: what is told
/// on would name another member to those who compare texts.
pub(crate) fn parse_address(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = text.parse().ok()?;
    (address_text(address) == text).then_some(address)
}

/// The checksum of a list: its entries as texts, sorted, each followed by a semicolon.
fn list_checksum(members: &mut dyn Iterator<Item = Member<'_, SocketAddr>>) -> Checksum {
    let mut text = String::new();
    let mut entries: Vec<Range<usize>> = Vec::new();
    for member in members.filter(|member| member.status != Status::Tombstone) {
        let start = text.len();
        write_entry(&mut text, member);
        entries.push(start..text.len());
    }
    entries.sort_unstable_by(|a, b| text[a.clone()].cmp(&text[b.clone()]));
    let mut sorted = Vec::with_capacity(text.len() + entries.len());
    for entry in entries {
        sorted.extend_from_slice(&text.as_bytes()[entry]);
        sorted.push(b';');
    }
    Checksum(fingerprint32(&sorted))
}

/// One entry: address, status and incarnation, and the label sum where there is one.
fn write_entry(text: &mut String, member: Member<'_, SocketAddr>) {
    let Member { address, status, incarnation, labels } = member;
    let infallible = "text grows as long as it must";
    write!(text, "{address}{status}{incarnation}").expect(infallible);
    let sum = label_sum(labels);
    if sum != 0 {
        write!(text, "#labels{sum}").expect(infallible);
    }
}

/// The sum of labels: in no order, and 0 where there are none.
fn label_sum(labels: Labels<'_>) -> i32 {
    let mut bytes = Vec::new();
    let mut sum = 0;
    for (key, value) in labels.iter() {
        bytes.clear();
        for part in [key, value] {
            // Lengths are at most 255 (`swim_core::Labels`).
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        sum ^= fingerprint32(&bytes);
    }
    sum as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{Incarnation, OwnLabels};

    #[test]
    fn fingerprints_are_those_that_others_compute() {
        let known =
            [("", 3_696_677_242), ("a", 1_016_544_589), ("hello", 2_039_911_270), ("127.0.0.1:3000", 955_462_725)];
        for (text, fingerprint) in known {
            assert_eq!(fingerprint32(text.as_bytes()), fingerprint, "{text:?}");
        }
    }

    #[test]
    fn label_sums_are_those_that_others_compute() {
        let known: [(&[(&str, &str)], i32); 5] = [
            (&[("hello", "world")], 975_109_414),
            (&[("hello", "goodbye")], -1_215_192_234),
            (&[("hello", "world"), ("foo", "baz")], -1_625_122_257),
            (&[("__identity", "identity")], -1_005_535_378),
            (&[], 0),
        ];
        for (pairs, sum) in known {
            assert_eq!(label_sum(labels(pairs).as_labels()), sum, "{pairs:?}");
        }
    }

    #[test]
    fn the_checksum_of_a_list_is_that_which_others_compute() {
        let none = labels(&[]);
        let first = member("127.0.0.1:15753", Status::Alive, 1_795_337_355_717, &none);
        let second = member("127.0.0.1:40543", Status::Alive, 1337, &none);
        let gone = member("127.0.0.1:9", Status::Tombstone, 1, &none);
        for list in [vec![first, second], vec![second, first], vec![gone, second, first]] {
            assert_eq!(checksum(&list), Checksum(1_166_566_399), "{list:?}");
        }
        assert_eq!(checksum(&[]), Checksum(fingerprint32(b"")));
    }

    #[test]
    fn entries_are_sorted_as_texts_and_end_with_their_label_sum() {
        let (none, some) = (labels(&[]), labels(&[("hello", "goodbye")]));
        let list = [
            member("127.0.0.1:99", Status::Suspect, 1, &some),
            member("127.0.0.1:100", Status::Faulty, 2, &none),
            member("127.0.0.1:1", Status::Leave, 3, &none),
            member("[::1]:1", Status::Alive, 4, &none),
        ];
        // As addresses 99 would come before 100; and `0` comes before the `l` of `leave`.
        let text = "127.0.0.1:100faulty2;127.0.0.1:1leave3;127.0.0.1:99suspect1#labels-1215192234;[::1]:1alive4;";
        assert_eq!(checksum(&list), Checksum(fingerprint32(text.as_bytes())));
    }

    #[test]
    fn an_address_has_one_text() {
        for text in ["127.0.0.1:3000", "[::1]:3000", "[fe80::1%2]:7", "[::ffff:10.0.0.1]:1"] {
            assert_eq!(parse_address(text).map(address_text).as_deref(), Some(text));
        }
        let others =
            ["", "127.0.0.1", "localhost:3000", "::1:3000", "[0:0::1]:3000", "127.0.0.1:03000", " 127.0.0.1:1"];
        for text in others {
            assert_eq!(parse_address(text), None, "{text:?}");
        }
    }

    fn checksum(list: &[Member<'_, SocketAddr>]) -> Checksum {
        digests().list.expect("it brings one")(&mut list.iter().copied())
    }

    fn member<'a>(address: &str, status: Status, incarnation: u64, labels: &'a OwnLabels) -> Member<'a, SocketAddr> {
        let incarnation = Incarnation::new(incarnation).unwrap();
        Member { address: address.parse().unwrap(), status, incarnation, labels: labels.as_labels() }
    }

    fn labels(pairs: &[(&str, &str)]) -> OwnLabels {
        OwnLabels::with_reserved(pairs.iter().copied()).unwrap()
    }
}
