//! Plays the demo's scenario on Systems A and B until Enter is pressed, and shows the totals.
//!
//! `cargo run -p monitor-simulator --example play`

use std::io::{Write, stdin, stdout};

use monitor_simulator::{Scenario, ScenarioOptions, SystemA, SystemB};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let (a, b) = (SystemA::start_on(0).await?, SystemB::start_on(0).await?);
    let scenario = Scenario::start(&a, &b, ScenarioOptions::default());
    let mut out = stdout();
    writeln!(
        out,
        "System A: {} (user {}, password {})",
        a.url(),
        a.username(),
        a.password()
    )?;
    writeln!(
        out,
        "System B: {} (user {}, password {})",
        b.url(),
        b.username(),
        b.password()
    )?;
    writeln!(out, "Enter shows the totals and ends.")?;
    stdin().read_line(&mut String::new())?;
    writeln!(out, "{:?}", scenario.values())
}
