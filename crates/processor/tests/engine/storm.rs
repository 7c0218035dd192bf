//! A storm: a thousand alerts in a minute, through channels of different limits. Some hundred of them end, and some are reminded
//! of, while they still wait for their turn. An alert's words come in their order, what is urgent comes first, nothing is lost or
//! repeated, and no channel is sent more than it takes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_domain::Clock;
use monitor_harness::{Config, TestApp, both, eventually};
use monitor_model::{Alert, Delivery, DeliveryStatus, alerts, deliveries};
use monitor_testkit::Proxy;
use monitor_testkit::sinks::{Dingtalk, Sink, Slack, Wecom};

const METRICS: usize = 1_000;
/// Those of the channels that have a limit. They send one message at a time, so the order of arrival is the order of choice.
const LIMITED: [&str; 3] = ["group", "robot", "slack"];

/// Each metric is read once in it, in its first 50 s: they start 50 ms apart.
const ROUND: Duration = Duration::from_secs(600);
const SLOT: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// After so long people are reminded.
const REMINDER: Duration = Duration::from_secs(900);

/// What each metric of the storm does.
#[derive(Clone, Copy)]
struct Plan(usize);

impl Plan {
    fn all() -> impl Iterator<Item = Plan> {
        (0..METRICS).map(Plan)
    }

    fn of(alert: &Alert) -> Plan {
        Plan(alert.key[1..].parse().unwrap())
    }

    fn key(self) -> String {
        format!("m{:03}", self.0)
    }

    /// One in ten is critical; they are spread over the whole minute.
    fn severity(self) -> &'static str {
        match self.0 % 10 {
            0 => "critical",
            1 | 2 => "warning",
            _ => "info",
        }
    }

    /// People are reminded of it once, and then it ends. All of these are critical: the follow-up finds one after the other, and
    /// those that it finds first are sent while it does.
    fn is_reminded(self) -> bool {
        self.0 % 20 == 10
    }

    /// It ends in the round after the storm, when most of the slower channels have not been notified that it began.
    fn ends_early(self) -> bool {
        self.0.is_multiple_of(3) && !self.is_reminded()
    }

    /// What each channel that is notified of it gets to read, in this order.
    fn events(self) -> &'static [&'static str] {
        match (self.is_reminded(), self.ends_early()) {
            (true, _) => &["alert", "reminder", "recovered"],
            (_, true) => &["alert", "recovered"],
            _ => &["alert"],
        }
    }
}

/// The channels that are notified of alerts of a severity.
fn notified(severity: &str) -> &'static [&'static str] {
    match severity {
        "critical" => &["mail", "robot", "group", "slack"],
        "warning" => &["mail", "robot", "slack"],
        _ => &["mail", "group"],
    }
}

/// The channels beside the mail server, each going by the scripted time.
struct Sinks {
    robot: Sink,
    group: Sink,
    slack: Sink,
}

impl Sinks {
    async fn start(app: &TestApp) -> Sinks {
        let clock = || app.clock.clone();
        Sinks {
            robot: Sink::start(Wecom::new("k"), clock()).await.unwrap(),
            group: Sink::start(Dingtalk::new("t"), clock()).await.unwrap(),
            slack: Sink::start(Slack::new("s"), clock()).await.unwrap(),
        }
    }

    fn of(&self, lane: &str) -> &Sink {
        match lane {
            "robot" => &self.robot,
            "group" => &self.group,
            _ => &self.slack,
        }
    }

    fn config(&self) -> Config {
        let channel = |name: &str, kind: &str| {
            let url = self.of(name).address();
            format!("[channels.{name}]\nkind = \"{kind}\"\nurl = \"{url}\"\ntimeout = \"60s\"\n")
        };
        let route = |severity: &str| {
            let notify = notified(severity);
            format!("[[routes]]\nseverities = [\"{severity}\"]\nnotify = {notify:?}\n")
        };
        let metric = |plan: Plan| {
            let (key, severity) = (plan.key(), plan.severity());
            let repeat = if plan.is_reminded() {
                "repeat = \"15m\""
            } else {
                ""
            };
            format!(
                "[metrics.{key}]\nseverity = \"{severity}\"\n\
                 fetch = {{ system = \"a\", path = \"/api/totals/{key}\", value = \"$.total\" }}\n\
                 [metrics.{key}.alert]\nabove = 100\nno_data = \"1d\"\n{repeat}\n"
            )
        };
        Config {
            metrics: Plan::all().map(metric).collect(),
            interval: "10m".into(),
            more: [
                channel("robot", "wecom"),
                channel("group", "dingtalk"),
                channel("slack", "slack"),
                route("critical"),
                route("warning"),
                route("info"),
            ]
            .concat(),
            ..Config::default()
        }
    }
}

