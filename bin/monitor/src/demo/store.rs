//! The mails of the demo: those that the mail server takes in now, and those kept from before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use monitor_simulator::SmtpSink;

/// Mails shown and kept.
const KEEP: usize = 200;
/// How often new mails are put into the folder.
const POLL: Duration = Duration::from_millis(200);

/// A mail as it is kept: its text as it came in, and the name of its file, which sorts by time.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) raw: Arc<Vec<u8>>,
}

/// The inbox: a folder of `.eml` files, newest last.
#[derive(Clone)]
pub(crate) struct Store {
    folder: PathBuf,
    sink: SmtpSink,
    kept: Arc<Mutex<Kepts>>,
}

#[derive(Default)]
struct Kepts {
    mails: Vec<Kept>,
    taken: usize,
    /// When the newest of them arrived.
    last: Option<Instant>,
}

impl Store {
    /// Reads what is there and keeps what comes.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub(crate) fn open(folder: &Path, sink: &SmtpSink) -> io::Result<Store> {
        std::fs::create_dir_all(folder)?;
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".eml") {
                names.push(name);
            }
        }
        names.sort();
        let old = names.len().saturating_sub(KEEP);
        let mut mails = Vec::new();
        for name in names.split_off(old) {
            let raw = Arc::new(std::fs::read(folder.join(&name))?);
            mails.push(Kept { name, raw });
        }
        for name in names {
            std::fs::remove_file(folder.join(name))?;
        }
        let store = Store {
            folder: folder.to_owned(),
            sink: sink.clone(),
            kept: Arc::new(Mutex::new(Kepts {
                mails,
                ..Kepts::default()
            })),
        };
        let background = store.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(POLL).await;
                background.mails();
            }
        });
        Ok(store)
    }

    /// Every mail, oldest first.
    pub(crate) fn mails(&self) -> Vec<Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let arrived = self.sink.mails();
        let last = kept.last;
        for mail in arrived
            .iter()
            .filter(|mail| last.is_none_or(|last| mail.at > last))
        {
            kept.last = Some(mail.at);
            kept.taken += 1;
            let time = chrono::Utc::now().format("%Y%m%dT%H%M%S%.6f");
            let name = format!("{time}-{:04}.eml", kept.taken);
            if let Err(error) = std::fs::write(self.folder.join(&name), &mail.raw) {
                log::warn!("demo: the mail {name} is shown but not kept: {error}");
            }
            kept.mails.push(Kept {
                name,
                raw: Arc::new(mail.raw.clone()),
            });
        }
        while kept.mails.len() > KEEP {
            let oldest = kept.mails.remove(0);
            if let Err(error) = std::fs::remove_file(self.folder.join(&oldest.name)) {
                log::warn!("demo: {} could not be removed: {error}", oldest.name);
            }
        }
        kept.mails.clone()
    }

    /// One mail by its name.
    pub(crate) fn find(&self, name: &str) -> Option<Kept> {
        self.mails().into_iter().find(|kept| kept.name == name)
    }
}
