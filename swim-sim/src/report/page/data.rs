//! What a page shows.

use serde::Serialize;

use crate::record::{Mark, Record};

/// Everything that is on a page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageData {
    /// The name of the run.
    pub title: String,
    /// What was done, in a sentence or two.
    pub description: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Settings and results, in the order in which they are shown.
    pub facts: Vec<Fact>,
    /// The run.
    pub record: Record,
    /// What was done to the cluster, and when.
    pub marks: Vec<Mark>,
}

/// How a run ended, with the word for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should.
    Passed(String),
    /// As it should not.
    Failed(String),
}

/// One setting or result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value with its unit.
    pub value: String,
}

impl Fact {
    /// A fact.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
