//! Nothing on the path of a message allocates once warm: counted by the allocator itself.
//!
//! A binary of its own, because the allocator is the process's. Counts are the thread's, so tests may run side by side.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};

use swim_core::{
    Address, Boot, BootstrapOptions, Change, ChangeList, Checksum, Command, CommandId, Config, Effect, Effects, Event,
    EventMask, Incarnation, Input, Instant, Kind, Labels, Message, Micros, Node, Options, Readiness, Seq, Source,
    StartGossip, Status, UnixMillis, Via, wire,
};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    /// What is held in bytes, and the most that was.
    static HELD: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
}

fn count() {
    // While a thread ends its counter may be gone already.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

fn hold(bytes: usize, sign: i64) {
    let _ = HELD.try_with(|cell| {
        let (held, most) = cell.get();
        let held = held + sign * bytes as i64;
        cell.set((held, most.max(held)));
    });
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        hold(layout.size(), 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        hold(layout.size(), 1);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // Both may be held for the moment in which one is copied into the other.
        hold(size, 1);
        hold(layout.size(), -1);
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        hold(layout.size(), -1);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(what: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    what();
    COUNT.get() - before
}

/// How many bytes are held after it that were not before, and at most meanwhile.
fn held(what: impl FnOnce()) -> (i64, i64) {
    let (before, _) = HELD.get();
    HELD.set((before, before));
    what();
    let (after, most) = HELD.get();
    (after - before, most - before)
}

const WALL: u64 = 1_700_000_000_000;
/// Members that the node knows.
const MEMBERS: u32 = 200;
/// Rounds in which buffers may grow, and rounds in which nothing may.
const WARM: u32 = 2_000;
const COUNTED: u32 = 1_000;

fn inc(count: u64) -> Incarnation {
    Incarnation::new(WALL + count).expect("it is small enough")
}

fn alive(address: u32, incarnation: Incarnation) -> Change<'static, u32> {
    let source = Some(Source { address, incarnation });
    Change { address, incarnation, status: Status::Alive, source, labels: Labels::NONE }
}

/// A node among 200 members, which probes, and its host's buffers.
struct Host {
    node: Node<u32>,
    now: Instant,
    effects: Effects<u32>,
    changes: ChangeList<u32>,
}

impl Host {
    fn new(events: EventMask) -> Self {
        let mut options = Options::lan();
        options.events = events;
        options.heal.period = None;
        let config = Config::try_from(options).expect("the options are valid");
        let now = Instant::from_millis(1_000);
        let node = Node::new(config, 1, Boot { now, wall: UnixMillis(WALL), seed: 7 });
        let mut host = Self { node, now, effects: Effects::new(), changes: ChangeList::new() };
        let command = Command::Bootstrap(BootstrapOptions { gossip: StartGossip::WhenReady });
        host.node.handle(now, Input::Command { id: CommandId(1), command }, &mut host.effects);
        host.node.check();
        let discovery = host.effects.iter().find_map(|effect| match effect {
            Effect::Discover(id) => Some(id),
            _ => None,
        });
        let hosts = Input::Hosts { id: discovery.expect("it asks for hosts"), result: Ok(&[1]) };
        host.node.handle(now, hosts, &mut host.effects);
        host.node.check();
        (2..=MEMBERS).for_each(|address| host.changes.push(alive(address, inc(0))));
        host.receive(2, Kind::Gossip);
        // Who never answered is told little (R16).
        while host.node.count_proven() < MEMBERS as usize {
            let (target, seq) = host.ping_of_the_next_round();
            host.changes.clear();
            host.receive(target, Kind::Ack { seq, ready: Readiness::Ready });
            host.node.check();
        }
        host
    }

    /// A member sends what is in `changes`, with the checksum that the node has.
    fn receive(&mut self, from: u32, kind: Kind<u32>) {
        self.effects.clear();
        let checksum = self.node.checksum();
        self.deliver(from, kind, checksum);
    }

    fn deliver(&mut self, from: u32, kind: Kind<u32>, checksum: Checksum) {
        let message = Message { kind, incarnation: inc(0), checksum, changes: self.changes.as_changes() };
        self.node.handle(self.now, Input::Message { from, via: Via::Datagram, message }, &mut self.effects);
    }

    /// Lets time pass until the node has pinged somebody; all answers but the first ack are left out.
    fn ping_of_the_next_round(&mut self) -> (u32, Seq) {
        loop {
            self.now = self.node.next_deadline().expect("a member always has something to do").max(self.now);
            self.effects.clear();
            self.node.handle(self.now, Input::Tick, &mut self.effects);
            let ping = self.effects.iter().find_map(|effect| match effect {
                Effect::Send { to, message: Message { kind: Kind::Ping { seq }, .. }, .. } => Some((to, seq)),
                _ => None,
            });
            if let Some(ping) = ping {
                return ping;
            }
        }
    }

    /// Six members tell that they reincarnated, so that changes are always pending.
    fn news(&mut self, round: u32) {
        self.changes.clear();
        for number in 0..6 {
            let address = 2 + (round * 6 + number) % (MEMBERS - 1);
            self.changes.push(alive(address, inc(1 + u64::from(round))));
        }
    }
}

/// Runs rounds until buffers have grown, and counts what is allocated in those that follow; what looks at the node after each
/// round is not counted.
fn once_warm(events: EventMask, mut round: impl FnMut(&mut Host, u32)) -> u64 {
    let mut host = Host::new(events);
    let mut counted = |number| {
        let count = allocations(|| round(&mut host, number));
        host.node.check();
        count
    };
    (0..WARM).for_each(|number| _ = counted(number));
    (WARM..WARM + COUNTED).map(counted).sum()
}

fn is_alive(host: &Host, address: u32) -> bool {
    host.node.member(address).is_some_and(|member| member.status == Status::Alive)
}

#[test]
fn the_allocator_counts() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn a_ping_without_changes_allocates_nothing() {
    for events in [EventMask::NONE, EventMask::ALL] {
        let count = once_warm(events, |host, number| {
            host.changes.clear();
            host.receive(2 + number % 100, Kind::Ping { seq: Seq(number) });
            assert!(matches!(host.effects.iter().next(), Some(Effect::Send { .. } | Effect::Event(_))));
        });
        assert_eq!(count, 0);
    }
}

#[test]
fn a_ping_with_changes_allocates_nothing() {
    for events in [EventMask::NONE, EventMask::ALL] {
        let mut told = 0;
        let count = once_warm(events, |host, number| {
            host.news(number);
            host.receive(2 + number % 100, Kind::Ping { seq: Seq(number) });
            told += host.effects.iter().map(|effect| changes_sent(&effect)).sum::<usize>();
        });
        assert_eq!(count, 0);
        assert!(told > 10_000, "answers carry changes: {told}");
    }
}

fn changes_sent(effect: &Effect<'_, u32>) -> usize {
    match effect {
        Effect::Send { message, .. } => message.changes.len(),
        _ => 0,
    }
}

/// An ack, and the tick that sends the ping which it answers.
#[test]
fn a_ping_and_its_ack_allocate_nothing() {
    for (events, with_changes) in [(EventMask::NONE, false), (EventMask::ALL, false), (EventMask::NONE, true)] {
        let count = once_warm(events, |host, number| {
            let (target, seq) = host.ping_of_the_next_round();
            host.changes.clear();
            if with_changes {
                host.news(number);
            }
            host.now = host.now + Micros::from_millis(1);
            host.receive(target, Kind::Ack { seq, ready: Readiness::Ready });
            assert!(is_alive(host, target));
        });
        assert_eq!(count, 0, "with changes: {with_changes}");
    }
}

#[test]
fn gossip_of_what_is_known_allocates_nothing() {
    for events in [EventMask::NONE, EventMask::ALL] {
        let count = once_warm(events, |host, number| {
            host.changes.clear();
            (2..=MEMBERS.min(100)).for_each(|address| host.changes.push(alive(address, inc(0))));
            host.receive(2 + number % 100, Kind::Gossip);
        });
        assert_eq!(count, 0);
    }
}

#[test]
fn gossip_of_what_is_new_allocates_nothing() {
    let count = once_warm(EventMask::NONE, |host, number| {
        host.news(number);
        host.receive(2 + number % 100, Kind::Gossip);
        let (target, seq) = host.ping_of_the_next_round();
        host.changes.clear();
        host.receive(target, Kind::Ack { seq, ready: Readiness::Ready });
    });
    assert_eq!(count, 0);
}

#[test]
fn an_event_that_is_wanted_is_reported_without_allocating() {
    let mut seen = 0;
    let count = once_warm(EventMask::only(&[swim_core::EventKind::PingReceive]), |host, number| {
        host.changes.clear();
        host.receive(2, Kind::Ping { seq: Seq(number) });
        let is_report = |effect: &Effect<'_, u32>| matches!(effect, Effect::Event(Event::PingReceive { .. }));
        seen += host.effects.iter().filter(is_report).count();
    });
    assert_eq!((count, seen), (0, (WARM + COUNTED) as usize));
}

#[test]
fn the_allocator_knows_what_is_held() {
    let mut kept = Vec::<u8>::new();
    let grown = held(|| {
        drop(vec![0u8; 1_000]);
        kept.reserve_exact(100);
    });
    assert_eq!(grown, (100, 1_000));
    assert_eq!(held(|| drop(std::mem::take(&mut kept))).0, -100);
}

/// Whose claims a list of made-up members holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claimed {
    /// Each its own, that it is alive, which takes least.
    ByThemselves,
    /// Those of one accuser.
    Suspect,
}

/// What a list of made-up members comes to that a node of the LAN preset hears in one message: how many bytes it takes for each
/// of them, and how many for the moment in which it is decoded and applied.
fn flooded<A: Address>(
    members: u32,
    labels: &[u8],
    events: EventMask,
    claimed: Claimed,
    address: impl Fn(u32) -> A,
) -> (i64, i64) {
    let options = Options { events, ..Options::lan() };
    let config = Config::try_from(options).expect("the options are valid");
    let (cluster, limits) = (config.cluster(), wire::Limits::stream(config.options().members_max as usize));
    let now = Instant::from_millis(1_000);
    let mut node = Node::new(config, address(0), Boot { now, wall: UnixMillis(WALL), seed: 7 });
    let labels = Labels::from_encoded(labels).expect("they are within the limits for what is received");
    let mut frame = Vec::new();
    let mut list = ChangeList::new();
    for number in 1..members {
        let (subject, incarnation) = (address(number), inc(0));
        let (status, source) = match claimed {
            Claimed::ByThemselves => (Status::Alive, subject),
            Claimed::Suspect => (Status::Suspect, address(1)),
        };
        let source = Some(Source { address: source, incarnation });
        list.push(Change { address: subject, incarnation, status, source, labels });
    }
    let head = (inc(0), Checksum(1));
    let message = Message { kind: Kind::Gossip, incarnation: head.0, checksum: head.1, changes: list.as_changes() };
    wire::encode(cluster, &message, &mut frame);
    drop(list);
    let mut effects = Effects::new();
    let (kept, most) = held(|| {
        let mut list = ChangeList::new();
        let message = wire::decode(cluster, limits, &frame, &mut list).expect("it is within the limits");
        node.handle(now, Input::Message { from: address(1), via: Via::Datagram, message }, &mut effects);
        effects = Effects::new();
    });
    // The node itself has none; of the others as many as a quarter of the longest message has room for.
    let room = if labels.is_empty() { members as usize } else { 1 + wire::MAX_BODY_LEN / 4 / labels.encoded().len() };
    let listed = node.listed().count();
    assert_eq!(listed, room.min(members as usize));
    println!(
        "{members} members, of which {listed} are listed, {claimed:?}, with {} bytes of labels, {} events, addresses of {} bytes: {} bytes on the wire, \
         {} kept for each, {} MB in all, {} MB at most meanwhile",
        labels.encoded().len(),
        if events == EventMask::NONE { "no" } else { "all" },
        size_of::<A>(),
        frame.len(),
        kept / listed as i64,
        kept / 1_000_000,
        most / 1_000_000,
    );
    (kept / listed as i64, most / i64::from(members))
}

fn socket(number: u32) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from_bits(0x0a00_0000 + number), 7946))
}