/// What a channel takes: so many in any time of this length.
fn windows(lane: &str) -> &'static [(usize, Duration)] {
    match lane {
        "slack" => &[(1, SECOND), (60, MINUTE)],
        _ => &[(20, MINUTE)],
    }
}

/// How long until a channel takes one more.
fn until_free(app: &TestApp, sinks: &Sinks, lane: &str) -> Duration {
    let (times, now) = (sinks.of(lane).times(), app.clock.wall());
    let waits = windows(lane).iter().filter_map(|(most, window)| {
        let oldest = times.len().checked_sub(*most)?;
        (times[oldest] + *window - now).to_std().ok()
    });
    waits.max().unwrap_or_default()
}

/// Waits until all has arrived that the channels take now; no moment passes meanwhile. Gives how long it is until one of those for
/// which something is left takes more: what is faster than that passes a limit, what is slower is wasted.
async fn settle(app: &TestApp, sinks: &Sinks) -> Option<Duration> {
    eventually("all to be sent that may be", || async {
        let left = app.db.read(deliveries::next_due_by_lane).await.unwrap();
        let all_wait = left
            .keys()
            .all(|lane| LIMITED.contains(&&**lane) && !until_free(app, sinks, lane).is_zero());
        let is_settled = all_wait && app.sending().await.is_empty();
        is_settled.then(|| left.keys().map(|lane| until_free(app, sinks, lane)).min())
    })
    .await
}

/// Lets time pass until this instant, from one to the next at which something can be sent.
async fn pass(app: &TestApp, sinks: &Sinks, until: Duration) {
    loop {
        let next = settle(app, sinks).await;
        let left = until.saturating_sub(app.clock.monotonic());
        if left.is_zero() {
            return;
        }
        app.clock.jump(next.unwrap_or(left).min(left));
    }
}

/// Lets each metric be read once, from the instant `begin` on, until when so many mails were sent. No moment passes before what was
/// read by then is stored and, since mails have no limit, mailed: one mail for each of those that `change`.
async fn round(
    (app, sinks): (&TestApp, &Sinks),
    (begin, mailed): (Duration, usize),
    change: impl Fn(Plan) -> bool,
) {
    pass(app, sinks, begin).await;
    loop {
        let passed = app.clock.monotonic() - begin;
        let read = usize::try_from(passed.as_millis() / SLOT.as_millis()).unwrap() + 1;
        let changed = Plan::all().take(read).filter(|plan| change(*plan)).count();
        eventually("a mail of each that changed", || async {
            (app.mail().received() == mailed + changed).then_some(())
        })
        .await;
        if read >= METRICS {
            return;
        }
        pass(app, sinks, app.clock.monotonic() + SECOND).await;
    }
}

/// Lets people be reminded, by checks that are a second apart.
async fn remind(app: &TestApp, sinks: &Sinks) {
    let reminded = Plan::all().filter(|plan| plan.is_reminded()).count();
    let mailed = app.mail().received();
    eventually("a mail of each reminder", || async {
        pass(app, sinks, app.clock.monotonic() + SECOND).await;
        (app.mail().received() == mailed + reminded).then_some(())
    })
    .await;
}

fn set_totals(app: &TestApp, chosen: impl Fn(Plan) -> bool, total: f64) {
    let all = Plan::all().filter(|plan| chosen(*plan));
    all.for_each(|plan| app.a().set_total(&plan.key(), total));
}

