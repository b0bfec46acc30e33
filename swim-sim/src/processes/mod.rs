//! The processes in which the nodes run: they boot, crash and come back, stop for a while, or are slow to send and
//! receive, and their clocks drift.
//!
//! ```text
//!             boot            pause
//!   Down ─────────────> Up ──────────> Paused       while Paused nothing is handled, and datagrams wait as in the
//!    ^  <──────────────  │ <──────────    │         buffer of a socket
//!    │       crash       │     resume     │
//!    └────────────────────────────────────┘
//! ```
//! A process that is blocked is Up: its timers run, but what it sends leaves, and what it gets is handled, only when
//! the block ends (Lifeguard's anomalies).

mod clock;

pub use clock::Clock;

use swim_core::Instant;

use crate::happening::Happening;

/// All processes of a cluster.
#[derive(Debug)]
pub struct Processes {
    list: Vec<Process>,
    /// Counts the boots of each; tells what belongs to one life from what belongs to another.
    lives: Vec<u32>,
    /// How many are not simply up with a true clock.
    irregular: u32,
    /// How often one of them changed.
    changes: u64,
}

/// One process.
#[derive(Debug)]
struct Process {
    state: State,
    clock: Clock,
    /// Whether its wall clock jumped and it was not told.
    has_jumped: bool,
    /// Until when sends and receives are held up.
    blocked_until: Instant,
    /// What came while it was paused, in order.
    waiting: Vec<Happening>,
    /// The members that it remembers from its last life.
    remembered: Option<Box<[u32]>>,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing: it does not run.
    Down,
    /// It runs.
    Up,
    /// It is stopped while its clock runs on.
    Paused,
}

/// What to do with something that arrives at a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It is handled now.
    Now,
    /// It is handled then.
    At(Instant),
    /// It waits until the process goes on.
    Waits,
    /// Nobody is there.
    NobodyThere,
}

impl Processes {
    /// So many processes, none of which runs.
    pub fn new(count: u32) -> Self {
        let down = || Process {
            state: State::Down,
            clock: Clock::TRUE,
            has_jumped: false,
            blocked_until: Instant::ZERO,
            waiting: Vec::new(),
            remembered: None,
        };
        let list = std::iter::repeat_with(down).take(count as usize).collect();
        Self { list, lives: vec![0; count as usize], irregular: count, changes: 0 }
    }

    /// Whether all are up, with true clocks and not held up: then nothing need be looked up.
    #[inline]
    pub const fn are_plain(&self) -> bool {
        self.irregular == 0
    }

    /// How often anything happened to one of them: another number, and a fault has come or gone meanwhile.
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// What a process does.
    pub fn state(&self, node: u32) -> State {
        self.list[node as usize].state
    }

    /// Whether it runs, stopped or not.
    #[inline]
    pub fn is_up(&self, node: u32) -> bool {
        self.are_plain() || self.list[node as usize].state != State::Down
    }

    /// Whether it runs as it should: not stopped, not held up.
    pub fn is_sound(&self, now: Instant, node: u32) -> bool {
        let process = &self.list[node as usize];
        self.are_plain() || process.state == State::Up && process.blocked_until <= now
    }

    /// How many do not run.
    pub fn down(&self) -> u32 {
        if self.are_plain() { 0 } else { self.list.iter().filter(|each| each.state == State::Down).count() as u32 }
    }

    /// Which life of the process this is, or the last one was; the first is 1.
    #[inline]
    pub fn life(&self, node: u32) -> u32 {
        self.lives[node as usize]
    }

    /// Its clock.
    pub fn clock(&self, node: u32) -> Clock {
        self.list[node as usize].clock
    }

    /// Its time.
    #[inline]
    pub fn local(&self, now: Instant, node: u32) -> Instant {
        if self.are_plain() { now } else { self.list[node as usize].clock.local(now) }
    }

    /// When its time will be `local`.
    #[inline]
    pub fn global(&self, local: Instant, node: u32) -> Instant {
        if self.are_plain() { local } else { self.list[node as usize].clock.global(local) }
    }

