//! Prints what a scraper of an empty registry would get: `cargo run -p monitor-telemetry --example scrape`.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = monitor_telemetry::registry(env!("CARGO_PKG_VERSION"));
    let page = monitor_telemetry::expose(&registry, None)?;
    std::io::stdout().write_all(page.body.as_bytes())?;
    Ok(())
}
