//! Writes one HTML file for each kind of mail, for a browser:
//! `cargo run -p monitor-notify --example preview_mails -- /tmp/mails`.

use std::path::PathBuf;

use monitor_domain::Language;
use monitor_notify::{Event, Notification, Templates};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "mails".to_owned()));
    std::fs::create_dir_all(&dir)?;
    let templates = Templates::with_override(std::env::args().nth(2).as_deref().map(std::path::Path::new))?;
    for language in Language::ALL {
        for event in Event::ALL {
            let notification = Notification::sample(event, language);
            let mut mail = templates.mail(&notification, language)?;
            if let Some(picture) = mail.chart {
                let file = format!("{event}.{}.png", language.tag());
                mail.html = mail.html.replace(&format!("cid:{}", picture.cid), &file);
                std::fs::write(dir.join(file), picture.png)?;
            }
            std::fs::write(dir.join(format!("{event}.{}.html", language.tag())), mail.html)?;
            std::fs::write(dir.join(format!("{event}.{}.txt", language.tag())), mail.text)?;
        }
    }
    Ok(())
}
