//! One liar in a cluster: the figures of docs/SECURITY.md. `cargo test --release -p swim-sim liar -- --nocapture`

use super::Mutant;
use crate::cluster::{Cluster, Memory, Setup};
use swim_core::{Instant, Micros, Node, Status};

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
}

fn cluster(nodes: u32, seed: u64, lies: &[u32]) -> Cluster {
    let mut cluster = Cluster::new(Setup::new(nodes, seed)).unwrap();
    cluster.mutate(lies.iter().copied(), Mutant::Lies);
    cluster.run_until(Instant::from_millis(20_000)).unwrap();
    cluster
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
    for (nodes, seed) in [(10, 1), (50, 2)] {
        let mut lied_to = cluster(nodes, seed, &[LIAR]);
        let refuted =
            |cluster: &Cluster| -> u64 { cluster.nodes().iter().map(|node| node.counters().refutations).sum() };
        let before = refuted(&lied_to);
        let seen = watch(&mut lied_to, 60);
        let refutations = refuted(&lied_to) - before;
        let honest = (nodes - 1) as usize;
        println!(
            "{nodes} nodes, 60 s: {} refutations, at most {} of {} pairs suspect at once, mean local health {:.2}, faulty {}",
            refutations,
            seen.suspect,
            honest * (honest - 1),
            seen.health as f64 / (seen.looks * honest) as f64,
            seen.dead,
        );
        assert!(refutations > u64::from(nodes), "the lies are heard");
        assert_eq!(seen.dead, 0);
    }
}

/// What the test above looks for can be seen.
#[test]
fn the_same_lies_get_one_declared_faulty_that_does_not_refute() {
    let mut cluster = cluster(10, 1, &[LIAR]);
    cluster.mutate([3], Mutant::DropsRefutations);
    assert!(watch(&mut cluster, 60).dead > 0);
}

#[test]
fn a_crash_is_detected_while_one_liar_accuses_everyone() {
    let calm = detection(&mut cluster(20, 3, &[]));
    let lied_to = detection(&mut cluster(20, 3, &[LIAR]));
    println!("20 nodes: a crash is known to all after {calm} s, and with a liar after {lied_to} s");
    assert!(lied_to <= 10 * calm.max(10), "{lied_to} s");
}
