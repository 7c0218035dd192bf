//! A folder of its own for each demo: two in one would deliver each other's mails and drop each other's readings.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use anyhow::Context;
use monitor_worker::Exit;

/// Holds the folder until it is dropped, or the process ends.
pub(super) struct Lock(#[expect(dead_code, reason = "held")] File);

/// Takes the folder, unless another demo has it.
pub(super) fn take(folder: &Path) -> Result<Lock, Exit> {
    let path = folder.join("demo.lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("--data-dir: cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            let noted = file
                .set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| write!(file, "{}", std::process::id()));
            noted.with_context(|| format!("--data-dir: cannot write {}", path.display()))?;
            Ok(Lock(file))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only to say more: without it the refusal is the same.
            let who = match file.read_to_string(&mut holder) {
                Ok(_) if !holder.is_empty() => format!("process {holder}"),
                _ => "another process".to_owned(),
            };
            let folder = folder.display();
            Err(Exit::Usage(format!(
                "--data-dir: a demo runs in {folder} already ({who}); stop that one, or start this one with a folder of \
                 its own, such as --data-dir {folder}-2"
            )))
        }
        Err(TryLockError::Error(error)) => Err(anyhow::Error::new(error)
            .context(format!("--data-dir: cannot lock {}", path.display()))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_for_one_at_a_time() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = take(folder.path()).map_err(drop).unwrap();
        let Err(Exit::Usage(said)) = take(folder.path()) else {
            panic!("a second one was let in");
        };
        let pid = std::process::id();
        for part in [
            &format!("(process {pid})"),
            &format!("--data-dir {}-2", folder.path().display()),
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert!(take(other.path()).is_ok(), "another folder is free");
        drop(first);
        assert!(take(folder.path()).is_ok(), "it is free again");
        std::fs::write(
            folder.path().join("demo.lock"),
            "999999 from a demo that was killed",
        )
        .unwrap();
        assert!(
            take(folder.path()).is_ok(),
            "what a killed one left holds nothing"
        );
    }
}
