//! The plot: our time to that of the best peer, a dot for each cell, by hand so that each dot has a title.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::report;
use crate::results::{CellResult, Results};
use crate::summary::LOST;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 400.0;

pub fn draw(results: &Results, path: &Path) {
    let cells =
        results.cells.iter().filter(|cell| cell.failure().is_some() || cell.ratio().is_some());
    let cells = cells.collect::<Vec<_>>();
    let mut groups = cells.iter().map(|cell| cell.group.as_str()).collect::<Vec<_>>();
    groups.dedup();
    // Powers of two around all that there is, so that nothing is outside.
    let logs = cells.iter().filter_map(|cell| cell.ratio()).map(f64::log2);
    let low = logs.clone().fold(-1.0, f64::min).floor();
    let high = logs.fold(1.0, f64::max).ceil();
    let y = |ratio: f64| BOTTOM - (ratio.log2() - low) / (high - low) * (BOTTOM - TOP);
    let column = (WIDTH - LEFT - 10.0) / groups.len() as f64;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    let caption = format!("Our time to that of {}; below 1 is faster", report::peers(results));
    text(&mut svg, WIDTH / 2.0, 22.0, "middle", &caption);
    for power in low as i32..=high as i32 {
        let (ratio, width) = (2f64.powi(power), if power == 0 { 2 } else { 1 });
        let (at, colour) = (y(ratio), if power == 0 { "black" } else { "#ddd" });
        writeln!(
            svg,
            "<path d=\"M{LEFT} {at:.1}H{WIDTH}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        )
        .unwrap();
        text(&mut svg, LEFT - 8.0, at + 4.0, "end", &ratio.to_string());
    }
    for (index, group) in groups.iter().enumerate() {
        let left = LEFT + column * index as f64;
        // In two rows, so that none runs into the next.
        let below = BOTTOM + if index % 2 == 0 { 18.0 } else { 34.0 };
        text(&mut svg, left + column / 2.0, below, "middle", group);
        let dots = cells.iter().filter(|cell| cell.group == *group).collect::<Vec<_>>();
        for (nth, cell) in dots.iter().enumerate() {
            // Side by side, so that none hides another.
            let x = left + column * (0.1 + 0.8 * (nth as f64 + 0.5) / dots.len() as f64);
            dot(&mut svg, x, cell, &y);
        }
    }
    svg += "</svg>\n";
    fs::write(path, svg).expect("the plot can be written");
}

fn dot(svg: &mut String, x: f64, cell: &CellResult, y: &dyn Fn(f64) -> f64) {
    match (cell.ratio(), cell.best_peer()) {
        (Some(ratio), Some(best)) => {
            let colour = if ratio <= LOST { "#2678b2" } else { "#c8503c" };
            let title = escaped(&format!("{}: {ratio:.2} of {}", cell.name, best.kind));
            let at = y(ratio);
            writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{at:.1}\" r=\"4\" fill=\"{colour}\"><title>{title}</title></circle>")
        }
        // Above all others.
        _ => {
            let title = escaped(&format!("{}: {}", cell.name, cell.failure().unwrap_or("?")));
            writeln!(svg, "<text x=\"{x:.1}\" y=\"{TOP}\" fill=\"#c8503c\" text-anchor=\"middle\">✗<title>{title}</title></text>")
        }
    }
    .unwrap();
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, what: &str) {
    let what = escaped(what);
    writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{what}</text>")
        .unwrap();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
