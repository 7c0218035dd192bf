//! A dump of the Flask program's database: read or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    monitor_fuzzing::dump(bytes);
});
