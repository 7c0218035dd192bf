//! A way to take a number (first line) from an answer (the rest): a finite number or a reason.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    monitor_fuzzing::extract(bytes);
});
