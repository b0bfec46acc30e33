//! One liar in a cluster: the figures of docs/SECURITY.md. `cargo test --release -p swim-sim --lib liar -- --ignored --nocapture`

use super::Mutant;
use crate::cluster::{Cluster, Memory, Setup};
use swim_core::{Instant, Micros, Node, Options, Status};

const LIAR: u32 = 7;
/// Who crashes.
const DEAD: u32 = 4;

/// What was seen of the honest nodes.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Pairs of honest living nodes of which one held the other faulty or worse, summed over all looks.
    dead: usize,
    /// The most pairs of which one held the other suspect, at one look.
    suspect: usize,
    looks: usize,
    /// The sum of local health scores.
    health: u64,
    refutations: u64,
}

/// A cluster that is lied to, for so many seconds.
struct Row {
    lies: Mutant,
    preset: Preset,
    nodes: u32,
    /// How many packets are lost, in percent.
    loss: u32,
    seconds: u64,
}

#[derive(Clone, Copy, Debug)]
enum Preset {
    Lan,
    Wan,
    Local,
}

const fn row(preset: Preset, nodes: u32, loss: u32, seconds: u64) -> Row {
    Row { lies: Mutant::Lies, preset, nodes, loss, seconds }
}

/// Of a liar that knows each refutation as soon as there is one.
const fn at_once(victims: u32, row: Row) -> Row {
    Row { lies: Mutant::LiesAtOnce { victims }, ..row }
}

impl Row {
    fn options(&self) -> Options {
        match self.preset {
            Preset::Lan => Options::lan(),
            Preset::Wan => Options::wan(),
            Preset::Local => Options::local(),
        }
    }

    /// The cluster, once each node lists all the others, with these liars: of one that is not known yet anything is believed.
    fn cluster(&self, seed: u64, liars: &[u32]) -> Cluster {
        let loss = format!("{}%", self.loss).parse().unwrap();
        let mut cluster =
            Cluster::new(Setup { options: self.options(), loss, ..Setup::new(self.nodes, seed) }).unwrap();
        cluster.run_until(Instant::from_millis(20_000)).unwrap();
        let is_whole =
            |cluster: &Cluster| cluster.nodes().iter().all(|node| node.listed().count() == self.nodes as usize);
        while !is_whole(&cluster) {
            assert!(cluster.now() < Instant::from_millis(200_000), "it does not come together");
            cluster.run_until(cluster.now() + Micros::from_millis(1_000)).unwrap();
        }
        cluster.mutate(liars.iter().copied(), self.lies);
        cluster
    }

    /// What is seen while one lies; printed as a row of the page's table.
    fn lied_to(&self, seed: u64) -> Seen {
        let mut cluster = self.cluster(seed, &[LIAR]);
        let refuted = |cluster: &Cluster| cluster.nodes().iter().map(|node| node.counters().refutations).sum::<u64>();
        let before = refuted(&cluster);
        let mut seen = watch(&mut cluster, self.seconds);
        seen.refutations = refuted(&cluster) - before;
        let Self { lies, preset, nodes, loss, seconds } = self;
        let honest = (nodes - 1) as usize;
        let accused = match lies {
            Mutant::LiesAtOnce { victims } => *victims as usize,
            _ => honest,
        };
        println!(
            "| {preset:?} | {nodes} | {accused} | {loss} % | {seconds} s | {} | {} of {} | {:.1} | {} |",
            seen.refutations,
            seen.suspect,
            honest * (honest - 1),
            seen.health as f64 / (seen.looks * honest) as f64,
            seen.dead,
        );
        seen
    }
}

fn look(cluster: &Cluster, gone: Option<u32>, seen: &mut Seen) {
    let honest = |node: &&Node<u32>| ![Some(LIAR), gone].contains(&Some(node.local()));
    let mut suspect = 0;
    for node in cluster.nodes().iter().filter(honest) {
        seen.health += u64::from(node.local_health());
        for member in node.listed().filter(|member| ![Some(LIAR), gone].contains(&Some(member.address))) {
            suspect += usize::from(member.status == Status::Suspect);
            seen.dead += usize::from(member.status > Status::Suspect);
        }
    }
    seen.suspect = seen.suspect.max(suspect);
    seen.looks += 1;
}

fn watch(cluster: &mut Cluster, seconds: u64) -> Seen {
    let mut seen = Seen::default();
    for _ in 0..seconds * 10 {
        cluster.run_until(cluster.now() + Micros::from_millis(100)).unwrap();
        look(cluster, None, &mut seen);
    }
    seen
}

/// Seconds until all honest nodes hold the dead one faulty.
fn detection(cluster: &mut Cluster) -> u64 {
    cluster.crash(DEAD, Memory::Lost);
    for second in 1..1_000 {
        cluster.run_until(cluster.now() + Micros::from_millis(1_000)).unwrap();
        let honest = cluster.nodes().iter().filter(|node| ![LIAR, DEAD].contains(&node.local()));
        if honest.into_iter().all(|node| node.member(DEAD).is_none_or(|member| member.status > Status::Suspect)) {
            return second;
        }
    }
    panic!("never")
}

