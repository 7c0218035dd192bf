//! `monitor simulate`: the systems of the demo by themselves, for a worker that somebody is writing on.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use monitor_domain::{Language, MetricKey};
use monitor_process::{another_port, cannot_listen, stop_on_signals};
use monitor_simulator::{Scenario, ScenarioOptions, SmtpSink, SystemA, SystemB};
use monitor_worker::Exit;
use tokio_util::sync::CancellationToken;

use crate::demo::interval;
use crate::init::say;

/// How often the alarms and mails are checked for new ones.
const POLL: Duration = Duration::from_millis(200);

#[derive(Args)]
pub(crate) struct SimulateArgs {
    /// Address to listen on; anybody who reaches it can read the simulated numbers.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Port of System A; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8081)]
    port_a: u16,
    /// Port of System B, which has the alarm; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8082)]
    port_b: u16,
    /// Port of the mail server, whose mails are logged by their subject; 0 for a free one.
    #[arg(long, value_name = "PORT", default_value_t = 2525)]
    port_mail: u16,
    /// A total that both systems answer, and that stands still; again for more of them. Those of x, y and z that are not
    /// named move as in the demo.
    #[arg(long = "total", value_name = "KEY=N", value_parser = total)]
    totals: Vec<(MetricKey, f64)>,
    /// Time between two readings, which the moves keep pace with.
    #[arg(long, default_value = "2s", value_parser = interval)]
    interval: Duration,
    /// Language of the messages of System B: en or zh (zh-CN is the same).
    #[arg(long, default_value_t)]
    lang: Language,
}

/// `waiting=130`.
fn total(text: &str) -> Result<(MetricKey, f64), String> {
    let (key, number) = text.split_once('=').ok_or("such as waiting=130")?;
    let number: f64 = number
        .parse()
        .map_err(|_| format!("{number:?} is not a number"))?;
    if !number.is_finite() {
        return Err(format!("{number} is not a number that JSON has"));
    }
    Ok((key.parse().map_err(|error| format!("{error}"))?, number))
}

/// Runs until a signal. What it prints is a config that reads it, and nothing else.
pub(crate) async fn run(args: SimulateArgs) -> Result<(), Exit> {
    let stop = stop_on_signals().context("listening to signals")?;
    let at = |port| SocketAddr::new(args.bind, port);
    let explained = |flag: &'static str, port| {
        let another = another_port(at(port)).port();
        move |error| {
            cannot_listen(
                &error,
                at(port),
                &format!("start with another port, such as {flag} {another}"),
            )
        }
    };
    let a = SystemA::start_at(at(args.port_a)).map_err(explained("--port-a", args.port_a));
    let b = SystemB::start_at(at(args.port_b)).map_err(explained("--port-b", args.port_b));
    let smtp = SmtpSink::builder().address(at(args.port_mail)).start().await;
    let smtp = smtp.map_err(explained("--port-mail", args.port_mail));
    let (a, b, smtp) = (
        a.context("System A")?,
        b.context("System B")?,
        smtp.context("the mail server")?,
    );
    for (key, value) in &args.totals {
        a.set_total(key.as_str(), *value);
        b.set_total(key.as_str(), *value);
    }
    let options = ScenarioOptions {
        lang: args.lang,
        pace: args.interval,
        moving: moving_keys(&args),
        ..ScenarioOptions::default()
    };
    let _scenario = Scenario::start(&a, &b, options);
    say(&config(&args, &a, &b, &smtp));
    log_arrivals(&b, &smtp, &stop).await;
    Ok(())
}

/// Those of x, y and z that nobody set.
fn moving_keys(args: &SimulateArgs) -> Vec<&'static str> {
    let mut moving = ScenarioOptions::default().moving;
    moving.retain(|moving| args.totals.iter().all(|(key, _)| key != moving));
    moving
}

/// A whole config that reads the systems; what else is to be known of them stands in its comments.
fn config(args: &SimulateArgs, a: &SystemA, b: &SystemB, smtp: &SmtpSink) -> String {
    let systems = [
        ("a", a.url(), a.username(), a.password()),
        ("b", b.url(), b.username(), b.password()),
    ]
    .map(|(name, url, username, password)| {
        format!(
            "[systems.{name}]\nkind = \"system_{name}\"\nbase_url = \"{url}\"\n\
             username = \"{username}\"\npassword = \"{password}\"\n"
        )
    });
    let totals = args.totals.iter().map(|(key, value)| format!(", {key} {value}"));
    format!(
        "# The systems that `monitor simulate` runs, until Ctrl-C. Save this as monitor.toml, then\n\
         #   monitor check --online --config monitor.toml\n\
         #   monitor run --config monitor.toml\n\
         #\n\
         # System A       {a_url}/api/totals/KEY\n\
         # System B       {b_url}/api/totals/KEY\n\
         # Explanations   {b_url}/api/alerts/KEY?total=N&previous=M\n\
         # Alarm          {b_url}/api/alarm\n\
         # Mail           {mail}, takes every mail\n\
         # Totals         {totals}\n\n\
         [database]\nurl = \"sqlite:monitor.db\"\n\n\
         # Where another program has a port: take another one, and for the page the same in base_url.\n\
         [web]\nbind = \"127.0.0.1:8080\"\nbase_url = \"http://127.0.0.1:8080\"\n\n\
         [worker]\ninterval = \"{interval}\"\n\
         #listen = \"127.0.0.1:9464\"   # its /metrics, /healthz and /readyz; \"\" for none\n\n\
         {systems}\n\
         [alarm]\nsystem = \"b\"\n\n\
         [channels.mail]\nkind = \"smtp\"\nurl = \"{mail}\"\nfrom = \"Monitor <monitor@example.com>\"\n\
         to = [\"ops@example.com\"]\n\n\
         # What is there at the first start is an alert; \"learn\" would begin silently.\n\
         [metrics.x]\nalert = {{ initial = \"count_from_zero\" }}\n\n\
         [metrics.y]\nalert = {{ initial = \"count_from_zero\" }}\n\n\
         [metrics.z]\nalert = {{ above = 100, clear_below = 90 }}",
        a_url = a.url(),
        b_url = b.url(),
        mail = smtp.url(),
        totals = totals.fold(moving(args), |all, one| all + &one),
        interval = humantime::format_duration(args.interval),
        systems = systems.join("\n"),
    )
}

/// Which totals move, in words.
fn moving(args: &SimulateArgs) -> String {
    let moving = moving_keys(args);
    if moving.is_empty() {
        "nothing moves".to_owned()
    } else {
        format!("{} move", moving.join(", "))
    }
}

/// Says what alarms sounded and what mails came, until `stop`.
async fn log_arrivals(b: &SystemB, smtp: &SmtpSink, stop: &CancellationToken) {
    let (mut alarm, mut mail, mut received) = (None, None, 0);
    while stop.run_until_cancelled(tokio::time::sleep(POLL)).await.is_some() {
        for (kind, at) in b.alarms().iter().zip(b.alarm_times()) {
            if alarm.is_none_or(|last| at > last) {
                log::info!("alarm: {kind}");
                alarm = Some(at);
            }
        }
        if smtp.received() == received {
            continue;
        }
        received = smtp.received();
        for arrived in smtp.mails() {
            if mail.is_none_or(|last| arrived.at > last) {
                log::info!("mail to {}: {}", arrived.to.join(", "), arrived.subject);
                mail = Some(arrived.at);
            }
        }
    }
}
