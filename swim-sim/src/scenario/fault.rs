//! One fault of a scenario: what goes wrong, with which nodes, when and for how long.

use serde::{Deserialize, Serialize};

use super::node_set::NodeSet;
use super::time::{Drift, Shift, Time};
use crate::cluster::Memory;
use crate::network::{Chance, Direction, Latency};

/// A fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Fault {
    /// When it begins, counted from when the faults of the scenario begin.
    pub at: Time,
    /// How long it lasts.
    pub lasts: Lasts,
    /// Comes and goes while it lasts.
    pub wave: Option<Wave>,
    /// Each further node is struck so much later; for faults of processes only.
    pub stagger: Option<Time>,
    /// What goes wrong.
    pub what: What,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// For ever.
    Forever,
    /// So long.
    For(Time),
    /// Until each side of a cut holds the others faulty, three minutes at most.
    UntilDetected,
}

/// A fault that comes and goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wave {
    /// How long it is there each time.
    pub on: Time,
    /// How long it is gone in between.
    pub off: Time,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Nothing passes between these groups; nodes in none of them, or in several, reach everyone.
    Cut(Vec<NodeSet>),
    /// Nothing passes from some nodes to others.
    OneWay(OneWay),
    /// Packets are lost, each for itself.
    Loss(LossFault),
    /// Packets are lost in bursts.
    Bursts(BurstsFault),
    /// Datagrams arrive twice.
    Duplication(ChanceFault),
    /// Datagrams overtake others.
    Reordering(ReorderingFault),
    /// Packets take longer.
    Delay(DelayFault),
    /// Streams break or stall.
    Streams(StreamsFault),
    /// Processes stop while their clocks run on.
    Pause(Struck),
    /// Processes run, but what they send and get is held up (Lifeguard's slow processes).
    Slow(Struck),
    /// Processes crash; they boot again when the fault ends.
    Crash(CrashFault),
    /// Members leave; they rejoin when the fault ends.
    Leave(Struck),
    /// Clocks go wrong.
    Clock(ClockFault),
    /// Now and then one of the processes crashes and boots again.
    Churn(ChurnFault),
}

/// The nodes that are struck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Struck {
    /// Which.
    pub nodes: NodeSet,
}

/// Nothing passes from some nodes to others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneWay {
    /// Whose packets are lost.
    pub from: NodeSet,
    /// On the way to whom.
    pub to: NodeSet,
}

/// Packets are lost, each for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossFault {
    /// Whose.
    #[serde(default)]
    pub nodes: NodeSet,
    /// Which of theirs.
    #[serde(default)]
    pub direction: Direction,
    /// How many.
    pub chance: Chance,
}

/// Packets are lost in bursts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurstsFault {
    /// Whose.
    #[serde(default)]
    pub nodes: NodeSet,
    /// Which of theirs.
    #[serde(default)]
    pub direction: Direction,
    /// How long a good time lasts in the mean.
    pub good: Time,
    /// How long a bad one lasts.
    pub bad: Time,
    /// How many packets are lost in a bad time.
    #[serde(default = "always")]
    pub loss: Chance,
}

/// Something happens to some datagrams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChanceFault {
    /// Whose.
    #[serde(default)]
    pub nodes: NodeSet,
    /// To how many.
    pub chance: Chance,
}

/// Datagrams overtake others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReorderingFault {
    /// Whose.
    #[serde(default)]
    pub nodes: NodeSet,
    /// How many come late.
    pub chance: Chance,
    /// How late at most.
    pub by: Time,
}

/// Packets take longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelayFault {
    /// Whose.
    #[serde(default)]
    pub nodes: NodeSet,
    /// Which of theirs.
    #[serde(default)]
    pub direction: Direction,
    /// By how much.
    pub by: Latency,
}

/// Streams break or stall.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamsFault {
    /// Whose.
    #[serde(default)]
    pub nodes: NodeSet,
    /// How many connections break.
    #[serde(default)]
    pub fail: Chance,
    /// How many stall.
    #[serde(default)]
    pub stall: Chance,
    /// For how long.
    #[serde(default = "three_seconds")]
    pub stall_for: Time,
}

/// Processes crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashFault {
    /// Which.
    pub nodes: NodeSet,
    /// What they have when they boot again: `nothing`, or the `members` that they knew.
    #[serde(default)]
    pub keep: Memory,
    /// How far their wall clock is off when they boot again.
    #[serde(default)]
    pub clock: Shift,
}

/// Clocks go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockFault {
    /// Whose.
    pub nodes: NodeSet,
    /// By how much they run too fast while the fault lasts.
    #[serde(default)]
    pub drift: Drift,
    /// By how much the wall clock jumps when it begins.
    #[serde(default)]
    pub jump: Shift,
}

