//! Which nodes a fault strikes, as it is written: it must say the same whatever the size of the cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use swim_core::Random;

use crate::nodes::Nodes;

/// A set of nodes, as written: parts with commas between them.
///
/// | part | nodes |
/// |---|---|
/// | `all` | all of them |
/// | `7` | node 7 |
/// | `3..7` | nodes 3 to 6 |
/// | `50%..100%` | the second half |
/// | `random 3` | three, drawn from the seed |
/// | `random 1%` | a hundredth, one at least |
/// | `rack` | the group of that name |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSet(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    All,
    Range(u32, u32),
    /// In hundredths of a percent.
    Share(u32, u32),
    Random(u32),
    RandomShare(u32),
    Group(String),
}

/// Why a set of nodes was not understood, or has no nodes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeSetError {
    /// Not one of the forms.
    #[error("`{part}` names no nodes; write `all`, `7`, `3..7`, `0%..50%`, `random 3`, `random 1%`, or a group's name")]
    Unreadable {
        /// What was written.
        part: String,
    },
    /// A range that ends before it begins.
    #[error("`{part}` ends before it begins, or is empty; the end is not included")]
    Backwards {
        /// What was written.
        part: String,
    },
    /// A node that does not exist.
    #[error("there is no node {node}: the cluster has {nodes}, 0 to {}", nodes - 1)]
    NoSuchNode {
        /// Which.
        node: u32,
        /// How many nodes there are.
        nodes: u32,
    },
    /// More than there are.
    #[error("{wanted} nodes cannot be drawn from {nodes}")]
    TooMany {
        /// How many were asked for.
        wanted: u32,
        /// How many nodes there are.
        nodes: u32,
    },
    /// A group that does not exist.
    #[error("there is no group `{name}`; {}", known(groups))]
    NoSuchGroup {
        /// Its name.
        name: String,
        /// Those that there are.
        groups: Vec<String>,
    },
    /// A share of a small cluster that is not a single node.
    #[error("`{set}` selects none of {nodes} nodes")]
    Empty {
        /// What was written.
        set: String,
        /// How many nodes there are.
        nodes: u32,
    },
}

fn known(groups: &[String]) -> String {
    if groups.is_empty() {
        "the scenario has no [groups]".into()
    } else {
        format!("the groups are {}", groups.join(", "))
    }
}

impl NodeSet {
    /// All nodes.
    pub fn all() -> Self {
        Self(vec![Part::All])
    }

    /// One set after the other, of these sizes.
    pub fn side_by_side(sizes: &[u32]) -> Vec<Self> {
        let mut start = 0u32;
        let next = |size: &u32| {
            let nodes = start..start.saturating_add(*size);
            start = nodes.end;
            Self(vec![Part::Range(nodes.start, nodes.end)])
        };
        sizes.iter().map(next).collect()
    }

    /// These nodes.
    pub fn of(nodes: impl IntoIterator<Item = u32>) -> Self {
        Self(nodes.into_iter().map(|node| Part::Range(node, node + 1)).collect())
    }

    /// Those of them that a cluster of `nodes` has; `None` where nobody is left. Shares are of whatever there is.
    pub(super) fn clipped(&self, nodes: u32) -> Option<Self> {
        let part = |part: &Part| match part {
            Part::Range(from, until) => (*from < nodes).then(|| Part::Range(*from, nodes.min(*until))),
            Part::Random(count) => Some(Part::Random(nodes.min(*count))),
            Part::All | Part::Share(..) | Part::RandomShare(_) | Part::Group(_) => Some(part.clone()),
        };
        let parts: Vec<Part> = self.0.iter().filter_map(part).collect();
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// Whether they are all nodes.
    pub fn is_all(&self) -> bool {
        self.0.contains(&Part::All)
    }

    /// The nodes of a cluster of `nodes` that it names; `groups` are those resolved already.
    ///
    /// # Errors
    /// When a node or a group does not exist, or there are no such nodes.
    pub fn resolve(
        &self,
        nodes: u32,
        groups: &BTreeMap<String, Nodes>,
        random: &mut Random,
    ) -> Result<Nodes, NodeSetError> {
        let mut set = Nodes::none(nodes);
        for part in &self.0 {
            match part {
                Part::All => (0..nodes).for_each(|node| set.add(node)),
                Part::Range(from, until) => {
                    if *until > nodes {
                        return Err(NodeSetError::NoSuchNode { node: until - 1, nodes });
                    }
                    (*from..*until).for_each(|node| set.add(node));
                }
                Part::Share(from, until) => (of(nodes, *from)..of(nodes, *until)).for_each(|node| set.add(node)),
                Part::Random(count) => draw(*count, nodes, random)?.for_each(|node| set.add(node)),
                Part::RandomShare(share) => {
                    draw(of(nodes, *share).max(1), nodes, random)?.for_each(|node| set.add(node));
                }
                Part::Group(name) => {
                    let unknown = || {
                        let groups = groups.keys().cloned().collect();
                        NodeSetError::NoSuchGroup { name: name.clone(), groups }
                    };
                    groups.get(name).ok_or_else(unknown)?.iter().for_each(|node| set.add(node));
                }
            }
        }
        if set.is_empty() { Err(NodeSetError::Empty { set: self.to_string(), nodes }) } else { Ok(set) }
    }
}

impl Default for NodeSet {
    fn default() -> Self {
        Self::all()
    }
}

/// A share of the nodes, rounded to the nearest.
fn of(nodes: u32, share: u32) -> u32 {
    ((u64::from(nodes) * u64::from(share) + 5_000) / 10_000) as u32
}

fn draw(count: u32, nodes: u32, random: &mut Random) -> Result<impl Iterator<Item = u32> + use<>, NodeSetError> {
    if count > nodes {
        return Err(NodeSetError::TooMany { wanted: count, nodes });
    }
    let mut all: Vec<u32> = (0..nodes).collect();
    random.shuffle(&mut all);
    all.truncate(count as usize);
    Ok(all.into_iter())
}

impl FromStr for NodeSet {
    type Err = NodeSetError;

