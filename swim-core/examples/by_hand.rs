//! Two nodes, no sockets: the whole of a host, by hand.
//!
//! `cargo run -p swim-core --example by_hand` prints every message, and what changes in the lists, until the two know each
//! other, one of them falls silent, and the other has declared it faulty.

use std::collections::VecDeque;

use swim_core::{
    Boot, BootstrapOptions, Channel, Command, CommandId, Config, Effect, Effects, Event, EventKind, EventMask, Input,
    Instant, Node, Options, OwnedMessage, Status, Ticket, UnixMillis, Via,
};

/// A message on its way: to whom, from whom, how it arrives, and what it says.
type Letter = (usize, u32, Via, OwnedMessage<u32>);

/// Does what the effects of one node say: everything but the timer, which `next_deadline` shows as well.
fn carry_out(node: &mut Node<u32>, now: Instant, effects: &mut Effects<u32>, post: &mut VecDeque<Letter>) {
    let mut discoveries = Vec::new();
    for effect in effects.iter() {
        match effect {
            Effect::Send { to, channel, message } => {
                let via = match channel {
                    Channel::Datagram => Via::Datagram,
                    // With two nodes a ticket means the same to both; a real host numbers its own streams.
                    Channel::Request(ticket) => Via::Request(ticket),
                    Channel::Reply(Ticket(number)) => Via::Response(Ticket(number)),
                };
                println!("{now}  {} -> {to}  {:?}, {} changes", node.local(), message.kind, message.changes.len());
                post.push_back((to as usize - 1, node.local(), via, OwnedMessage::new(message)));
            }
            Effect::Event(Event::MemberlistChangesApplied { changes, .. }) => {
                changes
                    .iter()
                    .for_each(|change| println!("{now}  {}: {} is {}", node.local(), change.address, change.status));
            }
            Effect::Event(_) => {}
            Effect::Discover(id) => discoveries.push(id),
            Effect::CommandDone { id, outcome } => println!("{now}  {}: {id:?} ended: {outcome:?}", node.local()),
            Effect::Wake(_) => {}
        }
    }
    effects.clear();
    for id in discoveries {
        node.handle(now, Input::Hosts { id, result: Ok(&[1, 2]) }, effects);
        carry_out(node, now, effects, post);
    }
}

fn main() -> Result<(), swim_core::ConfigError> {
    let events = EventMask::only(&[EventKind::MemberlistChangesApplied]);
    let config = Config::try_from(Options { events, ..Options::lan() })?;
    let boot = |seed| Boot { now: Instant::ZERO, wall: UnixMillis(1_700_000_000_000), seed };
    let mut nodes = [Node::new(config.clone(), 1u32, boot(1)), Node::new(config, 2u32, boot(2))];
    let mut effects = Effects::new();
    let mut post = VecDeque::new();

    for node in &mut nodes {
        let command = Command::Bootstrap(BootstrapOptions::default());
        node.handle(Instant::ZERO, Input::Command { id: CommandId(1), command }, &mut effects);
        carry_out(node, Instant::ZERO, &mut effects, &mut post);
    }
    let silence = Instant::from_millis(3_000);
    let mut now = Instant::ZERO;
    while nodes[0].count(Status::Faulty) == 0 {
        if let Some((to, from, via, letter)) = post.pop_front() {
            if to == 0 || now < silence {
                let message = letter.as_message();
                nodes[to].handle(now, Input::Message { from, via, message }, &mut effects);
                carry_out(&mut nodes[to], now, &mut effects, &mut post);
            }
            continue;
        }
        let living = if now < silence { 2 } else { 1 };
        let Some(next) = nodes[..living].iter().filter_map(Node::next_deadline).min() else { break };
        now = now.max(next);
        for node in &mut nodes[..living] {
            if node.next_deadline().is_some_and(|deadline| deadline <= now) {
                node.handle(now, Input::Tick, &mut effects);
                carry_out(node, now, &mut effects, &mut post);
            }
        }
    }
    for node in &nodes[..1] {
        for member in node.members() {
            println!("{} holds {} {} @ {}", node.local(), member.address, member.status, member.incarnation);
        }
    }
    Ok(())
}