/// Labels as long as they are accepted.
fn longest_labels() -> Vec<u8> {
    let labels = (0..4).flat_map(|key| [1, b'a' + key, 253].into_iter().chain([b'v'; 253]));
    let longest: Vec<u8> = labels.collect();
    assert_eq!(longest.len(), 1024);
    longest
}

#[test]
fn a_made_up_member_takes_less_than_seventy_bytes_and_its_labels() {
    use Claimed::ByThemselves;
    let none = EventMask::NONE;
    assert!(flooded(1 << 16, &[], none, ByThemselves, |number| number).0 < 40);
    let (kept, most) = flooded(1 << 16, &[], none, ByThemselves, socket);
    assert!(kept < 70 && most < 4 * kept, "{kept}, {most}");
    let (kept, most) = flooded(1 << 13, &longest_labels(), none, ByThemselves, socket);
    assert!(kept < 70 + 1024 + 32 && most < 3 * kept, "{kept}, {most}");
}

#[test]
fn one_that_is_accused_takes_less_than_130_bytes() {
    let (kept, most) = flooded(1 << 16, &[], EventMask::NONE, Claimed::Suspect, socket);
    assert!(kept < 130 && most < 260, "{kept}, {most}");
}

/// Events are lists, too: what was heard, what was applied, and the rollup of it. None of them is kept.
#[test]
fn who_wants_all_events_keeps_no_more_when_they_are_over() {
    for claimed in [Claimed::ByThemselves, Claimed::Suspect] {
        let (kept, _) = flooded(1 << 16, &[], EventMask::NONE, claimed, socket);
        let (with_events, most) = flooded(1 << 16, &[], EventMask::ALL, claimed, socket);
        assert!((kept..=kept + 1).contains(&with_events), "{kept}, {with_events}");
        assert!(most < kept + 750, "{kept}, {most}");
    }
}

