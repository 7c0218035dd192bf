//! Whether a mail server's reply refuses this recipient or this content for good.

use super::fault::Step;

/// What a server says of a problem that passes or that somebody repairs: a full mailbox, a quota, a rate, a relay that
/// does not know its client. In lower case.
const PASSING: [&str; 62] = [
    "relay",
    "rcpthosts",
    "quota",
    "mailbox full",
    "is full",
    "mailbox size",
    "exceeded",
    "exceeds the limit",
    "limit reached",
    "rate limit",
    "sending rate",
    "at a rate",
    "frequency",
    "throttl",
    "too many",
    "too fast",
    "too much mail",
    "greylist",
    "try again",
    "try later",
    "temporar",
    "storage",
    "disk space",
    "insufficient",
    "authenticat",
    "not authorized",
    "client host",
    "blocklist",
    "blacklist",
    "reverse dns",
    "mail loop",
    "helo command",
    // The same of Chinese servers, under a bare 550 as a rule.
    "已满",
    "满了",
    "容量",
    "空间不足",
    "配额",
    "超额",
    "频率",
    "频繁",
    "过快",
    "过多",
    "太多",
    "次数",
    "限流",
    "稍后",
    "稍候",
    "重试",
    "再试",
    "暂时",
    "临时",
    "繁忙",
    "认证",
    "登录",
    "授权",
    "权限",
    "中继",
    "转发",
    "黑名单",
    "灰名单",
    // The sender: somebody can mend that.
    "发件人",
    "发信人",
];
/// What a server says of a mail that is too large.
const TOO_LARGE: [&str; 14] = [
    "message size",
    "message too",
    "message exceeds",
    "mail size",
    "too large",
    "too big",
    "邮件过大",
    "邮件太大",
    "邮件大小",
    "信件过大",
    "信件太大",
    "信件大小",
    "附件过大",
    "附件太大",
];
/// What a server says of a recipient that it does not have.
const UNKNOWN: [&str; 18] = [
    "no such",
    "unknown",
    "not found",
    "does not exist",
    "doesn't exist",
    "no mailbox",
    "invalid recipient",
    "invalid mailbox",
    "user invalid",
    "not exist",
    "不存在",
    "无此",
    "没有此",
    "没有这个",
    "查无",
    "找不到",
    "未找到",
    "无效",
];

/// Whether a reply says that this recipient or this content will not be taken, however often it is offered.
///
/// All other refusals, with 5xx too, are about the set-up (who signs in, who sends, what the server offers) or pass (a
/// full mailbox, a quota). Those get repaired, and an alert that waits for it is not lost. The enhanced code decides where
/// there is one, since it is the more exact; else the reply code and the words. Codes: RFC 5321 section 4.2.3, RFC 3463,
/// RFC 4954 (53x), RFC 7504 (556).
pub(super) fn is_refusal(step: Step, code: u16, words: &str) -> bool {
    let lower = words.to_lowercase();
    let says = |list: &[&str]| list.iter().any(|one| lower.contains(one));
    // "Mailbox size exceeded" is full, "message size exceeded" is too large.
    if !says(&TOO_LARGE) && says(&PASSING) {
        return false;
    }
    match (step, enhanced(words)) {
        // Too large is the only thing about the content that a server can say this early.
        (Step::Sender, None) => code == 552,
        (Step::Sender, Some(detail)) => code == 552 && is_too_large(detail),
        // 501 is about how the address is written; 552 here is an old 452 (RFC 5321 section 4.5.3.1.10).
        (Step::Recipient, None) => match code {
            501 | 550 | 551 | 553 | 556 => true,
            554 => says(&UNKNOWN),
            _ => false,
        },
        (Step::Recipient, Some(detail)) => {
            matches!(code, 501 | 550 | 551 | 553 | 554 | 556)
                && (is_about_recipient(detail)
                    || is_about_content(detail)
                    || (is_vague(detail) && says(&UNKNOWN)))
        }
        (Step::Data | Step::Content, None) => matches!(code, 550..=554 | 556),
        (Step::Data | Step::Content, Some(detail)) => {
            matches!(code, 550..=554 | 556)
                && (is_about_recipient(detail)
                    || is_about_content(detail)
                    // Security and policy: here that is a word about the mail, such as "this is spam".
                    || matches!(detail, (7, 0 | 1))
                    || is_vague(detail))
        }
        (
            Step::Connect
            | Step::Tls
            | Step::Greeting
            | Step::Ehlo
            | Step::Helo
            | Step::StartTls
            | Step::SignIn
            | Step::Noop,
            _,
        ) => false,
    }
}

/// The subject and detail of an enhanced code `5.SUBJECT.DETAIL`: where RFC 2034 has it, or as qmail puts it, `(#5.7.1)`.
fn enhanced(words: &str) -> Option<(u16, u16)> {
    let start = words.find("#5.").map_or(0, |at| at + 1);
    let code = words.get(start..)?.trim_start();
    let end = code.find(|one: char| !one.is_ascii_digit() && one != '.');
    let mut parts = code.get(..end.unwrap_or(code.len()))?.split('.');
    let class = parts.next()?;
    let detail = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (class == "5" && parts.next().is_none()).then_some(detail)
}

/// An address that is not there, not well-formed or has moved, but not that of the sender (5.1.7, 5.1.8); a mailbox that
/// is closed (5.2.1).
fn is_about_recipient(detail: (u16, u16)) -> bool {
    match detail {
        (1, detail) => !matches!(detail, 7 | 8),
        (2, detail) => detail == 1,
        _ => false,
    }
}

fn is_about_content(detail: (u16, u16)) -> bool {
    detail.0 == 6 || is_too_large(detail)
}