    /// When what it sends at `now` leaves.
    #[inline]
    pub fn departure(&self, now: Instant, node: u32) -> Instant {
        if self.are_plain() { now } else { now.max(self.list[node as usize].blocked_until) }
    }

    /// What to do with something that arrives.
    #[inline]
    pub fn receive(&self, now: Instant, node: u32) -> Reception {
        if self.are_plain() {
            return Reception::Now;
        }
        let process = &self.list[node as usize];
        match process.state {
            State::Down => Reception::NobodyThere,
            State::Paused => Reception::Waits,
            State::Up if process.blocked_until > now => Reception::At(process.blocked_until),
            State::Up => Reception::Now,
        }
    }

    /// Keeps what arrived until the process goes on. Returns whether there was room for it: what its own host has for it
    /// lies in no buffer.
    #[must_use]
    pub fn keep(&mut self, node: u32, what: Happening) -> bool {
        let waiting = &mut self.list[node as usize].waiting;
        let is_message = matches!(what, Happening::Note { .. } | Happening::Parcel { .. });
        let room = !is_message || waiting.len() < WAITING_MAX;
        if room {
            waiting.push(what);
        }
        room
    }

    /// It starts to run. Returns whether it did not before.
    pub fn boot(&mut self, node: u32) -> bool {
        if self.state(node) != State::Down {
            return false;
        }
        self.lives[node as usize] += 1;
        self.change(node, |process| (process.state, process.has_jumped) = (State::Up, false));
        true
    }

    /// It ends, and keeps `remembered` on its disk. Returns what waited for it; `None` when it did not run.
    pub fn crash(&mut self, node: u32, remembered: Option<Box<[u32]>>) -> Option<Vec<Happening>> {
        self.change(node, |process| {
            if process.state == State::Down {
                return None;
            }
            process.state = State::Down;
            process.blocked_until = Instant::ZERO;
            process.remembered = remembered;
            Some(std::mem::take(&mut process.waiting))
        })
    }

    /// The members that it remembers from its last life.
    pub fn remembered(&self, node: u32) -> Option<&[u32]> {
        self.list[node as usize].remembered.as_deref()
    }

    /// It stops, if it runs.
    pub fn pause(&mut self, node: u32) {
        self.change(node, |process| {
            if process.state == State::Up {
                process.state = State::Paused;
            }
        });
    }

    /// It goes on. Returns what waited for it; `None` when it was not paused.
    pub fn resume(&mut self, node: u32) -> Option<Vec<Happening>> {
        self.change(node, |process| {
            if process.state != State::Paused {
                return None;
            }
            process.state = State::Up;
            Some(std::mem::take(&mut process.waiting))
        })
    }

    /// What it sends and gets is held up until `until`, or for longer where it was already.
    pub fn block(&mut self, node: u32, until: Instant) {
        self.change(node, |process| {
            if process.state != State::Down {
                process.blocked_until = process.blocked_until.max(until);
            }
        });
    }

    /// Nothing is held up any more.
    pub fn unblock(&mut self, node: u32) {
        self.change(node, |process| process.blocked_until = Instant::ZERO);
    }

    /// Its clock changes.
    pub fn set_clock(&mut self, node: u32, clock: Clock) {
        self.change(node, |process| process.clock = clock);
    }

    /// Its wall clock jumps by so many milliseconds.
    pub fn jump(&mut self, node: u32, millis: i64) {
        self.change(node, |process| {
            process.clock.jump(millis);
            process.has_jumped = true;
        });
    }

    /// Whether its wall clock jumped since it was told last; now it is told.
    pub fn take_jump(&mut self, node: u32) -> bool {
        std::mem::take(&mut self.list[node as usize].has_jumped)
    }

    fn change<T>(&mut self, node: u32, change: impl FnOnce(&mut Process) -> T) -> T {
        self.changes += 1;
        let process = &mut self.list[node as usize];
        let before = process.is_regular();
        let result = change(process);
        match (before, process.is_regular()) {
            (true, false) => self.irregular += 1,
            (false, true) => self.irregular -= 1,
            _ => {}
        }
        result
    }
}

