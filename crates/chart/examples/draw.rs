//! Writes a chart of made-up readings as `chart.svg` and `chart.png` into the current folder, or into that of the first argument.

use std::path::PathBuf;

use chrono::{TimeDelta, Utc};
use monitor_chart::{Chart, Size};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let (to, hour) = (Utc::now(), TimeDelta::hours(1));
    let readings = (0..=360).map(|step| {
        let at = to - hour + TimeDelta::seconds(10 * step);
        let wave = 60.0 + 25.0 * (step as f64 / 20.0).sin() + f64::from(step as i32 % 7);
        let value = if step > 340 { 131.0 } else { wave.round() };
        (at, (!(150..180).contains(&step)).then_some(value))
    });
    let chart = Chart::new(to - hour, to, readings)
        .with_threshold(Some(100.0))
        .with_mark(to - TimeDelta::seconds(190));
    let size = Size::new(536, 120);
    std::fs::write(folder.join("chart.svg"), chart.svg(size))?;
    std::fs::write(folder.join("chart.png"), chart.png(size)?)?;
    Ok(())
}