fn is_too_large(detail: (u16, u16)) -> bool {
    matches!(detail, (2, 3) | (3, 4))
}

/// A code that says no more than the reply code; 5.4.0 is about the way there all the same.
fn is_vague(detail: (u16, u16)) -> bool {
    matches!(detail, (0 | 2 | 5, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_of_the_recipient_or_the_content_are_final() {
        for (step, code, words, expected) in [
            (Step::Greeting, 554, "5.1.1 no", false),
            (Step::SignIn, 535, "5.7.8 no", false),
            (Step::StartTls, 502, "5.5.1 no", false),
            (Step::Sender, 550, "5.1.1 no", false),
            (Step::Sender, 553, "5.1.8 no", false),
            (Step::Sender, 552, "5.3.4 too big", true),
            (Step::Sender, 552, "message size exceeded", true),
            (Step::Sender, 552, "5.2.2 over quota", false),
            (Step::Sender, 552, "quota exceeded", false),
            (Step::Recipient, 550, "5.1.1 no", true),
            (Step::Recipient, 550, "no", true),
            (Step::Recipient, 550, "5.1.10 null MX", true),
            (Step::Recipient, 550, "5.2.1 account closed", true),
            (Step::Recipient, 550, "5.5.0 unknown user", true),
            (Step::Recipient, 550, "Mailbox not found or access denied", true),
            (Step::Recipient, 553, "5.1.3 no", true),
            (Step::Recipient, 501, "5.1.3 no", true),
            (Step::Recipient, 550, "relay not permitted", false),
            (Step::Recipient, 554, "5.7.1 Relay access denied", false),
            (
                Step::Recipient,
                553,
                "not in my list of allowed RCPTHOSTS (#5.7.1)",
                false,
            ),
            (Step::Recipient, 553, "sorry, no (#5.7.1)", false),
            (Step::Recipient, 552, "mailbox full", false),
            (Step::Recipient, 552, "no", false),
            (Step::Recipient, 552, "5.1.1 no", false),
            (Step::Recipient, 550, "5.2.2 no", false),
            (Step::Recipient, 550, "5.4.1 no", false),
            (Step::Recipient, 550, "5.4.0 unknown host", false),
            (Step::Recipient, 550, "5.1.8 sender's domain", false),
            (Step::Recipient, 550, "Domain frequency limited", false),
            (Step::Recipient, 550, "5.2.1 receiving mail at a rate that", false),
            (Step::Recipient, 554, "transaction failed", false),
            (Step::Recipient, 554, "no such user", true),
            (Step::Recipient, 530, "5.7.0 sign in", false),
            (Step::Recipient, 503, "5.5.1 no", false),
            (Step::Recipient, 450, "no such user", false),
            (Step::Data, 554, "no valid recipients", true),
            (Step::Data, 503, "no", false),
            (Step::Content, 552, "too large", true),
            (Step::Content, 552, "5.3.4 message size exceeds the limit", true),
            (Step::Content, 552, "mailbox full", false),
            (Step::Content, 552, "mailbox size exceeded", false),
            (Step::Content, 554, "5.2.2 no", false),
            (Step::Content, 554, "5.4.6 loop", false),
            (Step::Content, 550, "5.7.26 no SPF", false),
            (Step::Content, 554, "5.6.0 not in this form", true),
            (Step::Content, 550, "5.7.1 this is spam", true),
            (Step::Content, 550, "5.7.1 unable to relay", false),
            (Step::Content, 554, "DT:SPM", true),
            (Step::Content, 451, "this is spam", false),
            (Step::Recipient, 550, "", true),
            (
                Step::Recipient,
                550,
                "<h.local>: Helo command rejected: Host not found",
                false,
            ),
            (Step::Recipient, 550, "用户不存在", true),
            (Step::Recipient, 550, "拒绝接收", true),
            (Step::Recipient, 550, "收件人邮箱已满", false),
            (Step::Recipient, 550, "用户邮箱空间不足，请联系对方清理", false),
            (Step::Recipient, 550, "超出邮箱容量", false),
            (Step::Recipient, 550, "发送过于频繁，请稍后再试", false),
            (Step::Recipient, 550, "同一IP发信频率超过限制", false),
            (Step::Recipient, 550, "请先登录", false),
            (Step::Recipient, 550, "未经授权，不允许中继", false),
            (Step::Recipient, 553, "发件人地址与登录用户不符", false),
            (Step::Recipient, 550, "您的IP已被列入黑名单", false),
            (Step::Recipient, 554, "无此用户", true),
            (Step::Recipient, 554, "系统错误", false),
            (Step::Recipient, 550, "5.0.0 收件人地址无效", true),
            (Step::Recipient, 550, "5.0.0 错误", false),
            (Step::Sender, 552, "邮件大小超过系统限制", true),
            (Step::Sender, 552, "发件人配额已用完", false),
            (Step::Content, 550, "邮件过大，超出容量限制", true),
            (Step::Content, 550, "疑似垃圾邮件", true),
            (Step::Content, 554, "系统繁忙", false),
            (Step::Content, 554, "当日发信次数超过上限", false),
        ] {
            assert_eq!(is_refusal(step, code, words), expected, "{step} {code} {words}");
        }
    }

    #[test]
    fn an_enhanced_code_is_found_where_servers_put_it() {
        for (words, expected) in [
            ("5.1.1 no", Some((1, 1))),
            ("5.7.26", Some((7, 26))),
            ("sorry (#5.7.1)", Some((7, 1))),
            ("5.1", None),
            ("5.1.1.1 is no address", None),
            ("4.2.2 full", None),
            ("用户 5.1.1", None),
            ("", None),
            ("5.99999999.1 no", None),
        ] {
            assert_eq!(enhanced(words), expected, "{words}");
        }
    }
}
