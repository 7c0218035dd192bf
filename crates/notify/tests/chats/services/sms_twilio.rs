//! Twilio.

use futures_util::FutureExt;
use monitor_testkit::sinks::{Sink, Twilio};
use toml::Table;

use super::{Refusal, SECRET, Service, Wrong};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const FROM: &str = "+15005550006";

pub(super) const SERVICE: Service = Service {
    kind: "sms_twilio",
    start: |clock| {
        let account = Twilio::new(ACCOUNT, SECRET, FROM).with_stopped("+8613900139000");
        async { Sink::start(account, clock).await.unwrap() }.boxed()
    },
    keys: |_| {
        let keys = format!(
            "account_sid = {ACCOUNT:?}\nauth_token = {SECRET:?}\nfrom = {FROM:?}\nto = [\"+8613800138000\", \"+8613900139000\"]\n"
        );
        keys.parse::<Table>().unwrap()
    },
    wrong: &[
        Wrong {
            keys: "auth_token = \"hunter2-another\"",
            said: "account_sid and auth_token are not those of one account",
        },
        Wrong {
            keys: "from = \"+15005550000\"",
            said: "from is no number of the account",
        },
    ],
    refusals: &[
        Refusal::never(
            r#"{"sid":"SM1","status":"failed","error_code":30007,"error_message":"Message filtered"}"#,
            "a filter took it",
        ),
        Refusal::later(r#"{"status":"queued"}"#, "has no sid"),
        Refusal::later(r#"{"sid":""}"#, "has no sid"),
    ],
    burst: None,
    // Three messages of 67 characters of three bytes each.
    longest: 603,
};
