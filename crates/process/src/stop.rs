//! Stopping cleanly when the machine or a person signals it.

use std::io::{self, IsTerminal, stdin};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by SIGTERM or SIGINT; a second one ends the process at once. SIGHUP cancels it where it means
/// that the terminal was closed; otherwise somebody wants a changed config to be read, and the log says how to do that.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn stop_on_signals() -> io::Result<CancellationToken> {
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
                        log::warn!(
                            "SIGHUP changes nothing: the config is read at the start alone. For a changed one, check it \
                             with `monitor check`, then stop this process (SIGTERM) and start it again"
                        );
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
