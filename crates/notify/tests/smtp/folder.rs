//! Mails as files.

use std::path::Path;

use mail_parser::MessageParser;

use crate::{alert, alert_with, channel, settings};

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn each_mail_is_a_file_and_a_repeat_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let mails = dir.path().join("not/there/yet");
    let mail = channel(&settings(&format!("file:{}", mails.display())));
    mail.probe().await.unwrap();
    assert_eq!(names(&mails), [""; 0]);
    for _ in 0..2 {
        for recipient in mail.recipients() {
            mail.send(&alert(), &recipient).await.unwrap();
        }
    }
    let names = names(&mails);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("20261123T091240-z-alert-") && name.ends_with(".eml")),
        "{names:?}"
    );
    let raw = std::fs::read(mails.join(&names[1])).unwrap();
    let parsed = MessageParser::default().parse(&raw).unwrap();
    assert_eq!(parsed.subject(), Some("[critical] Z 131 (+3): Order 5 failed"));
    assert_eq!(
        parsed.header_raw("X-Envelope-To").map(str::trim),
        Some("ops@example.com")
    );
    assert!(parsed.body_html(0).unwrap().contains("Order 5 failed"));
}

#[tokio::test]
async fn nothing_in_a_notification_leads_out_of_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let mails = dir.path().join("mails");
    let mail = channel(&settings(&format!("file:{}", mails.display())));
    let notification = alert_with(|alert| {
        alert.message_id = "../../evil".into();
        alert.metric.key = "../../evil".repeat(100);
    });
    mail.send(&notification, "ops@example.com").await.unwrap();
    assert_eq!(names(dir.path()), ["mails"]);
    assert_eq!(names(&mails).len(), 1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let mail = channel(&settings(&format!("file:{}/file/mails", dir.path().display())));
    for result in [mail.probe().await, mail.send(&alert(), "ops@example.com").await] {
        let failure = result.unwrap_err();
        assert!(
            failure.is_transient() && failure.reason().contains("/file/mails: "),
            "{failure}"
        );
    }
}
