//! A dump of the Flask program's database: read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor_legacy::{Source, TypeMap, Zone, read};

fuzz_target!(|bytes: &[u8]| {
    // A SQLite file is read by SQLite.
    if bytes.starts_with(b"SQLite") {
        return;
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    let Ok(source) = Source::find(file.path().to_str().expect("UTF-8")) else { return };
    let zone: Zone = "Asia/Shanghai".parse().expect("a zone");
    let _ = read(&source, &TypeMap::new([]), zone, &mut |_| {});
});
