//! The report as one HTML file: no scripts, nothing from elsewhere.

use super::measure::{All, Measured};
use super::report::Report;
use super::stats::quantile;
use plotters::prelude::*;
use std::fmt::Write;

/// Bins of the distribution.
const BINS: usize = 120;

const SIZE: (u32, u32) = (900, 360);

const COLORS: [RGBColor; 3] = [RGBColor(31, 119, 180), RGBColor(214, 96, 20), RGBColor(90, 90, 90)];

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums}td,th{padding:.25em .7em;border-bottom:1px solid #ddd;\
text-align:right}td:first-child,th:first-child{text-align:left}h1{font-size:1.4em}h2{font-size:1.1em}svg{max-width:100%;height:auto}\
code{background:#f4f4f4}.note{color:#555}";

/// The page.
///
/// # Errors
/// What the plotting library says.
pub fn page(report: &Report, all: &All) -> Result<String, String> {
    let mut page = String::new();
    let title = format!("nullvmc bench: {}", report.plugin);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style></head>\n<body><h1>{0}</h1>\n",
        escape(&title)
    );
    for line in report.head() {
        let _ = writeln!(page, "<p class=\"note\">{}</p>", escape(&line));
    }
    let (heads, rows) = report.table();
    page.push_str("<table><thead><tr>");
    for head in heads {
        let _ = write!(page, "<th>{}</th>", escape(head));
    }
    page.push_str("</tr></thead><tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            let _ = write!(page, "<td>{}</td>", escape(&cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table>\n");
    for note in report.notes() {
        let _ = writeln!(page, "<p>{}</p>", escape(&note));
    }
    let _ = write!(
        page,
        "<h2>Distribution of the time of a request</h2>\n<p class=\"note\">Share of requests per bin; the time is logarithmic. What takes \
         longer than 99.5 % of the requests is not shown.</p>\n{}\n<h2>Quantiles</h2>\n<p class=\"note\">How long the fastest part of the requests \
         takes at most: the right end is one request in 10,000.</p>\n{}\n<h2>Over the run</h2>\n<p class=\"note\">Median of each round: \
         engines take turns, so what disturbs the machine shows in all of them.</p>\n{}\n",
        distribution(&all.engines)?,
        quantiles(&all.engines)?,
        rounds(&all.engines)?
    );
    let _ = write!(page, "<h2>Versions</h2>\n<ul>\n<li>nullvmc {}</li>\n", report.nullvmc);
    for engine in &report.engines {
        let _ = writeln!(page, "<li>{}: {}</li>", escape(&engine.name), escape(engine.version));
    }
    let _ = write!(
        page,
        "</ul>\n<p class=\"note\">sha256 of the plugin: <code>{}</code></p>\n</body></html>\n",
        report.plugin_sha256
    );
    Ok(page)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A line of a plot: its name and its points.
type Line = (String, Vec<(f64, f64)>);

/// A line of each engine.
fn lines(engines: &[Measured], points: impl Fn(&Measured) -> Vec<(f64, f64)>) -> Vec<Line> {
    engines.iter().map(|e| (e.engine.to_string(), points(e))).collect()
}

fn distribution(engines: &[Measured]) -> Result<String, String> {
    let (low, high) = bounds(engines, 0.001, 0.995);
    let (from, to) = (low.ln(), high.ln());
    let lines = lines(engines, |engine| {
        let mut bins = [0usize; BINS];
        for time in &engine.requests {
            let at = (time.ln() - from) / (to - from) * BINS as f64;
            if (0.0..BINS as f64).contains(&at) {
                bins[at as usize] += 1;
            }
        }
        let count = engine.requests.len().max(1) as f64;
        let center = |i: usize| (from + (i as f64 + 0.5) / BINS as f64 * (to - from)).exp() / 1e3;
        bins.iter().enumerate().map(|(i, n)| (center(i), *n as f64 / count * 100.0)).collect()
    });
    let top = lines.iter().flat_map(|l| &l.1).map(|p| p.1).fold(0.0, f64::max) * 1.05;
    draw(|area| {
        let mut chart =
            chart(area).build_cartesian_2d((low / 1e3..high / 1e3).log_scale(), 0.0..top.max(0.1))?;
        chart
            .configure_mesh()
            .x_desc("us per request")
            .y_desc("% of requests")
            .x_label_formatter(&|x| number(*x))
            .y_label_formatter(&|y| number(*y))
            .draw()?;
        for (i, (_, points)) in lines.iter().enumerate() {
            chart.draw_series(AreaSeries::new(points.iter().copied(), 0.0, color(i).mix(0.15)))?;
        }
        series(&mut chart, &lines)
    })
}

fn quantiles(engines: &[Measured]) -> Result<String, String> {
    // Nines: 0.9 is 1, 0.99 is 2.
    let nines: Vec<f64> = (0..=80).map(|i| f64::from(i) / 20.0).collect();
    let part = |nines: f64| 1.0 - 10f64.powf(-nines);
    let lines =
        lines(engines, |e| nines.iter().map(|n| (*n, quantile(&e.requests, part(*n)) / 1e3)).collect());
    let (low, high) = bounds(engines, 0.0, 0.9999);
    draw(|area| {
        let mut chart = chart(area).build_cartesian_2d(0.0..4.0, (low / 1e3..high / 1e3).log_scale())?;
        chart
            .configure_mesh()
            .x_labels(5)
            .x_desc("part of the requests")
            .y_desc("us at most")
            .x_label_formatter(&|x| format!("{}%", number(part(*x) * 100.0)))
            .y_label_formatter(&|y| number(*y))
            .draw()?;
        series(&mut chart, &lines)
    })
}

fn rounds(engines: &[Measured]) -> Result<String, String> {
    let lines = lines(engines, |e| e.rounds.iter().enumerate().map(|(i, t)| (i as f64, t / 1e3)).collect());
    let all = || lines.iter().flat_map(|l| &l.1).map(|p| p.1);
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    let last = lines.iter().map(|l| l.1.len()).max().unwrap_or(2).saturating_sub(1).max(1) as f64;
    draw(|area| {
        let mut chart = chart(area).build_cartesian_2d(0.0..last, (low * 0.9..high * 1.1).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("round")
            .y_desc("us per request")
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| number(*y))
            .draw()?;
        series(&mut chart, &lines)
    })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Failed = Box<dyn std::error::Error>;

fn color(line: usize) -> RGBColor {
    COLORS[line % COLORS.len()]
}

/// A plot with room for what stands at its axes.
fn chart<'a, 'b>(area: &'a Area<'b>) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut chart = ChartBuilder::on(area);
    chart.margin(10).margin_right(36).x_label_area_size(40).y_label_area_size(60);
    chart
}

/// Draws lines, and which is whose.
fn series<'a, X, Y>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
    lines: &[Line],
) -> Result<(), Failed>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    for (i, (name, points)) in lines.iter().enumerate() {
        let color = color(i);
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))
            .map_err(|e| e.to_string())?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .border_style(BLACK.mix(0.3))
        .background_style(WHITE)
        .draw()
        .map_err(|e| e.to_string())?;
    Ok(())
}

fn draw(plot: impl FnOnce(&Area<'_>) -> Result<(), Failed>) -> Result<String, String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        plot(&area).and_then(|()| Ok(area.present()?)).map_err(|e| format!("cannot draw a plot: {e}"))?;
    }
    Ok(svg)
}

/// The smallest and the largest time between two parts of the requests, over all engines, apart from each other.
fn bounds(engines: &[Measured], from: f64, to: f64) -> (f64, f64) {
    let low = engines.iter().map(|e| e.quantile(from)).fold(f64::INFINITY, f64::min).max(1.0);
    let high = engines.iter().map(|e| e.quantile(to)).fold(0.0, f64::max);
    (low * 0.95, (high * 1.05).max(low * 1.1))
}

/// Without zeros that say nothing.
fn number(n: f64) -> String {
    let text = format!("{n:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_markup() {
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }

    #[test]
    fn numbers() {
        assert_eq!([number(1.0), number(0.5), number(99.99), number(120.0)], ["1", "0.5", "99.99", "120"]);
    }
}
