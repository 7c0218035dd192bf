//! A recording of a browser (HAR): a proposal or a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = monitor_recording::propose(bytes, None);
});
