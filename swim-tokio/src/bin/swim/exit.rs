//! How the program ends: one status for each kind of failure, so that scripts can tell them apart.

use std::process::ExitCode;

use crate::output::say;

/// The exit statuses beside 0, as `--help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something else.
    Failed = 1,
    /// On the command line, in the environment or in a file.
    Mistake = 2,
    /// A port or an address cannot be used.
    NotStarted = 3,
    /// The cluster was not joined.
    NotJoined = 4,
    /// Nobody answers at the admin address.
    NoAgent = 5,
    /// The agent would not do it.
    Refused = 6,
}

/// Why the program ends before its work is done.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    /// What to do, where the error itself does not say so in the words of the command line.
    advice: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), advice: None }
    }

    /// With what to do.
    pub(crate) fn advised(self, advice: Option<&'static str>) -> Self {
        Self { advice, ..self }
    }

    /// Tells the user, with every cause, and names the status.
    pub(crate) fn report(&self) -> ExitCode {
        say(format_args!("error: {}", self.error));
        for cause in self.error.chain().skip(1) {
            say(format_args!("  because: {cause}"));
        }
        if let Some(advice) = self.advice {
            say(format_args!("  advice: {advice}"));
        }
        ExitCode::from(self.exit as u8)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Failed, error)
    }
}

/// Gives an error its status.
pub(crate) trait OrExit<T> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(exit, error))
    }
}
