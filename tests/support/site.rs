//! The real programs over one database, with nothing else in common.

use monitor_model::{Db, DbOptions};

use monitor_harness::{Backend, Config, Home, Upstreams, eventually};

use crate::http;
use crate::process::Process;

/// A config file, a database and a world for programs that share nothing else.
pub struct Site {
    pub world: Upstreams,
    pub config: std::path::PathBuf,
    pub web: std::net::SocketAddr,
    _folder: tempfile::TempDir,
    pub home: Home,
}

impl Site {
    pub async fn new(backend: Backend) -> Option<Site> {
        Site::with(backend, &Config::default()).await
    }

    pub async fn with(backend: Backend, config: &Config) -> Option<Site> {
        let home = Home::new(backend)?;
        let world = Upstreams::start().await;
        let web =
            std::net::SocketAddr::from(([127, 0, 0, 1], monitor_simulator::ports::free_port().unwrap()));
        let folder = tempfile::tempdir().unwrap();
        let text = config.text(&home.url(), web, &world);
        let config = folder.path().join("monitor.toml");
        std::fs::write(&config, text).unwrap();
        Some(Site {
            world,
            config,
            web,
            _folder: folder,
            home,
        })
    }

    pub fn program(&self, name: &str, more: &[&str]) -> Process {
        self.program_with(name, more, &[])
    }

    /// With these environment variables too.
    pub fn program_with(&self, name: &str, more: &[&str], env: &[(&str, &str)]) -> Process {
        let mut arguments = vec!["--config", self.config.to_str().unwrap()];
        arguments.extend(more);
        Process::start(name, &arguments, env)
    }

    /// The database that the programs share, to be read from outside.
    pub async fn db(&self) -> Db {
        Db::open(&DbOptions::new(self.home.url())).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Option<String> {
        http()
            .get(format!("http://{}{path}", self.web))
            .send()
            .await
            .ok()?
            .text()
            .await
            .ok()
    }

    pub async fn records(&self) -> Option<Vec<serde_json::Value>> {
        let answer = http()
            .post(format!("http://{}/monitor", self.web))
            .send()
            .await
            .ok()?;
        let body: serde_json::Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
        Some(body["records"].as_array()?.clone())
    }

    pub async fn wait_for_reads(&self, n: usize) {
        let so_far = self.world.a.reads("x");
        eventually("the worker polls", || async {
            (self.world.a.reads("x") >= so_far + n).then_some(())
        })
        .await;
    }
}
