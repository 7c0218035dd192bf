//! The tasks of a running engine.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use tokio::task::{Id, JoinError, JoinSet};

use super::EngineError;

/// How a task ended, which gives its name.
pub(super) type Ended = Result<(Id, &'static str), JoinError>;

/// The tasks of a running engine, each with its name.
#[derive(Default)]
pub(super) struct Tasks {
    tasks: JoinSet<&'static str>,
    names: HashMap<Id, &'static str>,
}

impl Tasks {
    /// Waits for the next that ends.
    pub(super) async fn ended(&mut self) -> Option<Ended> {
        self.tasks.join_next_with_id().await
    }

    pub(super) fn start(&mut self, name: &'static str, part: BoxFuture<'static, ()>) {
        let task = self.tasks.spawn(async move {
            part.await;
            name
        });
        self.names.insert(task.id(), name);
    }

    /// Waits for all of them; those that are left are aborted where it is dropped before.
    pub(super) async fn finish(mut self) -> Result<(), EngineError> {
        while let Some(end) = self.tasks.join_next_with_id().await {
            if end.is_err() {
                return Err(self.died(&end));
            }
        }
        Ok(())
    }

    /// A part that ended by itself, or that panicked.
    pub(super) fn died(&self, end: &Ended) -> EngineError {
        let (id, why) = match end {
            Ok((id, _)) => (*id, "it returned".to_owned()),
            Err(error) => (error.id(), error.to_string()),
        };
        let part = self.names.get(&id).copied().unwrap_or("engine");
        EngineError::PartDied { part, why }
    }
}
