//! Ringpop's arithmetic and bodies, made by the tests from the facts of the wire and not by the node's code.

use std::net::SocketAddr;

use serde_json::{Map, Value, json};

/// The incarnation of every scripted member that has not reincarnated.
pub(crate) const INCARNATION: u64 = 1337;

/// What is said of a member, without who says it.
pub(crate) fn change(address: SocketAddr, status: &str, incarnation: u64) -> Value {
    json!({ "address": address.to_string(), "status": status, "incarnationNumber": incarnation })
}

/// What `source`, a scripted member, says of a member.
pub(crate) fn claim(source: SocketAddr, address: SocketAddr, status: &str, incarnation: u64) -> Value {
    let mut change = change(address, status, incarnation);
    change["source"] = json!(source.to_string());
    change["sourceIncarnationNumber"] = json!(INCARNATION);
    change
}

/// An address at which nobody is, and which nobody asks unless it is pingable.
pub(crate) fn nowhere(n: u16) -> SocketAddr {
    let [high, low] = n.to_be_bytes();
    SocketAddr::from(([127, 77, high, low], 1))
}

/// The status of a change in either of the forms that a tombstone has.
pub(crate) fn status(change: &Value) -> &str {
    if change["tombstone"] == true { "tombstone" } else { change["status"].as_str().unwrap() }
}

/// What `list` says of a member.
pub(crate) fn of(list: &Value, address: SocketAddr) -> Option<&Value> {
    let mut found = list.as_array().unwrap().iter().filter(|change| change["address"] == address.to_string());
    let change = found.next();
    assert!(found.next().is_none(), "{address} is told of twice: {list}");
    change
}

/// The addresses in a list, sorted.
pub(crate) fn addresses(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    let mut list: Vec<String> = list.map(|change| change["address"].as_str().unwrap().into()).collect();
    list.sort();
    list
}

pub(crate) fn fingerprint32(text: &str) -> u32 {
    farmhash::fingerprint32(text.as_bytes())
}

/// The sum of labels, as it stands in the text of a member.
pub(crate) fn label_sum(labels: &Map<String, Value>) -> i32 {
    let sum = labels.iter().fold(0, |sum, (key, value)| {
        let mut bytes = Vec::new();
        for text in [key, value.as_str().unwrap()] {
            bytes.extend(i32::try_from(text.len()).unwrap().to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        sum ^ farmhash::fingerprint32(&bytes)
    });
    sum.cast_signed()
}

/// The checksum of a list of members, or of changes.
pub(crate) fn checksum(members: &Value) -> u32 {
    let mut texts: Vec<String> = members
        .as_array()
        .unwrap()
        .iter()
        .filter(|member| status(member) != "tombstone")
        .map(|member| {
            let address = member["address"].as_str().unwrap();
            let sum = member["labels"].as_object().map_or(0, label_sum);
            let labels = if sum == 0 { String::new() } else { format!("#labels{sum}") };
            format!("{address}{}{}{labels}", status(member), member["incarnationNumber"])
        })
        .collect();
    texts.sort();
    fingerprint32(&texts.iter().map(|text| format!("{text};")).collect::<String>())
}

/// The points of a ring, in order, each with its owner: `names` are addresses, and what stands before the points' numbers.
pub(crate) fn points(names: &[(SocketAddr, String)]) -> Vec<(u32, SocketAddr)> {
    let points = |(address, name): &(SocketAddr, String)| {
        let address = *address;
        let name = name.clone();
        (0..100).map(move |n| (fingerprint32(&format!("{name}{n}")), address))
    };
    let mut points: Vec<_> = names.iter().flat_map(points).collect();
    points.sort();
    points
}

/// The owner of a key.
pub(crate) fn owner(points: &[(u32, SocketAddr)], key: &str) -> SocketAddr {
    let key = fingerprint32(key);
    points.iter().find(|(point, _)| *point >= key).unwrap_or(&points[0]).1
}

#[test]
fn the_arithmetic_of_the_tests_is_ringpops() {
    for (text, expected) in
        [("", 3_696_677_242), ("a", 1_016_544_589), ("hello", 2_039_911_270), ("127.0.0.1:3000", 955_462_725)]
    {
        assert_eq!(fingerprint32(text), expected, "{text}");
    }
    for (labels, expected) in [
        (json!({ "hello": "world" }), 975_109_414),
        (json!({ "hello": "goodbye" }), -1_215_192_234),
        (json!({ "hello": "world", "foo": "baz" }), -1_625_122_257),
        (json!({ "__identity": "identity" }), -1_005_535_378),
        (json!({}), 0),
    ] {
        assert_eq!(label_sum(labels.as_object().unwrap()), expected, "{labels}");
    }
    let member = |address: &str, incarnation| change(address.parse().unwrap(), "alive", incarnation);
    let list = json!([member("127.0.0.1:40543", 1337), member("127.0.0.1:15753", 1_795_337_355_717)]);
    assert_eq!(checksum(&list), 1_166_566_399);
}
