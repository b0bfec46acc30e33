//! Sweeps as their users see them: interrupted, spread over machines, joined and compared.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::binary;

/// Two points with three seeds each, small enough to be run many times.
const SMALL: [&str; 6] = ["sweep", "--vary", "nodes=8,12", "--seeds", "3", "--quiet"];

/// A folder of its own for a test, empty.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap_or_default()
    }
}

/// Runs the binary and expects that all went well; returns what it printed.
fn well(arguments: &[&str]) -> (String, String) {
    let (status, out, error) = binary(arguments);
    assert_eq!(status, Some(0), "{arguments:?}: {error}");
    (out, error)
}

/// Runs the small sweep with more arguments.
fn sweep(more: &[&str]) {
    well(&[&SMALL, more].concat());
}

#[test]
fn a_sweep_is_a_row_for_each_run_in_order() {
    let (out, _) = well(&SMALL);
    let rows: Vec<Vec<_>> = out.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][..6], ["sweep", "run", "runs", "nodes", "seed", "succeeded"]);
    let runs: Vec<_> = rows[1..].iter().map(|row| row[1..6].join(" ")).collect();
    assert_eq!(runs, ["0 6 8 1 1", "1 6 8 2 1", "2 6 8 3 1", "3 6 12 1 1", "4 6 12 2 1", "5 6 12 3 1"]);
}

#[test]
fn a_row_is_what_the_run_alone_shows() {
    let (out, _) = well(&SMALL);
    let (header, row) = (out.lines().next().unwrap(), out.lines().nth(5).unwrap());
    let column = |name| row.split(',').nth(header.split(',').position(|column| column == name).unwrap()).unwrap();
    let (json, _) = well(&["--nodes", "12", "--seed", "2", "--json", "--quiet"]);
    let alone: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(column("hash"), format!("0x{}", alone["hash"].as_str().unwrap()));
    assert_eq!(column("healed_after").parse::<f64>().ok(), alone["healed_after"].as_f64());
}

#[test]
fn a_sweep_that_was_cut_off_goes_on_and_ends_with_the_same_bytes() {
    let folder = Folder::new("resume");
    let (csv, parquet) = (folder.path("a.csv"), folder.path("a.parquet"));
    let files = ["--out", &csv, "--out", &parquet];
    sweep(&[&files[..], &["--threads", "1"]].concat());
    let whole = [folder.read("a.csv"), folder.read("a.parquet")];
    let journal = folder.read("a.csv.journal");
    assert_eq!(journal.split(|byte| *byte == b'\n').count(), 8);

    fs::remove_file(&csv).unwrap();
    fs::remove_file(&parquet).unwrap();
    // In the middle of the fourth of six runs.
    let ends: Vec<_> = journal.iter().enumerate().filter(|(_, byte)| **byte == b'\n').collect();
    fs::write(folder.path("a.csv.journal"), &journal[..ends[3].0 + 20]).unwrap();
    let loud: Vec<_> = SMALL.iter().filter(|argument| **argument != "--quiet").chain(&files).copied().collect();
    let (_, error) = well(&loud);
    assert!(error.contains("6 of 6 runs, 3 of them from the journal"), "{error}");
    assert_eq!([folder.read("a.csv"), folder.read("a.parquet")], whole);
}

#[test]
fn a_sweep_that_is_killed_loses_no_finished_run() {
    let folder = Folder::new("kill");
    let arguments = |out: &str| ["sweep", "--vary", "nodes=16", "--seeds", "60", "--out", out].map(str::to_owned);
    let (killed, left_alone) = (folder.path("killed.csv"), folder.path("alone.csv"));
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_swim-sim")).args(arguments(&killed)).stderr(Stdio::null()).spawn().unwrap();
    let finished = || folder.read("killed.csv.journal").iter().filter(|byte| **byte == b'\n').count().saturating_sub(1);
    while finished() < 5 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = finished();
    assert!(before >= 5 && !folder.0.join("killed.csv").exists(), "{before} of 60 runs: killed too late");

    let (_, error) = well(&arguments(&killed).each_ref().map(String::as_str));
    assert!(error.contains(&format!("60 of 60 runs, {before} of them from the journal")), "{error}");
    well(&arguments(&left_alone).each_ref().map(String::as_str));
    assert_eq!(folder.read("killed.csv"), folder.read("alone.csv"));
}

#[test]
fn the_shares_of_four_machines_are_joined_to_the_same_bytes() {
    let folder = Folder::new("shards");
    for ending in ["csv", "parquet"] {
        let whole = folder.path(&format!("whole.{ending}"));
        sweep(&["--out", &whole]);
        let parts = [0, 1, 2, 3].map(|index| folder.path(&format!("part-{index}.{ending}")));
        for (index, part) in parts.iter().enumerate() {
            sweep(&["--out", part, "--shard", &format!("{index}/4")]);
        }
        let joined = folder.path(&format!("joined.{ending}"));
        well(&["merge", &parts[2], &parts[0], &parts[3], &parts[1], "--out", &joined]);
        assert!(!folder.read(&format!("whole.{ending}")).is_empty());
        assert_eq!(folder.read(&format!("joined.{ending}")), folder.read(&format!("whole.{ending}")));

        let (status, _, error) = binary(&["merge", &parts[0], &parts[1], &parts[3], "--out", &joined]);
        assert_eq!(status, Some(1));
        assert!(error.contains("runs are missing: 2"), "{error}");
    }
}

