//! A number as a system writes it, in JSON, a header or a page: the same number as Rust reads, or a reason.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    monitor_fuzzing::number(bytes);
});
