//! Where the sign-in is, and what goes along afterwards.

use serde_json::{Value, json};

use crate::har::{BEGIN_MS, Call, Har, LOGIN_PAGE, form_sign_in, total, total_by};

const TOKEN: &str = "tok-4f9a8b7c6d5e";

fn account() -> Value {
    json!({ "username": "ops", "password": "hunter22" })
}

#[test]
fn a_token_of_a_json_answer_is_found_with_its_header() {
    for (answer, header, sent, expected) in [
        (
            json!({ "token": TOKEN }),
            "Authorization",
            "Bearer TOKEN",
            json!({ "login": { "path": "/api/login", "token": "$.token" } }),
        ),
        (
            json!({ "code": 0, "data": { "accessToken": TOKEN, "name": "ops" } }),
            "authorization",
            "TOKEN",
            json!({ "scheme": "", "login": { "path": "/api/login", "token": "$.data.accessToken" } }),
        ),
        (
            json!({ "data": { "user": { "it's": TOKEN } } }),
            "X-Access-Token",
            "TOKEN",
            json!({ "header": "x-access-token", "login": { "path": "/api/login", "token": "$.data.user['it\\'s']" } }),
        ),
        (
            json!({ "token": "Bearer tok-4f9a8b7c6d5e", "expires_in": 7200 }),
            "Authorization",
            "Token TOKEN",
            json!({ "scheme": "Token", "login": { "path": "/api/login", "token": "$.token", "expires_in": "$.expires_in" } }),
        ),
    ] {
        let sent = sent.replace("TOKEN", TOKEN);
        let sign_in = Call::post("/api/login").json(&account()).answers(&answer);
        let config = Har::of([sign_in, total_by(header, &sent)]).config();
        let mut wanted = expected;
        wanted["kind"] = json!("json_token");
        wanted["base_url"] = json!("https://shop.example");
        wanted["username"] = json!("ops");
        wanted["password"] = json!({ "env": "SHOP_PASSWORD" });
        assert_eq!(config.system, wanted, "{}", config.text);
        assert_eq!(config.fetches(), ["/api/orders/total $.total"]);
        assert!(config.obstacles.is_empty(), "{:?}", config.obstacles);
    }
}

#[test]
fn a_token_may_be_in_a_header_of_the_answer() {
    let sign_in = Call::post("/api/login")
        .json(&account())
        .answer_header("X-Auth-Token", TOKEN)
        .answers(&json!({}));
    let config = Har::of([sign_in, total_by("X-Auth-Token", TOKEN)]).config();
    assert_eq!(config.system["login"]["token_header"], "x-auth-token");
    assert_eq!(config.system["header"], "x-auth-token");
}

#[test]
fn the_life_of_a_token_has_a_unit_and_a_refresh_token_a_call() {
    let answer =
        json!({ "data": { "token": TOKEN, "expireTime": 7_200_000, "refreshToken": "ref-9988776655" } });
    let again = json!({ "data": { "token": "tok-2222222222", "expireTime": 7_200_000 } });
    let config = Har::of([
        Call::post("/api/login").json(&account()).answers(&answer),
        total_by("Authorization", &format!("Bearer {TOKEN}")),
        Call::post("/api/refresh")
            .json(&json!({ "rt": "ref-9988776655" }))
            .answers(&again),
    ])
    .config();
    let login = &config.system["login"];
    assert_eq!(
        (&login["expires_in"], &login["expires_unit"]),
        (&json!("$.data.expireTime"), &json!("ms"))
    );
    let refresh = json!({ "path": "/api/refresh", "from": "$.data.refreshToken", "field": "rt" });
    assert_eq!(login["refresh"], refresh);
    // A moment in time is no life.
    let answer = json!({ "token": TOKEN, "expires": BEGIN_MS / 1000 + 3600 });
    let sign_in = Call::post("/api/login").json(&account()).answers(&answer);
    let config = Har::of([sign_in, total_by("Authorization", &format!("Bearer {TOKEN}"))]).config();
    assert_eq!(config.system["login"]["expires_in"], Value::Null);
}