#[test]
fn a_difference_that_was_made_up_is_found_and_none_in_a_file_and_itself() {
    let folder = Folder::new("compare");
    let (before, after) = (folder.path("before.csv"), folder.path("after.csv"));
    well(&["sweep", "--vary", "nodes=8", "--seeds", "8", "--quiet", "--out", &before]);
    let text = String::from_utf8(folder.read("before.csv")).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let healed = header.split(',').position(|column| column == "healed_after").unwrap();
    let mut slower = format!("{header}\n");
    for line in lines {
        let mut fields: Vec<_> = line.split(',').map(str::to_owned).collect();
        fields[healed] = (fields[healed].parse::<f64>().unwrap() + 2.5).to_string();
        slower.push_str(&format!("{}\n", fields.join(",")));
    }
    fs::write(&after, slower).unwrap();

    let marked = |other: &str| {
        let (json, _) = well(&["compare", &before, other, "--json"]);
        let object: serde_json::Value = serde_json::from_str(&json).unwrap();
        let point = &object["comparison"]["points"][0];
        assert_eq!(point["pairing"], "by_seed");
        let lines = point["results"].as_array().unwrap().iter().filter(|line| line["mark"] != "none");
        lines.map(|line| (line["name"].to_string(), line["difference"].as_f64().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(marked(&before), []);
    let found = marked(&after);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == "\"healed_after\"" && (found[0].1 - 2.5).abs() < 1e-9, "{found:?}");
    let (text, _) = well(&["compare", &before, &after]);
    assert!(text.contains("8 pairs of runs with the same seed") && text.contains("**"), "{text}");
}

#[test]
fn two_values_of_one_sweep_are_compared() {
    let folder = Folder::new("parts");
    let file = folder.path("runs.parquet");
    sweep(&["--out", &file]);
    let (text, _) = well(&["compare", &file, &file, "--only-a", "nodes=8", "--only-b", "nodes=12"]);
    assert!(text.contains("nodes is 8 in A and 12 in B") && text.contains("healed_after"), "{text}");
    let (status, _, error) = binary(&["compare", &file, &file, "--only-a", "nodes=9"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("`nodes` is never `9`") && error.contains("it is 12, 8"), "{error}");
}

#[test]
fn mistakes_are_found_before_anything_runs_and_say_what_is_allowed() {
    let folder = Folder::new("mistakes");
    let (grid, out) = (folder.path("grid.toml"), folder.path("out.csv"));
    fs::write(&grid, "seeds = 2\n\n[vary]\nnodes = [8, 0]\n").unwrap();
    for (arguments, hints) in [
        (&["--grid", &grid][..], &["grid.toml:4:13", "1 to 100000 can"][..]),
        (&["--vary", "nodes=8", "--vary", "colour=red"], &["--vary colour=red", "expected one of"]),
        (&["--vary", "nodes=8,8"], &["twice"]),
        (&["--shard", "2/2"], &["counted from 0"]),
        (&["--seeds", "none"], &["such as `20`"]),
    ] {
        let (status, _, error) = binary(&[&["sweep", "--out", &out], arguments].concat());
        assert_eq!(status, Some(2), "{error}");
        assert!(hints.iter().all(|hint| error.contains(hint)), "{error}");
        assert!(!folder.0.join("out.csv.journal").exists());
    }
}

#[test]
fn what_is_there_is_not_overwritten_by_another_sweep() {
    let folder = Folder::new("others");
    let (file, out) = (folder.path("letters.csv"), folder.path("a.csv"));
    fs::write(&file, "letters\n").unwrap();
    let (status, _, error) = binary(&[&SMALL[..], &["--out", &file]].concat());
    assert_eq!((status, folder.read("letters.csv")), (Some(2), b"letters\n".to_vec()));
    assert!(error.contains("choose another --out"), "{error}");

    sweep(&["--out", &out]);
    let (status, _, error) = binary(&["sweep", "--vary", "nodes=8,12", "--seeds", "4", "--out", &out]);
    assert_eq!(status, Some(1));
    assert!(error.contains("the seeds are \"1..3\" there and \"1..4\" here") && error.contains("delete"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_the_runs_before_are_kept() {
    let folder = Folder::new("full");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_swim-sim")).args(SMALL).stdout(full).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("No space left") && !error.contains("panicked"), "{error}");

    let out = folder.path("a.csv");
    std::os::unix::fs::symlink("/dev/full", folder.path("a.csv.partial")).unwrap();
    let (status, _, error) = binary(&[&SMALL[..], &["--out", &out]].concat());
    assert_eq!(status, Some(1));
    for hint in ["a.csv cannot be written", "No space left", "kept in the journal"] {
        assert!(error.contains(hint), "{error}");
    }
    let journal = folder.read("a.csv.journal");
    sweep(&["--out", &out]);
    assert_eq!(folder.read("a.csv").split(|byte| *byte == b'\n').count(), 8);
    assert_eq!(folder.read("a.csv.journal"), journal);

    std::os::unix::fs::symlink("/dev/full", folder.path("b.csv.journal")).unwrap();
    let (status, _, error) = binary(&[&SMALL[..], &["--out", &folder.path("b.csv")]].concat());
    assert_eq!(status, Some(1));
    assert!(error.contains("b.csv.journal") && error.contains("No space left"), "{error}");
}

#[test]
fn nobody_reads_and_that_is_no_mistake() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_swim-sim"))
        .args(SMALL)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
}

#[test]
fn help_teaches_by_examples() {
    for command in ["sweep", "merge", "compare"] {
        let (out, _) = well(&[command, "--help"]);
        assert!(out.contains("Examples:") && out.contains("Exit status"), "{out}");
    }
}
