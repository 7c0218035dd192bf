//! Nothing that a recording keeps secret is in anything that comes out.

use monitor_recording::propose;
use serde_json::json;

use crate::har::{Call, Har};

/// All that is secret in [`recording`]; each has a part that is nowhere but in it.
const MARKERS: &[&str] = &[
    "MARKpassword1",
    "MARKcookie2",
    "MARKtoken3",
    "MARKrefresh4",
    "MARKbasic5",
    "MARKquery6",
    "MARKcsrf7",
    "MARKheader8",
    "MARKpath9",
    "MARKoauth10",
    "MARKsid11",
    "MARKpost12",
    "MARKkey13",
];

fn recording() -> Har {
    let long = |marker: &str| format!("{marker}a1B2c3D4e5F6");
    let auth = |call: Call| {
        call.header("Authorization", &format!("Bearer {}", long("MARKtoken3")))
            .header("X-Internal", &long("MARKheader8"))
            .cookie("JSESSIONID", &long("MARKcookie2"))
    };
    let page = format!(
        "<meta name=csrf content={0}><form><input type=hidden name=_csrf value={0}><input name=u><input type=password name=p></form>",
        long("MARKcsrf7")
    );
    let keyed = json!({ "total": 4, long("MARKkey13"): { "total": 5 }, "stats": [{ "name": long("MARKkey13"), "value": 3 }] });
    Har::of([
        Call::get(&format!("/login;jsessionid={}?ticket={}", long("MARKpath9"), long("MARKquery6"))).page(&page).sets("JSESSIONID", &long("MARKcookie2")),
        Call::post(&format!("/auth/login?sid={}", long("MARKsid11")))
            .json(&json!({ "u": "ops", "p": "MARKpassword1", "_csrf": long("MARKcsrf7"), "client_secret": long("MARKoauth10") }))
            .header("Authorization", "Basic d2ViOk1BUktiYXNpYzU=")
            .cookie("JSESSIONID", &long("MARKcookie2"))
            .answers(&json!({ "token": long("MARKtoken3"), "refresh": long("MARKrefresh4") })),
        auth(Call::get(&format!("/api/{}/total", long("MARKpath9")))).answers(&json!({ "total": 1 })),
        auth(Call::get(&format!("/api/total?key={}&code=MARKquery6", long("MARKquery6")))).answers(&json!({ "total": 2 })),
        auth(Call::post("/api/search")).json(&json!({ "session": long("MARKpost12") })).answers(&json!({ "total": 3 })),
        auth(Call::get("/api/summary")).answers(&keyed),
    ])
}

#[test]
fn no_secret_is_in_the_proposal_or_in_debug() {
    let proposal = recording().propose();
    let shown = format!("{proposal}\n{proposal:?}\n{:?}", proposal.notes());
    for marker in MARKERS {
        assert!(!shown.contains(marker), "{marker} in:\n{shown}");
    }
    for encoded in ["d2ViOk1BUktiYXNpYzU", "MARK"] {
        assert!(!shown.contains(encoded), "{encoded} in:\n{shown}");
    }
    assert!(
        shown.contains("$.total") && shown.contains("SHOP_PASSWORD"),
        "{shown}"
    );
}

#[test]
fn no_secret_is_in_an_error() {
    let whole = recording().bytes();
    let broken: Vec<Vec<u8>> = vec![
        whole[..whole.len() / 2].to_vec(),
        [b"MARKpassword1".as_slice(), &whole].concat(),
        String::from_utf8(whole.clone())
            .unwrap()
            .replace("\"entries\"", "\"MARKkey13\"")
            .into_bytes(),
        String::from_utf8(whole.clone())
            .unwrap()
            .replacen("\"method\"", "\"MARKkey13\" MARKtoken3", 1)
            .into_bytes(),
        String::from_utf8(whole)
            .unwrap()
            .replace("https://", "MARKpath9://")
            .into_bytes(),
    ];
    for bytes in broken {
        let error = propose(&bytes, None).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("MARK"), "{shown}");
    }
}

#[test]
fn a_password_that_is_a_usual_word_hides_nothing_else() {
    for password in ["admin", "password", "123456", "total", "api", "1"] {
        let body = json!({ "username": "admin", "password": password });
        let har = Har::of([
            Call::post("/admin/login")
                .json(&body)
                .answers(&json!({ "token": "tok-4f9a8b7c6d5e" })),
            Call::get("/admin/api/total")
                .header("Authorization", "Bearer tok-4f9a8b7c6d5e")
                .answers(&json!({ "total": 42 })),
        ]);
        let config = har.config();
        assert_eq!(config.fetches(), ["/admin/api/total $.total"], "{password}");
        assert_eq!(config.system["username"], "admin", "{password}");
        assert_eq!(config.system["login"]["path"], "/admin/login");
    }
}