    fn from_str(text: &str) -> Result<Self, NodeSetError> {
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Part {
    type Err = NodeSetError;

    fn from_str(part: &str) -> Result<Self, NodeSetError> {
        let unreadable = || NodeSetError::Unreadable { part: part.into() };
        if part == "all" {
            return Ok(Self::All);
        }
        if let Some(count) = part.strip_prefix("random ") {
            return match count.trim().strip_suffix('%') {
                Some(share) => share_of(share).map(Self::RandomShare),
                None => count.trim().parse().ok().map(Self::Random),
            }
            .ok_or_else(unreadable);
        }
        if let Some((from, until)) = part.split_once("..") {
            let (from, until) = (from.trim(), until.trim());
            let range = match (from.strip_suffix('%'), until.strip_suffix('%')) {
                (Some(from), Some(until)) => share_of(from).zip(share_of(until)).map(|(a, b)| Self::Share(a, b)),
                _ => from.parse().ok().zip(until.parse().ok()).map(|(from, until)| Self::Range(from, until)),
            };
            return match range.ok_or_else(unreadable)? {
                Self::Range(from, until) | Self::Share(from, until) if from >= until => {
                    Err(NodeSetError::Backwards { part: part.into() })
                }
                range => Ok(range),
            };
        }
        if let Ok(node) = part.parse::<u32>() {
            let until = node.checked_add(1).ok_or_else(unreadable)?;
            return Ok(Self::Range(node, until));
        }
        let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let is_name = part.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic()) && part.bytes().all(name);
        if is_name { Ok(Self::Group(part.into())) } else { Err(unreadable()) }
    }
}

/// Hundredths of a percent.
fn share_of(text: &str) -> Option<u32> {
    let chance: crate::network::Chance = text.trim().parse().ok()?;
    Some(chance.in_a_million() / 100)
}

impl fmt::Display for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.0.iter().enumerate() {
            write!(f, "{}{part}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |share: u32| crate::network::Chance::per_million(share * 100);
        match self {
            Self::All => f.write_str("all"),
            Self::Range(from, until) if from + 1 == *until => write!(f, "{from}"),
            Self::Range(from, until) => write!(f, "{from}..{until}"),
            Self::Share(from, until) => write!(f, "{}..{}", share(*from), share(*until)),
            Self::Random(count) => write!(f, "random {count}"),
            Self::RandomShare(part) => write!(f, "random {}", share(*part)),
            Self::Group(name) => f.write_str(name),
        }
    }
}

crate::text::as_text!(NodeSet, "nodes, such as \"all\", \"0..5\", \"0%..50%\", \"random 1%\" or a group's name");

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str, nodes: u32) -> Result<Vec<u32>, NodeSetError> {
        let groups = BTreeMap::from([("rack".to_owned(), Nodes::of(nodes, [0, 1]))]);
        let set = text.parse::<NodeSet>()?.resolve(nodes, &groups, &mut Random::new(1))?;
        Ok(set.iter().collect())
    }

    #[test]
    fn every_form_names_its_nodes() {
        for (text, nodes) in [
            ("all", vec![0, 1, 2, 3, 4, 5, 6, 7]),
            ("7", vec![7]),
            ("3..5", vec![3, 4]),
            ("50%..100%", vec![4, 5, 6, 7]),
            ("rack, 5", vec![0, 1, 5]),
        ] {
            assert_eq!(resolve(text, 8), Ok(nodes), "{text}");
        }
        assert_eq!(resolve("random 3", 8).unwrap().len(), 3);
        assert_eq!(resolve("random 25%", 8).unwrap().len(), 2);
        assert_eq!(resolve("random 1%", 8).unwrap().len(), 1);
    }

    #[test]
    fn halves_meet_whatever_the_size() {
        for nodes in 2..50 {
            let (mut left, right) = (resolve("0%..50%", nodes).unwrap(), resolve("50%..100%", nodes).unwrap());
            left.extend(right);
            assert_eq!(left, (0..nodes).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["all", "7", "3..7", "0%..33.33%", "random 3", "random 1%", "rack, 5, 2..4"] {
            assert_eq!(text.parse::<NodeSet>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        assert!(matches!(resolve("", 8), Err(NodeSetError::Unreadable { .. })));
        assert!(matches!(resolve("random many", 8), Err(NodeSetError::Unreadable { .. })));
        assert!(matches!(resolve("5..5", 8), Err(NodeSetError::Backwards { .. })));
        assert_eq!(resolve("8", 8), Err(NodeSetError::NoSuchNode { node: 8, nodes: 8 }));
        assert_eq!(resolve("random 9", 8), Err(NodeSetError::TooMany { wanted: 9, nodes: 8 }));
        assert!(matches!(resolve("shelf", 8), Err(NodeSetError::NoSuchGroup { .. })));
        assert!(matches!(resolve("0%..1%", 8), Err(NodeSetError::Empty { .. })));
        assert!(matches!("4294967295".parse::<NodeSet>(), Err(NodeSetError::Unreadable { .. })));
    }
}
