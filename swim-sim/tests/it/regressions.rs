//! Scenarios in which something was found once: nothing may be found in them again.

use std::fs;
use std::path::Path;

use swim_sim::ScenarioFile;
use swim_sim::hunt::{Attempt, attempt};

#[test]
fn nothing_is_found_again_in_any_scenario_that_was_kept() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/regressions");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        let file = ScenarioFile::read(&name, &fs::read_to_string(&path).unwrap()).unwrap();
        let (result, _) = attempt(Attempt::thorough(&file.scenario));
        assert!(result.is_ok(), "{name}: {}", result.unwrap_err());
        count += 1;
    }
    assert!(count >= 9, "{count}");
}
