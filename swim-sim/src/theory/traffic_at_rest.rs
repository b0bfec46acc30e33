//! The load: at rest each member sends one ping a period and answers one, however many there are (SWIM 3.1).

use swim_core::{Options, ProbeOrder, Random};

use super::cell::{Allowed, Cell};
use super::experiment::{Experiment, TheoryError, form, pause, quieten, rest};
use super::series::Series;
use super::settings::{PERIOD, options, setup};
use crate::convergence::Goal;

/// A cluster at rest, for so many periods.
#[derive(Clone, Debug)]
pub(super) struct TrafficAtRest {
    pub(super) what: &'static str,
    pub(super) nodes: u32,
    pub(super) periods: u32,
    pub(super) options: Options,
}

impl TrafficAtRest {
    pub(super) fn new(nodes: u32, periods: u32) -> Self {
        let options = options(ProbeOrder::Random, HELPERS);
        Self { what: "messages in rest", nodes, periods, options }
    }

    /// The LAN preset as it is: all that it has beside the paper's protocol is silent at rest.
    pub(super) fn lan(nodes: u32, periods: u32) -> Self {
        Self { what: "messages in rest, LAN preset", options: Options::lan(), ..Self::new(nodes, periods) }
    }
}

impl Experiment for TrafficAtRest {
    fn clusters(&self) -> u32 {
        1
    }

    fn measure(&self, seed: u64) -> Result<Vec<Series>, TheoryError> {
        let mut cluster = form(setup(self.nodes, seed, self.options.clone()), Goal::AllAlive)?;
        quieten(&mut cluster)?;
        pause(&mut cluster, 10, &mut Random::new(seed))?;
        let before = cluster.traffic().total();
        rest(&mut cluster, PERIOD.times(self.periods.into()))?;
        let sent = cluster.traffic().total() - before;
        Ok(vec![Series::of_events(u64::from(self.nodes) * u64::from(self.periods), sent.messages)])
    }

    fn cells(&self, series: &[Series]) -> Vec<Cell> {
        vec![Cell {
            what: self.what,
            unit: "per member and period",
            nodes: self.nodes,
            live: self.nodes,
            loss: 0,
            helpers: HELPERS,
            trials: series[0].count(),
            events: None,
            limit: MESSAGES,
            predicted: MESSAGES,
            measured: series[0].mean(),
            allowed: Allowed::Within(TOLERANCE),
            note: None,
        }]
    }
}

/// A ping and an ack.
const MESSAGES: f64 = 2.0;
/// Messages at the two ends of the time may fall out of it; nothing else is left to chance.
const TOLERANCE: f64 = 0.001;
/// Nothing is lost, so it makes no difference.
const HELPERS: u32 = 3;
