//! The fingerprint of a node: 128 bits of all that its future depends on, relative to the present moment.
//!
//! For hosts that search the states of small worlds and must know whether they were in one before. Two nodes with one
//! fingerprint do the same from now on, whatever comes in, if their configurations and addresses are the same and they
//! are treated alike:
//!
//! - the random stream is restarted before each input ([`Node::restart_random`](crate::Node::restart_random)), and the
//!   wall clock is told before each input ([`Input::Wall`](crate::Input::Wall)); neither is part of the fingerprint;
//! - the fixed protocol period is used, because an adaptive one follows statistics, which are not part of it;
//! - no rollup is wanted.
//!
//! 'The same' is up to a shift of time by whole buckets of deadlines (2^20 microseconds), of the count of pings and
//! requests, and of what only measures. Each part names all its fields where it is traced, so that a field that is added
//! does not compile until somebody has thought of it.

use crate::address::Address;
use crate::hash::{hash64, mix64};
use crate::membership::Numbers;
use crate::message::{Seq, Ticket};
use crate::time::Instant;

/// Takes in words, and comes to 128 bits of them all.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    now: Instant,
    /// The numbers of the node that is traced.
    numbers: Numbers,
    /// Those of each node.
    others: [Numbers; Self::NODES_MAX],
    low: u64,
    high: u64,
}

impl Fingerprint {
    /// So many nodes' numbers are told apart.
    pub const NODES_MAX: usize = 8;

    /// Nothing yet; times are relative to `now`, and the numbers of pings and requests to the last that each node gave
    /// ([`Node::numbers`](crate::Node::numbers)), by the last byte of its canonical address.
    pub const fn new(now: Instant, others: [Numbers; Self::NODES_MAX]) -> Self {
        Self { now, numbers: Numbers::NONE, others, low: 0x9e37_79b9_7f4a_7c15, high: 0xd1b5_4a32_d192_ed03 }
    }

    /// Takes in one word.
    #[inline]
    pub const fn word(&mut self, word: u64) {
        self.low = mix64(self.low ^ word);
        self.high = mix64(self.high.rotate_left(23) ^ word.wrapping_mul(0xa076_1d64_78bd_642f)).wrapping_add(self.low);
    }

    /// A moment as what is left until it, or nothing where it has passed: for deadlines.
    #[inline]
    pub const fn left(&self, until: Instant) -> u64 {
        if until.as_micros() == u64::MAX { u64::MAX } else { until.since(self.now).0 }
    }

    /// Takes in a deadline: what is left until it.
    #[inline]
    pub const fn until(&mut self, until: Instant) {
        self.word(self.left(until));
    }

    /// Takes in a moment, exactly, whether it has passed or not.
    #[inline]
    pub const fn moment(&mut self, at: Instant) {
        let relative = at.as_micros().wrapping_sub(self.now.as_micros());
        self.word(if at.as_micros() == u64::MAX { u64::MAX } else { relative });
    }

    /// Takes in where the present moment lies within a span of so many bits of microseconds, for what does not only depend
    /// on how long it is until something.
    pub(crate) const fn phase(&mut self, bits: u32) {
        self.word(self.now.as_micros() & ((1 << bits) - 1));
    }

    /// Takes in the number of a ping or request of the node that is traced.
    #[inline]
    pub(crate) fn seq(&mut self, seq: Seq) {
        self.word(self.numbers.age(seq.0).into());
    }

    /// Takes in the ticket of a request of the node that is traced.
    #[inline]
    pub(crate) fn ticket(&mut self, ticket: Ticket) {
        self.word((ticket.0 >> 32) << 32 | u64::from(self.numbers.age(ticket.0 as u32)));
    }

    /// Takes in the number of a ping or request of another node.
    pub fn seq_of<A: Address>(&mut self, owner: A, seq: Seq) {
        self.word(self.numbers_of(&owner).age(seq.0).into());
    }

    /// Takes in the ticket of a request of another node.
    pub fn ticket_of<A: Address>(&mut self, owner: A, ticket: Ticket) {
        self.word((ticket.0 >> 32) << 32 | u64::from(self.numbers_of(&owner).age(ticket.0 as u32)));
    }

    fn numbers_of<A: Address>(&self, owner: &A) -> Numbers {
        let place = owner.canonical().as_bytes().last().map_or(usize::MAX, |byte| usize::from(*byte));
        self.others.get(place).copied().unwrap_or(Numbers::NONE)
    }

    /// Takes in an address.
    #[inline]
    pub fn address<A: Address>(&mut self, address: &A) {
        self.word(address.hash(0));
    }

    /// Takes in bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        self.word(hash64(0, bytes));
        self.word(hash64(1, bytes));
    }

    /// From now on this node's numbers are taken in.
    pub(crate) const fn of_node(&mut self, numbers: Numbers) {
        self.numbers = numbers;
    }

    /// All that was taken in.
    pub const fn get(&self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}
