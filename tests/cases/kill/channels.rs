//! The channels of the kill test, each of another nature: mails with a Message-ID; a robot that says with status 200 whether
//! it took a message, and knows no id; a receiver that checks signatures and knows an id; a push to phones without one.

use monitor_domain::SystemClock;
use monitor_simulator::SmtpSink;
use monitor_testkit::sinks::{Ntfy, Sink, Webhook, Wecom};

use super::TO;
use super::driver::LIMIT;

const SECRET: &str = "kill-test-secret";

/// All channels, in the order of their names.
pub(super) const LANES: [&str; 4] = ["hook", "mail", "phone", "robot"];

/// What the channels beside the mail server talk to. None has a limit: a dead worker does not know what it has sent, and waiting
/// would be most of the test.
#[derive(Clone)]
pub(super) struct Sinks {
    robot: Sink,
    hook: Sink,
    phone: Sink,
}

/// A message that came.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) lane: &'static str,
    pub(super) to: String,
    /// What the other side knows a repeat by, where there is something.
    pub(super) id: Option<String>,
    pub(super) text: String,
}

impl Sinks {
    pub(super) async fn start() -> Sinks {
        let clock = SystemClock::shared;
        Sinks {
            robot: Sink::start(Wecom::new("k").without_limit(), clock())
                .await
                .unwrap(),
            hook: Sink::start(Webhook::new(SECRET), clock()).await.unwrap(),
            phone: Sink::start(Ntfy::new("ops").without_limit(), clock())
                .await
                .unwrap(),
        }
    }

    /// The channels, and the metric w: its own are mail and robot, and who does not acknowledge it has phone and hook notified.
    pub(super) fn config(&self) -> String {
        // What is in flight when the worker dies is repeated: with one at a time that is one a kill.
        let channel = |name: &str, kind: &str, url: &str, more: &str| {
            format!("[channels.{name}]\nkind = \"{kind}\"\nurl = \"{url}\"\nconcurrency = 1\n{more}\n")
        };
        let steps = "[{ after = \"1s\", notify = [\"phone\"] }, { after = \"2s\", notify = [\"hook\"] }]";
        [
            channel("robot", "wecom", &self.robot.address(), "per_minute = 100000"),
            channel(
                "hook",
                "webhook",
                &self.hook.address(),
                &format!("secret = \"{SECRET}\""),
            ),
            channel("phone", "ntfy", &self.phone.address(), "per_minute = 100000"),
            format!(
                "[metrics.w]\nnotify = [\"mail\", \"robot\"]\n\
                 fetch = {{ system = \"a\", path = \"/api/totals/w\", value = \"$.total\" }}\n\
                 alert = {{ above = {LIMIT}, escalate = {steps} }}\n\
                 [metrics.w.details]\nsystem = \"b\"\nmessages = \"$.messages[*]\"\n\
                 path = \"/api/alerts/w?total={{{{ total }}}}&previous={{{{ previous }}}}\"\n"
            ),
        ]
        .concat()
    }

    /// Whether those of both steps know that w is at `value`.
    pub(super) fn are_escalated(&self, value: f64) -> bool {
        let said = format!("{value} is above {LIMIT}");
        let (phone, hook) = (self.phone.taken(), self.hook.taken());
        phone.iter().any(|one| one.text.contains(&said))
            && hook
                .iter()
                .any(|one| one.body["event"] == "escalation" && one.text.contains(&said))
    }

    /// All that came, through all channels.
    pub(super) fn came(&self, mail: &SmtpSink) -> Vec<Came> {
        let mails = mail.mails();
        assert_eq!(mails.len(), mail.received(), "the inbox kept all");
        let mails = mails.into_iter().map(|mail| {
            assert_eq!(mail.to.len(), 1);
            Came {
                lane: "mail",
                to: mail.to[0].clone(),
                id: Some(mail.message_id),
                text: format!("{}\n{}", mail.subject, mail.text),
            }
        });
        let others = [
            ("robot", &self.robot),
            ("hook", &self.hook),
            ("phone", &self.phone),
        ];
        let others = others.into_iter().flat_map(|(lane, sink)| {
            let taken = sink.taken().into_iter();
            taken.map(move |one| Came {
                lane,
                to: String::new(),
                id: (lane == "hook").then(|| one.body["id"].as_str().unwrap().to_owned()),
                text: one.text,
            })
        });
        let came = mails.chain(others).collect();
        self.check_keys();
        came
    }

    /// The header says the same as the body, in what the log has kept.
    fn check_keys(&self) {
        for request in self.hook.requests() {
            let body: serde_json::Value = request.json().unwrap();
            assert_eq!(request.header("idempotency-key"), body["id"].as_str());
        }
    }
}

/// Who reads a channel.
pub(super) fn readers(lane: &str) -> &'static [&'static str] {
    match lane {
        "mail" => &TO,
        _ => &[""],
    }
}

/// Whether a channel is notified of w by a step of its escalation, and not before.
pub(super) fn is_later(lane: &str) -> bool {
    matches!(lane, "hook" | "phone")
}