/// Now and then one of the processes crashes and boots again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChurnFault {
    /// Of which processes.
    #[serde(default)]
    pub nodes: NodeSet,
    /// How often.
    pub every: Time,
    /// How long each is down.
    pub down: Time,
    /// What they have when they boot again.
    #[serde(default)]
    pub keep: Memory,
}

const fn always() -> Chance {
    Chance::per_million(1_000_000)
}

const fn three_seconds() -> Time {
    Time::from_millis(3_000)
}

/// A fault as it stands in a file: a table with exactly one of the kinds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    at: Option<Time>,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    lasts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    off: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stagger: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<Vec<NodeSet>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_way: Option<OneWay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<LossFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bursts: Option<BurstsFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplication: Option<ChanceFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reordering: Option<ReorderingFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<DelayFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    streams: Option<StreamsFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pause: Option<Struck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow: Option<Struck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crash: Option<CrashFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leave: Option<Struck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    churn: Option<ChurnFault>,
}

/// Why a fault makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// No kind, or several.
    #[error(
        "a fault has exactly one of cut, one_way, loss, bursts, duplication, reordering, delay, streams, pause, slow, \
         crash, leave, clock and churn; this one has {count}"
    )]
    Kinds {
        /// How many it has.
        count: usize,
    },
    /// `for` is neither a time nor `detected`.
    #[error("`for` is a time such as \"90s\", or \"detected\" for a cut; this is `{text}`")]
    For {
        /// What was written.
        text: String,
    },
    /// Something that only cuts have.
    #[error("only a cut without `on` and `off` can last until it is detected")]
    DetectedWithoutCut,
    /// A wave that is half there, that never ends, or has a step of no length.
    #[error("a fault that comes and goes needs `on`, `off` (above zero) and `for`")]
    Wave,
    /// Nodes that are struck one after another.
    #[error("`stagger` is for faults of processes: pause, slow, crash, leave and clock")]
    Stagger,
    /// Churn that never ends, or crashes all the time.
    #[error("churn needs `for`, and an `every` above zero; `on` and `off` are for what does not come and go by itself")]
    Churn,
    /// A cut with nothing to cut.
    #[error("a cut needs a group of nodes at least, such as cut = [\"0%..50%\", \"50%..100%\"]")]
    CutWithoutGroups,
}

impl TryFrom<Written> for Fault {
    type Error = FaultError;

    fn try_from(written: Written) -> Result<Self, FaultError> {
        let lasts = match written.lasts.as_deref() {
            None => Lasts::Forever,
            Some("detected") => Lasts::UntilDetected,
            Some(text) => Lasts::For(text.parse().map_err(|_| FaultError::For { text: text.into() })?),
        };
        let mut kinds: Vec<What> = [
            written.cut.map(What::Cut),
            written.one_way.map(What::OneWay),
            written.loss.map(What::Loss),
            written.bursts.map(What::Bursts),
            written.duplication.map(What::Duplication),
            written.reordering.map(What::Reordering),
            written.delay.map(What::Delay),
            written.streams.map(What::Streams),
            written.pause.map(What::Pause),
            written.slow.map(What::Slow),
            written.crash.map(What::Crash),
            written.leave.map(What::Leave),
            written.clock.map(What::Clock),
            written.churn.map(What::Churn),
        ]
        .into_iter()
        .flatten()
        .collect();
        let count = kinds.len();
        let what = kinds.pop().filter(|_| count == 1).ok_or(FaultError::Kinds { count })?;
        let wave = match (written.on, written.off) {
            (None, None) => None,
            (Some(on), Some(off)) if on > Time::default() && off > Time::default() => Some(Wave { on, off }),
            _ => return Err(FaultError::Wave),
        };
        let fault = Self { at: written.at.unwrap_or_default(), lasts, wave, stagger: written.stagger, what };
        fault.check()?;
        Ok(fault)
    }
}

impl Fault {
    fn check(&self) -> Result<(), FaultError> {
        let timed = matches!(self.lasts, Lasts::For(_));
        if self.wave.is_some() && !timed {
            return Err(FaultError::Wave);
        }
        if self.lasts == Lasts::UntilDetected && !matches!(self.what, What::Cut(_)) {
            return Err(FaultError::DetectedWithoutCut);
        }
        if self.stagger.is_some() && !self.what.is_of_processes() {
            return Err(FaultError::Stagger);
        }
        match &self.what {
            What::Churn(churn) if !timed || churn.every == Time::default() || self.wave.is_some() => {
                Err(FaultError::Churn)
            }
            What::Cut(groups) if groups.is_empty() => Err(FaultError::CutWithoutGroups),
            _ => Ok(()),
        }
    }
}