#[test]
fn names_of_fields_and_constant_ones_are_taken_over() {
    let body = json!({ "email": "ops@shop.example", "passwd": "hunter22", "tenantId": "000000", "rememberMe": true,
                       "type": 1, "time": BEGIN_MS + 12, "app_key": "4f9a8b7c6d5e4f3a2b1c" });
    let sign_in = Call::post("/api/login")
        .json(&body)
        .answers(&json!({ "token": TOKEN }));
    let proposal = Har::of([sign_in, total_by("Authorization", &format!("Bearer {TOKEN}"))]).propose();
    let config = crate::har::Config::of(&proposal);
    let login = &config.system["login"];
    assert_eq!(
        login["fields"],
        json!({ "username": "email", "password": "passwd" })
    );
    let extra = json!({ "tenantId": "000000", "rememberMe": true, "type": 1, "time": "{{ now_ms }}",
                        "app_key": { "env": "SHOP_APP_KEY" } });
    assert_eq!(login["extra"], extra);
    let variables: Vec<_> = proposal
        .variables()
        .iter()
        .map(|one| (one.name.as_str(), one.recorded_secret()))
        .collect();
    assert_eq!(
        variables,
        [
            ("SHOP_PASSWORD", Some("hunter22")),
            ("SHOP_APP_KEY", Some("4f9a8b7c6d5e4f3a2b1c"))
        ]
    );
}

#[test]
fn a_document_of_graphql_is_sent_as_it_was() {
    let query = "mutation Login($u: String!, $p: String!) {\n  login(user: $u, password: $p) { token } }";
    let body = json!({ "operationName": "Login", "query": query, "variables": { "username": "ops", "password": "hunter22" } });
    let sign_in = Call::post("/graphql")
        .json(&body)
        .answers(&json!({ "data": { "login": { "token": TOKEN } } }));
    let read = json!({ "query": "query { orders { pending } }" });
    let read = Call::post("/graphql")
        .json(&read)
        .header("Authorization", &format!("Bearer {TOKEN}"))
        .answers(&json!({ "data": { "orders": { "pending": 5 } } }));
    let config = Har::of([sign_in, read]).config();
    let sent = json!({ "operationName": "Login", "query": query,
                       "variables": { "username": "{{ username }}", "password": "{{ password }}" } });
    assert_eq!(config.system["login"]["body"], sent);
    assert_eq!(config.system["login"]["token"], "$.data.login.token");
    let fetch = &config.metrics.as_object().unwrap().values().next().unwrap()["fetch"];
    assert_eq!(
        (&fetch["method"], &fetch["body"]["query"]),
        (&json!("POST"), &json!("query { orders { pending } }"))
    );
}

#[test]
fn a_form_is_a_cookie_and_its_page_is_fetched_first() {
    let config = Har::of([
        Call::get("/").to(302, "/accounts/sign-in?next=/"),
        Call::get("/accounts/sign-in?next=/").page(LOGIN_PAGE),
        form_sign_in(&[]),
        total(("sid", "s3ss10n-4711-abcd")),
    ])
    .config();
    assert_eq!(config.system["kind"], "form_cookie");
    assert_eq!(
        config.system["login"],
        json!({ "path": "/login", "form_path": "/accounts/sign-in" })
    );
    assert_eq!(
        config.system.get("signed_out"),
        None,
        "it is the page of the form"
    );
    assert!(
        config.obstacles.is_empty() && config.doubts.is_empty(),
        "{config:?}"
    );
    // Without a page there is none to fetch.
    let config = Har::of([form_sign_in(&[]), total(("sid", "s3ss10n-4711-abcd"))]).config();
    assert_eq!(config.system["login"], json!({ "path": "/login" }));
}

#[test]
fn a_cookie_by_json_is_encoded_so() {
    let sign_in = Call::post("/api/session")
        .json(&json!({ "user": "ops", "pwd": "hunter22" }))
        .sets("sid", "s3ss10n-4711-abcd");
    let config = Har::of([
        sign_in.answers(&json!({ "ok": true })),
        total(("sid", "s3ss10n-4711-abcd")),
    ])
    .config();
    let login = json!({ "path": "/api/session", "encode": "json", "fields": { "username": "user", "password": "pwd" } });
    assert_eq!(
        (&config.system["kind"], &config.system["login"]),
        (&json!("form_cookie"), &login)
    );
}

