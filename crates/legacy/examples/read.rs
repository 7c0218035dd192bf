//! Prints what an old database or dump has: `cargo run -p monitor-legacy --example read -- old.sql Asia/Shanghai`.

#![allow(clippy::print_stdout)]

use monitor_legacy::{Source, TypeMap, Zone, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let from = arguments.next().ok_or("name a file")?;
    let zone: Zone = arguments.next().unwrap_or("UTC".into()).parse()?;
    let old = read(&Source::find(&from)?, &TypeMap::new([]), zone, &mut |_| {})?;
    println!("{} records, {} values", old.records.len(), old.values.len());
    for row in &old.left_out {
        println!("left out: {} {}: {}", row.table, row.row, row.why);
    }
    Ok(())
}
