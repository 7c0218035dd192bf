//! What the machine or a person signals: stopping cleanly, and taking a changed config.

use std::io::{self, IsTerminal, stdin};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What is signalled to a process.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Cancelled by SIGTERM or SIGINT, and by SIGHUP where the terminal was closed; a second one ends the process at once.
    pub stop: CancellationToken,
    /// Any other SIGHUP.
    pub hangups: Hangups,
}

/// SIGHUPs that request a changed config to be taken. Those that come before the last was awaited count as one.
#[derive(Clone, Debug, Default)]
pub struct Hangups(Arc<Notify>);

impl Hangups {
    /// Waits for the next one.
    pub async fn next(&self) {
        self.0.notified().await;
    }
}

/// Listens to signals, for a process that takes a changed config.
///
/// # Errors
/// When they cannot be listened to.
pub fn signals() -> io::Result<Signals> {
    let hangups = Hangups::default();
    let demanded = hangups.clone();
    let stop = listen(move || demanded.0.notify_one())?;
    Ok(Signals { stop, hangups })
}

/// A token that is cancelled by SIGTERM or SIGINT; a second one ends the process at once. SIGHUP cancels it where it means
/// that the terminal was closed, and otherwise changes nothing: for a process without a config of its own.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn stop_on_signals() -> io::Result<CancellationToken> {
    listen(|| log::warn!("SIGHUP changes nothing: there is no config to be read again"))
}

fn listen(hung_up: impl Fn() + Send + 'static) -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let had_terminal = stdin().is_terminal();
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {
                    if !is_closed(had_terminal, stdin().is_terminal()) {
                        hung_up();
                        continue;
                    }
                    if stop.is_cancelled() {
                        continue; // It stops already, and nobody is in a hurry.
                    }
                    log::info!("the terminal was closed");
                }
            }
            if stop.is_cancelled() {
                log::warn!("a second signal: stopping at once");
                std::process::exit(1);
            }
            log::info!("stopping");
            stop.cancel();
        }
    });
    Ok(token)
}

/// Whether a SIGHUP means that the terminal was closed: a terminal that is closed is none any more. A service and what
/// `nohup` started have none from the start.
fn is_closed(had_terminal: bool, has_terminal: bool) -> bool {
    had_terminal && !has_terminal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_that_is_gone_was_closed() {
        assert!(is_closed(true, false));
        assert!(!is_closed(true, true), "kill -HUP by hand");
        assert!(!is_closed(false, false), "a service");
        assert!(!is_closed(false, true));
    }
}
