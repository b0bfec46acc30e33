//! A random scenario: a seed draws first which faults there are, then how strong they are.

use swim_core::Random;
use toml::{Table, Value};

use crate::cluster::Memory;
use crate::network::{Chance, Direction, Latency, Undeliverable};
use crate::scenario::{
    Begin, BurstsFault, ChanceFault, ChurnFault, ClockFault, CrashFault, DelayFault, Drift, Expect, Fault, Lasts,
    LossFault, NetworkSettings, NodeSet, OneWay, Preset, ReorderingFault, Scenario, Shift, StreamsFault, Struck, Time,
    Wave, What,
};
use crate::seeds::Stream;

/// The scenario of a seed: 3 to 12 nodes, two minutes of faults.
pub fn draw(seed: u64) -> Scenario {
    let mut draw = Draw { random: Stream::Hunt.random(seed), nodes: 0 };
    draw.nodes = 3 + draw.below(10);
    let families: Vec<Family> = ALL.into_iter().filter(|_| draw.one_in(4)).collect();
    let mut faults = Vec::new();
    for family in families {
        for _ in 0..1 + draw.below(3) {
            let what = draw.what(family);
            faults.push(draw.when(what));
        }
    }
    faults.extend(draw.lasting());
    let preset = draw.pick(&[Preset::Lan, Preset::Lan, Preset::Local, Preset::Wan]);
    Scenario {
        description: format!("Drawn from seed {seed}."),
        nodes: draw.nodes,
        seed,
        hosts: 1 + draw.below(3),
        boot_within: [1, 1, 5, 30].map(|seconds| Time::from_millis(seconds * 1000))[draw.below(4) as usize],
        begin: Begin::Boot,
        duration: None,
        preset,
        expect: Expect::default(),
        network: draw.network(),
        options: draw.options(preset),
        groups: Default::default(),
        faults,
    }
}

#[derive(Clone, Copy, Debug)]
enum Family {
    Cut,
    OneWay,
    Loss,
    Bursts,
    Duplication,
    Reordering,
    Delay,
    Streams,
    Pause,
    Slow,
    Crash,
    Leave,
    Clock,
    Churn,
}

const ALL: [Family; 14] = [
    Family::Cut,
    Family::OneWay,
    Family::Loss,
    Family::Bursts,
    Family::Duplication,
    Family::Reordering,
    Family::Delay,
    Family::Streams,
    Family::Pause,
    Family::Slow,
    Family::Crash,
    Family::Leave,
    Family::Clock,
    Family::Churn,
];

struct Draw {
    random: Random,
    nodes: u32,
}

