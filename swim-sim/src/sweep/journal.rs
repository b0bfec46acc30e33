//! The journal of a sweep: one line for each finished run, on the disk before the next one is counted.
//!
//! The first line says of which sweep it is, every other line is a run, all of them JSON. A process may die at any moment:
//! what it leaves at the end without a newline is cut off, and that run is done again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::grid::fingerprint;
use crate::results::{Column, Value};

/// Everything that decides which runs there are and what comes out of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The program and its version: another version may give other results.
    pub program: String,
    /// What is run.
    pub experiment: String,
    /// The settings with their values.
    pub vary: Vec<(String, Vec<String>)>,
    /// The seeds of each point.
    pub seeds: String,
    /// What comes out of a run.
    pub results: Vec<Column>,
    /// Which share of the runs.
    pub shard: String,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

/// A line was not written.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} cannot be written: {error}; the runs before are kept: once that is mended, the same command goes on from there",
    path.display()
)]
pub struct JournalError {
    path: PathBuf,
    error: io::Error,
}

/// Why a journal was not opened. The file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be made, read or written.
    #[error("{} cannot be opened: {error}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is something else.
    #[error("{} is there, and no journal of a sweep; choose another --out", path.display())]
    NoJournal {
        /// Which file.
        path: PathBuf,
    },
    /// It is of another sweep.
    #[error(
        "{} is the journal of another sweep: {differs}; go on with the settings of that sweep, choose another --out, or \
         delete the journal to start anew", path.display()
    )]
    OtherSweep {
        /// Which file.
        path: PathBuf,
        /// What is different.
        differs: String,
    },
    /// A line in the middle is no run of this sweep.
    #[error("{}, line {line}, is damaged; delete that line, and its run is done again", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line; the first is 1.
        line: usize,
    },
}

/// A finished run. Values are texts as in CSV, since JSON's numbers need not come back to the last bit.
#[derive(Serialize, Deserialize)]
struct Line {
    run: u64,
    values: Vec<String>,
}

impl Header {
    /// Names the sweep, all its shares alike.
    pub fn fingerprint(&self) -> String {
        let whole = Self { shard: String::new(), ..self.clone() };
        fingerprint([whole.line().as_str()])
    }

    fn line(&self) -> String {
        serde_json::to_string(self).expect("a header is texts and lists of texts")
    }

    /// What is different in `other`, in words.
    fn difference(&self, other: &Self) -> String {
        let both = |what: &str, there: &dyn std::fmt::Debug, here: &dyn std::fmt::Debug| {
            format!("{what} are {there:?} there and {here:?} here")
        };
        if self.program != other.program {
            return format!("{} made it, and this is {}", other.program, self.program);
        }
        if self.vary != other.vary {
            let shown = |vary: &[(String, Vec<String>)]| {
                vary.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect::<Vec<_>>().join(" ")
            };
            return both("the settings", &shown(&other.vary), &shown(&self.vary));
        }
        if self.seeds != other.seeds {
            return both("the seeds", &other.seeds, &self.seeds);
        }
        if self.shard != other.shard {
            return format!(
                "it is share {} there and {} here, and each share needs a file of its own",
                other.shard, self.shard
            );
        }
        "what is run is not the same".into()
    }
}

impl Journal {
    /// Opens the journal of a sweep, or begins it; returns what is finished, by the number of the run.
    ///
    /// # Errors
    /// When the file is not to be had, or is not the journal of this sweep.
    pub fn open(path: &Path, header: &Header) -> Result<(Self, BTreeMap<u64, Vec<Value>>), OpenError> {
        let failed = |error| OpenError::Open { path: path.into(), error };
        // Schedulers may start a task twice. Whoever appends does not write over the other's lines, and lines of the same run
        // are the same.
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(path).map_err(failed)?;
        let mut text = Vec::new();
        // A device may be endless.
        if file.metadata().map_err(failed)?.is_file() {
            file.read_to_end(&mut text).map_err(failed)?;
        }
        let mut first = header.line();
        first.push('\n');
        let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if end == 0 && !first.as_bytes().starts_with(&text) {
            return Err(OpenError::NoJournal { path: path.into() });
        }
        let finished = read(path, header, &text[..end])?;
        file.set_len(end as u64).or_else(|error| if end == 0 { Ok(()) } else { Err(error) }).map_err(failed)?;
        let mut journal = Self { path: path.into(), file };
        if end == 0 {
            journal.write(&first).map_err(failed)?;
        }
        Ok((journal, finished))
    }

