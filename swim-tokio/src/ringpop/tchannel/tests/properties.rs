//! Calls both ways, mixed in any order, over streams that are cut into any pieces: each is answered once, and with its
//! own body.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// One thing that happens. Sides are 0 and 1.
#[derive(Clone, Debug)]
enum Step {
    Call { side: usize, size: usize },
    Answer { side: usize, which: usize },
    Deliver { to: usize, share: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![4 => 0_usize..200, 1 => 65_400_usize..65_500, 1 => 0_usize..200_000];
    prop_oneof![
        1 => (0_usize..2, size).prop_map(|(side, size)| Step::Call { side, size }),
        1 => (0_usize..2, any::<usize>()).prop_map(|(side, which)| Step::Answer { side, which }),
        4 => (0_usize..2, any::<u16>()).prop_map(|(to, share)| Step::Deliver { to, share }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_call_has_its_own_answer_however_the_stream_is_cut(steps in vec(step(), 1..60)) {
        let mut pair = Pair::new();
        for step in steps {
            match step {
                Step::Call { side, size } => pair.call(side, size),
                Step::Answer { side, which } => pair.answer(side, which),
                Step::Deliver { to, share } => pair.deliver(to, share),
            }
        }
        // What is left is delivered and answered.
        for _ in 0..4 {
            for side in [0, 1] {
                pair.deliver(side, u16::MAX);
                while !pair.unanswered[side].is_empty() {
                    pair.answer(side, 0);
                }
            }
        }
        for side in [0, 1] {
            prop_assert!(pair.waiting[side].is_empty());
            prop_assert_eq!(pair.sides[side].counters(), Counters::default());
            prop_assert_eq!(pair.sides[side].held_bytes(), 0);
        }
    }

    #[test]
    fn bytes_of_any_kind_neither_panic_nor_are_kept_beyond_the_bounds(
        stream in vec(vec(any::<u8>(), 0..300), 0..30),
        kinds in vec(prop_oneof![Just(3_u8), Just(4), Just(0x13), Just(0x14), Just(0xc0), Just(0xff), any::<u8>()], 30),
    ) {
        let mut connection = ready(Role::Accepted, Limits { body_bytes: 500, assembling_bytes: 900, calls: 4 });
        for (payload, kind) in stream.into_iter().zip(kinds) {
            let id = connection.call(Duration::from_secs(1), "/a", b"").unwrap_or(2);
            if connection.receive(NOW, &frame(kind, id, &payload)).is_err() {
                break;
            }
            prop_assert!(connection.held_bytes() <= 900);
        }
    }
}

struct Pair {
    sides: [Connection; 2],
    /// What was written to each side and not read yet.
    streams: [Vec<u8>; 2],
    /// The calls that each side has still to answer, with their bodies.
    unanswered: [Vec<(u32, Vec<u8>)>; 2],
    /// The bodies of the calls that each side made.
    waiting: [BTreeMap<u32, Vec<u8>>; 2],
    /// How many calls were made.
    made: usize,
}

impl Pair {
    fn new() -> Self {
        let limits = Limits { body_bytes: 1 << 20, assembling_bytes: 64 << 20, calls: 64 };
        let sides = [Role::Opened, Role::Accepted].map(|role| Connection::new(role, identity("10.0.0.1:1"), limits));
        Self {
            sides,
            streams: Default::default(),
            unanswered: Default::default(),
            waiting: Default::default(),
            made: 0,
        }
    }

    fn call(&mut self, side: usize, size: usize) {
        self.made += 1;
        let made = self.made;
        let body: Vec<u8> = (0..size).map(|at| (at * made % 253) as u8).collect();
        let id = self.sides[side].call(Duration::from_secs(1), "/a", &body).expect("there are fewer than the bound");
        assert!(self.waiting[side].insert(id, body).is_none());
    }

    /// Answers with the body of the call, backwards.
    fn answer(&mut self, side: usize, which: usize) {
        if self.unanswered[side].is_empty() {
            return;
        }
        let which = which % self.unanswered[side].len();
        let (id, mut body) = self.unanswered[side].swap_remove(which);
        body.reverse();
        self.sides[side].answer(id, if id % 3 == 0 { Err(Failure::Application(&body)) } else { Ok(&body) });
    }

    /// Hands over a part of what is on its way.
    fn deliver(&mut self, to: usize, share: u16) {
        let written = taken(&mut self.sides[1 - to]);
        self.streams[to].extend_from_slice(&written);
        let count = (self.streams[to].len() * usize::from(share)).div_ceil(usize::from(u16::MAX));
        let piece: Vec<u8> = self.streams[to].drain(..count).collect();
        self.sides[to].receive(NOW, &piece).expect("nothing is wrong with it");
        for news in arrived(&mut self.sides[to]) {
            match news {
                Arrived::Ready { .. } => {}
                Arrived::Call { id, body, .. } => self.unanswered[to].push((id, body)),
                Arrived::Answered { id, result } => {
                    let mut body = self.waiting[to].remove(&id).expect("it was called, and not answered before");
                    body.reverse();
                    let expected = if id % 3 == 0 { Err(CallError::Application(body)) } else { Ok(body) };
                    assert!(result == expected, "call {id} has another answer than its own");
                }
                Arrived::Cancelled { id } => panic!("nobody cancelled call {id}"),
            }
        }
    }
}
