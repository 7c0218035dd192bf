//! A template of a request: filled in or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    monitor_fuzzing::template(bytes);
});
