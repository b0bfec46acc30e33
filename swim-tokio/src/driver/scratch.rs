//! What a turn of the task needs and a node at rest does not: buffers that belong to the thread.
//!
//! A turn runs from beginning to end without an `await`, so all nodes that a thread drives share one set.

use std::cell::Cell;
use std::net::SocketAddr;
use std::task::Waker;

use swim_core::{ChangeList, Effects};

use crate::transport::datagrams::{Inbox, Outbox};

/// Buffers for one turn; empty at its beginning and at its end.
#[derive(Default)]
pub(crate) struct Scratch {
    /// What arrived ...
    pub(crate) inbox: Inbox,
    /// ... and the changes in it.
    pub(crate) list: ChangeList<SocketAddr>,
    /// Whose datagrams did not arrive.
    pub(crate) undelivered: Vec<SocketAddr>,
    /// What follows.
    pub(crate) caused: Caused,
}

/// What an input causes, until it is carried out.
#[derive(Default)]
pub(crate) struct Caused {
    pub(crate) effects: Effects<SocketAddr>,
    pub(crate) outbox: Outbox,
    pub(crate) wake: Vec<Waker>,
    pub(crate) keep: Keep,
}

/// Whether buffers are kept after the turn: not where a long list went through them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    #[default]
    Yes,
    No,
}

/// Lists up to this many changes may stay in the buffers, some 100 bytes each.
pub(crate) const LONG: usize = 2048;

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Lends the thread's buffers. Who asks for them meanwhile gets new ones.
pub(crate) fn with<R>(turn: impl FnOnce(&mut Scratch) -> R) -> R {
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = turn(&mut scratch);
    if scratch.caused.keep == Keep::Yes {
        SCRATCH.set(Some(scratch));
    }
    result
}
