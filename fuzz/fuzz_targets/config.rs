//! A config: read or refused, and each mistake on one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor_settings::{Kinds, load_str, variables};

fuzz_target!(|text: &str| {
    let kinds = Kinds::stock();
    let env: Vec<(String, String)> = variables(text).into_iter().map(|name| (name, "x".into())).collect();
    match load_str("m.toml", text, &env, &kinds) {
        Ok(_) => {}
        Err(wrong) => {
            assert!(!wrong.0.is_empty());
            for mistake in &wrong.0 {
                assert!(!mistake.to_string().contains('\n'));
            }
        }
    }
});