/// The figures of docs/SECURITY.md: `cargo test --release -p swim-core --test allocations as_many -- --ignored --nocapture`
#[test]
#[ignore = "some seconds, and a gigabyte"]
fn as_many_made_up_members_as_the_presets_allow() {
    let none = EventMask::NONE;
    flooded(1 << 20, &[], none, Claimed::ByThemselves, |number| number);
    flooded(1 << 20, &[], none, Claimed::ByThemselves, socket);
    // What takes most: each with labels, as long as there is room for all.
    flooded(1 << 20, b"\x01a\x0dthirteenbytes", none, Claimed::ByThemselves, socket);
    // As many as there is room for, and as fit into the 64 MiB of a frame.
    flooded(16_384, &longest_labels(), none, Claimed::ByThemselves, socket);
    flooded(64_000, &longest_labels(), none, Claimed::ByThemselves, socket);
    // As the driver has it, whose readers may want every event; and what is accused.
    flooded(1 << 20, &[], EventMask::ALL, Claimed::ByThemselves, socket);
    flooded(1 << 20, &[], none, Claimed::Suspect, socket);
    flooded(1 << 20, &[], EventMask::ALL, Claimed::Suspect, socket);
    flooded(1 << 20, b"\x01a\x0dthirteenbytes", EventMask::ALL, Claimed::Suspect, socket);
}
