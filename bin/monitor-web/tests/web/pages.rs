//! The pages besides `/monitor`.

use chrono::TimeDelta;
use monitor_model::{DeliveryStatus, IncidentKind, alerts, deliveries, records};

use crate::support::{Database, Web, new_record};

const PAGES: [&str; 4] = ["/alerts", "/deliveries", "/system", "/monitor/z"];

#[tokio::test]
async fn each_page_is_in_both_languages_with_its_place_in_the_header() {
    let web = Web::start().await;
    let titles = [
        ("/alerts", "<title>Alerts · Monitor", "<title>告警 · 监控"),
        ("/deliveries", "<title>Deliveries · Monitor", "<title>送达 · 监控"),
        ("/system", "<title>System · Monitor", "<title>系统 · 监控"),
        (
            "/monitor/z",
            "<title>Metric z · Monitor",
            "<title>Metric z · 监控",
        ),
    ];
    for (path, english, chinese) in titles {
        let page = web.get(path).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{path}"
        );
        assert!(page.body.contains(english), "{path}: {}", page.body);
        let current = format!(r#"<a href="{path}" aria-current="page">"#);
        assert_eq!(page.body.contains(&current), path != "/monitor/z", "{path}");
        let page = web.get(&format!("{path}?lang=zh-CN")).await;
        assert!(page.body.contains(chinese), "{path}");
        assert!(page.header("set-cookie").is_some());
    }
    let front = web.get("/monitor").await.body;
    for path in ["/monitor", "/alerts", "/deliveries", "/system"] {
        assert!(front.contains(&format!(r#"<a href="{path}""#)), "{path}");
    }
    web.refused("GET", "/monitor/w", "", 404, "not-found").await;
    web.refused("GET", "/alerts?cursor=x", "", 400, "bad-query").await;
    web.refused("POST", "/alerts", "", 405, "method-not-allowed")
        .await;
    web.stop().await;
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let web = Web::start().await;
    for path in [
        "/monitor",
        "/alerts",
        "/deliveries",
        "/system",
        "/monitor/z",
        "/api/v1/metrics",
        "/healthz",
    ] {
        let (plain, slash) = (web.get(path).await, web.get(&format!("{path}/")).await);
        assert_eq!((plain.status, slash.status), (200, 200), "{path}/");
    }
    let chinese = web.get("/alerts/?lang=zh-CN").await;
    assert!(chinese.body.contains("<title>告警 · 监控"), "the query is kept");
    assert_eq!(web.get("//monitor//z/").await.status, 200);
    web.refused("GET", "/nothing/", "", 404, "not-found").await;
    web.refused("POST", "/alerts/", "", 405, "method-not-allowed")
        .await;
    let records = web.post("/monitor/", "").await;
    assert_eq!(records.status, 200);
    for (root, page) in [("/", "/monitor"), ("/?lang=zh-CN", "/monitor?lang=zh-CN")] {
        let answer = web.get(root).await;
        assert_eq!((answer.status, answer.header("location")), (302, Some(page)));
    }
    web.stop().await;
}

#[tokio::test]
async fn no_page_seems_well_while_no_worker_is_alive() {
    let web = Web::start().await;
    for path in PAGES {
        let page = web.get(path).await.body;
        assert!(page.contains("No worker has reported yet"), "{path}");
    }
    assert!(
        web.get("/system")
            .await
            .body
            .contains("Incidents are not being checked")
    );
    web.heartbeat().await;
    for path in PAGES {
        let page = web.get(path).await.body;
        assert!(!page.contains(r#"data-testid="worker-banner""#), "{path}");
    }
    web.clock.step_wall(TimeDelta::seconds(90));
    let page = web.get("/alerts").await.body;
    assert!(
        page.contains("The worker was last heard from 1 min ago."),
        "{page}"
    );
    web.stop().await;
}

#[tokio::test]
async fn alerts_are_shown_with_what_can_be_done() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let empty = web.get("/alerts").await.body;
        assert!(empty.contains("No alert is open.") && empty.contains("Nothing is silenced."));
        let (free, taken, over) = (web.alert("z").await, web.alert("x").await, web.alert("y").await);
        let silence = web.silence(Some("x"), "a restart", 30).await;
        let at = web.now();
        web.write(move |c| {
            alerts::acknowledge(c, taken, "Anna", Some("on it"), at)?;
            alerts::resolve(c, over, at, Some(3.0))
        })
        .await;
        let page = web.get("/alerts").await.body;
        for part in [
            format!(r#"data-testid="ack-{free}""#),
            format!(r#"data-testid="silence-{free}""#),
            r#"<a href="/monitor/z">Metric z</a>"#.into(),
            "131 is above 100".into(),
            "Acknowledged by Anna".into(),
            r#"<q class="note">on it</q>"#.into(),
            format!(r#"data-testid="cancel-silence-{silence}""#),
            r#"Silenced until <time data-clock datetime="2026-11-03T09:42:40.500Z">09:42</time>"#.into(),
            "a restart · Anna".into(),
        ] {
            assert!(page.contains(&part), "{part} is not in {page}");
        }
        assert!(!page.contains(&format!(r#"data-testid="ack-{taken}""#)));
        assert!(
            !page.contains(&format!(r#"data-testid="alert-row-{over}""#)),
            "only the open ones"
        );
        let all = web.get("/alerts?show=all").await.body;
        assert!(
            all.contains(&format!(r#"data-testid="alert-row-{over}""#)),
            "{all}"
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn further_messages_are_counted_in_words_of_both_languages() {
    let web = Web::start().await;
    let alert = web.alert("z").await;
    for (more, english, chinese) in [
        (0, None, None),
        (1, Some("and 1 more message<"), Some("另有 1 条消息<")),
        (1, Some("and 2 more messages<"), Some("另有 2 条消息<")),
    ] {
        web.write(move |c| alerts::add_further_messages(c, alert, more))
            .await;
        let page = web.get("/alerts?lang=en").await.body;
        assert_eq!(page.contains("more message"), english.is_some());
        assert!(english.is_none_or(|text| page.contains(text)), "{page}");
        let page = web.get("/alerts?lang=zh-CN").await.body;
        assert!(chinese.is_none_or(|text| page.contains(text)), "{page}");
    }
    web.stop().await;
}

#[tokio::test]
async fn more_alerts_are_a_link_away() {
    let web = Web::start().await;
    let first = web.alert("z").await;
    for _ in 0..50 {
        web.alert("z").await;
    }
    let page = web.get("/alerts").await.body;
    assert!(!page.contains(&format!(r#"data-testid="alert-row-{first}""#)));
    let cursor = first + 1;
    assert!(page.contains(&format!(r#"href="?cursor={cursor}""#)), "{page}");
    let older = web.get(&format!("/alerts?cursor={cursor}")).await.body;
    assert!(older.contains(&format!(r#"data-testid="alert-row-{first}""#)));
    assert!(!older.contains("?cursor="));
    web.stop().await;
}

#[tokio::test]
async fn an_alert_has_a_page_of_its_own() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let alert = web.alert("z").await;
        let payload = r#"{"text":"Z is at 131","url":"https://secret.example/?t=1"}"#;
        web.unsent(Some(alert), "oncall", DeliveryStatus::GivenUp, payload)
            .await;
        web.unsent(None, "mail", DeliveryStatus::GivenUp, r#"{"text":"of another"}"#)
            .await;
        let path = format!("/alerts/{alert}");
        let list = web.get("/alerts").await.body;
        assert!(list.contains(&format!(r#"<a href="{path}">"#)), "{list}");
        let page = web.get(&path).await.body;
        for part in [
            format!("Alert {alert}</h1>"),
            format!(r#"data-testid="ack-{alert}""#),
            "131 is above 100".into(),
            "Z is at 131".into(),
            "given up".into(),
            "No messages yet.".into(),
        ] {
            assert!(page.contains(&part), "{part} is not in {page}");
        }
        assert!(!page.contains("secret") && !page.contains("of another"), "{page}");
        let zh = web.get(&format!("{path}?lang=zh-CN")).await.body;
        assert!(zh.contains("告警消息") && zh.contains("暂无消息。"), "{zh}");
        for (path, status) in [("/alerts/999", 404), ("/alerts/x", 404), ("/alerts/-1", 404)] {
            assert_eq!(web.get(path).await.status, status, "{path}");
        }
        web.stop().await;
    }
}

#[tokio::test]
async fn what_waits_for_a_channel_that_is_gone_is_not_being_retried() {
    let web = Web::on(Database::sqlite()).await;
    let record = web.record("x", "waits").await.id;
    web.delivery(record, "pager").await;
    let mark =
        |c: &mut monitor_model::Conn| deliveries::mark_orphaned(c, &["mail".to_owned()], "no such channel");
    web.write(mark).await;
    let page = web.get("/deliveries").await.body;
    assert!(
        page.contains("not in the config") && page.contains("no such channel") && !page.contains("next at"),
        "{page}"
    );
    let row = &web.get("/api/v1/deliveries").await.json()["deliveries"][0];
    assert_eq!(
        (&row["channel_configured"], &row["next_at"]),
        (&false.into(), &serde_json::Value::Null)
    );
    web.stop().await;
}

#[tokio::test]
async fn what_was_not_delivered_is_shown() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let page = web.get("/deliveries").await.body;
        assert!(page.contains("Everything was delivered."), "{page}");
        let payload = r#"{"text":"Z is at 131","url":"https://secret.example/?t=1"}"#;
        let lost = web.unsent(None, "oncall", DeliveryStatus::GivenUp, payload).await;
        let record = web.record("x", "greylisted").await.id;
        web.delivery(record, "mail").await;
        let now = web.now();
        web.write(move |c| {
            let claim = deliveries::Claim {
                lane: "mail",
                worker: "w",
                now,
                lease_until: now,
                limit: 1,
                in_flight: &[],
                turns: &monitor_model::deliveries::Turns::default(),
            };
            for d in deliveries::claim(c, &claim)? {
                let later = now + TimeDelta::minutes(5);
                deliveries::mark_retry(c, d.id, d.attempt, later, "451 try again later")?;
            }
            Ok(())
        })
        .await;
        let page = web.get("/deliveries").await.body;
        for part in [
            format!(r#"data-testid="retry-{lost}""#),
            r#"data-testid="retry-all-oncall""#.into(),
            "Z is at 131".into(),
            "given up".into(),
            "550 &lt;b&gt;no such user".into(),
            "Still being tried".into(),
            "451 try again later".into(),
            ">09:17</time>".into(),
        ] {
            assert!(page.contains(&part), "{part} is not in {page}");
        }
        assert!(!page.contains("secret") && !page.contains("retry-all-mail"));
        web.stop().await;
    }
}

#[tokio::test]
async fn the_monitor_shows_itself() {
    let web = Web::start().await;
    web.heartbeat().await;
    web.unsent(None, "mail", DeliveryStatus::Failed, "{}").await;
    let open = web
        .incident(IncidentKind::System, "a", "System A cannot be read")
        .await;
    let over = web
        .incident(IncidentKind::Gap, "", "Nobody watched for 3 min")
        .await;
    let at = web.now();
    web.write(move |c| monitor_model::incidents::end(c, over, at))
        .await;
    web.clock.step_wall(TimeDelta::seconds(60));
    let page = web.get("/system").await.body;
    for part in [
        format!(r#"data-testid="incident-{open}""#),
        "<b>System a</b>".into(),
        "Nobody watched for 3 min".into(),
        "<b>Worker</b>".into(),
        ">silent</span>".into(),
        ">1 min ago</time>".into(),
        "1 not delivered".into(),
    ] {
        assert!(page.contains(&part), "{part} is not in {page}");
    }
    let front = web.get("/monitor").await.body;
    assert!(front.contains(r#"data-tone="critical""#) && front.contains("System A cannot be read"));
    assert!(!front.contains("Nobody watched"), "that is over");
    web.stop().await;
}

#[tokio::test]
async fn a_metric_shows_why_it_was_judged_so() {
    let web = Web::start().await;
    web.value("z", 131.0).await;
    web.evaluation("z", 1, "131 is above 100", "alert,silence:1")
        .await;
    let silence = web.silence(Some("z"), "stocktaking", 24 * 60).await;
    let alert = web.alert("z").await;
    web.alert("x").await;
    let page = web.get("/monitor/z").await.body;
    for part in [
        r#"data-testid="metric-card-z""#.to_owned(),
        r#"data-testid="silence-form""#.into(),
        r#"name="for" value="4h""#.into(),
        ">Alert</li>".into(),
        ">Not notified: silenced</li>".into(),
        format!(r#"data-testid="alert-row-{alert}""#),
        format!(r#"data-testid="cancel-silence-{silence}""#),
        r#"datetime="2026-11-04T09:12:40.500Z">11-04 09:12</time>"#.into(),
    ] {
        assert!(page.contains(&part), "{part} is not in {page}");
    }
    assert!(!page.contains("Metric x"), "another's alert");
    let front = web.get("/monitor").await.body;
    assert!(front.contains(r#"<a href="/monitor/z">Metric z</a>"#), "{front}");
    assert!(front.contains("stocktaking"));
    web.stop().await;
}

#[tokio::test]
async fn a_record_says_who_acknowledged_it_or_lets_it_be_acknowledged() {
    let web = Web::start().await;
    let (free, taken) = (web.alert("z").await, web.alert("x").await);
    let at = web.now();
    let rows = web
        .write(move |c| {
            let mut ids = Vec::new();
            for alert in [free, taken] {
                let mut new = new_record("z", "a message", at);
                new.alert_id = Some(alert);
                ids.push(records::insert(c, &new)?.unwrap().id);
            }
            alerts::acknowledge(c, taken, "Anna", None, at)?;
            Ok(ids)
        })
        .await;
    let page = web.get("/monitor").await.body;
    let button = |id: i64| {
        let part = page.split(&format!(r#"data-testid="ack-{id}""#)).nth(1).unwrap();
        part.split('>').next().unwrap().to_owned()
    };
    assert!(!button(rows[0]).ends_with(" hidden"), "{}", button(rows[0]));
    assert!(button(rows[1]).ends_with(" hidden"), "{}", button(rows[1]));
    assert!(page.contains("Acknowledged by Anna"));
    web.stop().await;
}

#[tokio::test]
async fn hostile_text_is_never_markup() {
    let web = Web::start().await;
    let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let key = web.alert(hostile).await;
    let z = web.alert("z").await;
    web.incident(IncidentKind::Channel, hostile, hostile).await;
    web.silence(Some("z"), hostile, 5).await;
    web.evaluation(
        "z",
        1,
        "\"><script>alert(1)</script>",
        "<script>alert(1)</script>,maintenance:<img src=x onerror=alert(1)>",
    )
    .await;
    let payload = serde_json::json!({ "text": hostile }).to_string();
    web.unsent(
        Some(z),
        "\"><script>alert(1)</script>",
        DeliveryStatus::Failed,
        &payload,
    )
    .await;
    let at = web.now();
    web.write(move |c| {
        alerts::acknowledge(c, key, hostile, Some(hostile), at)?;
        alerts::acknowledge(c, z, hostile, Some(hostile), at)
    })
    .await;
    for path in PAGES.iter().chain(&["/monitor", "/alerts?show=all"]) {
        for lang in ["en", "zh-CN"] {
            let sign = if path.contains('?') { '&' } else { '?' };
            let page = web.get(&format!("{path}{sign}lang={lang}")).await;
            assert_eq!(page.status, 200);
            for bad in ["<script>alert", "<img src=x", "\"><script"] {
                assert!(!page.body.contains(bad), "{path}: {bad} in {}", page.body);
            }
            assert!(page.body.contains("&lt;script&gt;alert(1)"), "{path}");
        }
    }
    web.stop().await;
}

#[tokio::test]
async fn a_page_says_that_the_database_cannot_be_read() {
    let web = Web::start().await;
    web.db.close().await;
    for path in PAGES {
        web.refused("GET", path, "", 503, "database-unavailable").await;
    }
    let page = web.get("/monitor").await;
    assert_eq!(page.status, 503, "from memory, and no answer for a script");
    assert!(page.body.contains("stale since"), "{}", page.body);
    web.stop().await;
}

#[tokio::test]
async fn a_rule_is_in_the_language_of_its_reader_and_the_api_has_it_as_it_was_given() {
    let change = |ctx: &mut monitor_web::WebContext| {
        let rule =
            monitor_web::Localized::from("above 7").with(monitor_domain::Language::Chinese, "高于 7 告警");
        ctx.metrics[0].rule_text = rule;
    };
    let web = Web::with(Database::sqlite(), change, |_| {}).await;
    for path in ["/monitor", "/monitor/z"] {
        for (lang, shown, other) in [("en", "above 7", "高于 7"), ("zh-CN", "高于 7 告警", "above 7")] {
            let page = web.get(&format!("{path}?lang={lang}")).await.body;
            let rule = page.split("class=\"rule\"").nth(1).unwrap_or_default();
            let rule = rule.split("</span>").next().unwrap_or_default();
            assert!(
                rule.contains(shown) && !rule.contains(other),
                "{path} {lang}: {rule}"
            );
        }
        let page = web.get(&format!("{path}?lang=zh-CN")).await.body;
        assert!(
            page.contains("above 100") || path != "/monitor",
            "what has one text keeps it"
        );
    }
    let api = web.get("/api/v1/metrics").await.body;
    assert!(
        api.contains(r#""rule":"above 7""#) && !api.contains("高于"),
        "{api}"
    );
    web.stop().await;
}
