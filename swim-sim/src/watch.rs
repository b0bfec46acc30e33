//! Who watches a run: the recorder and the writers of traces. None of them changes it.

use swim_core::{EventKind, EventMask, Instant};

use crate::accusations::Accusations;
use crate::checkers::Step;
use crate::cluster::Cluster;
use crate::failed_rounds::FailedRounds;
use crate::network::{Partition, Sides};
use crate::record::Recorder;
use crate::trace::{ChromeTrace, JsonLines};

/// Everyone who watches; nobody by default.
#[derive(Default)]
pub struct Watchers {
    /// Collects what a report on a page needs.
    pub recorder: Option<Recorder>,
    /// Writes everything that happens as JSON lines.
    pub lines: Option<JsonLines>,
    /// Writes what happens for a timeline viewer.
    pub chrome: Option<ChromeTrace>,
    /// Counts the rounds that failed.
    pub failed_rounds: Option<FailedRounds>,
}

impl Watchers {
    /// Whether nobody watches.
    pub const fn is_empty(&self) -> bool {
        self.recorder.is_none() && self.lines.is_none() && self.chrome.is_none() && self.failed_rounds.is_none()
    }

    /// Which events nodes are to report: as many as can be only where they are written down.
    ///
    /// Rollups are not among them. They say again what was applied, and a node that reports them sets a timer for it, so
    /// that a run that is watched would be another one.
    pub(crate) fn events(&self) -> EventMask {
        if self.lines.is_none() {
            let mut wanted = Accusations::EVENTS.to_vec();
            wanted.push(EventKind::MemberEvicted);
            wanted.push(EventKind::MemberDropped);
            if self.failed_rounds.is_some() {
                wanted.extend(FailedRounds::EVENTS);
            }
            return EventMask::only(&wanted);
        }
        let harmless = EventKind::ALL.iter().copied().filter(|kind| *kind != EventKind::Rollup);
        EventMask::only(&harmless.collect::<Vec<_>>())
    }

    /// After every input.
    pub(crate) fn see(&mut self, now: Instant, step: &Step<'_>, partition: &Partition) {
        if let Some(failed_rounds) = &mut self.failed_rounds {
            for effect in step.effects.iter() {
                if let swim_core::Effect::Event(event) = effect {
                    failed_rounds.see(now, step.node, &event, partition);
                }
            }
        }
        if let Some(recorder) = &mut self.recorder {
            if let swim_core::Input::Command { command: swim_core::Command::Bootstrap(_), .. } = step.input {
                recorder.up(now, step.node);
            }
            for effect in step.effects.iter() {
                if let swim_core::Effect::Event(event) = effect {
                    recorder.see(now, step.node, &event);
                }
            }
        }
        if let Some(lines) = &mut self.lines {
            lines.see(now, step);
        }
        if let Some(chrome) = &mut self.chrome {
            chrome.see(now, step);
        }
    }

    /// A second is over.
    pub(crate) fn look(&mut self, cluster: &Cluster) {
        if let Some(recorder) = &mut self.recorder {
            recorder.look(cluster);
        }
    }

    /// A process ends.
    pub(crate) fn down(&mut self, now: Instant, node: u32) {
        if let Some(recorder) = &mut self.recorder {
            recorder.down(now, node);
        }
    }

    /// A cut begins.
    pub(crate) fn cut(&mut self, now: Instant, sides: &Sides) {
        if let Some(recorder) = &mut self.recorder {
            recorder.cut(now, sides);
        }
        if let Some(failed_rounds) = &mut self.failed_rounds {
            failed_rounds.begin_cut();
        }
    }

    /// The cut is over.
    pub(crate) fn mend(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.mend();
        }
    }
}