/// The storm, until nothing waits any more.
async fn storm(app: &TestApp, sinks: &Sinks) {
    let begun = app.clock.monotonic();
    let mark = |what: &str| { let stat = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect(); eprintln!("MARK {what} cpu {} {} at {:?}", f[11], f[12], app.clock.monotonic() - begun); };
    mark("begin");
    round((app, sinks), (begun, 0), |_| true).await;
mark("opened");    set_totals(app, Plan::ends_early, 50.0);
    round((app, sinks), (begun + ROUND, app.mail().received()), Plan::ends_early).await;
mark("ends");    pass(app, sinks, begun + REMINDER).await;
    remind(app, sinks).await;
mark("reminded");    set_totals(app, Plan::is_reminded, 50.0);
    round((app, sinks), (begun + ROUND * 2, app.mail().received()), Plan::is_reminded).await;
    while let Some(next) = settle(app, sinks).await {
        app.clock.jump(next);
    }
    mark("done");
}

/// A message that arrived.
struct Came {
    lane: &'static str,
    /// When, where the channel goes by the scripted time.
    at: Option<DateTime<Utc>>,
    /// What was stored of it.
    stored: Delivery,
}

/// What arrived, in the order of arrival through each channel.
fn came(app: &TestApp, sinks: &Sinks, stored: &[Delivery]) -> Vec<Came> {
    let mut by_id = BTreeMap::new();
    let mut by_words = BTreeMap::new();
    for one in stored {
        by_id.insert((&*one.lane, &*one.message_id), one);
        by_words.insert((&*one.lane, one.alert_id.unwrap(), &*one.event), one);
    }
    let mails = app.mail().mails();
    assert_eq!(mails.len(), app.mail().received(), "the inbox kept all");
    let mails = mails.into_iter().map(|mail| Came {
        lane: "mail",
        at: None,
        stored: by_id[&("mail", &*mail.message_id)].clone(),
    });
    let chats = LIMITED.into_iter().flat_map(|lane| {
        let (sink, by_words) = (sinks.of(lane), &by_words);
        let taken = sink.taken().into_iter().zip(sink.times());
        taken.map(move |(one, at)| Came {
            lane,
            at: Some(at),
            stored: by_words[&(lane, alert_of(&one.text), event_of(&one.text))].clone(),
        })
    });
    mails.chain(chats).collect()
}

fn alert_of(text: &str) -> i64 {
    let (_, number) = text.split_once("Alert no. ").unwrap_or_else(|| panic!("{text}"));
    number.split_whitespace().next().unwrap().parse().unwrap()
}

fn event_of(text: &str) -> &'static str {
    let heads = [
        ("Alert · ", "alert"),
        ("Still open · ", "reminder"),
        ("Recovered · ", "recovered"),
    ];
    let event = heads.into_iter().find(|(head, _)| text.contains(head));
    event.unwrap_or_else(|| panic!("{text}")).1
}

/// What each channel got to read of each alert is all that there is to read, each once, in its order.
fn nothing_is_lost_repeated_or_disordered(came: &[Came], plans: &BTreeMap<i64, Plan>) {
    let mut read: BTreeMap<(&str, i64), Vec<&str>> = BTreeMap::new();
    for one in came {
        let words = read.entry((one.lane, one.stored.alert_id.unwrap())).or_default();
        words.push(&one.stored.event);
    }
    let mut expected = 0;
    for (id, plan) in plans {
        for lane in notified(plan.severity()) {
            let events = read.get(&(lane, *id)).map(Vec::as_slice);
            assert_eq!(events, Some(plan.events()), "{} through {lane}", plan.key());
            expected += 1;
        }
    }
    assert_eq!(read.len(), expected, "and no other channel got anything");
}

/// Which goes first of what waits: the beginnings, then the ends, then the reminders, of these what is worse, of equals the older.
fn rank(one: &Delivery, plans: &BTreeMap<i64, Plan>) -> (usize, usize, i64) {
    let place = |all: [&str; 3], one: &str| all.iter().position(|it| *it == one).unwrap();
    let event = place(["alert", "recovered", "reminder"], &one.event);
    let severity = plans[&one.alert_id.unwrap()].severity();
    (event, place(["critical", "warning", "info"], severity), one.id)
}

