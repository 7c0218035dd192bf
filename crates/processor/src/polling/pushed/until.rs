//! Until when a cycle goes on.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::context::{Context, Generations};

/// Until when the cycle of a metric whose values are sent goes on: it may have a long backlog, and values may come as fast as it
/// judges them.
#[derive(Clone)]
pub(in crate::polling) struct Until {
    halt: CancellationToken,
    /// The newest config, and what has it searched again what waits; without them nothing changes.
    newest: Option<(Generations, Arc<Notify>)>,
}

impl Until {
    /// Until nothing waits.
    pub(in crate::polling) fn done() -> Until {
        Until {
            halt: CancellationToken::new(),
            newest: None,
        }
    }

    /// Until nothing waits, `halt`, or another config.
    pub(in crate::polling) fn halted(
        halt: CancellationToken,
        newest: Generations,
        again: Arc<Notify>,
    ) -> Until {
        Until {
            halt,
            newest: Some((newest, again)),
        }
    }

    pub(in crate::polling) fn halt(&self) -> &CancellationToken {
        &self.halt
    }

    pub(super) fn is_halted(&self) -> bool {
        self.halt.is_cancelled()
    }

    /// Whether there is a newer config than this one.
    pub(super) fn is_superseded(&self, context: &Arc<Context>) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|(generations, _)| !Arc::ptr_eq(&generations.borrow(), context))
    }

    /// Leaves what waits to the newest config.
    pub(super) fn hand_over(&self) {
        if let Some((_, again)) = &self.newest {
            again.notify_one();
        }
    }
}