    /// Adds a finished run.
    ///
    /// # Errors
    /// When it cannot be written. A part of it may be; it is cut off when the journal is opened again.
    pub fn add(&mut self, run: u64, values: &[Value]) -> Result<(), JournalError> {
        let line = Line { run, values: values.iter().map(ToString::to_string).collect() };
        let mut line = serde_json::to_string(&line).expect("a line is a number and a list of texts");
        line.push('\n');
        self.write(&line).map_err(|error| JournalError { path: self.path.clone(), error })
    }

    /// One write for each line, so that a process that dies leaves all of it or a part without a newline.
    fn write(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()
    }
}

/// The finished runs of a journal's whole lines.
fn read(path: &Path, header: &Header, text: &[u8]) -> Result<BTreeMap<u64, Vec<Value>>, OpenError> {
    let mut finished = BTreeMap::new();
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.next() else { return Ok(finished) };
    let there: Header = serde_json::from_slice(first).map_err(|_| OpenError::NoJournal { path: path.into() })?;
    if there != *header {
        return Err(OpenError::OtherSweep { path: path.into(), differs: header.difference(&there) });
    }
    for (number, line) in lines.enumerate() {
        let damaged = || OpenError::Damaged { path: path.into(), line: number + 2 };
        // Two that began at the same moment.
        if line == first {
            continue;
        }
        let Line { run, values } = serde_json::from_slice(line).map_err(|_| damaged())?;
        if values.len() != header.results.len() {
            return Err(damaged());
        }
        let values = header.results.iter().zip(&values).map(|(column, text)| Value::parse(column.kind, text));
        finished.insert(run, values.collect::<Option<_>>().ok_or_else(damaged)?);
    }
    Ok(finished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Kind;
    use std::fs;

    /// A file that is gone when the test is over.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("swim-sim-{}-{name}.journal", std::process::id())))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn header() -> Header {
        Header {
            program: "swim-sim 1".into(),
            experiment: "test".into(),
            vary: vec![("nodes".into(), vec!["10".into(), "20".into()])],
            seeds: "1..2".into(),
            results: vec![Column::new("time", Kind::Float), Column::new("end", Kind::Text)],
            shard: "0/1".into(),
        }
    }

    fn values(number: f64) -> Vec<Value> {
        vec![Value::Float(number / 3.0), Value::Missing]
    }

    /// A journal of two runs.
    fn written(scratch: &Scratch) -> Vec<u8> {
        let (mut journal, finished) = Journal::open(&scratch.0, &header()).unwrap();
        assert!(finished.is_empty());
        journal.add(3, &values(1.0)).unwrap();
        journal.add(0, &values(2.0)).unwrap();
        fs::read(&scratch.0).unwrap()
    }

    #[test]
    fn finished_runs_are_there_again_to_the_last_bit() {
        let scratch = Scratch::new("again");
        written(&scratch);
        let (_, finished) = Journal::open(&scratch.0, &header()).unwrap();
        assert_eq!(finished, BTreeMap::from([(0, values(2.0)), (3, values(1.0))]));
    }

    #[test]
    fn whatever_is_cut_off_at_the_end_is_done_again() {
        let scratch = Scratch::new("cut");
        let whole = written(&scratch);
        let ends: Vec<_> = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
        for length in 0..=whole.len() {
            fs::write(&scratch.0, &whole[..length]).unwrap();
            let (mut journal, finished) = Journal::open(&scratch.0, &header()).unwrap();
            let lines = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(finished.len(), lines.saturating_sub(1), "{length}");
            journal.add(9, &values(5.0)).unwrap();
            let (_, finished) = Journal::open(&scratch.0, &header()).unwrap();
            assert_eq!(finished.len(), lines.max(1), "{length}");
        }
    }

    #[test]
    fn a_tail_longer_than_a_line_does_not_show_behind_the_next_one() {
        let scratch = Scratch::new("tail");
        let mut text = written(&scratch);
        text.extend_from_slice(&[0; 1000]);
        fs::write(&scratch.0, text).unwrap();
        let (mut journal, finished) = Journal::open(&scratch.0, &header()).unwrap();
        assert_eq!(finished.len(), 2);
        journal.add(9, &values(5.0)).unwrap();
        let (_, finished) = Journal::open(&scratch.0, &header()).unwrap();
        assert_eq!(finished.len(), 3);
        assert_eq!(fs::read(&scratch.0).unwrap().last(), Some(&b'\n'));
    }

    #[test]
    fn the_journal_of_another_sweep_is_refused_and_left_alone() {
        let scratch = Scratch::new("other");
        let whole = written(&scratch);
        let here = header();
        for (other, hint) in [
            (Header { seeds: "1..3".into(), ..here.clone() }, "seeds are \"1..2\" there and \"1..3\" here"),
            (Header { vary: vec![], ..here.clone() }, "settings are \"nodes=10,20\" there"),
            (Header { program: "swim-sim 2".into(), ..here.clone() }, "swim-sim 1 made it, and this is swim-sim 2"),
            (Header { shard: "1/2".into(), ..here.clone() }, "share 0/1 there and 1/2 here"),
            (Header { experiment: "else".into(), ..here }, "not the same"),
        ] {
            let error = Journal::open(&scratch.0, &other).unwrap_err().to_string();
            assert!(error.contains(hint) && error.contains("delete the journal"), "{error}");
            assert_eq!(fs::read(&scratch.0).unwrap(), whole);
        }
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused_and_left_alone() {
        let scratch = Scratch::new("none");
        for text in ["a shopping list", "a shopping list\nmilk\n"] {
            fs::write(&scratch.0, text).unwrap();
            assert!(matches!(Journal::open(&scratch.0, &header()), Err(OpenError::NoJournal { .. })));
            assert_eq!(fs::read_to_string(&scratch.0).unwrap(), text);
        }
    }

    #[test]
    fn two_that_write_the_same_journal_do_no_harm() {
        let scratch = Scratch::new("two");
        fs::write(&scratch.0, "").unwrap();
        let (mut one, _) = Journal::open(&scratch.0, &header()).unwrap();
        let (mut other, _) = Journal::open(&scratch.0, &header()).unwrap();
        other.write(&format!("{}\n", header().line())).unwrap();
        for (run, number) in [(1, 1.0), (2, 2.0)] {
            one.add(run, &values(number)).unwrap();
            other.add(run, &values(number)).unwrap();
        }
        let (_, finished) = Journal::open(&scratch.0, &header()).unwrap();
        assert_eq!(finished, BTreeMap::from([(1, values(1.0)), (2, values(2.0))]));
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_told() {
        let scratch = Scratch::new("damaged");
        let text = String::from_utf8(written(&scratch)).unwrap();
        fs::write(&scratch.0, text.replacen("\"run\":3", "\"run\":x", 1)).unwrap();
        assert!(matches!(Journal::open(&scratch.0, &header()), Err(OpenError::Damaged { line: 2, .. })));
    }

    #[test]
    fn the_fingerprint_is_that_of_the_sweep_and_not_of_the_share() {
        let here = header();
        assert_eq!(here.fingerprint(), Header { shard: "1/2".into(), ..here.clone() }.fingerprint());
        assert_ne!(here.fingerprint(), Header { seeds: "1..3".into(), ..here.clone() }.fingerprint());
    }
}
