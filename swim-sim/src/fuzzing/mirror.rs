//! What a node says of itself agrees: its lists, counts and statistics with one another, an event that was kept with the
//! event, and two copies that are treated alike with each other.

use swim_core::{
    Effects, Event, Fingerprint, Input, Instant, Node, Options, OwnedEvent, ProtocolPeriod, Status, Timing,
};

use crate::checkers::Finding;

/// All questions that a node can be asked, each of which has one answer.
pub(super) fn look(node: u32, machine: &Node<u32>, now: Instant) -> Result<(), Box<Finding>> {
    let demand = |holds: bool, what: &str| {
        if holds { Ok(()) } else { Err(Finding::new(CHECKER, node, format!("does not hold: {what}"))) }
    };
    let members = machine.members();
    demand(members.is_sorted_by(|one, next| one.address < next.address), "members are in order, each listed once")?;
    for status in [Status::Alive, Status::Suspect, Status::Faulty, Status::Leave, Status::Tombstone] {
        let listed = members.iter().filter(|member| member.status == status).count();
        demand(machine.count(status) as usize == listed, status.name())?;
    }
    for member in &members {
        demand(machine.member(member.address) == Some(*member), "a member that is listed is found")?;
        let valued = member.labels.iter().all(|(key, value)| member.labels.value(key) == Some(value));
        demand(valued, "every label has its value")?;
    }
    let proven = members.iter().filter(|member| machine.is_proven(member.address)).count();
    demand(machine.count_proven() == proven, "so many have answered")?;
    let pingable = members.iter().filter(|member| member.status.is_pingable()).map(|member| member.address);
    let reachable = machine.reachable();
    demand(pingable.eq(reachable.iter().copied()), "who is alive or suspect is reachable")?;
    demand(machine.count_reachable() as usize == reachable.len(), "so many are reachable")?;
    demand(machine.has_changes() == (machine.pending_changes() > 0), "some changes are not none")?;
    let own = machine.member(machine.local());
    demand(own.is_some_and(|own| own.incarnation == machine.incarnation()), "its own incarnation is the listed one")?;
    let stats = machine.protocol_stats(now);
    let Timing { min, median, p75, p95, p99, p999, max, mean, count, .. } = stats.timing;
    let ordered = [min, median, p75, p95, p99, p999, max].is_sorted() && min <= mean && mean <= max;
    demand(ordered, "percentiles ascend")?;
    demand(count <= machine.counters().pings_sent, "no more rounds were timed than were begun")?;
    demand(stats.total_rate_milli == stats.client_rate_milli + stats.server_rate_milli, "two rates make the total")
}

/// An event that is kept is the event.
pub(super) fn keep(node: u32, event: Event<'_, u32>) -> Result<(), Box<Finding>> {
    let kept = OwnedEvent::new(event);
    if kept.as_event() == event && kept.as_event().kind().name() == event.kind().name() {
        return Ok(());
    }
    Err(Finding::new(CHECKER, node, format!("{event:?} is kept as {:?}", kept.as_event())))
}

/// Two copies of a node that get one input, each with a fresh stream of random numbers, have one fingerprint after it.
pub(super) fn twins(node: u32, machine: &Node<u32>, told: Instant, input: Input<'_, u32>) -> Result<(), Box<Finding>> {
    let print = |seed: u64| {
        let mut twin = machine.clone();
        twin.restart_random(seed);
        twin.handle(told, input, &mut Effects::new());
        let mut print = Fingerprint::new(told, [twin.numbers(); Fingerprint::NODES_MAX]);
        twin.trace(&mut print);
        print.get()
    };
    if print(1) == print(1) {
        return Ok(());
    }
    Err(Finding::new(CHECKER, node, "two copies that were treated alike differ"))
}

/// Whether a node with these options has a fingerprint at all.
pub(super) const fn has_twins(options: &Options) -> bool {
    matches!(options.protocol_period, ProtocolPeriod::Fixed(_))
}

const CHECKER: &str = "mirror";
