//! Files that people write, as text: scenarios, and grids of settings. Nothing panics, a mistake can be shown, and a scenario
//! that is accepted, written out and read again is the same scenario and comes to the same job.

use std::fmt::Debug;

use crate::scenario::{Scenario, ScenarioFile};
use crate::sweep::GridFile;

/// Reads `bytes` as a scenario, and as a grid.
///
/// # Panics
/// Where one of these promises is broken.
pub fn scenario(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = GridFile::parse("grid.toml", &text) {
        assert_ne!(error.to_string(), "", "a mistake has a name");
    }
    let file = match ScenarioFile::read("scenario.toml", &text) {
        Ok(file) => file,
        Err(error) => {
            assert_ne!(error.to_string(), "", "a mistake has a name");
            return;
        }
    };
    let written = toml::to_string(&file.scenario).expect("what was read can be written");
    let again = ScenarioFile::read("written.toml", &written)
        .unwrap_or_else(|error| panic!("what was written cannot be read:\n{written}\n{error}"));
    assert_eq!(shown(&again.scenario), shown(&file.scenario), "{written}");

    // What a scenario comes to takes memory in proportion to the nodes, which anybody may write many of.
    if file.scenario.nodes > NODES_MAX {
        return;
    }
    match file.job() {
        Ok(job) => assert_eq!(shown(again.job()), shown(Ok::<_, ()>(job)), "{written}"),
        Err(error) => {
            assert_ne!(error.to_string(), "", "a mistake has a name");
            let again = Scenario::job(&again.scenario).expect_err("the mistake is still there");
            assert_eq!(again.to_string(), error.message, "{written}");
        }
    }
}

/// A value as text: some numbers that are no numbers differ from themselves.
fn shown(value: impl Debug) -> String {
    format!("{value:?}")
}

/// The largest cluster that is looked at more closely.
const NODES_MAX: u32 = 200;
