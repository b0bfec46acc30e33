//! A scenario with fewer nodes: sets lose the nodes that are gone, and faults that strike nobody any more are left out.

use super::Scenario;
use super::fault::{
    BurstsFault, ChanceFault, ChurnFault, ClockFault, CrashFault, DelayFault, Fault, LossFault, OneWay,
    ReorderingFault, StreamsFault, Struck, What,
};
use super::node_set::NodeSet;

impl Scenario {
    /// The same with its first `nodes` nodes alone. A group or a zone of which nobody is left stays as it is, and then the
    /// scenario cannot be run.
    #[must_use]
    pub(crate) fn clipped(&self, nodes: u32) -> Self {
        let mut clipped = Self { nodes, ..self.clone() };
        let zones = clipped.network.zones.iter_mut().map(|zone| &mut zone.nodes);
        for set in clipped.groups.values_mut().chain(zones) {
            if let Some(left) = set.clipped(nodes) {
                *set = left;
            }
        }
        let fault = |fault: &Fault| Some(Fault { what: clip(&fault.what, nodes)?, ..fault.clone() });
        clipped.faults = self.faults.iter().filter_map(fault).collect();
        clipped
    }
}

/// What is left of a fault, if anything is.
fn clip(what: &What, nodes: u32) -> Option<What> {
    if let What::Cut(groups) = what {
        let left: Vec<NodeSet> = groups.iter().filter_map(|group| group.clipped(nodes)).collect();
        // One of several has nobody left to be parted from; one alone is parted from everyone.
        return (left.len() >= groups.len().min(2)).then_some(What::Cut(left));
    }
    let mut what = what.clone();
    for set in sets(&mut what) {
        *set = set.clipped(nodes)?;
    }
    Some(what)
}

fn sets(what: &mut What) -> Vec<&mut NodeSet> {
    match what {
        What::Cut(groups) => groups.iter_mut().collect(),
        What::OneWay(OneWay { from, to }) => vec![from, to],
        What::Loss(LossFault { nodes, .. })
        | What::Bursts(BurstsFault { nodes, .. })
        | What::Duplication(ChanceFault { nodes, .. })
        | What::Reordering(ReorderingFault { nodes, .. })
        | What::Delay(DelayFault { nodes, .. })
        | What::Streams(StreamsFault { nodes, .. })
        | What::Pause(Struck { nodes })
        | What::Slow(Struck { nodes })
        | What::Crash(CrashFault { nodes, .. })
        | What::Leave(Struck { nodes })
        | What::Clock(ClockFault { nodes, .. })
        | What::Churn(ChurnFault { nodes, .. }) => vec![nodes],
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::ScenarioFile;

    /// What is left of these faults and groups among so many nodes.
    fn clipped(nodes: u32, text: &str) -> String {
        let scenario = ScenarioFile::read("test.toml", &format!("nodes = 9\n{text}")).unwrap().scenario.clipped(nodes);
        assert!(scenario.job().is_ok(), "{scenario:?}");
        toml::to_string(&scenario).unwrap()
    }

    #[test]
    fn sets_lose_the_nodes_that_are_gone_and_faults_with_nobody_left_go() {
        let text = clipped(
            4,
            "groups = { rack = '3..6' }\n[[fault]]\npause = { nodes = '7, 2..9' }\n[[fault]]\nleave = { nodes = '7' }\n\
             [[fault]]\ncrash = { nodes = 'random 6, rack' }\n[[fault]]\none_way = { from = '0', to = '8' }\n\
             [[fault]]\ncut = ['0..2', '2..4', '4..9']\n[[fault]]\nslow = { nodes = '50%..100%' }\n",
        );
        for left in ["rack = \"3\"", "\"2..4\"", "\"random 4, rack\"", "cut = [\"0..2\", \"2..4\"]", "50%..100%"] {
            assert!(text.contains(left), "{left}: {text}");
        }
        assert!(!text.contains("leave") && !text.contains("one_way"), "{text}");
        for cut in ["['4..6', '6..9']", "['0..3', '6..9']", "['6..9']"] {
            assert!(!clipped(4, &format!("[[fault]]\ncut = {cut}\n")).contains("[[fault]]"), "{cut}");
        }
        assert!(clipped(4, "[[fault]]\ncut = ['3..9']\n").contains("cut = [\"3\"]"));
    }
}
