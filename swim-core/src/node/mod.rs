//! The door: one way in, one way out.

use crate::address::Address;
use crate::config::Config;
use crate::effect::Effects;
use crate::input::{Boot, Input};
use crate::member::Member;
use crate::message::Checksum;
use crate::time::Instant;

/// One member of a cluster.
pub struct Node<A> {
    _a: core::marker::PhantomData<A>,
}
impl<A: Address> Node<A> {
    /// A node.
    pub fn new(config: Config, local: A, boot: Boot) -> Self {
        let _ = (config, local, boot);
        todo!()
    }
    /// Handles.
    pub fn handle(&mut self, now: Instant, input: Input<'_, A>, out: &mut Effects<A>) {
        let _ = (now, input, out);
        todo!()
    }
    /// Deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        todo!()
    }
    /// Checks the invariants.
    pub fn check(&self) {
        todo!()
    }
    /// Members in address order.
    pub fn members(&self) -> impl Iterator<Item = Member<'_, A>> {
        core::iter::empty()
    }
    /// One member.
    pub fn member(&self, address: A) -> Option<Member<'_, A>> {
        let _ = address;
        todo!()
    }
    /// Checksum.
    pub fn checksum(&self) -> Checksum {
        todo!()
    }
}
