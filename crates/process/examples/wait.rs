//! Waits until it is to stop: `cargo run -p monitor-process --example wait`. Try `kill -HUP` and then `kill` on it.

#[tokio::main]
async fn main() -> std::io::Result<()> {
    monitor_process::log_to_stderr();
    let stop = monitor_process::stop_on_signals()?;
    log::info!("process {} waits", std::process::id());
    stop.cancelled().await;
    Ok(())
}
