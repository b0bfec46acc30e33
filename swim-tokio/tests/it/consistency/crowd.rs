//! A crowd of made-up members, far more than a full list holds. A part of it is claimed to be there, another one as time
//! goes on, and the others to be dead, so that the list is never full of the same for long. Half of those that are
//! there answer pings, and so push out those that never did.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use swim_core::{
    Change, ChangeList, Changes, Checksum, ClusterId, Incarnation, Kind, Labels, Message, OwnLabels, Random, Readiness,
    Seq, Source, Status, wire,
};
use tokio::time::Instant;

use crate::forged::envelope;

const CROWD: u32 = 96;
/// How many of them are there at a time, and for how long until another is in the place of one of them.
const THERE: u32 = 32;
const TURN: Duration = Duration::from_millis(25);

/// Talks to the node at `target`, whose incarnation is `started`, until it is told to stop.
#[expect(clippy::disallowed_methods, reason = "the crowd waits on a thread of its own")]
pub(super) fn talk(target: SocketAddr, started: Incarnation, stop: &AtomicBool) {
    let began = Instant::now();
    let sockets = (0..CROWD).map(|_| socket()).collect();
    let mut crowd =
        Crowd { sockets, random: Random::new(1), target, turn: 0, now: started, last: vec![started; CROWD as usize] };
    while !stop.load(Ordering::Relaxed) {
        let elapsed = began.elapsed();
        crowd.now = Incarnation::new(started.get() + elapsed.as_millis() as u64).unwrap();
        crowd.turn = (elapsed.as_millis() / TURN.as_millis()) as u32;
        crowd.claim();
        crowd.answer();
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

struct Crowd {
    sockets: Vec<UdpSocket>,
    random: Random,
    target: SocketAddr,
    /// How many have come after the first of them.
    turn: u32,
    /// The incarnation of those that say now that they are there.
    now: Incarnation,
    /// At which incarnation each was said to be there last. It is dead at the same, or its death would begin anew.
    last: Vec<Incarnation>,
}

impl Crowd {
    /// One that is there says something of some.
    fn claim(&mut self) {
        let mut changes = ChangeList::new();
        for _ in 0..=self.random.below(4) {
            let one = self.random.below(CROWD) as usize;
            let mut status = Status::Faulty;
            if self.is_there(one) {
                self.last[one] = self.now;
                status = match self.random.below(12) {
                    0..9 => Status::Alive,
                    9..11 => Status::Suspect,
                    _ => Status::Leave,
                };
            }
            let (address, incarnation) = (self.sockets[one].local_addr().unwrap(), self.last[one]);
            let labels = OwnLabels::new([("made", self.random.below(100).to_string())]).unwrap();
            let source = Some(Source { address, incarnation });
            changes.push(Change { address, incarnation, status, source, labels: labels.as_labels() });
        }
        if self.random.chance(1, 50) {
            // The node itself, which has to refute it.
            let (address, incarnation, source) = (self.target, self.now, None);
            changes.push(Change { address, incarnation, status: Status::Suspect, source, labels: Labels::NONE });
        }
        let speaker = (self.turn + self.random.below(THERE)) % CROWD;
        self.say(speaker as usize, Kind::Ping { seq: Seq(1) }, changes.as_changes());
    }

    fn is_there(&self, one: usize) -> bool {
        (one as u32 + CROWD - self.turn % CROWD) % CROWD < THERE
    }

    /// Every second one that is there answers what it was asked. What the node tells is not listened to.
    fn answer(&mut self) {
        let mut buffer = [0; 2000];
        for one in 0..self.sockets.len() {
            while let Ok(len) = self.sockets[one].recv(&mut buffer) {
                let mut list = ChangeList::<SocketAddr>::new();
                let frame = &buffer[envelope(self.target).len()..len];
                let message = wire::decode(cluster(), wire::Limits::datagram(1400), frame, &mut list);
                let Kind::Ping { seq } = message.expect("the node makes no mistakes").kind else { continue };
                if one % 2 == 0 && self.is_there(one) {
                    self.say(one, Kind::Ack { seq, ready: Readiness::Ready }, Changes::NONE);
                }
            }
        }
    }

    fn say(&self, speaker: usize, kind: Kind<SocketAddr>, changes: Changes<'_, SocketAddr>) {
        let socket = &self.sockets[speaker];
        let mut bytes = envelope(socket.local_addr().unwrap());
        wire::encode(cluster(), &Message { kind, incarnation: self.now, checksum: Checksum(0), changes }, &mut bytes);
        let _ = socket.send_to(&bytes, self.target);
    }
}

fn cluster() -> ClusterId {
    ClusterId::from_name("test")
}
