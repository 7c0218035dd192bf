//! What names of fields, headers and cookies usually mean.

/// The words of a name in small letters: `createdAt`, `created_at` and `CREATED-AT` are `created at`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars().take(200) {
        let is_new = (c.is_uppercase() && !before.is_uppercase())
            || (c.is_ascii_digit() != before.is_ascii_digit() && before != ' ');
        match (c.is_alphanumeric(), is_new || !before.is_alphanumeric()) {
            (true, true) => words.push(c.to_lowercase().collect()),
            (true, false) => match words.last_mut() {
                Some(word) => word.extend(c.to_lowercase()),
                None => words.push(c.to_lowercase().collect()),
            },
            _ => {}
        }
        before = c;
    }
    words
}

/// Letters and digits alone, small.
fn squeezed(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).take(100).collect()
}

fn contains(name: &str, parts: &[&str]) -> bool {
    let name = squeezed(name);
    parts.iter().any(|part| name.contains(part))
}

fn is(name: &str, whole: &[&str]) -> bool {
    whole.contains(&squeezed(name).as_str())
}

/// A field that a password is typed into.
pub(crate) fn is_password(name: &str) -> bool {
    contains(
        name,
        &[
            "password",
            "passwd",
            "passwrd",
            "pwd",
            "passphrase",
            "密码",
            "口令",
        ],
    ) || is(name, &["pass", "userpass", "loginpass", "pw", "psw", "mima"])
}

/// A password that is to become the account's.
pub(crate) fn is_new_password(name: &str) -> bool {
    is_password(name)
        && contains(
            name,
            &["new", "old", "confirm", "repeat", "again", "retype", "确认"],
        )
}

/// How likely a field names the account; 0 for not at all.
pub(crate) fn account(name: &str) -> u8 {
    if is(
        name,
        &[
            "username",
            "loginname",
            "user",
            "login",
            "account",
            "loginid",
            "jusername",
            "用户名",
            "账号",
        ],
    ) {
        3
    } else if contains(name, &["username", "account", "email", "loginname", "usercode"]) {
        2
    } else if contains(
        name,
        &["mobile", "phone", "userid", "user", "login", "uid", "uname"],
    ) {
        1
    } else {
        0
    }
}

/// A field or member whose value opens something.
pub(crate) fn is_secret(name: &str) -> bool {
    is_password(name)
        || contains(
            name,
            &[
                "token",
                "secret",
                "ticket",
                "session",
                "csrf",
                "xsrf",
                "jwt",
                "credential",
                "apikey",
                "appkey",
            ],
        )
        || is(
            name,
            &[
                "sid",
                "key",
                "code",
                "state",
                "sign",
                "signature",
                "nonce",
                "sig",
                "auth",
                "accesskey",
                "ak",
                "sk",
            ],
        )
}

/// A header that opens something.
pub(crate) fn is_credential_header(name: &str) -> bool {
    matches!(
        name,
        "authorization" | "proxy-authorization" | "cookie" | "set-cookie"
    ) || is_secret(name)
}

/// A token against forged requests.
pub(crate) fn is_csrf(name: &str) -> bool {
    contains(
        name,
        &[
            "csrf",
            "xsrf",
            "requestverificationtoken",
            "authenticitytoken",
            "forgery",
        ],
    ) || matches!(
        name,
        "_token" | "execution" | "lt" | "__VIEWSTATE" | "__EVENTVALIDATION"
    )
}

/// A picture or a puzzle that only a person solves.
pub(crate) fn is_captcha(name: &str) -> bool {
    contains(
        name,
        &[
            "captcha",
            "verifycode",
            "verificationcode",
            "validcode",
            "validatecode",
            "checkcode",
            "imgcode",
            "imagecode",
            "randcode",
            "randstr",
            "geetest",
            "turnstile",
            "slider",
            "yzm",
            "验证码",
            "kaptcha",
        ],
    ) || is(name, &["code", "vcode", "verify", "vercode"])
}

/// A code that is sent to a telephone or made by one.
pub(crate) fn is_one_time(name: &str) -> bool {
    contains(
        name,
        &[
            "smscode",
            "otp",
            "mfa",
            "twofactor",
            "2fa",
            "phonecode",
            "mobilecode",
            "dynamiccode",
            "短信",
            "authcode",
            "authenticatorcode",
        ],
    )
}

/// What browsers add to every call by themselves.
pub(crate) fn is_browser_header(name: &str) -> bool {
    const OWN: &[&str] = &[
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "dnt",
        "host",
        "if-modified-since",
        "if-none-match",
        "keep-alive",
        "origin",
        "pragma",
        "priority",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "referer",
        "te",
        "upgrade",
        "upgrade-insecure-requests",
        "user-agent",
        "traceparent",
        "tracestate",
        "x-request-id",
        "x-client-data",
    ];
    OWN.contains(&name) || name.starts_with("sec-")
}

/// A header that a script of the page adds, under a name that a header can have.
pub(crate) fn is_sent_by_script(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !is_browser_header(name) && !name.is_empty() && name.len() <= 60 && name.chars().all(is_part)
}

/// A query parameter that only keeps answers from being cached.
pub(crate) fn is_cache_buster(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "_" | "t"
            | "_t"
            | "ts"
            | "_ts"
            | "timestamp"
            | "time"
            | "r"
            | "rnd"
            | "rand"
            | "random"
            | "nocache"
            | "cb"
            | "_dc"
            | "v"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_separated_by_case_and_signs() {
        for (name, expected) in [
            ("createdAt", "created at"),
            ("CREATED_AT", "created at"),
            ("unpaid-orders", "unpaid orders"),
            ("totalV2", "total v 2"),
            ("待处理", "待处理"),
            ("", ""),
            ("__", ""),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn fields_of_a_sign_in_are_known_by_their_names() {
        for name in [
            "password",
            "passWord",
            "user_pwd",
            "j_password",
            "pass",
            "loginPwd",
            "密码",
        ] {
            assert!(is_password(name), "{name}");
        }
        for name in ["compass", "bypass", "pwned", "username", "p"] {
            assert!(!is_password(name), "{name}");
        }
        assert!(is_new_password("new_password") && !is_new_password("password"));
        assert!(account("username") > account("email") && account("email") > account("mobile"));
        assert_eq!(account("tenantId"), 0);
        assert!(is_captcha("captchaCode") && is_captcha("code") && !is_captcha("codec"));
        assert!(is_one_time("smsCode") && is_one_time("otp") && !is_one_time("option"));
        assert!(is_csrf("_xsrf") && is_csrf("csrfmiddlewaretoken") && !is_csrf("token"));
    }
}
