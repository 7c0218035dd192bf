//! The live page in a real browser.

use std::time::Duration;

use fantoccini::Locator;
use monitor_tests::{Backend, Browser, Config, TestApp, Web, eventually};

async fn text(browser: &Browser, css: &str) -> Option<String> {
    browser.page.find(Locator::Css(css)).await.ok()?.text().await.ok()
}

async fn becomes(browser: &Browser, css: &str, wanted: &str) {
    eventually(&format!("{css} becomes {wanted:?}"), || async {
        (text(browser, css).await.as_deref() == Some(wanted)).then_some(())
    })
    .await;
}

async fn click(browser: &Browser, css: &str) {
    let found = browser
        .page
        .wait()
        .at_most(Duration::from_secs(10))
        .for_element(Locator::Css(css))
        .await;
    found.unwrap().click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_change_records_appear_delete_and_reset_work() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let app = TestApp::start(Backend::Sqlite, Config::default()).await.unwrap();
    app.poll().await;
    let web = Web::start(&app).await;
    browser.page.goto(&web.url("/monitor")).await.unwrap();
    becomes(&browser, "[data-testid=metric-value-x]", "0").await;
    browser
        .page
        .execute("window.neverReloaded = true", vec![])
        .await
        .unwrap();

    // A value changes and a record appears, without reloading.
    app.b().add_message(
        "x",
        "m1",
        "<img src=x onerror=alert(1)> Order 4711 is unpaid\u{1b}\u{202E}",
    );
    app.read("x", 3.0).await;
    becomes(&browser, "[data-testid=metric-value-x]", "3").await;
    eventually("the record", || async {
        let rows = text(&browser, "#records").await?;
        rows.contains("<img src=x onerror=alert(1)> Order 4711 is unpaid␛⟨U+202E⟩")
            .then_some(())
    })
    .await;
    eventually("its delivery", || async {
        text(&browser, "#records").await?.contains("mail").then_some(())
    })
    .await;

    // Asked whether to delete, "no" keeps it and "yes" does not.
    let id = app.records().await[0].id;
    click(&browser, &format!("[data-testid=delete-{id}]")).await;
    click(&browser, "[data-testid=confirm-no]").await;
    assert_eq!(app.records().await.len(), 1);
    click(&browser, &format!("[data-testid=delete-{id}]")).await;
    click(&browser, "[data-testid=confirm-yes]").await;
    eventually("the row to go", || async {
        let rows = browser.page.find_all(Locator::Css("#records tr")).await.ok()?;
        rows.is_empty().then_some(())
    })
    .await;
    assert_eq!(app.records().await.len(), 0);

    // Reset sounds the global alarm and acknowledges.
    click(&browser, "[data-testid=reset]").await;
    click(&browser, "[data-testid=confirm-yes]").await;
    eventually("the alarm", || async {
        (app.b().alarms() == ["x", "global"]).then_some(())
    })
    .await;
    eventually("the acknowledgement", || async {
        app.alerts()
            .await
            .iter()
            .all(|alert| alert.acknowledged_at.is_some())
            .then_some(())
    })
    .await;

    // A metric that cannot be read does not keep looking well.
    use monitor_simulator::{Fault, Times};
    app.a().fault("/api/totals/z", Fault::Status(503), Times::Always);
    app.poll().await;
    eventually("the error", || async {
        text(&browser, "[data-testid=metric-card-z]")
            .await?
            .contains("503")
            .then_some(())
    })
    .await;

    let same = browser
        .page
        .execute("return window.neverReloaded === true", vec![])
        .await
        .unwrap();
    assert_eq!(same, serde_json::json!(true), "the page was reloaded");
    browser.close().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_taken_and_its_metric_silenced() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let app = TestApp::start(Backend::Sqlite, Config::default()).await.unwrap();
    app.poll().await;
    app.b().add_message("z", "m1", "Complaint 1 waits");
    app.read("z", 131.0).await;
    let web = Web::start(&app).await;
    browser.page.goto(&web.url("/monitor")).await.unwrap();

    // Taken with a name and a note, without reloading.
    click(&browser, "#records [data-action=ack]").await;
    fill(&browser, "#confirm [name=by]", "Anna").await;
    fill(&browser, "#confirm [name=note]", "on it").await;
    click(&browser, "[data-testid=confirm-yes]").await;
    eventually("the acknowledgement", || async {
        let alerts = app.alerts().await;
        let taken = |by: &Option<String>| by.as_deref() == Some("Anna");
        alerts
            .iter()
            .all(|alert| taken(&alert.acknowledged_by))
            .then_some(())
    })
    .await;
    shows(&browser, "#records", "Acknowledged by Anna").await;

    // The other pages are loaded anew after each action; the name is remembered.
    browser.page.goto(&web.url("/alerts")).await.unwrap();
    shows(&browser, "main", "on it").await;
    click(&browser, "[data-action=silence]").await;
    fill(&browser, "#confirm [name=reason]", "stocktaking").await;
    click(&browser, "[data-testid=confirm-yes]").await;
    shows(&browser, "[data-testid=silences]", "stocktaking · Anna").await;
    click(&browser, "[data-action=cancel-silence]").await;
    click(&browser, "[data-testid=confirm-yes]").await;
    shows(&browser, "main", "Nothing is silenced.").await;

    browser.page.goto(&web.url("/monitor/z")).await.unwrap();
    fill(&browser, "#silence-form [name=reason]", "a restart").await;
    click(&browser, "[data-testid=silence-submit]").await;
    shows(&browser, "[data-testid=silences]", "a restart · Anna").await;
    browser.page.goto(&web.url("/monitor")).await.unwrap();
    shows(&browser, "[data-testid=metric-card-z]", "a restart").await;
    browser.close().await;
    app.finish().await;
}

async fn fill(browser: &Browser, css: &str, words: &str) {
    let field = browser.page.find(Locator::Css(css)).await.unwrap();
    field.send_keys(words).await.unwrap();
}

async fn shows(browser: &Browser, css: &str, words: &str) {
    eventually(&format!("{css} shows {words:?}"), || async {
        text(browser, css).await?.contains(words).then_some(())
    })
    .await;
}
