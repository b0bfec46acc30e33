//! One choice of the network or of the scheduler, and how it is written.

use std::fmt;
use std::str::FromStr;

/// One choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The earliest deadline of all passes: that of this node.
    Tick(u8),
    /// The first message of a link arrives.
    Deliver(Link),
    /// ... or is lost.
    Lose(Link),
    /// ... or arrives, and once more later.
    Duplicate(Link),
    /// ... or leaves the order of its link.
    Detain(Link),
    /// A message that left the order of its link arrives: the one at this place.
    Stray(u8),
    /// A process ends at once.
    Crash(u8),
    /// A process starts again, with nothing but its host list.
    Boot(u8),
    /// From now on nothing passes between this node and all others.
    Cut(u8),
    /// The cut ends.
    Mend,
}

/// The way from one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who sends.
    pub from: u8,
    /// Who receives.
    pub to: u8,
}

impl Choice {
    /// What it says in words.
    pub fn words(self) -> String {
        match self {
            Self::Tick(node) => format!("the deadline of node {node} passes"),
            Self::Deliver(Link { from, to }) => format!("node {to} gets a message of node {from}"),
            Self::Lose(Link { from, to }) => format!("a message of node {from} to node {to} is lost"),
            Self::Duplicate(Link { from, to }) => format!("node {to} gets a message of node {from} for the first time"),
            Self::Detain(Link { from, to }) => format!("a message of node {from} to node {to} is held up"),
            Self::Stray(place) => format!("the message that was held up arrives (of several the one at {place})"),
            Self::Crash(node) => format!("node {node} crashes"),
            Self::Boot(node) => format!("node {node} boots again"),
            Self::Cut(node) => format!("node {node} is cut off"),
            Self::Mend => "the cut ends".into(),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick(node) => write!(f, "t{node}"),
            Self::Deliver(Link { from, to }) => write!(f, "d{from}{to}"),
            Self::Lose(Link { from, to }) => write!(f, "l{from}{to}"),
            Self::Duplicate(Link { from, to }) => write!(f, "c{from}{to}"),
            Self::Detain(Link { from, to }) => write!(f, "o{from}{to}"),
            Self::Stray(place) => write!(f, "s{place}"),
            Self::Crash(node) => write!(f, "k{node}"),
            Self::Boot(node) => write!(f, "b{node}"),
            Self::Cut(node) => write!(f, "p{node}"),
            Self::Mend => write!(f, "m"),
        }
    }
}

/// Why a choice was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no choice; such as `d01`, node 1 gets what node 0 sent, are")]
pub struct ChoiceError {
    word: String,
}

impl FromStr for Choice {
    type Err = ChoiceError;

    fn from_str(word: &str) -> Result<Self, ChoiceError> {
        let mistake = || ChoiceError { word: word.into() };
        // The only number that may have several digits.
        if let Some(place) =
            word.strip_prefix('s').filter(|place| place.starts_with(|first: char| first.is_ascii_digit()))
        {
            return place.parse().map(Self::Stray).map_err(|_| mistake());
        }
        let digits: Option<Vec<u8>> =
            word.chars().skip(1).map(|digit| digit.to_digit(10).map(|digit| digit as u8)).collect();
        let digits = digits.ok_or_else(mistake)?;
        Ok(match (word.chars().next(), &digits[..]) {
            (Some('t'), &[node]) => Self::Tick(node),
            (Some('d'), &[from, to]) => Self::Deliver(Link { from, to }),
            (Some('l'), &[from, to]) => Self::Lose(Link { from, to }),
            (Some('c'), &[from, to]) => Self::Duplicate(Link { from, to }),
            (Some('o'), &[from, to]) => Self::Detain(Link { from, to }),
            (Some('k'), &[node]) => Self::Crash(node),
            (Some('b'), &[node]) => Self::Boot(node),
            (Some('p'), &[node]) => Self::Cut(node),
            (Some('m'), &[]) => Self::Mend,
            _ => return Err(mistake()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_as_they_are_written() {
        let link = Link { from: 0, to: 2 };
        let all = [
            Choice::Tick(1),
            Choice::Deliver(link),
            Choice::Lose(link),
            Choice::Duplicate(link),
            Choice::Detain(link),
            Choice::Stray(0),
            Choice::Stray(10),
            Choice::Stray(255),
            Choice::Crash(2),
            Choice::Boot(2),
            Choice::Cut(1),
            Choice::Mend,
        ];
        for choice in all {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        for wrong in ["", "t", "d0", "x1", "m1", "dab", "s", "s256", "s+1", "t10"] {
            assert!(wrong.parse::<Choice>().is_err(), "{wrong}");
        }
    }
}
