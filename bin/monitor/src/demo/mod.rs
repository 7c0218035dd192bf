//! `monitor demo`: everything in one process, over real HTTP, SMTP and a real database.

mod inbox;
mod lock;
mod store;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use humantime::format_duration;
use monitor_domain::{Language, SystemClock};
use monitor_process::{another_port, stop_on_signals};
use monitor_settings::INTERVALS;
use monitor_simulator::{Scenario, ScenarioOptions, SmtpSink, SystemA, SystemB};
use monitor_web::{Localized, NavLink, WebContext};
use monitor_worker::{Exit, Program, open_database};

use crate::init::say;
use crate::run::both;
use store::Store;

/// The config of the demo; what only the running demo knows comes from [`overrides`].
const CONFIG: &str = include_str!("../../../../config/demo.toml");

#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Port of the page, on loopback.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where the demo keeps its database and its mails, which another start adds to; the simulated totals begin anew.
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data_dir: PathBuf,
    /// Time between two readings.
    #[arg(long, default_value = "2s", value_parser = interval)]
    interval: Duration,
    /// Language of pages, mails and messages: en or zh (zh-CN is the same).
    #[arg(long, default_value_t)]
    lang: Language,
}

/// A time between two readings, as the config takes it.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let interval =
        humantime::parse_duration(text).map_err(|error| format!("{error}; write it like 2s or 500ms"))?;
    if INTERVALS.contains(&interval) {
        return Ok(interval);
    }
    let [shortest, longest] = [INTERVALS.start(), INTERVALS.end()].map(|limit| format_duration(*limit));
    Err(format!("must be from {shortest} to {longest}"))
}

/// The listener of the page.
fn listen(port: u16) -> std::io::Result<TcpListener> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let another = another_port(address).port();
    monitor_process::listen(
        address,
        &format!("start with another port, such as --port {another}"),
    )
}

pub(crate) async fn run(args: DemoArgs) -> Result<(), Exit> {
    let stop = stop_on_signals().context("listening to signals")?;
    // First of all: it is what fails most, and nothing has been written yet.
    let listener = listen(args.port).map_err(anyhow::Error::from)?;
    // Port 0 is any that is free.
    let address = listener.local_addr().context("the listener")?;
    std::fs::create_dir_all(&args.data_dir)
        .with_context(|| format!("--data-dir: cannot create {}", args.data_dir.display()))?;

    let _lock = lock::take(&args.data_dir)?;

    let (a, b, smtp) = (
        SystemA::start().await,
        SystemB::start().await,
        SmtpSink::start().await,
    );
    let store = Store::open(&args.data_dir.join("inbox"), &smtp).context("the demo's inbox")?;
    let _scenario = Scenario::start(
        &a,
        &b,
        ScenarioOptions {
            lang: args.lang,
            pace: args.interval,
            ..ScenarioOptions::default()
        },
    );

    let overrides = overrides(&args, address, (&a, &b, &smtp));
    let settings =
        monitor_settings::load_str("config/demo.toml", CONFIG, &overrides, Program::stock().kinds())?
            .settings;
    let db = open_database(&settings).await?;
    let clock = SystemClock::shared();
    let engine = Program::stock().engine(&settings, db.clone(), clock.clone())?;
    let mut context = WebContext::from_settings(&settings, db.clone(), clock)?;
    context.nav.push(NavLink {
        label: Localized::from("Inbox").with(Language::Chinese, "收件箱"),
        href: "/demo/inbox".to_owned(),
    });
    let inbox = inbox::routes(store, args.lang);
    let web = monitor_web::serve(listener, context, inbox, stop.clone());

    let host = format!("http://{address}");
    // The page follows the browser, unless the address names a language.
    let lang = if args.is_chinese() { "?lang=zh-CN" } else { "" };
    say(&format!(
        "\n  Monitor demo   {host}/monitor{lang}\n  Its mails      {host}/demo/inbox\n  Ctrl-C stops it; its data stays in {}\n",
        args.data_dir.display()
    ));
    let result = both(engine, web, stop).await;
    db.close().await;
    result
}

/// What the config file cannot know: ports, the folder, the arguments.
fn overrides(
    args: &DemoArgs,
    page: SocketAddr,
    (a, b, smtp): (&SystemA, &SystemB, &SmtpSink),
) -> Vec<(String, String)> {
    let database = args.data_dir.join("monitor.db");
    let mut all = vec![
        ("DATABASE__URL", format!("sqlite:{}", database.display())),
        ("WEB__BIND", page.to_string()),
        ("WEB__BASE_URL", format!("http://{page}")),
        ("WORKER__INTERVAL", format_duration(args.interval).to_string()),
        ("SYSTEMS__A__BASE_URL", a.url()),
        ("SYSTEMS__A__PASSWORD", a.password().to_owned()),
        ("SYSTEMS__B__BASE_URL", b.url()),
        ("SYSTEMS__B__PASSWORD", b.password().to_owned()),
        ("CHANNELS__MAIL__URL", smtp.url()),
    ];
    if args.is_chinese() {
        let texts = [
            ("WEB__LANG", "zh-CN"),
            ("METRICS__X__TITLE", "X 待支付订单"),
            ("METRICS__X__UNIT", "单"),
            ("METRICS__Y__TITLE", "Y 滞留转账"),
            ("METRICS__Y__UNIT", "笔"),
            ("METRICS__Z__TITLE", "Z 待处理投诉"),
            ("METRICS__Z__UNIT", "件"),
        ];
        all.extend(texts.map(|(name, text)| (name, text.to_owned())));
    }
    all.into_iter()
        .map(|(name, value)| (format!("MONITOR__{name}"), value))
        .collect()
}

impl DemoArgs {
    fn is_chinese(&self) -> bool {
        self.lang == Language::Chinese
    }
}
