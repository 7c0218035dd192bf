//! A config in files that a test changes while the engine runs, taken as the programs take it.

use std::path::PathBuf;

use monitor_process::{Refusal, Reloading};
use monitor_worker::{EnginePart, Program};

use crate::app::TestApp;

/// The files of a config, and what has the engine go on by them.
pub struct ConfigFiles {
    folder: tempfile::TempDir,
    reloading: Reloading,
}

impl ConfigFiles {
    /// Those of the app, which runs by what its config says.
    pub fn of(app: &TestApp) -> ConfigFiles {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("conf.d")).unwrap();
        let main = folder.path().join("monitor.toml");
        std::fs::write(&main, app.config_text()).unwrap();
        let part = EnginePart::new(&Program::stock(), &app.engine, app.clock.clone());
        let kinds = Program::stock().kinds().clone();
        ConfigFiles {
            reloading: Reloading::new(main, kinds, app.settings.clone(), vec![Box::new(part)]),
            folder,
        }
    }

    /// The main file.
    pub fn main(&self) -> PathBuf {
        self.folder.path().join("monitor.toml")
    }

    /// A file of `conf.d`.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join("conf.d").join(name)
    }

    /// Changes the main file.
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.main()).unwrap();
        assert!(text.contains(from), "{from:?} is not in\n{text}");
        std::fs::write(self.main(), text.replace(from, to)).unwrap();
    }

    /// Has the engine take them; gives what changed.
    pub fn reload(&self) -> Result<String, Refusal> {
        self.reloading.reload()
    }
}
