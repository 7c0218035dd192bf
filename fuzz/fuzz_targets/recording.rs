//! A recording of a browser (HAR): a proposal or a reason.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    monitor_fuzzing::recording(bytes);
});
