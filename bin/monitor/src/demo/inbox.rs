//! `/demo/inbox`: the mails that the monitor sent, as their readers would see them.

use actix_web::http::header;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use mail_parser::{MessageParser, MimeHeaders, PartType};
use monitor_domain::Language;
use monitor_web::{page_answer, page_language};
use serde::Serialize;
use tera::{Context, Tera};

use super::store::{Kept, Store};

const PAGE: &str = include_str!("inbox.html");
/// A mail brings its own styles and pictures and nothing else: no script, no form, nothing from another place.
const MAIL_CSP: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'";

struct Inbox {
    store: Store,
    tera: Tera,
    /// For readers who choose no language.
    lang: Language,
}

/// A mail in the list.
#[derive(Serialize)]
struct Row {
    name: String,
    subject: String,
    to: String,
    date: String,
    message: String,
}

/// The routes to add to the web.
pub(crate) fn routes(store: Store, lang: Language) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let mut tera = Tera::default();
    tera.add_raw_template("inbox.html", PAGE)
        .expect("a constant template");
    let inbox = Data::new(Inbox { store, tera, lang });
    move |config| {
        config
            .app_data(inbox.clone())
            .route("/demo/inbox", web::get().to(show_list))
            .route("/demo/inbox/{name}", web::get().to(show_mail));
    }
}

/// Every mail, newest first, on a page in the reader's language.
async fn show_list(req: HttpRequest, inbox: Data<Inbox>) -> HttpResponse {
    let mut rows: Vec<Row> = inbox.store.mails().iter().filter_map(row).collect();
    rows.reverse();
    let mut context = Context::new();
    context.insert("mails", &rows);
    let is_chinese = page_language(&req, inbox.lang) == Language::Chinese;
    context.insert("zh", &is_chinese);
    match inbox.tera.render("inbox.html", &context) {
        Ok(page) => page_answer(&req, inbox.lang, page),
        Err(error) => {
            log::error!("demo: the inbox cannot be shown: {error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// The mail as a mail program shows it.
async fn show_mail(inbox: Data<Inbox>, name: Path<String>) -> HttpResponse {
    let Some(kept) = inbox.store.find(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let html = MessageParser::default()
        .parse(&**kept.raw)
        .and_then(|mail| html(&mail));
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, MAIL_CSP))
        .body(web::Bytes::from(html.unwrap_or_default()))
}

/// What the mail shows, with the pictures that came with it in their places.
fn html(mail: &mail_parser::Message<'_>) -> Option<String> {
    let mut html = mail.body_html(0)?.into_owned();
    for part in &mail.parts {
        if let (Some(cid), PartType::Binary(bytes) | PartType::InlineBinary(bytes)) =
            (part.content_id(), &part.body)
        {
            let data = base64::engine::general_purpose::STANDARD.encode(bytes);
            html = html.replace(&format!("cid:{cid}"), &format!("data:image/png;base64,{data}"));
        }
    }
    Some(html)
}

fn row(kept: &Kept) -> Option<Row> {
    let mail = MessageParser::default().parse(&**kept.raw)?;
    let address = |list: Option<&mail_parser::Address<'_>>| {
        let first = list.and_then(|list| list.first());
        first.and_then(|one| one.address()).unwrap_or_default().to_owned()
    };
    Some(Row {
        name: kept.name.clone(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        to: address(mail.to()),
        date: mail.date().map(date).unwrap_or_default(),
        message: message(&mail.body_text(0).unwrap_or_default()),
    })
}

/// What the mail is about: the paragraph after the headline.
fn message(text: &str) -> String {
    text.replace("\r\n", "\n")
        .split("\n\n")
        .nth(1)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn date(date: &mail_parser::DateTime) -> String {
    date.to_rfc3339()
        .replace('T', " ")
        .trim_end_matches('Z')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_the_mail_is_shown_in_its_place() {
        let raw = "Content-Type: multipart/related; boundary=B\r\n\r\n--B\r\nContent-Type: text/html\r\n\r\n\
            <img src=\"cid:a@b\"><img src=\"cid:c@d\">\r\n--B\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\n\
            Content-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n--B--\r\n";
        let shown = html(&MessageParser::default().parse(raw).unwrap()).unwrap();
        assert_eq!(
            shown.trim(),
            "<img src=\"data:image/png;base64,aGk=\"><img src=\"cid:c@d\">"
        );
    }
}