impl Draw {
    fn below(&mut self, bound: u32) -> u32 {
        self.random.below(bound)
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// As often short as long.
    fn time(&mut self, longest_ms: u64) -> Time {
        let bits = 64 - longest_ms.leading_zeros();
        let longest = 1 << (1 + self.below(bits));
        Time::from_millis(1 + self.random.below_u64(longest.min(longest_ms)))
    }

    fn chance(&mut self) -> Chance {
        let percent = self.pick(&[1, 5, 20, 50, 80, 100]);
        Chance::per_million(percent * 10_000)
    }

    fn some(&mut self) -> NodeSet {
        let count = 1 + self.below(self.nodes.div_ceil(2));
        self.these(count, 0)
    }

    /// So many of the nodes from `first` on.
    fn these(&mut self, count: u32, first: u32) -> NodeSet {
        let mut all: Vec<u32> = (first..self.nodes).collect();
        self.random.shuffle(&mut all);
        all.truncate(count as usize);
        all.sort_unstable();
        NodeSet::of(all)
    }

    /// Two to three groups, and sometimes nodes in none of them.
    fn groups(&mut self) -> Vec<NodeSet> {
        let count = if self.nodes > 3 { 2 + self.below(2) } else { 2 };
        let bridge = u32::from(self.nodes > count && self.one_in(5));
        let mut all: Vec<u32> = (0..self.nodes).collect();
        self.random.shuffle(&mut all);
        all.truncate((self.nodes - bridge) as usize);
        let mut groups: Vec<Vec<u32>> = all.drain(..count as usize).map(|node| vec![node]).collect();
        for node in all {
            let group = self.below(count) as usize;
            groups[group].push(node);
        }
        groups.into_iter().map(NodeSet::of).collect()
    }

    fn memory(&mut self) -> Memory {
        self.pick(&[Memory::Lost, Memory::Members])
    }

    fn direction(&mut self) -> Direction {
        self.pick(&[Direction::In, Direction::Out, Direction::Both])
    }

    fn what(&mut self, family: Family) -> What {
        match family {
            Family::Cut => What::Cut(self.groups()),
            Family::OneWay => {
                let mut groups = self.groups().into_iter();
                let (from, to) = (groups.next().unwrap_or_default(), groups.next().unwrap_or_default());
                What::OneWay(OneWay { from, to })
            }
            Family::Loss => {
                What::Loss(LossFault { nodes: self.some(), direction: self.direction(), chance: self.chance() })
            }
            Family::Bursts => What::Bursts(BurstsFault {
                nodes: self.some(),
                direction: self.direction(),
                good: self.time(10_000),
                bad: self.time(5_000),
                loss: self.chance(),
            }),
            Family::Duplication => What::Duplication(ChanceFault { nodes: self.some(), chance: self.chance() }),
            Family::Reordering => {
                What::Reordering(ReorderingFault { nodes: self.some(), chance: self.chance(), by: self.time(3_000) })
            }
            Family::Delay => What::Delay(DelayFault {
                nodes: self.some(),
                direction: self.direction(),
                by: Latency::uniform(Default::default(), self.time(3_000).0).unwrap_or_default(),
            }),
            Family::Streams => What::Streams(StreamsFault {
                nodes: self.some(),
                fail: self.chance(),
                stall: self.chance(),
                stall_for: self.time(20_000),
            }),
            Family::Pause => What::Pause(Struck { nodes: self.some() }),
            Family::Slow => What::Slow(Struck { nodes: self.some() }),
            Family::Crash => {
                let clock = Shift(self.pick(&[0, 0, -3_600_000, 3_600_000, -5_000]));
                What::Crash(CrashFault { nodes: self.some(), keep: self.memory(), clock })
            }
            Family::Leave => What::Leave(Struck { nodes: self.some() }),
            Family::Clock => What::Clock(ClockFault {
                nodes: self.some(),
                drift: Drift(self.pick(&[0, 1_000, -1_000, 100_000, -100_000, 400_000, -400_000])),
                jump: Shift(self.pick(&[0, 1_000, -1_000, 3_600_000, -3_600_000])),
            }),
            Family::Churn => What::Churn(ChurnFault {
                nodes: self.some(),
                every: Time::from_millis(1_000 + self.random.below_u64(20_000)),
                down: self.time(20_000),
                keep: self.memory(),
            }),
        }
    }

    fn when(&mut self, what: What) -> Fault {
        let at = Time::from_millis(self.random.below_u64(FAULTS_MS));
        let longest = FAULTS_MS - at.0.0 / 1_000;
        let time = self.time(longest);
        let can_wave = !matches!(what, What::Churn(_) | What::Leave(_));
        let wave = (can_wave && self.one_in(4)).then(|| Wave {
            on: Time::from_millis(100 + self.time(20_000).0.0 / 1_000),
            off: Time::from_millis(100 + self.time(20_000).0.0 / 1_000),
        });
        // Each crash and each jump moves the clock once more, and a clock that is off by weeks is refused (R2).
        let what = match what {
            What::Crash(crash) if wave.is_some() => What::Crash(CrashFault { clock: Shift(0), ..crash }),
            What::Clock(clock) if wave.is_some() => What::Clock(ClockFault { jump: Shift(0), ..clock }),
            what => what,
        };
        let stagger = (what.is_of_processes() && self.one_in(3)).then(|| self.time(3_000));
        Fault { at, lasts: Lasts::For(time), wave, stagger, what }
    }

    /// Faults that never end. What is left is a core of more than half of the nodes, with the first host in it: who
    /// knows nobody can only find the others through it.
    fn lasting(&mut self) -> Vec<Fault> {
        let most = (self.nodes - 1) / 2;
        let mut faults = Vec::new();
        let kind = self.below(6);
        if most == 0 || kind > 2 {
            return faults;
        }
        let struck = 1 + self.below(most);
        let nodes = self.these(struck, 1);
        let at = Time::from_millis(self.random.below_u64(FAULTS_MS));
        let what = match kind {
            0 => What::Cut(vec![nodes]),
            1 => What::Pause(Struck { nodes }),
            _ => What::Crash(CrashFault { nodes, keep: Memory::Lost, clock: Shift(0) }),
        };
        faults.push(Fault { at, lasts: Lasts::Forever, wave: None, stagger: None, what });
        faults
    }

    fn network(&mut self) -> NetworkSettings {
        let latency = self.pick(&["1ms..10ms", "100us", "1ms..80ms", "lognormal(10ms, 1)"]);
        let percent = self.pick(&[0, 0, 0, 0, 0, 0, 1, 3]);
        NetworkSettings {
            latency: latency.parse().expect("it is one of the four above"),
            loss: Chance::per_million(percent * 10_000),
            undeliverable: self.pick(&[
                Undeliverable::Never,
                Undeliverable::Refused,
                Undeliverable::Refused,
                Undeliverable::Sometimes,
                Undeliverable::Always,
            ]),
            ..NetworkSettings::default()
        }
    }

    /// Mostly none. Where the dead are forgotten soon, members are evicted and must come back from nothing.
    fn options(&mut self, preset: Preset) -> Table {
        // With its long suspicions a dead member of a wide network is not forgotten within a run.
        if preset == Preset::Wan || !self.one_in(4) {
            return Table::new();
        }
        let times = [("faulty", "40s"), ("leave", "40s"), ("tombstone", "5s")];
        let times = times.map(|(key, time)| (key.to_owned(), Value::String(time.into())));
        Table::from_iter([("state_timeouts".to_owned(), Value::Table(times.into_iter().collect()))])
    }
}

/// All faults that end have ended by then.
const FAULTS_MS: u64 = 120_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_scenario_is_sound_and_is_drawn_again_alike() {
        let mut kinds = BTreeSet::new();
        for seed in 0..2_000 {
            let scenario = draw(seed);
            let job = scenario.job().unwrap_or_else(|mistake| panic!("seed {seed}: {mistake}"));
            assert_eq!(draw(seed), scenario);
            assert!((3..=12).contains(&job.setup.nodes));
            kinds.extend(scenario.faults.iter().map(|fault| fault.what.name()));
            let text = toml::to_string(&scenario).unwrap();
            let read: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert_eq!(read, scenario, "{text}");
        }
        assert_eq!(kinds.len(), ALL.len());
    }
}
