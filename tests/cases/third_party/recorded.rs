//! `monitor import har` of what Chromium records of them: the config that is proposed reads them, as they are by then.

use serde_json::Value;

use super::*;
use crate::cases::import_har::{Recorded, said};

/// Imports the recording, and reads the system by what is proposed: by the replay and by the check.
async fn reads(har: &Value, metric: &str, total: u32) {
    let recorded = Recorded::new(har);
    let out = recorded.path("monitor.toml");
    let arguments = ["--name", "recorded", "--replay", "--out", out.to_str().unwrap()];
    let replayed = said(&recorded.import(&arguments).await);
    let config = std::fs::read_to_string(&out).unwrap();
    let checked = recorded.check(&[("RECORDED_PASSWORD", PASSWORD)]).await;
    for said in [replayed, checked] {
        for line in [
            "ok    system recorded: signed in".to_owned(),
            format!("ok    metric {metric}: {total}"),
        ] {
            assert!(said.contains(&line), "{line}: {said}\n{config}");
        }
        assert!(
            !said.contains(PASSWORD) && !config.contains(PASSWORD),
            "{said}\n{config}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_gns3_is_found() {
    let Some(system) = gns3::start().await else { return };
    let Some(mut browser) = RecordedBrowser::start().await else {
        return;
    };
    gns3::add_project(&system, "one").await;
    browser.goto(&format!("{}/v3/version", system.url)).await;
    // The calls of its own page, without its scripts and pictures.
    let script = format!(
        "const json = {{ 'Content-Type': 'application/json' }};
         const answer = await fetch('/v3/access/users/authenticate', {{ method: 'POST', headers: json,
             body: JSON.stringify({{ username: 'monitor', password: '{PASSWORD}' }}) }});
         const headers = {{ Authorization: 'Bearer ' + (await answer.json()).access_token }};
         await (await fetch('/v3/projects?_=' + Date.now(), {{ headers }})).text();"
    );
    browser.run(&script).await;
    let har = browser.close().await;
    gns3::add_project(&system, "two").await;
    reads(&har, "projects_count", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_jupyter_with_its_csrf_token_is_found() {
    let Some(system) = jupyter::start().await else {
        return;
    };
    let Some(mut browser) = RecordedBrowser::start().await else {
        return;
    };
    browser
        .goto(&format!("{}/login?next=%2Fapi%2Fstatus", system.url))
        .await;
    browser
        .fill(&[("input[name=password]", PASSWORD)], "form button[type=submit]")
        .await;
    // The policy of its API's answers keeps scripts of theirs from calling anything; that of its pictures does not.
    browser
        .goto(&format!("{}/static/logo/logo.png", system.url))
        .await;
    browser
        .run("await (await fetch('/api/contents?content=1')).text();")
        .await;
    let har = browser.close().await;
    jupyter::add_notebook(system.folder.path(), "two");
    reads(&har, "contents_content_count", 2).await;
}
