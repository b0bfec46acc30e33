//! The run as a picture: how the sides see one another over time, and how many different lists there are (`--svg`).

use plotters::prelude::*;
use swim_core::Instant;

use crate::census::Seen;
use crate::runner::Sample;

const SIZE: (u32, u32) = (900, 460);
const SEEN: [(&str, RGBColor); 4] = [
    ("not listed", RGBColor(205, 209, 216)),
    ("faulty", RGBColor(196, 64, 58)),
    ("suspect", RGBColor(236, 172, 60)),
    ("alive", RGBColor(72, 150, 96)),
];
const LISTS: RGBColor = RGBColor(58, 84, 148);

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the picture cannot be drawn: {0}")]
pub struct PictureError(String);

/// Draws the timeline of a run as SVG.
///
/// # Errors
/// When the plotting library fails; an empty timeline is an empty picture.
pub fn to_svg(timeline: &[Sample]) -> Result<String, PictureError> {
    let mut svg = String::new();
    draw(timeline, &mut svg).map_err(|error| PictureError(error.to_string()))?;
    Ok(svg)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(timeline: &[Sample], svg: &mut String) -> Drawn {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let end = timeline.last().map_or(1.0, |sample| seconds(sample.at));
    let (above, below) = area.split_vertically(SIZE.1 * 11 / 20);
    draw_shares(timeline, end, &above)?;
    draw_lists(timeline, end, &below)?;
    area.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Above: what share of the other sides is seen as what.
fn draw_shares(timeline: &[Sample], end: f64, area: &Area<'_>) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .caption("what each side sees of the others", ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, 0.0..100.0)?;
    let percent = |value: &f64| format!("{value:.0} %");
    chart.configure_mesh().disable_mesh().y_labels(5).y_label_formatter(&percent).draw()?;
    // Each layer hides the lower part of the one before it.
    for (layer, (name, color)) in SEEN.into_iter().enumerate() {
        let points = timeline.iter().map(|sample| (seconds(sample.at), share(sample, layer)));
        chart
            .draw_series(AreaSeries::new(points, 0.0, color))?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], color.filled()));
    }
    for (at, name) in phases(timeline) {
        chart.draw_series(LineSeries::new([(at, 0.0), (at, 100.0)], BLACK.mix(0.5)))?;
        chart.draw_series([Text::new(name, (at + end / 200.0, 97.0), ("sans-serif", 12))])?;
    }
    let position = SeriesLabelPosition::MiddleLeft;
    chart.configure_series_labels().position(position).background_style(WHITE.mix(0.8)).draw()?;
    Ok(())
}

/// Below: how many different lists there are, on a logarithmic scale.
fn draw_lists(timeline: &[Sample], end: f64, area: &Area<'_>) -> Drawn {
    let most = timeline.iter().map(|sample| sample.census.checksums).max().unwrap_or(1).max(10) as f64;
    let mut chart = ChartBuilder::on(area)
        .caption("different membership lists", ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, (0.9..most * 1.3).log_scale())?;
    let whole = |value: &f64| format!("{value:.0}");
    chart.configure_mesh().disable_mesh().x_desc("simulated seconds").y_label_formatter(&whole).draw()?;
    let points = timeline.iter().map(|sample| (seconds(sample.at), sample.census.checksums.max(1) as f64));
    chart.draw_series(LineSeries::new(points, LISTS.stroke_width(2)))?;
    for (at, _) in phases(timeline) {
        chart.draw_series(LineSeries::new([(at, 0.9), (at, most * 1.3)], BLACK.mix(0.5)))?;
    }
    Ok(())
}

/// The share of the other sides that is seen as one of the first kinds or of this one, from the top of the stack down.
fn share(sample: &Sample, layer: usize) -> f64 {
    let mut counts = [0; SEEN.len()];
    for Seen { alive, suspect, faulty, leave, tombstone, unknown } in sample.census.sides.iter().map(|side| side.others)
    {
        for (count, seen) in counts.iter_mut().zip([unknown, faulty + leave + tombstone, suspect, alive]) {
            *count += seen;
        }
    }
    let all: u64 = counts.iter().sum();
    let shown: u64 = counts[layer..].iter().sum();
    100.0 * shown as f64 / all.max(1) as f64
}

/// When each phase began.
fn phases(timeline: &[Sample]) -> Vec<(f64, &'static str)> {
    let mut phases = Vec::new();
    let mut before = 0.0;
    for sample in timeline {
        if phases.last().is_none_or(|(_, name)| *name != sample.phase.name()) {
            phases.push((before, sample.phase.name()));
        }
        before = seconds(sample.at);
    }
    phases
}

fn seconds(at: Instant) -> f64 {
    at.as_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_samples_is_drawn_all_the_same() {
        assert!(to_svg(&[]).unwrap().starts_with("<svg"));
    }
}
