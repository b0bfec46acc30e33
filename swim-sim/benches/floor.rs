//! The floor: the same schedule of ticks, pings, acks and probe timeouts with no protocol behind it, on the simulator's own
//! queue, against the simulator at rest. Prints how many times the floor's time a node-second takes.
//!
//! `cargo bench --bench floor -- rest 100` only runs a thousand nodes until they are at rest and then for 100 s more: two such
//! runs under a profiler tell what a node-second costs.

mod common;

use common::{Target, advance, at_rest, shortest, speed, verdict};
use swim_core::{Instant, Micros, Random};
use swim_sim::network::Latency;
use swim_sim::{Due, Queue, Wakes};

fn main() {
    let arguments: Vec<_> = std::env::args().skip_while(|argument| argument != "rest").collect();
    if let Some(seconds) = arguments.get(1).and_then(|argument| argument.parse::<u64>().ok()) {
        advance(&mut at_rest(1000), Micros::from_millis(1000 * seconds));
        return;
    }
    println!("{:<66} {:>8}   {:<14}", "", "ratio", "wanted");
    for (nodes, target) in [(1000, 8.0), (5000, 8.0)] {
        let span = Micros::from_millis(if nodes == 1000 { 400_000 } else { 80_000 });
        let mut floor = Floor::new(nodes);
        floor.advance(Micros::from_millis(5_000));
        let floor_time = shortest(3, || floor.advance(span));
        let mut cluster = at_rest(nodes);
        let events = cluster.events();
        let time = shortest(3, || advance(&mut cluster, span));
        let per_second = (cluster.events() - events) as f64 / 3.0 / (f64::from(nodes) * span.0 as f64 / 1e6);
        println!(
            "{nodes} nodes: floor {:.2}, simulator {:.2} million node-seconds a CPU-second, {per_second:.2} events each",
            speed(nodes, span, floor_time),
            speed(nodes, span, time),
        );
        let what = format!("{nodes} nodes at rest, time of the simulator / time of the floor");
        verdict(&what, time.as_secs_f64() / floor_time.as_secs_f64(), Target::AtMost(target));
    }
}

/// Nodes that ping somebody each second, answer, and look after half a second whether they were answered.
struct Floor {
    queue: Queue<Event>,
    wakes: Wakes,
    nodes: Vec<State>,
    random: Random,
    latency: Latency,
    now: Instant,
}

#[derive(Clone, Copy)]
enum Event {
    Wake(u32),
    Ping { from: u32, to: u32, number: u32 },
    Ack { to: u32, number: u32 },
}

/// What a node must know for that.
struct State {
    deadline: Instant,
    next: Instant,
    number: u32,
    waits: bool,
}

const PERIOD: Micros = Micros::from_millis(1_000);
const TIMEOUT: Micros = Micros::from_millis(500);

impl Floor {
    fn new(nodes: u32) -> Self {
        let mut floor = Self {
            queue: Queue::new(),
            wakes: Wakes::new(nodes),
            nodes: Vec::new(),
            random: Random::new(1),
            latency: Latency::default(),
            now: Instant::ZERO,
        };
        for node in 0..nodes {
            let next = Instant::from_micros(floor.random.below(1_000_000).into());
            floor.nodes.push(State { deadline: next, next, number: 0, waits: false });
            floor.wake(node, next);
        }
        floor
    }

    fn advance(&mut self, span: Micros) {
        let limit = self.now + span;
        while let Some((now, event)) = self.queue.pop_before(limit) {
            match event {
                Event::Wake(node) => match self.wakes.due(now, node, Some(self.nodes[node as usize].deadline)) {
                    Due::Tick => self.tick(now, node),
                    Due::Later(at) => self.queue.push(at, Event::Wake(node)),
                    Due::Void => {}
                },
                Event::Ping { from, to, number } => {
                    debug_assert!((to as usize) < self.nodes.len());
                    self.send(now, Event::Ack { to: from, number });
                }
                Event::Ack { to, number } => {
                    let state = &mut self.nodes[to as usize];
                    if state.waits && state.number == number {
                        state.waits = false;
                        state.deadline = state.next;
                    }
                }
            }
        }
        self.now = limit;
    }

    fn tick(&mut self, now: Instant, node: u32) {
        let count = self.nodes.len() as u32;
        let state = &mut self.nodes[node as usize];
        if now >= state.next {
            state.number = state.number.wrapping_add(1);
            state.waits = true;
            state.next = now + PERIOD;
            state.deadline = now + TIMEOUT;
            let ping = Event::Ping { from: node, to: self.random.below(count), number: state.number };
            self.send(now, ping);
        } else {
            state.deadline = state.next;
        }
        let deadline = self.nodes[node as usize].deadline;
        self.wake(node, deadline);
    }

    fn send(&mut self, now: Instant, event: Event) {
        let latency = self.latency.draw(&mut self.random);
        self.queue.push(now + latency, event);
    }

    fn wake(&mut self, node: u32, at: Instant) {
        if self.wakes.want(node, at) {
            self.queue.push(at, Event::Wake(node));
        }
    }
}