impl Process {
    fn is_regular(&self) -> bool {
        self.state == State::Up && self.blocked_until == Instant::ZERO && self.clock.is_true()
    }
}

/// How many messages wait for a stopped process at most, as in the buffers of its sockets.
const WAITING_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::happening::Note;
    use swim_core::{Changes, Checksum, Incarnation, Kind, Message, Seq};

    const NOW: Instant = Instant::from_millis(5);

    fn up(count: u32) -> Processes {
        let mut processes = Processes::new(count);
        (0..count).for_each(|node| assert!(processes.boot(node)));
        processes
    }

    #[test]
    fn once_all_run_nothing_need_be_looked_up() {
        let mut processes = Processes::new(2);
        assert_eq!((processes.are_plain(), processes.down()), (false, 2));
        assert_eq!(processes.receive(NOW, 0), Reception::NobodyThere);
        assert!(processes.boot(0) && !processes.boot(0) && processes.boot(1));
        assert!(processes.are_plain());
        assert_eq!(processes.receive(NOW, 0), Reception::Now);
    }

    #[test]
    fn what_comes_while_a_process_is_stopped_waits_within_bounds() {
        let mut processes = up(1);
        processes.pause(0);
        assert_eq!(processes.receive(NOW, 0), Reception::Waits);
        let kind = Kind::Ping { seq: Seq(3) };
        let (incarnation, checksum) = (Incarnation::default(), Checksum(1));
        let ping = Message { kind, incarnation, checksum, changes: Changes::NONE };
        let note = Note::of(&ping).expect("a ping without changes");
        let kept = (0..1_000).filter(|_| processes.keep(0, Happening::Note { from: 1, to: 0, note })).count();
        assert_eq!(kept, WAITING_MAX);
        assert!(processes.keep(0, Happening::Again { node: 0, life: 1 }), "its host waits in no buffer");
        assert_eq!(processes.resume(0).map(|waited| waited.len()), Some(WAITING_MAX + 1));
        assert!(processes.are_plain() && processes.resume(0).is_none());
    }

    #[test]
    fn a_blocked_process_runs_but_neither_sends_nor_receives() {
        let mut processes = up(1);
        processes.block(0, Instant::from_millis(9));
        assert_eq!(processes.receive(NOW, 0), Reception::At(Instant::from_millis(9)));
        assert_eq!(processes.departure(NOW, 0), Instant::from_millis(9));
        assert!(processes.is_up(0) && !processes.is_sound(NOW, 0));
        processes.block(0, Instant::from_millis(7));
        assert_eq!(processes.departure(NOW, 0), Instant::from_millis(9), "the longer time counts");
        processes.unblock(0);
        assert_eq!(processes.departure(NOW, 0), NOW);
        assert!(processes.are_plain());
    }

    #[test]
    fn a_crash_ends_a_life_whatever_the_process_did() {
        let mut processes = up(1);
        processes.pause(0);
        assert!(processes.keep(0, Happening::Wake(0)));
        assert_eq!(processes.crash(0, Some([3].into())).map(|waited| waited.len()), Some(1));
        assert!(processes.crash(0, None).is_none() && !processes.is_up(0));
        processes.pause(0);
        assert!(processes.resume(0).is_none());
        assert!(processes.boot(0));
        assert_eq!((processes.life(0), processes.remembered(0)), (2, Some(&[3][..])));
    }

    #[test]
    fn a_clock_that_drifts_makes_a_process_irregular() {
        let mut processes = up(1);
        let mut clock = Clock::TRUE;
        clock.set_drift(Instant::ZERO, 100_000);
        processes.set_clock(0, clock);
        assert!(!processes.are_plain());
        assert_eq!(processes.local(Instant::from_millis(1_000), 0), Instant::from_millis(1_100));
        assert_eq!(processes.global(Instant::from_millis(1_100), 0), Instant::from_millis(1_000));
        processes.set_clock(0, Clock::TRUE);
        assert!(processes.are_plain());
    }
}
