//! Alibaba Cloud's SendSms: help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms, and its signature,
//! help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use monitor_simulator::http::{Answer, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Provider, Rates, Taken};

/// The most characters of a variable.
const LONGEST: usize = 35;

/// An account with one access key, one signature and one template.
#[derive(Clone, Debug)]
pub struct AliyunSms {
    key_id: String,
    secret: String,
    variables: Vec<String>,
    by_number: BTreeMap<String, Rates>,
    nonces: Vec<String>,
}

impl AliyunSms {
    /// The signature that the account may use.
    pub const SIGN_NAME: &'static str = "示例科技";
    /// Its template.
    pub const TEMPLATE: &'static str = "SMS_154950909";

    /// The account with this key; its template has these variables.
    pub fn new(key_id: &str, secret: &str, variables: &[&str]) -> AliyunSms {
        AliyunSms {
            key_id: key_id.to_owned(),
            secret: secret.to_owned(),
            variables: variables.iter().map(|&name| name.to_owned()).collect(),
            by_number: BTreeMap::new(),
            nonces: Vec::new(),
        }
    }

    fn check_signature(&mut self, request: &Request, now: DateTime<Utc>) -> Result<(), Answer> {
        let incomplete = || {
            refusal(
                400,
                "IncompleteSignature",
                "The request signature does not conform.",
            )
        };
        let header = |name: &str| request.header(name).ok_or_else(incomplete);
        let proof = header("authorization")?;
        let part = |name: &str| {
            let from = proof.split_once(name).map(|(_, after)| after);
            from.map(|after| after.split(',').next().unwrap_or(after).to_owned())
        };
        if !proof.starts_with("ACS3-HMAC-SHA256 ") || part("Credential=").as_deref() != Some(&self.key_id) {
            return Err(refusal(
                404,
                "InvalidAccessKeyId.NotFound",
                "Specified access key is not found.",
            ));
        }
        let date = header("x-acs-date")?;
        let sent = date.parse::<DateTime<Utc>>().map_err(|_| incomplete())?;
        if (now - sent).abs() > TimeDelta::minutes(15) {
            return Err(refusal(
                400,
                "InvalidTimeStamp.Expired",
                "Specified time stamp or date value is expired.",
            ));
        }
        let content = hex(&Sha256::digest(&request.body));
        let signed = part("SignedHeaders=").ok_or_else(incomplete)?;
        let names: Vec<&str> = signed.split(';').collect();
        for name in [
            "host",
            "x-acs-action",
            "x-acs-content-sha256",
            "x-acs-date",
            "x-acs-version",
        ] {
            if !names.contains(&name) || (name == "x-acs-content-sha256" && header(name)? != content) {
                return Err(incomplete());
            }
        }
        let mut lines = String::new();
        for name in names {
            lines.push_str(&format!("{name}:{}\n", header(name)?.trim()));
        }
        let canonical = format!(
            "{}\n{}\n{}\n{lines}\n{signed}\n{content}",
            request.method, request.path, request.query
        );
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex(&Sha256::digest(canonical)));
        if part("Signature=")
            != Some(hex(&super::hmac_sha256(
                self.secret.as_bytes(),
                to_sign.as_bytes(),
            )))
        {
            let words = "Specified signature is not matched with our calculation.";
            return Err(refusal(400, "SignatureDoesNotMatch", words));
        }
        let nonce = header("x-acs-signature-nonce")?.to_owned();
        if self.nonces.contains(&nonce) {
            return Err(refusal(
                400,
                "SignatureNonceUsed",
                "Specified signature nonce was used already.",
            ));
        }
        self.nonces.push(nonce);
        Ok(())
    }

    fn check_variables(&self, request: &Request) -> Result<Value, Answer> {
        let params = request
            .query_value("TemplateParam")
            .unwrap_or_else(|| "{}".to_owned());
        let params: Value = serde_json::from_str(&params)
            .map_err(|_| refusal(200, "isv.INVALID_JSON_PARAM", "JSON参数不合法"))?;
        for name in &self.variables {
            let Some(value) = params[name].as_str().filter(|value| !value.is_empty()) else {
                return Err(refusal(
                    200,
                    "isv.TEMPLATE_MISSING_PARAMETERS",
                    "模板变量缺少对应参数值",
                ));
            };
            if value.chars().count() > LONGEST {
                return Err(refusal(200, "isv.PARAM_LENGTH_LIMIT", "参数超过长度限制"));
            }
            if value.contains("://") || value.contains("www.") || value.contains(".com") {
                return Err(refusal(200, "isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL"));
            }
        }
        Ok(params)
    }
}

fn refusal(status: u16, code: &str, words: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "Code": code, "Message": words, "RequestId": "F655A8D5-B967-440B-8683-DAD6FF8DE990" }),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Provider for AliyunSms {
    fn path(&self) -> String {
        String::new()
    }

    fn take(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Taken, Answer> {
        self.check_signature(request, now)?;
        let header = |name| request.header(name);
        if header("x-acs-action") != Some("SendSms") || header("x-acs-version") != Some("2017-05-25") {
            return Err(refusal(
                404,
                "InvalidAction.NotFound",
                "Specified api is not found.",
            ));
        }
        let query = |name| request.query_value(name).unwrap_or_default();
        if query("SignName") != AliyunSms::SIGN_NAME {
            return Err(refusal(
                200,
                "isv.SMS_SIGNATURE_ILLEGAL",
                "该账号下找不到对应签名",
            ));
        }
        if query("TemplateCode") != AliyunSms::TEMPLATE {
            return Err(refusal(200, "isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板"));
        }
        let params = self.check_variables(request)?;
        let number = query("PhoneNumbers");
        let digits = number.trim_start_matches('+').trim_start_matches("86");
        if digits.len() != 11 || !digits.starts_with('1') {
            return Err(refusal(200, "isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误"));
        }
        let windows = [
            (1, TimeDelta::minutes(1), "触发分钟级流控Permits:1"),
            (5, TimeDelta::hours(1), "触发小时级流控Permits:5"),
            (10, TimeDelta::days(1), "触发天级流控Permits:10"),
        ];
        let rates = self.by_number.entry(number.clone());
        let rates = rates.or_insert_with(|| Rates::new(&windows.map(|(most, span, _)| (most, span))));
        if !rates.count(now) {
            // The longest that is full says so.
            let full = windows
                .iter()
                .rev()
                .find(|(most, span, _)| rates.within(now, *span) >= *most);
            let words = full.map_or(windows[0].2, |(_, _, words)| words);
            return Err(refusal(200, "isv.BUSINESS_LIMIT_CONTROL", words));
        }
        let values: Vec<&str> = self
            .variables
            .iter()
            .filter_map(|name| params[name].as_str())
            .collect();
        Ok(Taken {
            markup: String::new(),
            text: values.join(" "),
            body: json!({ "to": number, "params": params }),
        })
    }

    fn thanks(&self) -> Answer {
        let body = json!({
            "Code": "OK", "Message": "OK", "BizId": "9006197469364984^0", "RequestId": "F655A8D5-B967-440B-8683-DAD6FF8DE990",
        });
        Answer::json(200, &body)
    }
}
