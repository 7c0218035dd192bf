//! Mails as files, for development: one `.eml` a mail, which any mail program opens.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::message::fingerprint;
use crate::{Failure, Notification};

/// Longest readable part of a file's name, in characters.
const NAME_LIMIT: usize = 60;

/// Writes one mail. The name comes from the notification and the recipient, so that a repeat overwrites its first.
pub(super) async fn write(
    dir: &Path,
    about: &Notification,
    recipient: &str,
    mail: Vec<u8>,
) -> Result<(), Failure> {
    let name = file_name(about, recipient);
    let mut bytes = format!("X-Envelope-To: {recipient}\r\n").into_bytes();
    bytes.extend(mail);
    blocking(dir, move |dir| write_whole(dir, &name, &bytes)).await
}

/// Makes the folder and checks that it can be written to.
pub(super) async fn probe(dir: &Path) -> Result<(), Failure> {
    blocking(dir, |dir| {
        let path = temporary(dir, "probe");
        std::fs::create_dir_all(dir)?;
        std::fs::write(&path, b"")?;
        std::fs::remove_file(&path)
    })
    .await
}

async fn blocking<F>(dir: &Path, work: F) -> Result<(), Failure>
where
    F: FnOnce(&Path) -> std::io::Result<()> + Send + 'static,
{
    let folder = dir.to_owned();
    let result = tokio::task::spawn_blocking(move || work(&folder))
        .await
        .map_err(std::io::Error::other);
    result
        .flatten()
        .map_err(|error| Failure::transient(format!("cannot write mails to {}: {error}", dir.display())))
}

/// Under another name first, then renamed: a program that reads the folder finds whole mails only.
fn write_whole(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let temporary = temporary(dir, name);
    let mut file = std::fs::File::create(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let result = written.and_then(|()| std::fs::rename(&temporary, dir.join(name)));
    if result.is_err() {
        // The error that is reported is the one of writing; a file left behind does no harm.
        drop(std::fs::remove_file(&temporary));
    }
    result
}

fn temporary(dir: &Path, name: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    dir.join(format!(
        ".{name}.{}-{}.tmp",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ))
}

fn file_name(about: &Notification, recipient: &str) -> String {
    let readable: String = format!("{}-{}-{recipient}", about.metric.key, about.event)
        .chars()
        .map(|one| {
            if one.is_ascii_alphanumeric() || "-_@".contains(one) {
                one
            } else {
                '_'
            }
        })
        .take(NAME_LIMIT)
        .collect();
    let id = fingerprint(&format!("{}\n{recipient}", about.message_id));
    format!("{}-{readable}-{id}.eml", about.at.format("%Y%m%dT%H%M%S"))
}
