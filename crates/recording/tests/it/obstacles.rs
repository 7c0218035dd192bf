//! What a config cannot do is named, with what to do.

use serde_json::json;

use crate::har::{Call, Har, LOGIN_PAGE, form_sign_in, total, total_by};

const TOKEN: &str = "tok-4f9a8b7c6d5e";

fn after() -> Call {
    total(("sid", "s3ss10n-4711-abcd"))
}

fn with_password(password: &str) -> crate::har::Config {
    let body = json!({ "username": "ops", "password": password });
    let sign_in = Call::post("/api/login")
        .json(&body)
        .answers(&json!({ "token": TOKEN }));
    Har::of([sign_in, total_by("Authorization", &format!("Bearer {TOKEN}"))]).config()
}

#[test]
fn a_password_that_a_script_encrypts_is_named() {
    let rsa = "kYbdAq0oXbIdT9DI+0oa0Gme5kVEXcDf4yF2dN+Ge0kH1vN5s0Q6DGqv3n0cB5rYk8zvO3m7o0oQ8y1pZ0sVw3N4k0J0y3D9xw1N7k5F3m8s2pQ9\
               r7T0u4V6w8X0y2Z4a6B8c0D2e4F6g8H0j2K4m6N8p0Q2r4S6t8U0v2W4xw==";
    let sm2 = "04".to_owned() + &"9f3b7c1d".repeat(28);
    for sent in [rsa, &sm2] {
        let config = with_password(sent);
        assert!(config.has_obstacle("encrypts the password"), "{config:?}");
        assert!(
            config
                .text
                .contains("# DOES NOT WORK YET: a script of the page encrypts"),
            "{}",
            config.text
        );
        assert!(!config.text.contains(&sent[..20]));
    }
}

#[test]
fn a_hash_of_the_password_is_a_template() {
    for (sent, template) in [
        ("2ab96390c7dbe3439de74d0c9b0b1767", "{{ password | md5 }}"),
        ("2AB96390C7DBE3439DE74D0C9B0B1767", "{{ password | md5 | upper }}"),
        (
            "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7",
            "{{ password | sha256 }}",
        ),
        ("aHVudGVyMg==", "{{ password | base64 }}"),
    ] {
        let config = with_password(sent);
        let login = &config.system["login"];
        assert_eq!(
            (&login["fields"]["password"], &login["extra"]["password"]),
            (&json!(""), &json!(template))
        );
        assert!(
            config.obstacles.is_empty() && config.doubts.len() == 1,
            "{config:?}"
        );
        assert!(!config.text.contains(sent));
    }
}

#[test]
fn captchas_and_codes_of_a_telephone_are_named() {
    let picture = || Call::get("/captchaImage").content("image/png", "");
    let sms = || {
        Call::post("/sms/send")
            .json(&json!({ "mobile": "13800000000" }))
            .answers(&json!({}))
    };
    for (before, field, value, part) in [
        (None, "captcha", "x7Kp", "captcha (field \"captcha\")"),
        (None, "verifyCode", "1234", "captcha"),
        (Some(picture()), "code", "9", "captcha (field \"code\")"),
        (
            None,
            "g-recaptcha-response",
            "03AGdBq24PBCbwiDRaS_MJ7Z",
            "captcha",
        ),
        (None, "geetest_validate", "4f9a8b7c6d5e4f3a2b1c", "captcha"),
        (Some(sms()), "code", "123456", "code from a telephone"),
        (None, "smsCode", "123456", "code from a telephone"),
        (None, "otp", "123456", "authenticator"),
    ] {
        let calls = before
            .into_iter()
            .chain([form_sign_in(&[(field, value)]), after()]);
        let config = Har::of(calls).config();
        assert!(config.has_obstacle(part), "{field}: {:?}", config.obstacles);
        assert_eq!(config.system["login"].get("extra"), None, "{field}");
    }
}

#[test]
fn a_field_that_only_sounds_so_is_none() {
    for (field, value) in [
        ("captcha", ""),
        ("code", "C001"),
        ("verify", "off"),
        ("option", "1"),
    ] {
        let config = Har::of([form_sign_in(&[(field, value)]), after()]).config();
        assert!(config.obstacles.is_empty(), "{field}: {:?}", config.obstacles);
    }
}