#[test]
fn a_token_against_forged_requests_is_found_where_it_came_from() {
    const CSRF: &str = "c5rf-t0k3n-9876543210";
    let hidden = format!("<form><input type=hidden name=csrfmiddlewaretoken value={CSRF}>{LOGIN_PAGE}");
    let meta = format!("<meta name=csrf-token content={CSRF}>{LOGIN_PAGE}");
    let after = || total(("sid", "s3ss10n-4711-abcd"));
    let page = |html: &str| Call::get("/login").page(html);
    for (calls, expected) in [
        // A hidden field goes back by itself.
        (
            vec![page(&hidden), form_sign_in(&[("csrfmiddlewaretoken", CSRF)])],
            Value::Null,
        ),
        (
            vec![page(&meta), form_sign_in(&[("_token", CSRF)])],
            json!({ "input": "csrf-token", "field": "_token" }),
        ),
        (
            vec![page(&meta), form_sign_in(&[]).header("X-CSRF-Token", CSRF)],
            json!({ "input": "csrf-token", "header": "x-csrf-token" }),
        ),
        (
            vec![
                page(LOGIN_PAGE).sets("_xsrf", CSRF),
                form_sign_in(&[("_xsrf", CSRF)]).cookie("_xsrf", CSRF),
            ],
            json!({ "cookie": "_xsrf" }),
        ),
        (
            vec![
                page(LOGIN_PAGE).sets("XSRF-TOKEN", CSRF),
                form_sign_in(&[])
                    .cookie("XSRF-TOKEN", CSRF)
                    .header("X-XSRF-TOKEN", CSRF),
            ],
            json!({ "cookie": "XSRF-TOKEN", "header": "x-xsrf-token" }),
        ),
    ] {
        let config = Har::of(calls.into_iter().chain([after()])).config();
        assert_eq!(config.system["login"]["csrf"], expected, "{}", config.text);
        assert_eq!(config.system["login"]["form_path"], "/login");
        assert_eq!(config.system["login"].get("extra"), None);
    }
}

#[test]
fn a_value_of_an_answer_before_is_a_step() {
    let body = json!({ "username": "ops", "password": "hunter22", "ticket": "4711-aabbccdd" });
    let config = Har::of([
        Call::get("/api/prepare?_=1795766400123").answers(&json!({ "data": { "ticket": "4711-aabbccdd" } })),
        Call::post("/api/login")
            .json(&body)
            .answers(&json!({ "token": TOKEN })),
        total_by("Authorization", &format!("Bearer {TOKEN}")),
    ])
    .config();
    let login = &config.system["login"];
    let step = json!([{ "path": "/api/prepare", "take": { "from_ticket": "$.data.ticket" } }]);
    assert_eq!(
        (&login["steps"], &login["extra"]),
        (&step, &json!({ "ticket": "{{ from_ticket }}" }))
    );
}

#[test]
fn of_several_tries_the_good_one_counts_and_a_new_password_is_no_sign_in() {
    let wrong = Call::post("/login")
        .form(&[("username", "ops"), ("password", "hunter21")])
        .page(LOGIN_PAGE);
    let change = [("old_password", "hunter22"), ("new_password", "hunter33")];
    let change = Call::post("/account/password")
        .form(&change)
        .cookie("sid", "s3ss10n-4711-abcd")
        .to(302, "/");
    let proposal = Har::of([
        wrong,
        form_sign_in(&[("go", "1")]),
        total(("sid", "s3ss10n-4711-abcd")),
        change,
    ])
    .propose();
    assert_eq!(proposal.variables()[0].recorded_secret(), Some("hunter22"));
    let refused = Call::post("/login")
        .form(&[("username", "ops"), ("password", "hunter21")])
        .status(401);
    assert_eq!(Har::of([refused, total(("a", "b"))]).propose().kind(), "none");
}

#[test]
fn a_password_that_goes_along_with_each_call_is_basic() {
    // ops:hunter22
    let call = total_by("Authorization", "Basic b3BzOmh1bnRlcjIy");
    let proposal = Har::of([call]).propose();
    let config = crate::har::Config::of(&proposal);
    assert_eq!(
        (&config.system["kind"], &config.system["username"]),
        (&json!("basic"), &json!("ops"))
    );
    assert_eq!(proposal.variables()[0].recorded_secret(), Some("hunter22"));
    let digest = r#"Digest username="ops", realm="r", nonce="4f9a8b7c6d5e4f3a", response="0123456789abcdef0123456789abcdef""#;
    let config = Har::of([total_by("Authorization", digest)]).config();
    assert_eq!(
        (&config.system["kind"], &config.system["username"]),
        (&json!("digest"), &json!("ops"))
    );
}

