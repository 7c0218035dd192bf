//! `sign`: a gateway in front of the system checks the signature of every call, that of the sign-in too, and takes none twice.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use monitor_simulator::http::{Answer, Request};

use super::*;

const KEY: &str = "gateway-key-1";

const SIGN: &str = r#"
    key = "gateway-key-1"
    text = "{{ method }}\n{{ path }}?{{ query }}\n{{ headers['x-timestamp'] }}\n{{ headers['x-nonce'] }}\n{{ body }}"
    header = "X-Signature"
    value = "v1={{ signature }}"
    add_headers = { X-Timestamp = "{{ now_ms }}", X-Nonce = "{{ nonce }}" }
"#;

/// What is wrong with the signature of a request, for a gateway whose clock is that of the test's start.
fn refusal(request: &Request, nonces: &Mutex<BTreeSet<String>>) -> Option<&'static str> {
    let header = |name| request.header(name).unwrap_or_default();
    let (timestamp, nonce) = (header("x-timestamp"), header("x-nonce"));
    let Request {
        method, path, query, ..
    } = request;
    let body = std::str::from_utf8(&request.body).unwrap();
    let text = format!("{method}\n{path}?{query}\n{timestamp}\n{nonce}\n{body}");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if header("x-signature") != format!("v1={signature}") {
        return Some("invalid signature");
    }
    if !nonces.lock().unwrap().insert(nonce.to_owned()) {
        return Some("replayed nonce");
    }
    let apart = timestamp.parse::<i64>().unwrap() - 784_111_777_000;
    (apart.abs() > 60_000).then_some("timestamp expired")
}