#[test]
fn single_sign_on_is_named_with_its_host() {
    let config = Har::of([
        Call::get("/").to(
            302,
            "https://sso.example/authorize?client_id=shop&redirect_uri=x&response_type=code&state=abcdefgh12",
        ),
        Call::get(
            "https://sso.example/authorize?client_id=shop&redirect_uri=x&response_type=code&state=abcdefgh12",
        )
        .page(LOGIN_PAGE),
        Call::post("https://sso.example/login?session_code=4f9a8b7c6d5e4f3a2b1c")
            .form(&[("username", "ops"), ("password", "hunter22")])
            .sets("sso", "s5o-4711-abcd")
            .to(
                302,
                "https://shop.example/callback?code=4f9a8b7c6d5e4f3a2b1d&state=abcdefgh12",
            ),
        Call::get("/callback?code=4f9a8b7c6d5e4f3a2b1d&state=abcdefgh12")
            .sets("sid", "s3ss10n-4711-abcd")
            .to(302, "/"),
        after(),
    ])
    .config();
    assert!(
        config.has_obstacle("\"sso.example\" (single sign-on"),
        "{config:?}"
    );
    assert_eq!(config.system["base_url"], "https://shop.example");
    assert!(!config.text.contains("4f9a8b7c"), "{}", config.text);
}

#[test]
fn a_recording_without_cookies_says_how_to_export_them() {
    let bare = || Call::get("/api/orders/total").answers(&json!({ "total": 42 }));
    let sign_in = Call::post("/login")
        .form(&[("username", "ops"), ("password", "hunter22")])
        .to(302, "/");
    let config = Har::of([sign_in, bare()]).config();
    assert!(
        config.has_doubt("Allow to generate HAR with sensitive data"),
        "{config:?}"
    );
    assert_eq!(config.system["kind"], "form_cookie");
    let sign_in = Call::post("/api/login")
        .json(&json!({ "user": "ops", "pwd": "hunter22" }))
        .answers(&json!({ "token": TOKEN }));
    let config = Har::of([sign_in, bare()]).config();
    assert!(
        config.has_doubt("sensitive data") && config.has_doubt("is a guess"),
        "{config:?}"
    );
    assert_eq!(
        (&config.system["kind"], &config.system["login"]["token"]),
        (&json!("json_token"), &json!("$.token"))
    );
    assert!(!config.text.contains(TOKEN));
}

#[test]
fn a_recording_that_begins_after_the_sign_in_says_so() {
    let config = Har::of([after()]).config();
    assert!(
        config.has_obstacle("somebody was signed in already"),
        "{config:?}"
    );
    assert_eq!(config.system["kind"], "none");
    let config = Har::of([Call::get("/api/orders/total").answers(&json!({ "total": 42 }))]).config();
    assert!(
        config.obstacles.is_empty() && config.has_doubt("no sign-in was found"),
        "{config:?}"
    );
}

#[test]
fn a_token_that_goes_along_otherwise_is_named() {
    let sign_in = || {
        Call::post("/api/login")
            .json(&json!({ "user": "ops", "pwd": "hunter22" }))
            .answers(&json!({ "token": TOKEN }))
    };
    let config = Har::of([sign_in(), total(("Admin-Token", TOKEN))]).config();
    assert!(config.has_obstacle("the cookie \"Admin-Token\""), "{config:?}");
    let by_query =
        Call::get(&format!("/api/orders/total?access_token={TOKEN}")).answers(&json!({ "total": 42 }));
    let config = Har::of([sign_in(), by_query]).config();
    assert!(
        config.has_obstacle("the query parameter \"access_token\""),
        "{config:?}"
    );
    assert!(!config.text.contains(TOKEN), "{}", config.text);
    // Where it is in a header too, that is what counts.
    let both = total_by("Authorization", &format!("Bearer {TOKEN}")).cookie("Admin-Token", TOKEN);
    let config = Har::of([sign_in(), both]).config();
    assert!(config.obstacles.is_empty(), "{config:?}");
}

#[test]
fn a_token_of_a_second_call_is_named_with_that_call() {
    let config = Har::of([
        Call::post("/api/login")
            .json(&json!({ "user": "ops", "pwd": "hunter22" }))
            .answers(&json!({ "ticket": "t-4711-aabbccdd" })),
        Call::post("/api/token")
            .json(&json!({ "ticket": "t-4711-aabbccdd" }))
            .answers(&json!({ "jwt": TOKEN })),
        total_by("Authorization", &format!("Bearer {TOKEN}")),
    ])
    .config();
    assert!(
        config.has_obstacle("a second call, POST /api/token"),
        "{config:?}"
    );
}
