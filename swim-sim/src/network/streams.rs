//! What goes wrong on streams: connections that break, and such as stall.

use swim_core::{Micros, Random};

use super::chance::Chance;

/// How reliable streams are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// A connection breaks before what is sent on it arrives. The sender is told.
    pub fail: Chance,
    /// What is sent on a connection comes late.
    pub stall: Chance,
    /// How late.
    pub stall_for: Micros,
}

/// What becomes of what is sent on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamLuck {
    /// It arrives, so much later than it would otherwise.
    Late(Micros),
    /// The connection breaks.
    Breaks,
}

impl Streams {
    /// Draws for one request or reply.
    pub fn draw(&self, random: &mut Random) -> StreamLuck {
        if self.fail.strikes(random) {
            return StreamLuck::Breaks;
        }
        StreamLuck::Late(if self.stall.strikes(random) { self.stall_for } else { Micros::ZERO })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_break_and_so_many_of_the_others_stall() {
        let chance = |percent: u32| Chance::per_million(percent * 10_000);
        let streams = Streams { fail: chance(20), stall: chance(50), stall_for: Micros(7) };
        let mut random = Random::new(1);
        let luck: Vec<_> = (0..10_000).map(|_| streams.draw(&mut random)).collect();
        let count = |wanted| luck.iter().filter(|luck| **luck == wanted).count();
        // Six standard deviations (40 and 49) either side.
        assert!((1_760..2_240).contains(&count(StreamLuck::Breaks)));
        assert!((3_700..4_300).contains(&count(StreamLuck::Late(Micros(7)))));
        assert_eq!(
            count(StreamLuck::Breaks) + count(StreamLuck::Late(Micros(7))) + count(StreamLuck::Late(Micros::ZERO)),
            10_000
        );
    }
}