impl What {
    /// Whether it strikes processes one by one.
    pub const fn is_of_processes(&self) -> bool {
        matches!(self, Self::Pause(_) | Self::Slow(_) | Self::Crash(_) | Self::Leave(_) | Self::Clock(_))
    }

    /// The name of its kind, as in a file.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cut(_) => "cut",
            Self::OneWay(_) => "one_way",
            Self::Loss(_) => "loss",
            Self::Bursts(_) => "bursts",
            Self::Duplication(_) => "duplication",
            Self::Reordering(_) => "reordering",
            Self::Delay(_) => "delay",
            Self::Streams(_) => "streams",
            Self::Pause(_) => "pause",
            Self::Slow(_) => "slow",
            Self::Crash(_) => "crash",
            Self::Leave(_) => "leave",
            Self::Clock(_) => "clock",
            Self::Churn(_) => "churn",
        }
    }
}

impl From<Fault> for Written {
    fn from(fault: Fault) -> Self {
        let mut written = Self {
            at: Some(fault.at),
            lasts: match fault.lasts {
                Lasts::Forever => None,
                Lasts::For(time) => Some(time.to_string()),
                Lasts::UntilDetected => Some("detected".into()),
            },
            on: fault.wave.map(|wave| wave.on),
            off: fault.wave.map(|wave| wave.off),
            stagger: fault.stagger,
            ..Self::default()
        };
        match fault.what {
            What::Cut(groups) => written.cut = Some(groups),
            What::OneWay(one_way) => written.one_way = Some(one_way),
            What::Loss(loss) => written.loss = Some(loss),
            What::Bursts(bursts) => written.bursts = Some(bursts),
            What::Duplication(duplication) => written.duplication = Some(duplication),
            What::Reordering(reordering) => written.reordering = Some(reordering),
            What::Delay(delay) => written.delay = Some(delay),
            What::Streams(streams) => written.streams = Some(streams),
            What::Pause(struck) => written.pause = Some(struck),
            What::Slow(struck) => written.slow = Some(struck),
            What::Crash(crash) => written.crash = Some(crash),
            What::Leave(struck) => written.leave = Some(struck),
            What::Clock(clock) => written.clock = Some(clock),
            What::Churn(churn) => written.churn = Some(churn),
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Result<Fault, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())
    }

    #[test]
    fn every_kind_is_read_and_written_back() {
        for text in [
            "cut = ['0..3', '3..6']\nfor = 'detected'",
            "one_way = { from = '0', to = '1' }",
            "loss = { nodes = 'random 1%', direction = 'in', chance = '80%' }\nfor = '60s'\non = '20s'\noff = '20s'",
            "bursts = { good = '5s', bad = '500ms' }",
            "duplication = { chance = 5 }",
            "reordering = { chance = '5%', by = '50ms' }",
            "delay = { by = '1ms..9ms' }",
            "streams = { fail = '10%', stall = '10%' }",
            "pause = { nodes = '0' }\nfor = '5s'\nstagger = '1s'",
            "slow = { nodes = '0' }",
            "crash = { nodes = '0', keep = 'members', clock = '-1h' }",
            "leave = { nodes = '0' }",
            "clock = { nodes = '0', drift = '-5%', jump = '10m' }",
            "churn = { every = '2s', down = '10s' }\nfor = '60s'",
        ] {
            let read = fault(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(text.starts_with(read.what.name()));
            assert_eq!(fault(&toml::to_string(&read).unwrap()), Ok(read), "{text}");
        }
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused() {
        for (text, hint) in [
            ("at = '5s'", "exactly one of"),
            ("pause = { nodes = '0' }\nslow = { nodes = '0' }", "this one has 2"),
            ("cut = ['0']\nfor = 'soon'", "`for` is a time"),
            ("pause = { nodes = '0' }\nfor = 'detected'", "only a cut"),
            ("loss = { chance = 5 }\non = '1s'\nfor = '5s'", "needs `on`, `off`"),
            ("loss = { chance = 5 }\non = '1s'\noff = '1s'", "and `for`"),
            ("loss = { chance = 5 }\nstagger = '1s'", "faults of processes"),
            ("churn = { every = '0s', down = '1s' }\nfor = '5s'", "above zero"),
            ("churn = { every = '1s', down = '1s' }\nfor = '5s'\non = '1s'\noff = '1s'", "by itself"),
            ("cut = []", "a group of nodes"),
            ("loss = { chance = 5, node = '0' }", "unknown field `node`"),
            ("looss = { chance = 5 }", "unknown field `looss`"),
            ("loss = { chance = 500 }", "0 to 100"),
        ] {
            let error = fault(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
