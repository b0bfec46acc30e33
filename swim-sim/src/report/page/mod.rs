//! The run as a page (`--html`): one file that opens without a network.
//!
//! The page is a template with slots. Styles, scripts and data are put into it as they are; the page's own policy
//! forbids it to load anything else.

mod data;
mod of_run;

pub(super) use of_run::marks;

pub use data::{Fact, PageData, Verdict};

/// The page as HTML.
pub fn to_html(data: &PageData) -> String {
    let mut html = String::with_capacity(256 * 1024);
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (slot, after) = after.split_once("}}").expect("the template closes what it opens");
        html.push_str(before);
        match slot {
            "title" => html.push_str(&escaped(&data.title)),
            "library style" => html.push_str(include_str!("../../../assets/uplot/uPlot.min.css")),
            "style" => html.push_str(include_str!("../../../assets/report/page.css")),
            "data" => html.push_str(&json(data)),
            "library" => html.push_str(include_str!("../../../assets/uplot/uPlot.iife.min.js")),
            "script" => SCRIPTS.iter().for_each(|script| html.push_str(script)),
            other => unreachable!("the template has no slot {other}"),
        }
        rest = after;
    }
    html.push_str(rest);
    html
}

/// JSON that can stand inside a script: nothing in it ends the script or begins a comment.
fn json(data: &PageData) -> String {
    serde_json::to_string(data).expect("plain data with text for keys").replace('<', "\\u003c")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

const TEMPLATE: &str = include_str!("../../../assets/report/page.html");

/// The page's own script, in parts that follow one another.
const SCRIPTS: [&str; 10] = [
    include_str!("../../../assets/report/base.js"),
    include_str!("../../../assets/report/time.js"),
    include_str!("../../../assets/report/panel.js"),
    include_str!("../../../assets/report/lines.js"),
    include_str!("../../../assets/report/shares.js"),
    include_str!("../../../assets/report/events.js"),
    include_str!("../../../assets/report/map.js"),
    include_str!("../../../assets/report/matrix.js"),
    include_str!("../../../assets/report/check.js"),
    include_str!("../../../assets/report/page.js"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Sides;
    use crate::record::{Groups, Recorder};

    fn data(title: &str) -> PageData {
        PageData {
            title: title.into(),
            description: "a description".into(),
            verdict: Verdict::Passed("HEALED".into()),
            facts: vec![Fact::new("seed", "1")],
            record: Recorder::new(Groups::of_sides(&Sides::halves(4).unwrap())).finish(),
            marks: Vec::new(),
        }
    }

    #[test]
    fn text_cannot_break_out_of_its_place() {
        let html = to_html(&data("</script><script>alert(1)</script>{{data}}"));
        assert!(!html.contains("<script>alert"));
        assert!(html.contains("&lt;/script>") && html.contains("\\u003c/script>"));
        assert_eq!(html.matches("</script>").count(), 4);
    }

    #[test]
    fn the_page_says_what_it_uses_under_which_licence() {
        assert!(to_html(&data("a run")).contains("uPlot 1.6.32"));
        assert!(include_str!("../../../assets/uplot/uPlot.iife.min.js").contains("(v1.6.32)"));
    }
}
