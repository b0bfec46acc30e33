//! What all nodes say at one moment, and whether they agree.
//!
//! They agree when every node that runs holds exactly those alive that run on its side of a partition, and all of a side
//! have one checksum.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use owo_colors::Style;
use swim_core::Status;

use super::node::Life;
use crate::api::Members;
use crate::output::{Paint, style_of};
use crate::table::{Cell, Table};

/// One node at one moment.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) number: usize,
    pub(super) address: SocketAddr,
    pub(super) life: Life,
    /// Which side of a partition it is on.
    pub(super) side: usize,
    /// Its list, where it runs and answered.
    pub(super) members: Option<Members>,
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct View(pub(super) Vec<Seen>);

impl Seen {
    /// What it says of itself.
    fn own_status(&self) -> Option<Status> {
        let members = self.members.as_ref()?;
        members.members.iter().find(|row| row.address == self.address).map(|row| row.status)
    }

    /// What it does, in a word, and how that looks.
    pub(super) fn life_now(&self) -> (&'static str, Style) {
        match (self.life, self.own_status()) {
            (Life::Running, Some(Status::Alive)) => ("running", style_of(Status::Alive)),
            (Life::Running, Some(_)) => ("gone", style_of(Status::Leave)),
            (Life::Running, None) => ("silent", style_of(Status::Suspect)),
            (Life::Suspended, _) => ("suspended", style_of(Status::Suspect)),
            (Life::Down, _) => ("down", style_of(Status::Faulty)),
        }
    }

    /// Whether it is a member: it runs and has not left.
    fn is_member(&self) -> bool {
        self.life == Life::Running && self.own_status().is_none_or(|status| status == Status::Alive)
    }
}

impl View {
    /// The sides with their checksums, where all agree.
    ///
    /// # Errors
    /// What is not so yet.
    pub(super) fn agreed(&self) -> Result<Vec<String>, String> {
        let mut sides: BTreeMap<usize, Vec<&Seen>> = BTreeMap::new();
        for seen in self.0.iter().filter(|seen| seen.is_member()) {
            sides.entry(seen.side).or_default().push(seen);
        }
        sides.values().map(|side| agreed(side)).collect()
    }

    /// The nodes as a table, below a head, in lines of `room` characters at most.
    pub(super) fn table(&self, room: usize, paint: Paint) -> Vec<String> {
        let mut table = Table::new(["NODE", "ADDRESS", "IS", "SIDE", "ALIVE", "SUSPECT", "FAULTY", "LEFT", "CHECKSUM"]);
        for seen in &self.0 {
            let (life, style) = seen.life_now();
            let count = |status: Status| match &seen.members {
                None => Cell::from(""),
                Some(members) => match members.count(status) {
                    0 => Cell::styled("-", Style::new().dimmed()),
                    count => Cell::styled(count, style_of(status)),
                },
            };
            let checksum = match &seen.members {
                None => Cell::from(""),
                Some(members) => Cell::styled(&members.checksum, colour_of(&members.checksum)),
            };
            table.row([
                seen.number.into(),
                seen.address.into(),
                Cell::styled(life, style),
                letter(seen.side).into(),
                count(Status::Alive),
                count(Status::Suspect),
                count(Status::Faulty),
                count(Status::Leave),
                checksum,
            ]);
        }
        table.lines_within(room, paint)
    }
}

