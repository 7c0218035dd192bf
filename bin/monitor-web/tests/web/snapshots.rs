//! The HTML of each page, whole. After a wanted change: `INSTA_UPDATE=always cargo test -p monitor-web snapshots`, and
//! read the difference.

use std::time::Duration;

use monitor_model::{ProcessRole, workers};
use monitor_web::NavLink;

use crate::seed;
use crate::support::{Database, Web};

/// A web over the data of the fixture, at the same moment each time.
async fn start() -> Web {
    let nav = vec![NavLink {
        label: "Inbox".into(),
        href: "/demo/inbox".into(),
    }];
    let change = |ctx: &mut monitor_web::WebContext| (ctx.metrics, ctx.nav) = (seed::metrics(), nav);
    let web = Web::with(Database::sqlite(), change, |_| {}).await;
    // Its first heartbeat is written then.
    web.clock.wait_for_sleepers(2).await;
    let now = web.now();
    web.write(move |c| seed::seed(c, now)).await;
    web.clock.advance(Duration::from_millis(1_500));
    web
}

/// The page without what is different at each run: the process that runs the test, the versions of files. The texts that
/// the script gets have a test of their own.
async fn page(web: &Web, path: &str) -> String {
    let own = web.db.read(workers::all).await.unwrap();
    let own = own.into_iter().find(|row| row.role == ProcessRole::Web).unwrap();
    let mut html = web
        .get(path)
        .await
        .body
        .replace(
            &format!("<p class=\"hint\">{} ·", own.host),
            "<p class=\"hint\">HOST ·",
        )
        .replace(&format!("PID {} ·", own.pid), "PID 0 ·")
        .replace(&format!(" {} ·", env!("CARGO_PKG_VERSION")), " VERSION ·");
    while let Some((before, rest)) = html.split_once("?v=") {
        html = format!("{before}?V{}", rest.split_at(16).1);
    }
    let (before, rest) = html.split_once("id=\"boot\">").unwrap();
    let (boot, after) = rest.split_once("</script>").unwrap();
    let mut boot: serde_json::Value = serde_json::from_str(boot).unwrap();
    boot["text"] = "…".into();
    format!("{before}id=\"boot\">{boot:#}</script>{after}")
}

#[tokio::test]
async fn pages_are_as_they_were() {
    let web = start().await;
    for (name, path) in [
        ("overview", "/monitor"),
        ("overview_zh", "/monitor?lang=zh-CN"),
        ("metric", "/monitor/z"),
        ("alerts", "/alerts?show=all"),
        ("deliveries", "/deliveries"),
        ("system", "/system"),
    ] {
        let html = page(&web, path).await;
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, html);
        });
    }
    web.stop().await;
}
