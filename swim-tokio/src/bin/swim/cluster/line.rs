//! What can be typed into `swim cluster`, or piped into it.

use std::time::Duration;

use crate::settings::flags;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Kill(Vec<usize>),
    Revive(Vec<usize>),
    Suspend(Vec<usize>),
    Resume(Vec<usize>),
    Leave(Vec<usize>),
    Rejoin(Vec<usize>),
    /// Who can still reach whom; nodes that are not named are one more side.
    Partition(Vec<Vec<usize>>),
    Heal,
    Members,
    WaitAgree(Duration),
    Wait(Duration),
    Help,
    Quit,
    /// Nothing, or a comment.
    Empty,
}

/// What `help` says.
pub(super) const HELP: &str = "\
kill 2           ends node 2 at once, as a power cut would       revive 2       starts it again
suspend 3        stops node 3 without ending it                  resume 3       lets it run on
leave 4          lets node 4 leave                               rejoin 4       lets it come back
partition 1,2|3,4,5   cuts the network between the sides         heal           ends that
members          who is there, as each node has it               wait-agree 60s waits until all of a side agree
wait 2s          waits                                           quit           ends all nodes, and this";

/// How long `wait-agree` waits unless it says.
const AGREE_MAX: Duration = Duration::from_secs(120);

impl Line {
    /// Reads a line about `nodes` nodes.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub(super) fn parse(text: &str, nodes: usize) -> Result<Self, String> {
        let text = text.split('#').next().unwrap_or_default().trim();
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let some = |line: fn(Vec<usize>) -> Self| numbers(rest, nodes).map(line);
        let alone = |line: Self| if rest.is_empty() { Ok(line) } else { Err(format!("`{name}` stands alone")) };
        let time = |text: &str| flags::time(text);
        match name {
            "" => Ok(Self::Empty),
            "kill" => some(Self::Kill),
            "revive" => some(Self::Revive),
            "suspend" => some(Self::Suspend),
            "resume" => some(Self::Resume),
            "leave" => some(Self::Leave),
            "rejoin" => some(Self::Rejoin),
            "partition" => sides(rest, nodes).map(Self::Partition),
            "heal" => alone(Self::Heal),
            "members" => alone(Self::Members),
            "wait-agree" if rest.is_empty() => Ok(Self::WaitAgree(AGREE_MAX)),
            "wait-agree" => time(rest).map(Self::WaitAgree),
            "wait" => time(rest).map(Self::Wait),
            "help" | "?" => alone(Self::Help),
            "quit" | "exit" => alone(Self::Quit),
            _ => Err(format!("there is no `{name}`; `help` lists what there is")),
        }
    }
}

/// Numbers of nodes, with commas or blanks between.
fn numbers(text: &str, nodes: usize) -> Result<Vec<usize>, String> {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    let numbers: Result<Vec<usize>, String> = words.map(|word| number(word, nodes)).collect();
    match numbers?.as_slice() {
        [] => Err("name a node, such as 2, or several, such as 2,3".into()),
        numbers => Ok(numbers.to_vec()),
    }
}

fn number(word: &str, nodes: usize) -> Result<usize, String> {
    match word.parse() {
        Ok(number) if (1..=nodes).contains(&number) => Ok(number),
        _ => Err(format!("there is no node `{word}`; the nodes are 1 to {nodes}")),
    }
}

/// The sides of a partition, so that each node is on one of them.
fn sides(text: &str, nodes: usize) -> Result<Vec<Vec<usize>>, String> {
    let mut sides = text.split('|').map(|side| numbers(side, nodes)).collect::<Result<Vec<_>, _>>()?;
    let mut named: Vec<usize> = sides.concat();
    named.sort_unstable();
    if let Some(twice) = named.windows(2).find(|two| two[0] == two[1]) {
        return Err(format!("node {} is on two sides; name it once", twice[0]));
    }
    let rest: Vec<usize> = (1..=nodes).filter(|node| named.binary_search(node).is_err()).collect();
    if !rest.is_empty() {
        sides.push(rest);
    }
    if sides.len() < 2 {
        return Err("all nodes are on one side; write sides such as 1,2|3,4,5".into());
    }
    Ok(sides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_meant() {
        let parse = |text| Line::parse(text, 5);
        assert_eq!(parse("kill 2"), Ok(Line::Kill(vec![2])));
        assert_eq!(parse("  suspend 3, 4 # why not"), Ok(Line::Suspend(vec![3, 4])));
        assert_eq!(parse("partition 1,2|3,4,5"), Ok(Line::Partition(vec![vec![1, 2], vec![3, 4, 5]])));
        assert_eq!(parse("partition 1,2"), Ok(Line::Partition(vec![vec![1, 2], vec![3, 4, 5]])));
        assert_eq!(parse("partition 1 | 2 | 3"), Ok(Line::Partition(vec![vec![1], vec![2], vec![3], vec![4, 5]])));
        assert_eq!(parse("wait-agree 5s"), Ok(Line::WaitAgree(Duration::from_secs(5))));
        assert_eq!(parse("wait-agree"), Ok(Line::WaitAgree(AGREE_MAX)));
        assert_eq!(parse("# a remark"), Ok(Line::Empty));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (text, hint) in [
            ("kill", "such as 2"),
            ("kill 6", "1 to 5"),
            ("kill two", "1 to 5"),
            ("kill 0", "1 to 5"),
            ("partition 1,2,3,4,5", "1,2|3,4,5"),
            ("partition 1,2|2,3", "node 2 is on two sides"),
            ("partition", "such as 2"),
            ("heal 3", "stands alone"),
            ("wait", "with its unit"),
            ("explode", "`help`"),
        ] {
            let error = Line::parse(text, 5).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
