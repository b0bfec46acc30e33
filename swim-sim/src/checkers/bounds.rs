//! I7: what a node keeps and what it sends at a time is bounded by named bounds. (The queues that cannot be seen from
//! outside, [`Node::check`](swim_core::Node::check) looks at.)

use swim_core::{Effect, Node, Options, Status};

use super::{Finding, Step};
use crate::cluster::Setup;

/// Knows the bounds.
pub(super) struct Bounds {
    members: u32,
    sends: usize,
}

impl Bounds {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { members: setup.options.members_max, sends: sends_max(&setup.options, setup.nodes) }
    }

    pub(super) fn see(&self, step: &Step<'_>) -> Result<(), Box<Finding>> {
        let listed = listed(step.machine);
        within(step.node, "listed members", listed as usize, self.members as usize)?;
        // One change is pending for each member: the newest.
        within(step.node, "pending changes", step.machine.pending_changes(), listed as usize)?;
        if step.effects.len() <= self.sends {
            return Ok(());
        }
        let sends = step.effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count();
        within(step.node, "messages for one input", sends, self.sends)
    }
}

fn within(node: u32, what: &str, count: usize, bound: usize) -> Result<(), Box<Finding>> {
    if count <= bound {
        return Ok(());
    }
    Err(Finding::new("I7 bounds", node, format!("{what}: {count}, {bound} at most")))
}

fn listed(machine: &Node<u32>) -> u32 {
    let all = [Status::Alive, Status::Suspect, Status::Faulty, Status::Leave, Status::Tombstone];
    all.iter().map(|status| machine.count(*status)).sum()
}

/// The most messages that one input can cause: each workflow's at once, as when all timers fire together after a sleep.
fn sends_max(options: &Options, nodes: u32) -> usize {
    let digits = nodes.max(1).ilog10() + 1;
    let joins = options.join.size * options.join.parallelism_factor;
    let gossip = options.gossip.map_or(0, |gossip| gossip.nodes);
    // The ends of one round and the start of the next: helpers, a ping on a stream, and a ping.
    let round = options.ping_request_size + 2;
    let departure = options.retransmit_factor * digits;
    (joins + gossip + round + departure + options.max_full_sync_jobs + HEALING + HELPED + ANSWERS) as usize
}

/// Two attempts to heal at one time, and the next request of each.
const HEALING: u32 = 4;
/// Helpers' answers that are due at one time.
const HELPED: u32 = 64;
/// The answer to the input, and what its sender is owed besides.
const ANSWERS: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_the_bound_is_too_many() {
        assert_eq!(within(0, "members", 7, 7), Ok(()));
        assert_eq!(within(0, "members", 8, 7).unwrap_err().reason, "members: 8, 7 at most");
    }

    #[test]
    fn the_most_messages_for_one_input_grow_with_the_settings_only() {
        let lan = Options::lan();
        assert_eq!(sends_max(&lan, 1000), 6 + 3 + 5 + 16 + 5 + 4 + 64 + 2);
        assert_eq!(sends_max(&lan, 9_999), sends_max(&lan, 1000));
    }
}