/// The gateway, and behind it a system that this answers.
async fn gateway(system: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> HttpServer {
    let nonces = Mutex::default();
    server(move |request| match refusal(request, &nonces) {
        Some(why) => Answer::error(403, why),
        None => system(request),
    })
    .await
}

fn signing(url: &str, kind: &str, keys: &str, retries: u32, clock: &Arc<TestClock>) -> Arc<System> {
    let mut settings = settings(url, kind, keys);
    settings.common.sign = Some(toml::from_str(SIGN).unwrap());
    settings.common.retries = Some(retries);
    settings
        .build("shop", &RequestsSettings::default(), clock.clone())
        .unwrap()
}

#[tokio::test]
async fn every_kind_signs_its_sign_in_and_its_calls() {
    let account = "username = 'ann'\npassword = 'hunter2'";
    let json_token = format!("{account}\nlogin = {{ path = '/login', token = '$.token' }}");
    let oauth2 = "login = { path = '/login', client_id = 'id', client_secret = 'hunter2' }";
    for (kind, keys, calls) in [
        ("json_token", json_token.as_str(), 2),
        ("form_cookie", account, 2),
        ("oauth2", oauth2, 2),
        ("system_a", account, 2),
        ("system_b", account, 2),
        ("basic", account, 1),
        ("digest", account, 2),
        ("bearer", "token = 'proof-1234'", 1),
        ("none", "", 1),
    ] {
        let server = gateway(|request| {
            let is_digest = request.header("authorization").is_some_and(|proof| proof.starts_with("Digest "));
            match request.path.as_str() {
                "/total" if is_digest => reading(),
                "/total" => match request.header("authorization").or(request.header("cookie")) {
                    None if request.header("x-kind") == Some("digest") => {
                        let challenge = "Digest realm=\"r\", qop=\"auth\", algorithm=SHA-256, nonce=\"n\"";
                        Answer::status(401).header("WWW-Authenticate", challenge)
                    }
                    None if request.header("x-kind") == Some("none") => reading(),
                    None => Answer::status(401),
                    Some(_) => reading(),
                },
                _ => {
                    let token = json!({ "token": "proof-1234", "access_token": "proof-1234", "token_type": "bearer", "expires_in": 600 });
                    Answer::json(200, &token).header("Set-Cookie", "sid=proof-1234; Path=/")
                }
            }
        })
        .await;
        let mut settings = settings(&server.url(), kind, keys);
        settings.common.sign = Some(toml::from_str(SIGN).unwrap());
        settings
            .common
            .headers
            .insert("X-Kind".to_owned(), kind.to_owned());
        let clock = TestClock::new();
        let system = settings
            .build("shop", &RequestsSettings::default(), clock.clone())
            .unwrap();
        assert_eq!(total(&system).await.unwrap(), 7, "{kind}");
        assert_eq!(server.requests().len(), calls, "{kind}");
        let sent = format!("{:?}", server.requests());
        assert!(!sent.contains(KEY), "{kind}: {sent}");
    }
}

#[tokio::test]
async fn a_retry_is_signed_again_at_its_time() {
    let tries = Mutex::new(0);
    let server = gateway(move |_| {
        let mut tries = tries.lock().unwrap();
        *tries += 1;
        match *tries {
            1 | 2 => Answer::status(503),
            _ => reading(),
        }
    })
    .await;
    let clock = TestClock::new();
    let system = signing(&server.url(), "none", "", 3, &clock);
    let waiting = async {
        while server.requests().len() < 3 {
            clock.advance(Duration::from_millis(2_000));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (total, ()) = tokio::join!(total(&system), waiting);
    assert_eq!(total.unwrap(), 7);
    let sent = |name: &str| -> BTreeSet<String> {
        let requests = server.requests();
        requests
            .iter()
            .map(|request| request.header(name).unwrap().to_owned())
            .collect()
    };
    for name in ["x-nonce", "x-signature", "x-timestamp"] {
        assert_eq!(sent(name).len(), 3, "{name}: {:?}", sent(name));
    }
}

#[tokio::test]
async fn what_goes_to_another_host_is_not_signed() {
    let other = server(|_| Answer::json(200, &json!({ "token": "proof-1234" }))).await;
    let server = gateway(|_| reading()).await;
    let keys = format!(
        "username = 'ann'\npassword = 'hunter2'\nlogin = {{ url = '{}/login', token = '$.token' }}",
        other.url()
    );
    let system = signing(&server.url(), "json_token", &keys, 0, &TestClock::new());
    assert_eq!(total(&system).await.unwrap(), 7);
    let sent = other.requests();
    assert_eq!(
        (
            sent.len(),
            sent[0].header("x-signature"),
            sent[0].header("x-nonce")
        ),
        (1, None, None)
    );
}

#[tokio::test]
async fn a_signature_that_would_replace_the_logins_proof_is_not_sent() {
    let server = server(|request| match request.header("authorization") {
        Some(proof) if proof.starts_with("Digest") => reading(),
        _ => Answer::status(401).header(
            "WWW-Authenticate",
            "Digest realm=\"r\", qop=\"auth\", nonce=\"n\"",
        ),
    })
    .await;
    let account = "username = 'ann'\npassword = 'hunter2'";
    for (kind, keys, sign, says) in [
        (
            "bearer",
            "token = 'proof-1234'",
            "header = 'Authorization'",
            "sign.header: the sign-in's proof is",
        ),
        (
            "basic",
            account,
            "header = 'X'\nadd_headers = { authorization = 'x' }",
            "sign.header: the sign-in's proof is",
        ),
        (
            "digest",
            account,
            "query = 'sign'",
            "sign.query: the proof of digest is over the address",
        ),
        (
            "digest",
            account,
            "header = 'X'\nadd_query = { t = '1' }",
            "sign.query: the proof of digest is over the address",
        ),
    ] {
        let before = server.requests().len();
        let mut settings = settings(&server.url(), kind, keys);
        settings.common.sign = Some(toml::from_str(&format!("key = 'k-12345'\ntext = 'x'\n{sign}")).unwrap());
        let system = settings
            .build("shop", &RequestsSettings::default(), TestClock::new())
            .unwrap();
        let error = total(&system).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        // The challenge is fetched without a proof.
        assert_eq!(server.requests().len() - before, usize::from(kind == "digest"));
    }
}

#[tokio::test]
async fn a_clock_that_goes_wrong_is_told_with_what_to_do() {
    let json_token = "username = 'ann'\npassword = 'hunter2'\nlogin = { path = '/login', token = '$.token' }";
    let ok = "ok = { path = '$.code', equals = [0] }";
    // 7 min 1 s after the start of the test's clock, and in time with it.
    let (late, in_time) = ("Sun, 06 Nov 1994 08:56:38 GMT", "Sun, 06 Nov 1994 08:49:40 GMT");
    for (kind, keys, status, common) in [
        ("none", "", 403, ""),
        ("none", "", 401, ""),
        ("none", "", 400, ""),
        ("none", "", 200, ok),
        ("bearer", "token = 'proof-1234'", 401, ""),
        ("json_token", json_token, 401, ""),
        ("json_token", json_token, 200, ok),
    ] {
        for (date, is_told) in [(late, true), (in_time, false)] {
            let server = server(move |_| {
                let body = json!({ "code": 1408, "message": "timestamp expired" });
                Answer::json(status, &body).header("Date", date)
            })
            .await;
            let mut settings = settings(&server.url(), kind, keys);
            if !common.is_empty() {
                settings.common.ok = Some(
                    toml::from_str::<toml::Table>(common).unwrap()["ok"]
                        .clone()
                        .try_into()
                        .unwrap(),
                );
            }
            settings.common.sign = Some(toml::from_str(SIGN).unwrap());
            let system = settings
                .build("shop", &RequestsSettings::default(), TestClock::new())
                .unwrap();
            let answer = system.call(Call::get(system.url("/total").unwrap())).await;
            let error = match answer {
                Err(error) => error.to_string(),
                Ok(answer) => match answer.clone().require_success() {
                    Err(error) => error.to_string(),
                    Ok(_) => system.ok().unwrap().check(&answer).unwrap_err(),
                },
            };
            let advice = "this machine's clock is 7m 1s behind the server's";
            assert_eq!(error.contains(advice), is_told, "{kind} {status}: {error}");
            assert_eq!(
                error.contains("set both clocks by NTP"),
                is_told,
                "{kind} {status}: {error}"
            );
            assert!(!error.contains(KEY), "{error}");
        }
    }
}

#[tokio::test]
async fn a_server_that_repeats_the_text_that_it_signed_shows_no_key() {
    let server = server(|request| {
        let said = format!(
            "expected md5 of {}|{KEY}, got {:?}",
            request.path,
            request.header("x-sign")
        );
        Answer::error(403, &said)
    })
    .await;
    let mut settings = settings(&server.url(), "none", "");
    let sign =
        format!("key = '{KEY}'\nalgorithm = 'md5'\ntext = '{{{{ path }}}}|{{{{ key }}}}'\nheader = 'X-Sign'");
    settings.common.sign = Some(toml::from_str(&sign).unwrap());
    let system = settings
        .build("shop", &RequestsSettings::default(), TestClock::new())
        .unwrap();
    let error = total(&system).await.unwrap_err();
    let said = format!("{error} {error:?} {system:?}");
    assert!(said.contains("expected md5 of /total|[redacted]"), "{said}");
    assert!(!said.contains(KEY), "{said}");
}