#[test]
fn a_token_from_the_first_call_on_is_a_fixed_one() {
    let config = Har::of([total_by("Authorization", &format!("Bearer {TOKEN}"))]).config();
    assert_eq!(
        (&config.system["kind"], &config.system["token"]),
        (&json!("bearer"), &json!({ "env": "SHOP_TOKEN" }))
    );
    assert!(
        config.has_doubt("begins after the sign-in"),
        "{:?}",
        config.doubts
    );
    let config = Har::of([total_by("X-Api-Key", TOKEN)]).config();
    assert_eq!(
        (&config.system["kind"], &config.system["header"]),
        (&json!("bearer"), &json!("x-api-key"))
    );
}

#[test]
fn a_client_of_its_own_is_a_value_of_the_environment() {
    let sign_in = Call::post("/oauth/token")
        .form(&[
            ("username", "ops"),
            ("password", "hunter22"),
            ("grant_type", "password"),
            ("scope", "server"),
        ])
        .header("Authorization", "Basic d2ViOndlYi1zZWNyZXQ=")
        .header("TENANT-ID", "1")
        .answers(&json!({ "access_token": TOKEN, "expires_in": 43_199 }));
    let config = Har::of([sign_in, total_by("Authorization", &format!("Bearer {TOKEN}"))]).config();
    let login = &config.system["login"];
    assert_eq!(login["encode"], "form");
    assert_eq!(
        login["extra"],
        json!({ "grant_type": "password", "scope": "server" })
    );
    assert_eq!(
        login["headers"],
        json!({ "Authorization": "{{ client }}", "tenant-id": "1" })
    );
    assert_eq!(login["values"], json!({ "client": { "env": "SHOP_CLIENT" } }));
    assert!(!config.text.contains("d2ViOndlYi1zZWNyZXQ"), "{}", config.text);
}

#[test]
fn how_good_answers_and_lost_sessions_show_is_taken_from_the_recording() {
    let bearer = format!("Bearer {TOKEN}");
    let get = |path: &str| {
        Call::get(path)
            .header("Authorization", &bearer)
            .header("X-Tenant", "t1")
            .header("X-Requested-With", "XMLHttpRequest")
    };
    let config = Har::of([
        Call::get("/api/me").answers(&json!({ "code": 401, "msg": "please sign in" })),
        Call::post("/api/login")
            .json(&account())
            .answers(&json!({ "code": 200, "data": { "token": TOKEN } })),
        get("/api/orders/stats").answers(&json!({ "code": 200, "data": { "unpaid": 3 } })),
        get("/api/tasks/stats").answers(&json!({ "code": 200, "data": { "todo": 4 } })),
    ])
    .config();
    assert_eq!(config.system["ok"], json!({ "path": "$.code", "equals": [200] }));
    assert_eq!(
        config.system["signed_out"],
        json!({ "body": { "path": "$.code", "equals": [401] } })
    );
    assert_eq!(
        config.system["headers"],
        json!({ "x-tenant": "t1", "x-requested-with": "XMLHttpRequest" })
    );
    assert_eq!(
        config.fetches(),
        ["/api/orders/stats $.data.unpaid", "/api/tasks/stats $.data.todo"]
    );
    let config = Har::of([
        Call::get("/home").to(302, "/user/signin?from=/home"),
        Call::post("/api/login")
            .json(&account())
            .answers(&json!({ "token": TOKEN })),
        total_by("Authorization", &bearer),
    ])
    .config();
    assert_eq!(
        config.system["signed_out"],
        json!({ "redirect_to": "/user/signin" })
    );
    assert_eq!(config.system.get("ok"), None);
}

#[test]
fn a_login_page_in_the_place_of_another_is_known_by_its_field() {
    let page = "<html><body><p>待处理：<b id=n>5</b></p></body></html>";
    let calls = || {
        [
            Call::get("/login").page(LOGIN_PAGE),
            form_sign_in(&[]),
            Call::get("/home").cookie("sid", "s3ss10n-4711-abcd").page(page),
        ]
    };
    let config = Har::of(calls()).config();
    assert_eq!(
        config.system["signed_out"],
        json!({ "body_contains": "type=password" })
    );
    // Where a page of its own has such a field, or a redirect was recorded, it is not.
    let own = Call::get("/account").page("<form><input type=password name=new></form>");
    assert_eq!(
        Har::of(calls().into_iter().chain([own]))
            .config()
            .system
            .get("signed_out"),
        None
    );
    let redirect = Call::get("/home").to(302, "/login");
    assert_eq!(
        Har::of([redirect].into_iter().chain(calls()))
            .config()
            .system
            .get("signed_out"),
        None
    );
}
