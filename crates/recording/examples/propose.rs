//! Prints what is proposed for a recording: `cargo run -p monitor-recording --example propose FILE`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("give the file that the browser exported")?;
    let proposal = monitor_recording::propose(&std::fs::read(file)?, None)?;
    #[allow(clippy::print_stdout)]
    {
        println!("{proposal}");
    }
    Ok(())
}
