//! How long it takes from the reading that saw a rise to the mail, beside a recipient whose mails hang, a system whose
//! explanations hang and two systems that hang, against the same where nothing hangs. A measurement, not a test:
//! `cargo test -p monitor-tests --test e2e -- --ignored --nocapture fairness`. What must hold is in the engine's `fairness.rs`.

#![allow(clippy::print_stdout)] // figures for a person

use std::time::{Duration, Instant};

use monitor_simulator::{Fault, SmtpFault, Stage, SystemB, Times};
use monitor_tests::{Backend, Config, Site, eventually};

const RISES: usize = 40;
/// Metrics of each system that hangs.
const METRICS: usize = 60;

/// Everything that may stand in the way: one system that explains and two that are read.
struct Beside {
    systems: Vec<SystemB>,
}

impl Beside {
    async fn start(hangs: bool) -> Beside {
        let mut systems = Vec::new();
        for path in ["/api/alerts", "/api/totals", "/api/totals"] {
            let system = SystemB::start().await;
            system.set_auto_messages(true);
            if hangs {
                system.fault(path, Fault::Hang, Times::Always);
            }
            systems.push(system);
        }
        Beside { systems }
    }

    fn config(&self) -> String {
        let mut text = String::new();
        for (name, system) in ["explains", "one", "two"].into_iter().zip(&self.systems) {
            let (url, user, password) = (system.url(), system.username(), system.password());
            text += &format!(
                "[systems.{name}]\nkind = \"system_b\"\nbase_url = \"{url}\"\nusername = \"{user}\"\npassword = \"{password}\"\n"
            );
            // Twenty explanations are more than have a place.
            let count = if name == "explains" { 20 } else { METRICS };
            for n in 0..count {
                // What the first one explains rises with X.
                let (from, path) = if name == "explains" {
                    ("a", "/api/totals/x")
                } else {
                    (name, "/api/totals/x")
                };
                text += &format!(
                    "[metrics.{name}{n}]\nfetch = {{ system = \"{from}\", path = \"{path}\", value = \"$.total\" }}\n\
                     alert = {{ rise = 1, initial = \"learn\" }}\nnotify = [\"mail\"]\n"
                );
                if name == "explains" {
                    text += &format!(
                        "details = {{ system = \"explains\", path = \"/api/alerts/{n}?total={{{{ total }}}}&previous={{{{ previous }}}}\" }}\n"
                    );
                }
            }
        }
        text
    }
}

/// The times from the reading of each rise to its mail to `ops`, sorted.
async fn measure(backend: Backend, hangs: bool) -> Option<Vec<Duration>> {
    let beside = Beside::start(hangs).await;
    let mut config = Config::metrics("[metrics.x]\n");
    config.to.insert(0, "hangs@example.com".into());
    config.metrics += &beside.config();
    let site = Site::with(backend, &config).await?;
    site.world.b.set_auto_messages(true);
    if hangs {
        let hanging = SmtpFault::HangAt(Stage::RcptTo(Some("hangs@example.com".into())));
        site.world.mail.script(hanging, Times::Always);
    }
    let _worker = site.program("monitor-worker", &[]);
    let polls = || {
        let requests = site.world.a.requests().into_iter();
        requests
            .filter(|request| request.path == "/api/totals/x")
            .collect::<Vec<_>>()
    };
    eventually("readings", || async { (polls().len() >= 3).then_some(()) }).await;
    let mut times = Vec::new();
    for n in 1..=RISES {
        site.world.a.set_total("x", n as f64);
        let sent = eventually("the mail", || async {
            let mails = site.world.mail.mails().into_iter();
            let mut ours =
                mails.filter(|mail| mail.to == ["ops@example.com"] && mail.subject.contains("] X"));
            ours.nth(n - 1).map(|mail| mail.at)
        })
        .await;
        let before: Vec<Instant> = polls()
            .iter()
            .map(|poll| poll.at)
            .filter(|at| *at < sent)
            .collect();
        times.extend(before.last().map(|at| sent.duration_since(*at)));
    }
    times.sort();
    Some(times)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn fairness() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for hangs in [false, true, false, true] {
            let Some(times) = measure(backend, hangs).await else {
                continue;
            };
            let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_millis();
            println!(
                "{backend:?}, {}: reading to mail {} / {} / {} ms (median / p99 / max of {})",
                if hangs { "with what hangs" } else { "nothing hangs" },
                at(50),
                at(99),
                at(100),
                times.len()
            );
        }
    }
}
