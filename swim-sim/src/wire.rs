//! Messages as bytes: their exact size always, and the way through the codec and back where that is asked for (I5).

use swim_core::{ChangeList, Channel, Config, Message, wire};

/// Whether messages travel as values or as bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carry {
    /// As values: fast. Their sizes are those of their encodings all the same.
    #[default]
    Values,
    /// As bytes: each is encoded, decoded and compared.
    Bytes,
}

/// The way of a message onto the wire and off it.
#[derive(Debug)]
pub struct WirePath {
    config: Config,
    carry: Carry,
    datagram_max: usize,
    bytes: Vec<u8>,
    list: ChangeList<u32>,
}

/// A message that must not be sent, or a codec that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A datagram beyond the budget.
    #[error("a datagram of {size} bytes, {max} are allowed: {message}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The budget in bytes.
        max: usize,
        /// What it says.
        message: String,
    },
    /// The encoding has another length than was foretold.
    #[error("{message} was foretold to take {foretold} bytes and took {taken}")]
    Size {
        /// What [`wire::encoded_len`] said.
        foretold: usize,
        /// What [`wire::encode`] took.
        taken: usize,
        /// What was encoded.
        message: String,
    },
    /// The codec does not give back what it was given.
    #[error("the codec made of {sent} this: {received}")]
    Changed {
        /// What was encoded.
        sent: String,
        /// What was decoded, or why it was not.
        received: String,
    },
}

impl WirePath {
    /// The way between nodes of `config`.
    pub fn new(config: Config, carry: Carry) -> Self {
        let datagram_max = config.options().datagram_max.map_or(usize::MAX, |max| max as usize);
        Self { config, carry, datagram_max, bytes: Vec::new(), list: ChangeList::new() }
    }

    /// The size of a message in bytes.
    ///
    /// # Errors
    /// When it is a datagram beyond the budget.
    #[inline]
    pub fn size(&self, channel: Channel, message: &Message<'_, u32>) -> Result<usize, Box<WireError>> {
        let size = wire::encoded_len(message);
        if size > self.datagram_max && channel == Channel::Datagram {
            return Err(WireError::too_large(size, self.datagram_max, message));
        }
        Ok(size)
    }

    /// Whether messages go [`through`](WirePath::through) the codec.
    #[inline]
    pub fn is_codec(&self) -> bool {
        self.carry == Carry::Bytes
    }

    /// Passes a message through the codec; returns it as it arrives.
    ///
    /// # Errors
    /// When its size is not the one foretold, or it does not arrive as it was sent.
    pub fn through<'a>(
        &'a mut self,
        channel: Channel,
        message: Message<'a, u32>,
        foretold: usize,
    ) -> Result<Message<'a, u32>, Box<WireError>> {
        let cluster = self.config.cluster();
        self.bytes.clear();
        wire::encode(cluster, &message, &mut self.bytes);
        let taken = self.bytes.len();
        if taken != foretold {
            return Err(Box::new(WireError::Size { foretold, taken, message: format!("{message:?}") }));
        }
        let limits = match channel {
            Channel::Datagram => wire::Limits::datagram(self.datagram_max),
            _ => wire::Limits::stream(self.config.options().members_max as usize),
        };
        match wire::decode(cluster, limits, &self.bytes, &mut self.list) {
            Ok(decoded) if decoded == message => Ok(decoded),
            other => {
                let (sent, received) = (format!("{message:?}"), format!("{other:?}"));
                Err(Box::new(WireError::Changed { sent, received }))
            }
        }
    }
}

impl WireError {
    #[cold]
    fn too_large(size: usize, max: usize, message: &Message<'_, u32>) -> Box<Self> {
        Box::new(Self::TooLarge { size, max, message: format!("{message:?}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swim_core::{Changes, Checksum, Incarnation, Kind, Options, Seq};

    fn config() -> Config {
        Config::try_from(Options::lan()).unwrap()
    }

    fn ping(changes: Changes<'_, u32>) -> Message<'_, u32> {
        let incarnation = Incarnation::new(1_700_000_000_000).unwrap();
        Message { kind: Kind::Ping { seq: Seq(7) }, incarnation, checksum: Checksum(9), changes }
    }

    fn claims(len: u32) -> ChangeList<u32> {
        let change = |address| swim_core::Change {
            address,
            incarnation: Incarnation::new(1_700_000_000_000).unwrap(),
            status: swim_core::Status::Suspect,
            source: None,
            labels: swim_core::Labels::NONE,
        };
        (0..len).map(change).collect()
    }

    #[test]
    fn a_message_arrives_as_it_was_sent_and_takes_what_was_foretold() {
        let changes = claims(3);
        let message = ping(changes.as_changes());
        let mut path = WirePath::new(config(), Carry::Bytes);
        let size = path.size(Channel::Datagram, &message).unwrap();
        assert_eq!(path.through(Channel::Datagram, message, size), Ok(message));
        assert!(matches!(*path.through(Channel::Datagram, message, size + 1).unwrap_err(), WireError::Size { .. }));
    }

    #[test]
    fn a_datagram_beyond_the_budget_is_no_datagram() {
        let changes = claims(200);
        let message = ping(changes.as_changes());
        let path = WirePath::new(config(), Carry::Values);
        let error = path.size(Channel::Datagram, &message).unwrap_err();
        assert!(matches!(*error, WireError::TooLarge { max: 1400, .. }));
        assert!(path.size(Channel::Request(swim_core::Ticket(1)), &message).is_ok());
    }
}
