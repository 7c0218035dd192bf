//! Alibaba Cloud's short messages.

use futures_util::FutureExt;
use monitor_testkit::sinks::{AliyunSms, Sink};
use toml::Table;

use super::{Refusal, SECRET, Service, Wrong};

pub(super) const SERVICE: Service = Service {
    kind: "sms_aliyun",
    start: |clock| {
        let account = AliyunSms::new("LTAI5tKey", SECRET, &["metric", "severity", "value", "what"]);
        async { Sink::start(account, clock).await.unwrap() }.boxed()
    },
    keys: |_| {
        let keys = format!(
            "access_key_id = \"LTAI5tKey\"\naccess_key_secret = {SECRET:?}\nsign_name = {:?}\ntemplate_code = {:?}\n\
             params = {{ metric = \"title\", severity = \"severity\", value = \"value\", what = \"text\" }}\n\
             to = [\"13800138000\"]\n",
            AliyunSms::SIGN_NAME,
            AliyunSms::TEMPLATE
        );
        keys.parse::<Table>().unwrap()
    },
    wrong: &[
        Wrong {
            keys: "access_key_secret = \"hunter2-another\"",
            said: "access_key_secret is not that of access_key_id",
        },
        Wrong {
            keys: "access_key_id = \"LTAI5tOther\"",
            said: "there is no such access_key_id",
        },
        Wrong {
            keys: "sign_name = \"别的\"",
            said: "sign_name is not one of the account",
        },
        Wrong {
            keys: "template_code = \"SMS_1\"",
            said: "template_code is not one of the account",
        },
        Wrong {
            keys: "params = { metric = \"title\" }",
            said: "a variable that params has not",
        },
    ],
    refusals: &[
        Refusal::after(
            r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发分钟级流控Permits:1"}"#,
            60,
        ),
        Refusal::after(
            r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发小时级流控Permits:5"}"#,
            3600,
        ),
        Refusal::after(
            r#"{"Code":"isv.DAY_LIMIT_CONTROL","Message":"触发日发送限额"}"#,
            3600,
        ),
        Refusal::later(
            r#"{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"账户余额不足"}"#,
            "top it up",
        ),
        Refusal::later(r#"{"Code":"isp.SYSTEM_ERROR","Message":"x"}"#, "isp.SYSTEM_ERROR"),
        Refusal::never(
            r#"{"Code":"isv.BLACK_KEY_CONTROL_LIMIT","Message":"x"}"#,
            "BLACK_KEY",
        ),
        Refusal::never(
            r#"{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"x"}"#,
            "MOBILE_NUMBER",
        ),
        Refusal::later(r#"{"RequestId":"x"}"#, "has no Code"),
    ],
    burst: None,
    longest: 35,
};
