//! What is wrong with a scenario, and where: the line is shown with what is allowed there.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use toml::de::DeTable;

/// A scenario that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The name of the file or of the built-in scenario.
    pub name: String,
    /// The whole text.
    pub source: String,
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// One step down into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At<'a> {
    Key(&'a str),
    Item(usize),
}

impl ScenarioError {
    pub(super) fn new(name: &str, source: &str, span: Range<usize>, message: impl fmt::Display) -> Box<Self> {
        Box::new(Self { name: name.into(), source: source.into(), span, message: message.to_string() })
    }

    /// The error stands at the end of `path`, or as near as there is something in the file.
    pub(super) fn at(name: &str, source: &str, path: &[At<'_>], message: impl fmt::Display) -> Box<Self> {
        Self::new(name, source, locate(source, path), message)
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let annotation = AnnotationKind::Primary.span(self.span.clone());
        let snippet = Snippet::source(&self.source).path(&self.name).annotation(annotation);
        let report = [Level::ERROR.primary_title(&self.message).element(snippet)];
        f.write_str(&Renderer::plain().render(&report))
    }
}

impl std::error::Error for ScenarioError {}

/// The bytes at the end of `path`.
fn locate(source: &str, path: &[At<'_>]) -> Range<usize> {
    let Ok(table) = DeTable::parse(source) else { return 0..0 };
    let mut span = 0..0;
    let mut table = Some(table.into_inner());
    let mut array = None;
    for step in path {
        let value = match (step, table.take(), array.take()) {
            (At::Key(key), Some(mut table), _) => table.remove(*key),
            (At::Item(number), _, Some(items)) => {
                let items: toml::de::DeArray<'_> = items;
                items.into_iter().nth(*number)
            }
            _ => None,
        };
        let Some(value) = value else { break };
        span = value.span();
        match value.into_inner() {
            toml::de::DeValue::Table(inner) => table = Some(inner),
            toml::de::DeValue::Array(inner) => array = Some(inner),
            _ => {}
        }
    }
    span
}
