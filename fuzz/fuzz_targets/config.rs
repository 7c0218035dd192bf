//! A config: read or refused, and each mistake on one line.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    monitor_fuzzing::config(bytes);
});