/// Whenever something was sent through a channel, it was what goes first of all that could be: what waited already, and for no
/// earlier word about the same alert.
fn the_urgent_went_first(came: &[&Came], plans: &BTreeMap<i64, Plan>) {
    let ranks: Vec<_> = came.iter().map(|one| rank(&one.stored, plans)).collect();
    let mut last_of = BTreeMap::new();
    // The place of the word before about the same alert.
    let before: Vec<Option<usize>> = (0..)
        .zip(came)
        .map(|(at, one)| last_of.insert(one.stored.alert_id, at))
        .collect();
    let mut overtaking = 0;
    for (at, one) in came.iter().enumerate() {
        let now = one.at.unwrap().naive_utc();
        for later in at + 1..came.len() {
            let could_go = came[later].stored.created_at < now && before[later].is_none_or(|word| word < at);
            assert!(
                !could_go || ranks[at] < ranks[later],
                "{:?}\nwent before\n{:?}",
                one.stored,
                came[later].stored
            );
            overtaking += usize::from(one.stored.id > came[later].stored.id);
        }
    }
    assert!(
        overtaking > 1_000,
        "by age alone it would be another order: {overtaking}"
    );
}

both! {
    async fn a_thousand_alerts_in_a_minute(app: TestApp) {
        app.clock.hold();
        let sinks = Sinks::start(&app).await;
        app.restart(sinks.config());
        set_totals(&app, |_| true, 20.0);
        app.poll().await;
        app.clock.jump(ROUND);
        set_totals(&app, |_| true, 131.0);
        app.while_running(storm(&app, &sinks)).await;

        let alerts = app.db.read(|c| alerts::recent(c, i64::MAX)).await.unwrap();
        let opened = alerts.iter().map(|alert| alert.opened_at);
        assert_eq!(alerts.len(), METRICS);
        assert!(opened.clone().max().unwrap() - opened.min().unwrap() < TimeDelta::minutes(1));
        let stored = app.db.read(|c| deliveries::recent(c, i64::MAX)).await.unwrap();
        let failed: Vec<_> = stored.iter().filter(|one| one.status != DeliveryStatus::Sent || one.attempt != 1).collect();
        assert!(failed.is_empty(), "{failed:?}");
        let (alarms, stored): (Vec<Delivery>, Vec<Delivery>) = stored.into_iter().partition(|one| one.lane == "@alarm");
        let mut sounded = app.b().alarms();
        sounded.sort();
        assert_eq!((sounded, alarms.len()), (Plan::all().map(Plan::key).collect(), METRICS));

        for lane in LIMITED {
            let (posts, taken) = (sinks.of(lane).requests().len(), sinks.of(lane).taken().len());
            assert_eq!(posts, taken, "{lane} refused none: its limit was never passed");
        }
        let came = came(&app, &sinks, &stored);
        assert_eq!(came.len(), stored.len());
        let plans = alerts.iter().map(|alert| (alert.id, Plan::of(alert))).collect();
        nothing_is_lost_repeated_or_disordered(&came, &plans);
        for lane in LIMITED {
            let through: Vec<_> = came.iter().filter(|one| one.lane == lane).collect();
            the_urgent_went_first(&through, &plans);
        }
        app.finish().await;
    }
}

both! {
    async fn what_was_long_on_its_way_counts_when_it_arrives(app: TestApp) {
        app.clock.hold();
        let sink = Sink::start(Slack::new("s"), app.clock.clone()).await.unwrap();
        let proxy = Proxy::start((Ipv4Addr::LOCALHOST, sink.port()).into()).await.unwrap();
        let url = sink.address().replace(&format!(":{}/", sink.port()), &format!(":{}/", proxy.address().port()));
        app.restart(Config {
            interval: "10m".into(),
            more: format!("[channels.slack]\nkind = \"slack\"\nurl = \"{url}\"\n"),
            ..Config::metrics(
                "[metrics.y]\nnotify = [\"slack\"]\nalert = { above = 100 }\n\
                 [metrics.z]\nnotify = [\"slack\"]\nalert = { above = 100 }\n"
            )
        });
        app.a().set_total("y", 131.0);
        app.a().set_total("z", 131.0);
        proxy.freeze();
        app.while_running(async {
            eventually("both to be stored, the first under way", || async {
                (app.deliveries_of("slack").await.len() == 2 && !app.sending().await.is_empty()).then_some(())
            }).await;
            app.clock.jump(SECOND * 9 / 10);
            proxy.thaw();
            eventually("the first", || async { (sink.taken().len() == 1).then_some(()) }).await;
            eventually("the second", || async {
                app.clock.jump(SECOND / 10);
                (sink.taken().len() == 2).then_some(())
            }).await;
        }).await;
        assert_eq!(sink.requests().len(), 2, "the second was not sent while the first still counted: {:?}", sink.times());
        app.finish().await;
    }
}
