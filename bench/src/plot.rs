//! The plot: our time to that of the best peer, a dot for each cell.

use std::path::Path;

use plotters::prelude::*;

use crate::results::{CellResult, Results};

const SIZE: (u32, u32) = (900, 420);
/// Of the vertical axis.
const RANGE: (f64, f64) = (0.25, 10.0);

pub fn draw(results: &Results, path: &Path) {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE).unwrap();
    let mut groups: Vec<&str> = Vec::new();
    for cell in &results.cells {
        if !groups.contains(&cell.group.as_str()) {
            groups.push(&cell.group);
        }
    }
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "time per message, relative to the best of 12 peers in each cell",
            ("sans-serif", 18),
        )
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d(-0.5..groups.len() as f64 - 0.5, (RANGE.0..RANGE.1).log_scale())
        .unwrap();
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(groups.len())
        .x_label_formatter(&|x| {
            groups.get(x.round() as usize).copied().unwrap_or_default().to_string()
        })
        .y_labels(8)
        .y_label_formatter(&|y| format!("{y:.2}"))
        .y_desc("below 1 is faster")
        .draw()
        .unwrap();
    let even = [(-0.5, 1.0), (groups.len() as f64 - 0.5, 1.0)];
    chart.draw_series(LineSeries::new(even, BLACK.stroke_width(2))).unwrap();
    for (index, group) in groups.iter().enumerate() {
        let ratios =
            results.cells.iter().filter(|cell| cell.group == *group).filter_map(CellResult::ratio);
        let ratios = ratios.collect::<Vec<_>>();
        let dots = ratios.iter().enumerate().map(|(nth, ratio)| {
            // Side by side, so that none hides another.
            let x = index as f64 + 0.7 * ((nth as f64 + 0.5) / ratios.len() as f64 - 0.5);
            let colour = if *ratio <= 1.1 { RGBColor(38, 120, 178) } else { RGBColor(200, 80, 60) };
            Circle::new((x, ratio.clamp(RANGE.0, RANGE.1)), 4, colour.filled())
        });
        chart.draw_series(dots).unwrap();
    }
    area.present().expect("the plot can be written");
}