/// Whether those of one side agree.
fn agreed(side: &[&Seen]) -> Result<String, String> {
    let running: Vec<SocketAddr> = {
        let mut running: Vec<_> = side.iter().map(|seen| seen.address).collect();
        running.sort_unstable();
        running
    };
    let mut checksum: Option<&str> = None;
    for seen in side {
        let Some(members) = &seen.members else { return Err(format!("node {} does not answer", seen.number)) };
        let wrong = members.members.iter().find(|row| {
            let is_there = running.binary_search(&row.address).is_ok();
            row.status.is_pingable() != is_there || row.status == Status::Suspect
        });
        if let Some(row) = wrong {
            return Err(format!("node {} holds {} {}", seen.number, row.address, row.status));
        }
        let lists = |address: &SocketAddr| members.members.iter().any(|row| row.address == *address);
        if let Some(missing) = running.iter().find(|address| !lists(address)) {
            return Err(format!("node {} does not know {missing}", seen.number));
        }
        let first = *checksum.get_or_insert(&members.checksum);
        if first != members.checksum {
            return Err(format!("nodes {} and {} have different checksums", side[0].number, seen.number));
        }
    }
    let numbers: Vec<String> = side.iter().map(|seen| seen.number.to_string()).collect();
    Ok(format!("{} have checksum {}", numbers.join(","), checksum.unwrap_or_default()))
}

fn letter(side: usize) -> String {
    u8::try_from(side)
        .ok()
        .filter(|side| *side < 26)
        .map_or_else(|| side.to_string(), |side| char::from(b'A' + side).into())
}

/// A colour for each checksum, so that those that are equal look equal.
fn colour_of(checksum: &str) -> Style {
    let number = u32::from_str_radix(checksum, 16).unwrap_or_default();
    match number % 6 {
        0 => Style::new().red(),
        1 => Style::new().green(),
        2 => Style::new().yellow(),
        3 => Style::new().blue(),
        4 => Style::new().magenta(),
        _ => Style::new().cyan(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Row;

    /// Node `number` on `side`, as it holds the others.
    fn seen(number: u16, side: usize, checksum: &str, statuses: &[Status]) -> Seen {
        let row = |(at, status): (usize, &Status)| Row {
            address: SocketAddr::from(([127, 0, 0, 1], at as u16 + 1)),
            status: *status,
            incarnation: 1,
            labels: BTreeMap::new(),
        };
        let address = SocketAddr::from(([127, 0, 0, 1], number));
        let members = statuses.iter().enumerate().map(row).collect();
        let members = Some(Members { local: address, checksum: checksum.into(), version: 1, members });
        Seen { number: number.into(), address, life: Life::Running, side, members }
    }

    const A: Status = Status::Alive;
    const S: Status = Status::Suspect;
    const F: Status = Status::Faulty;

    #[test]
    fn nodes_with_true_lists_and_one_checksum_agree() {
        let view = View(vec![seen(1, 0, "aa", &[A, A]), seen(2, 0, "aa", &[A, A])]);
        assert_eq!(view.agreed(), Ok(vec!["1,2 have checksum aa".to_owned()]));
        let view = View(vec![seen(1, 0, "aa", &[A, F]), seen(2, 1, "bb", &[F, A])]);
        assert_eq!(view.agreed(), Ok(vec!["1 have checksum aa".to_owned(), "2 have checksum bb".to_owned()]));
    }

    #[test]
    fn whatever_is_not_so_yet_is_named() {
        let disagreed = |nodes: Vec<Seen>| View(nodes).agreed().unwrap_err();
        let other = || seen(2, 0, "aa", &[A, A]);
        assert!(disagreed(vec![seen(1, 0, "bb", &[A, A]), other()]).contains("different checksums"));
        assert!(disagreed(vec![seen(1, 0, "aa", &[A, S]), other()]).contains("node 1 holds 127.0.0.1:2 suspect"));
        assert!(disagreed(vec![seen(1, 0, "aa", &[A, F]), other()]).contains("node 1 holds 127.0.0.1:2 faulty"));
        assert!(disagreed(vec![seen(1, 0, "aa", &[A]), other()]).contains("does not know 127.0.0.1:2"));
        assert!(disagreed(vec![seen(1, 0, "aa", &[A, A]), Seen { life: Life::Down, ..other() }]).contains("alive"));
        assert!(disagreed(vec![seen(1, 0, "aa", &[A, A]), Seen { side: 1, ..other() }]).contains("alive"));
        assert!(disagreed(vec![Seen { members: None, ..other() }]).contains("does not answer"));
    }
}
