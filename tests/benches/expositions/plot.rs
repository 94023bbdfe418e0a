//! Draws the plot of the encoding bench in SVG: time by number of counters, on logarithmic axes.

use std::fmt::Write;

/// The line of one contender: time of an exposition by number of counters.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) is_ours: bool,
    /// Pairs of number of series and seconds, in ascending order.
    pub(super) points: Vec<(f64, f64)>,
}

/// Draws the lines, each with its name at the right end.
pub(super) fn svg(lines: &[Line]) -> String {
    let area = Area::around(lines);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    grid(&mut svg, &area);
    let mut ends = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let style = Style::of(line, index);
        curve(&mut svg, &area, line, &style);
        if let Some((series, seconds)) = line.points.last() {
            ends.push((area.y(*seconds), area.x(*series), line.name, style));
        }
    }
    ends.sort_by(|one, other| one.0.total_cmp(&other.0));
    names(&mut svg, &ends);
    svg.push_str("</svg>\n");
    svg
}

/// The exponents of the first and last power of ten on each axis.
struct Area {
    series: [i32; 2],
    seconds: [i32; 2],
}

impl Area {
    fn around(lines: &[Line]) -> Self {
        let points = || lines.iter().flat_map(|line| &line.points);
        Self {
            series: decades(points().map(|(series, _)| *series)),
            seconds: decades(points().map(|(_, seconds)| *seconds)),
        }
    }

    fn x(&self, series: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * share(series, self.series)
    }

    fn y(&self, seconds: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * share(seconds, self.seconds)
    }
}

/// Returns the exponents of the powers of ten that enclose the figures.
fn decades(figures: impl Iterator<Item = f64> + Clone) -> [i32; 2] {
    let lowest = figures.clone().fold(f64::INFINITY, f64::min);
    let highest = figures.fold(0.0, f64::max);
    let (first, last) = (lowest.log10().floor() as i32, highest.log10().ceil() as i32);
    [first, last.max(first + 1)]
}

/// Returns the position of a figure on an axis, from 0 to 1.
fn share(figure: f64, [first, last]: [i32; 2]) -> f64 {
    (figure.log10() - f64::from(first)) / f64::from(last - first)
}

fn grid(svg: &mut String, area: &Area) {
    let [first, last] = area.series;
    for decade in first..=last {
        let x = area.x(10_f64.powi(decade));
        line(svg, [(x, TOP), (x, BOTTOM)], COARSE);
        let label = labelled(decade, &["", " k", " M"], 0);
        text(svg, (x, BOTTOM + 18.0), "middle", "#333", &label);
    }
    let [first, last] = area.seconds;
    for decade in first..=last {
        for step in 1..10 {
            let y = area.y(f64::from(step) * 10_f64.powi(decade));
            if y >= TOP - 0.5 {
                line(
                    svg,
                    [(LEFT, y), (RIGHT, y)],
                    if step == 1 { COARSE } else { FINE },
                );
            }
        }
        let y = area.y(10_f64.powi(decade));
        let label = labelled(decade, &[" ns", " µs", " ms", " s"], -9);
        text(svg, (LEFT - 6.0, y + 4.0), "end", "#333", &label);
    }
    let title = "time of an exposition, by the number of counters in it";
    text(svg, (LEFT, TOP - 14.0), "start", "#000", title);
    let middle = f64::midpoint(LEFT, RIGHT);
    text(svg, (middle, BOTTOM + 38.0), "middle", "#333", "counters");
}

/// Formats 10^`decade` with one of `units`, which are a factor of 1,000 apart; the first of them
/// is 10^`first`.
fn labelled(decade: i32, units: &[&str], first: i32) -> String {
    let beyond = (decade - first).max(0) as usize;
    let unit = (beyond / 3).min(units.len() - 1);
    format!("1{}{}", "0".repeat(beyond - 3 * unit), units[unit])
}

fn curve(svg: &mut String, area: &Area, line: &Line, style: &Style) {
    let points: Vec<(f64, f64)> = line
        .points
        .iter()
        .map(|(series, seconds)| (area.x(*series), area.y(*seconds)))
        .collect();
    let listed: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let (color, width) = (style.color, style.width);
    _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>",
        listed.join(" ")
    );
    for (x, y) in points {
        _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{}\" fill=\"{color}\"/>",
            width + 1.0
        );
    }
}

/// Writes names next to the ends of the lines without overlap.
fn names(svg: &mut String, ends: &[(f64, f64, &str, Style)]) {
    let mut lowest = TOP - LINE;
    for (y, x, name, style) in ends {
        let at = (lowest + LINE).max(*y);
        lowest = at;
        let from = RIGHT + 22.0;
        let dotted = format!("stroke=\"{}\" stroke-dasharray=\"1 4\"", style.color);
        line(svg, [(x + 5.0, *y), (from, at)], &dotted);
        text(svg, (from + 4.0, at + 4.0), "start", style.color, name);
    }
}

fn line(svg: &mut String, [from, to]: [(f64, f64); 2], stroke: &str) {
    _ = writeln!(
        svg,
        "<path d=\"M{:.1},{:.1} L{:.1},{:.1}\" {stroke}/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, color: &str, text: &str) {
    _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\">{text}</text>"
    );
}

/// The style of a line.
struct Style {
    color: &'static str,
    width: f64,
}

impl Style {
    fn of(line: &Line, index: usize) -> Self {
        if line.is_ours {
            return Self {
                color: "#c00",
                width: 3.0,
            };
        }
        Self {
            color: COLORS[index % COLORS.len()],
            width: 1.5,
        }
    }
}

/// Styles of the grid: `COARSE` for powers of ten, `FINE` for the lines between them.
const COARSE: &str = "stroke=\"#ccc\"";
const FINE: &str = "stroke=\"#f0f0f0\"";
/// Colours of the lines other than ours.
const COLORS: [&str; 12] = [
    "#1f77b4", "#e08214", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#a5a615",
    "#17becf", "#393b79", "#637939", "#111111",
];
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 560.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 500.0;
/// Minimum vertical distance between two names.
const LINE: f64 = 16.0;
