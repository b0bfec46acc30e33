//! What an exploration finds: what is wrong, and the choices that lead to it.

use std::fmt;
use std::str::FromStr;

use swim_core::Instant;

use super::choice::{Choice, ChoiceError};
use crate::checkers::Finding;
use crate::hunt::FindKind;

/// A list of choices from the first state on, and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The choices.
    pub choices: Vec<Choice>,
    /// What follows.
    pub ending: Ending,
}

/// What follows the last choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Nothing: what is found, the last choice did.
    #[default]
    None,
    /// Nothing goes wrong any more, and who is down stays so.
    Calm,
    /// Nothing goes wrong any more, and who is down boots at once.
    CalmAndBoot,
}

/// Something that must not happen did, or something that must happen did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExploreFind {
    /// Which kind of thing.
    pub kind: FindKind,
    /// Which checker saw it.
    pub checker: String,
    /// What it saw.
    pub reason: String,
    /// When, in the time of the world.
    pub at: Instant,
    /// How to get there: no list of choices that leads to a find is shorter.
    pub way: Way,
}

/// What went wrong in a step, before anybody knows how it came to that.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) kind: FindKind,
    pub(super) checker: String,
    pub(super) reason: String,
    pub(super) at: Instant,
}

impl Wrong {
    pub(super) fn safety(at: Instant, finding: &Finding) -> Box<Self> {
        let reason = format!("node {}: {}", finding.node, finding.reason);
        Box::new(Self { kind: FindKind::Safety, checker: finding.checker.into(), reason, at })
    }

    pub(super) fn panic(at: Instant, said: String) -> Box<Self> {
        Box::new(Self { kind: FindKind::Crash, checker: "panic".into(), reason: said, at })
    }

    pub(super) fn on(self, way: Way) -> Box<ExploreFind> {
        let Self { kind, checker, reason, at } = self;
        Box::new(ExploreFind { kind, checker, reason, at, way })
    }
}

impl fmt::Display for ExploreFind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, checker, reason, at, way } = self;
        write!(f, "{}: checker {checker}, after {} choices, at {at}: {reason}", kind.name(), way.choices.len())
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = self.choices.iter().map(ToString::to_string).collect();
        match self.ending {
            Ending::None => {}
            Ending::Calm => words.push(CALM.into()),
            Ending::CalmAndBoot => words.push(CALM_AND_BOOT.into()),
        }
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Way {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let ending = match words.last() {
            Some(&CALM) => Ending::Calm,
            Some(&CALM_AND_BOOT) => Ending::CalmAndBoot,
            _ => Ending::None,
        };
        if ending != Ending::None {
            words.pop();
        }
        let choices = words.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { choices, ending })
    }
}

const CALM: &str = "calm";
const CALM_AND_BOOT: &str = "calm+boot";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_read_as_it_is_written() {
        for text in ["", "d01 t0 l10", "k1 calm", "p0 m calm+boot"] {
            assert_eq!(text.parse::<Way>().map(|way| way.to_string()), Ok(text.into()));
        }
        assert!("calm d01".parse::<Way>().is_err());
    }
}
