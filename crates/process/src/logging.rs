//! The programs' own log.

use env_logger::fmt::ConfigurableFormat;
use env_logger::{Builder, Env, Logger};
use log::{LevelFilter, Log, Metadata, Record};
use monitor_domain::visible;

/// Logs to standard error: `info` and up unless `RUST_LOG` says otherwise.
///
/// Libraries never log more than `info`, whatever it says: at `debug` and `trace` they print what they send and receive, with
/// the passwords in it. The lines of the monitor's own crates, and of the program's, have been written with care for that.
///
/// # Panics
/// Where a logger is set already.
pub fn log_to_stderr() {
    let capped = Capped {
        program: program(),
        inner: logger(Builder::from_env(
            Env::default().default_filter_or("info,actix_server=warn,actix_http::h1=off"),
        )),
    };
    log::set_max_level(capped.inner.filter());
    log::set_boxed_logger(Box::new(capped)).expect("one logger in a program");
}

/// Text from outside, such as the beginning of an answer, cannot move the cursor of who reads the log.
fn logger(mut builder: Builder) -> Logger {
    let format = ConfigurableFormat::default();
    let show = move |out: &mut env_logger::fmt::Formatter, record: &Record<'_>| {
        let text = record.args().to_string();
        let text = visible(&text);
        format.format(out, &record.to_builder().args(format_args!("{text}")).build())
    };
    builder.format(show).build()
}

struct Capped {
    inner: Logger,
    /// The name of the program as a crate's.
    program: String,
}

impl Capped {
    fn may(&self, metadata: &Metadata<'_>) -> bool {
        let krate = metadata.target().split("::").next().unwrap_or_default();
        let is_own = krate == "monitor" || krate.starts_with("monitor_") || krate == self.program;
        is_own || metadata.level() <= LevelFilter::Info
    }
}

impl Log for Capped {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.may(metadata) && self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.may(record.metadata()) {
            self.inner.log(record);
        }
    }

    fn flush(&self) {
        self.inner.flush();
    }
}

fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use env_logger::Target;
    use log::Level;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_say_no_more_than_info_and_nobody_moves_the_cursor() {
        let lines = Lines::default();
        let mut builder = Builder::new();
        builder
            .parse_filters("trace")
            .target(Target::Pipe(Box::new(lines.clone())));
        let capped = Capped {
            inner: logger(builder),
            program: "own_monitor".to_owned(),
        };
        for (level, target, is_logged) in [
            (Level::Trace, "monitor", true),
            (Level::Trace, "monitor_login::session", true),
            (Level::Debug, "own_monitor::ticket", true),
            (Level::Info, "lettre::transport", true),
            (Level::Debug, "lettre::transport", false),
            (Level::Trace, "h2::codec", false),
            (Level::Debug, "monitoring", false),
        ] {
            let record = Record::builder()
                .level(level)
                .target(target)
                .args(format_args!("a\u{1b}[2J\u{202E}b"))
                .build();
            lines.0.lock().unwrap().clear();
            assert_eq!(capped.enabled(record.metadata()), is_logged, "{target}");
            capped.log(&record);
            let line = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
            assert_eq!(line.ends_with("a␛[2J⟨U+202E⟩b\n"), is_logged, "{target}: {line}");
            assert_eq!(line.is_empty(), !is_logged, "{target}: {line}");
        }
    }
}
