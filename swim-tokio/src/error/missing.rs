//! What a discovery did not find.

use std::error::Error;
use std::fmt;

use super::DiscoverError;

/// What was missing when hosts were looked for last: names that could not be resolved, a file that is damaged.
#[derive(Clone, Debug, Default)]
pub struct Missing(Vec<DiscoverError>);

impl Missing {
    pub(crate) fn new(mut errors: Vec<DiscoverError>) -> Self {
        errors.truncate(ERRORS_MAX);
        Self(errors)
    }

    /// Each with its reason; some of them where there are very many.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &DiscoverError> {
        self.0.iter()
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().take(ERRORS_SHOWN).enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
            if let Some(cause) = error.source() {
                write!(f, " ({cause})")?;
            }
        }
        match self.0.len().saturating_sub(ERRORS_SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl Error for Missing {}

/// The most of which a failure tells.
const ERRORS_MAX: usize = 64;
const ERRORS_SHOWN: usize = 3;
