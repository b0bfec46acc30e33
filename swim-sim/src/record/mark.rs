//! A mark: something that was done to the cluster, to be shown on the time axis.

use serde::Serialize;
use swim_core::Instant;

/// Something that happened at one time or lasted for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// When it happened or began.
    #[serde(serialize_with = "seconds")]
    pub at: Instant,
    /// When it ended; `None` for what has no length.
    #[serde(serialize_with = "seconds_or_none")]
    pub until: Option<Instant>,
    /// What it is, in a few words.
    pub label: String,
    /// Of which kind it is.
    pub kind: MarkKind,
    /// The node that it happened to, where it is a single one.
    pub node: Option<u32>,
}

/// What kinds of marks there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// A part of the run.
    Phase,
    /// Something wrong with the network.
    Fault,
    /// A node that stops.
    Crash,
    /// A node that starts, or starts again.
    Start,
}

impl MarkKind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::Fault => "fault",
            Self::Crash => "crash",
            Self::Start => "start",
        }
    }
}

fn seconds<S: serde::Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.as_micros() as f64 / 1e6)
}

fn seconds_or_none<S: serde::Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.as_micros() as f64 / 1e6).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_seconds() {
        let (at, until) = (Instant::from_millis(1500), Some(Instant::from_millis(2250)));
        let mark = Mark { at, until, label: "cut".into(), kind: MarkKind::Fault, node: None };
        let written = serde_json::json!({ "at": 1.5, "until": 2.25, "label": "cut", "kind": "fault", "node": null });
        assert_eq!(serde_json::to_value(mark).unwrap(), written);
    }
}
