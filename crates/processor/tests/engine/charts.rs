//! A mail about a metric shows its last hour; what keeps that from being read keeps no mail.

use std::time::Duration;

use monitor_harness::{Config, both};
use monitor_simulator::{Mail, SmtpFault, Times};
use tokio_util::sync::CancellationToken;

/// Nobody is notified of what cannot be read for a while.
fn config() -> Config {
    Config::metrics("[metrics.z]\nalert = { above = 100, clear_below = 90, no_data = \"1day\" }\n")
}

/// Width and height of the picture of a mail, decoded to the end; the HTML shows it.
fn picture(mail: &Mail) -> Option<(u32, u32)> {
    let all = mail.pictures();
    assert_eq!(all.len(), mail.html.matches("<img").count(), "{}", mail.html);
    let (cid, png) = all.first()?;
    assert!(mail.html.contains(&format!("src=\"cid:{cid}\"")), "{}", mail.html);
    assert!(png.len() < 15_000, "{} bytes", png.len());
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    Some((frame.width, frame.height))
}

both! {
    async fn a_mail_shows_the_last_hour_of_its_metric(app: TestApp, config()) {
        for total in [20.0, 60.0, 40.0] {
            app.read("z", total).await;
            app.clock.jump(Duration::from_secs(60));
        }
        app.a().set_total_json("z", serde_json::json!("unknown"));
        app.after(Duration::from_secs(60)).await;
        app.clock.jump(Duration::from_secs(60));
        app.read("z", 131.0).await;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(picture(&mails[0]), Some((1_072, 280)));
        assert!(mails[0].html.contains("20 to 131 in the last hour, now 131"), "{}", mails[0].html);
        assert!(mails[0].html.contains("threshold 100"), "{}", mails[0].html);

        // What was read more than an hour before is in no mail.
        app.after(Duration::from_secs(3_600)).await;
        app.read("z", 50.0).await;
        let recovered = app.mail().mails().pop().unwrap();
        assert!(recovered.subject.contains("recovered"), "{}", recovered.subject);
        assert_eq!(picture(&recovered), Some((1_072, 280)));
        assert!(recovered.html.contains("50 to 131 in the last hour, now 50"), "{}", recovered.html);
        app.finish().await;
    }
}

both! {
    async fn a_repeat_is_the_same_mail_with_the_same_picture(app: TestApp, config()) {
        app.read("z", 20.0).await;
        app.mail().script(SmtpFault::DropAfterData, Times::Once);
        app.clock.jump(Duration::from_secs(10));
        app.read("z", 131.0).await;
        app.deliver_all(Duration::from_secs(60), 10).await;
        let mails = app.mail().mails();
        assert!(!mails.is_empty());
        for mail in &mails {
            assert_eq!((&mail.message_id, mail.pictures()), (&mails[0].message_id, mails[0].pictures()));
            assert!(picture(mail).is_some());
        }
        app.finish().await;
    }
}

both! {
    async fn a_mail_without_history_has_no_picture(app: TestApp, config()) {
        app.read("z", 131.0).await;
        let mails = app.mail().mails();
        assert_eq!((mails.len(), picture(&mails[0])), (1, None));
        app.finish().await;
    }
}

both! {
    async fn the_config_can_turn_it_off(app: TestApp, config()) {
        app.read("z", 20.0).await;
        app.clock.jump(Duration::from_secs(10));
        let text = app.config_text().replace("[channels.mail]\n", "[channels.mail]\nchart = false\n");
        app.a().set_total("z", 131.0);
        app.engine_of(&text).run_once(CancellationToken::new()).await.unwrap();
        let mails = app.mail().mails();
        assert_eq!((mails.len(), picture(&mails[0])), (1, None));
        app.finish().await;
    }
}
