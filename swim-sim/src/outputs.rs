//! The files that a run is written to. They are opened before it begins: a path that does not work is known at once.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use swim_sim::record::{Groups, Recorder};
use swim_sim::report::{PageData, Run, to_html, to_svg};
use swim_sim::trace::{ChromeTrace, JsonLines};
use swim_sim::{Plan, Watchers};

use crate::commands::RunOptions;

/// The files that were asked for.
pub(crate) struct Outputs<'a> {
    args: &'a RunOptions,
    html: Option<File>,
    svg: Option<File>,
}

impl<'a> Outputs<'a> {
    /// Opens the files; returns them, and those who watch the run for them.
    pub(crate) fn open(args: &'a RunOptions, nodes: u32, plan: &Plan) -> anyhow::Result<(Self, Watchers)> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(create).transpose();
        let html = open(&args.html)?;
        let watchers = Watchers {
            recorder: html.is_some().then(|| Recorder::new(Groups::of_sides(&plan.sides))),
            lines: open(&args.trace)?.map(JsonLines::new),
            chrome: open(&args.chrome_trace)?.map(|file| ChromeTrace::new(file, nodes)),
            failed_rounds: None,
        };
        Ok((Self { args, html, svg: open(&args.svg)? }, watchers))
    }

    /// Writes what is written at the end.
    pub(crate) fn write(self, run: &Run<'_>, watchers: Watchers) -> anyhow::Result<()> {
        let Self { args, html, svg } = self;
        let marks = run.marks();
        if let (Some(file), Some(path)) = (svg, &args.svg) {
            fill(file, path, &to_svg(&run.outcome.timeline)?)?;
        }
        if let (Some(file), Some(path), Some(recorder)) = (html, &args.html, watchers.recorder) {
            fill(file, path, &to_html(&PageData::of(run, recorder.finish())))?;
        }
        if let (Some(lines), Some(path)) = (watchers.lines, &args.trace) {
            lines.finish(&marks).with_context(|| unwritten(path))?;
        }
        if let (Some(chrome), Some(path)) = (watchers.chrome, &args.chrome_trace) {
            chrome.finish(&marks).with_context(|| unwritten(path))?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| unwritten(path))
}

fn fill(mut file: File, path: &Path, text: &str) -> anyhow::Result<()> {
    file.write_all(text.as_bytes()).with_context(|| unwritten(path))
}

fn unwritten(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}
