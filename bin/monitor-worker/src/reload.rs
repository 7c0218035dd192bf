//! The engine as what goes on by a changed config.

use monitor_domain::{SharedClock, with_causes};
use monitor_process::{Commit, Part, Refusal};
use monitor_processor::{Engine, Reloader};
use monitor_settings::Settings;

use crate::program::Program;

/// An engine that goes on by a changed config.
pub struct EnginePart {
    program: Program,
    engine: Reloader,
    clock: SharedClock,
}

impl EnginePart {
    /// Of this engine, made by this program.
    pub fn new(program: &Program, engine: &Engine, clock: SharedClock) -> EnginePart {
        EnginePart {
            program: program.clone(),
            engine: engine.reloader(),
            clock,
        }
    }
}

impl Part for EnginePart {
    fn prepare(&self, before: &Settings, changed: &Settings) -> Result<Commit, String> {
        let setup = self
            .program
            .setup(changed, &self.clock, Some((before, &self.engine)));
        let setup = setup.map_err(|error| with_causes(&*error))?;
        let engine = self.engine.clone();
        Ok(Box::new(move || engine.reload(setup)))
    }

    fn attempted(&self, refusal: Option<&Refusal>) {
        self.engine
            .show_refusal(refusal.map(|refusal| refusal.0.as_str()));
    }
}