#[test]
fn one_liar_that_accuses_everyone_with_each_tick_gets_nobody_declared_faulty() {
    use Preset::{Lan, Local, Wan};
    for row in [
        row(Lan, 10, 0, 60),
        row(Lan, 50, 0, 30),
        row(Lan, 200, 5, 6),
        row(Lan, 10, 5, 60),
        row(Lan, 10, 20, 60),
        row(Lan, 50, 20, 30),
        row(Wan, 10, 20, 60),
        row(Local, 10, 20, 60),
    ] {
        let seen = row.lied_to(1);
        assert!(seen.refutations > u64::from(row.nodes), "the lies are heard");
        assert_eq!(seen.dead, 0);
    }
}

#[test]
fn one_liar_that_hears_each_refutation_first_and_accuses_again_at_once_gets_nobody_declared_faulty() {
    use Preset::{Lan, Local, Wan};
    for row in [
        at_once(7, row(Lan, 10, 0, 30)),
        at_once(7, row(Lan, 10, 20, 60)),
        at_once(7, row(Wan, 10, 20, 60)),
        at_once(7, row(Local, 10, 20, 30)),
        at_once(1, row(Lan, 50, 20, 30)),
        at_once(7, row(Lan, 200, 5, 20)),
    ] {
        let seen = row.lied_to(1);
        assert!(seen.refutations > 4 * row.seconds, "each is answered with the next");
        assert_eq!(seen.dead, 0);
    }
}

/// The tables of docs/SECURITY.md, of networks that lose no more than they may, and how soon a crash is known.
#[test]
#[ignore = "five minutes in release"]
fn figures() {
    use Preset::{Lan, Local, Wan};
    let holds = [Lan, Wan, Local].into_iter().flat_map(|preset| {
        let seconds = if matches!(preset, Wan) { 120 } else { 60 };
        let sizes = [(10, seconds), (50, seconds), (200, seconds / 3)];
        sizes.into_iter().flat_map(move |(nodes, seconds)| [0, 5, 20].map(|loss| row(preset, nodes, loss, seconds)))
    });
    for row in holds {
        for seed in 1..=10 {
            assert_eq!(row.lied_to(seed).dead, 0);
        }
    }
    println!("by one that hears each refutation first:");
    let holds = [Lan, Wan, Local].into_iter().flat_map(|preset| {
        let seconds = if matches!(preset, Wan) { 120 } else { 60 };
        let sizes = [(10, 7), (50, 1), (50, 7), (200, 1), (200, 7)];
        let rows = move |(nodes, victims)| [0, 5, 20].map(|loss| at_once(victims, row(preset, nodes, loss, seconds)));
        sizes.into_iter().flat_map(rows)
    });
    for row in holds {
        for seed in 1..=10 {
            assert_eq!(row.lied_to(seed).dead, 0);
        }
    }
    for (loss, seed) in [0, 5, 20].into_iter().flat_map(|loss| [1, 2, 3].map(|seed| (loss, seed))) {
        let row = row(Lan, 20, loss, 0);
        let (calm, lied_to) = (detection(&mut row.cluster(seed, &[])), detection(&mut row.cluster(seed, &[LIAR])));
        println!(
            "20 nodes, {loss} % lost: a crash is known to all after {calm} s, and under the lies after {lied_to} s"
        );
    }
}

/// What the page says of networks that lose more than they may.
#[test]
#[ignore = "figures of a page"]
fn figures_of_worse_networks() {
    use Preset::{Lan, Local, Wan};
    for row in [Lan, Wan, Local].into_iter().flat_map(|preset| [40, 50, 60].map(|loss| row(preset, 10, loss, 120))) {
        let runs = |liars: &[u32]| {
            let mut dead: Vec<_> =
                (1..=40).map(|seed| watch(&mut row.cluster(seed, liars), row.seconds).dead).collect();
            dead.sort_unstable();
            let some = dead.iter().filter(|dead| **dead > 0).count();
            format!("{some} of 40, {} in the median, {} at most", dead[20], dead[39])
        };
        println!("| {:?} | {} % | {} | {} |", row.preset, row.loss, runs(&[LIAR]), runs(&[]));
    }
}

/// What the test above looks for can be seen.
#[test]
fn the_same_lies_get_one_declared_faulty_that_does_not_refute() {
    let mut cluster = row(Preset::Lan, 10, 0, 60).cluster(1, &[LIAR]);
    cluster.mutate([3], Mutant::DropsRefutations);
    assert!(watch(&mut cluster, 60).dead > 0);
}

/// They may shorten its suspicion, and slow down who would find it: by no more than a few seconds, lossy or not.
#[test]
fn a_crash_is_detected_nearly_as_soon_while_one_liar_accuses_everyone() {
    for loss in [0, 20] {
        let row = row(Preset::Lan, 20, loss, 0);
        let calm = detection(&mut row.cluster(3, &[]));
        let lied_to = detection(&mut row.cluster(3, &[LIAR]));
        println!(
            "20 nodes, {loss} % lost: a crash is known to all after {calm} s, and under the lies after {lied_to} s"
        );
        assert!(lied_to <= calm + 15, "{lied_to} s instead of {calm} s");
    }
}
