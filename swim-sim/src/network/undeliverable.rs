//! What a sender learns of what cannot arrive: because of a cut, or because nobody runs where it goes.

use std::fmt;
use std::str::FromStr;

use swim_core::Random;

/// Whether senders are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undeliverable {
    /// Never: all that cannot arrive vanishes, as when a machine loses its power.
    Never,
    /// A machine on which no process runs refuses connections; cuts are silent, and so is the loss of datagrams.
    #[default]
    Refused,
    /// Half of all senders are told, of requests and datagrams alike.
    Sometimes,
    /// Everyone is told of everything: routers answer for what lies behind a cut.
    Always,
}

/// Why something cannot arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A cut lies between.
    Cut,
    /// No process runs there.
    NobodyThere,
}

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A datagram.
    Datagram,
    /// A request on a stream.
    Request,
}

/// Not one of the four words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is none of `never`, `refused`, `sometimes` and `always`")]
pub struct UndeliverableError {
    text: String,
}

impl Undeliverable {
    /// Whether the sender is told this time.
    pub fn is_told(self, sent: Sent, cause: Cause, random: &mut Random) -> bool {
        match self {
            Self::Never => false,
            Self::Refused => sent == Sent::Request && cause == Cause::NobodyThere,
            Self::Sometimes => random.chance(1, 2),
            Self::Always => true,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Refused => "refused",
            Self::Sometimes => "sometimes",
            Self::Always => "always",
        }
    }
}

impl FromStr for Undeliverable {
    type Err = UndeliverableError;

    fn from_str(text: &str) -> Result<Self, UndeliverableError> {
        let all = [Self::Never, Self::Refused, Self::Sometimes, Self::Always];
        all.into_iter().find(|each| each.name() == text).ok_or_else(|| UndeliverableError { text: text.into() })
    }
}

impl fmt::Display for Undeliverable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

crate::text::as_text!(Undeliverable, "`never`, `refused`, `sometimes` or `always`");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_only_connections_to_a_machine_without_a_process_are_refused() {
        let mut random = Random::new(1);
        let mut told = |sent, cause| Undeliverable::default().is_told(sent, cause, &mut random);
        assert!(told(Sent::Request, Cause::NobodyThere));
        assert!(!told(Sent::Request, Cause::Cut));
        assert!(!told(Sent::Datagram, Cause::NobodyThere));
    }

    #[test]
    fn sometimes_is_half_of_the_time_and_the_others_are_exact() {
        let mut random = Random::new(1);
        let mut count = |undeliverable: Undeliverable| {
            (0..1_000).filter(|_| undeliverable.is_told(Sent::Datagram, Cause::Cut, &mut random)).count()
        };
        assert_eq!((count(Undeliverable::Never), count(Undeliverable::Always)), (0, 1_000));
        // Six standard deviations of 16 either side.
        assert!((405..595).contains(&count(Undeliverable::Sometimes)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["never", "refused", "sometimes", "always"] {
            assert_eq!(text.parse::<Undeliverable>().unwrap().to_string(), text);
        }
        assert!("often".parse::<Undeliverable>().is_err());
    }
}
