//! Which language a reader gets.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Query;
use monitor_domain::Language;

/// The cookie that remembers a choice.
pub(crate) const COOKIE: &str = "lang";

/// What its speakers call it, short.
pub(crate) fn name(language: Language) -> &'static str {
    match language {
        Language::English => "EN",
        Language::Chinese => "中文",
    }
}

/// The choice for this request: `?lang=`, then the cookie, then `Accept-Language`, then `default`. With it,
/// whether it was chosen just now, and is to be remembered.
pub(crate) fn choose(req: &HttpRequest, default: Language) -> (Language, bool) {
    let query = Query::<Vec<(String, String)>>::from_query(req.query_string());
    let pairs = query.map(Query::into_inner).unwrap_or_default();
    let mut tags = pairs.iter().filter(|(name, _)| name == "lang");
    let chosen = tags.find_map(|(_, tag)| Language::find(tag));
    if let Some(language) = chosen {
        return (language, true);
    }
    let cookie = req
        .cookie(COOKIE)
        .and_then(|cookie| Language::find(cookie.value()));
    let accepted = || accepted(req.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?);
    let language = cookie.or_else(accepted).unwrap_or(default);
    (language, false)
}

/// The language of a page that a program adds to the web: that of its other pages, for readers who choose none `default`.
pub fn page_language(req: &HttpRequest, default: Language) -> Language {
    choose(req, default).0
}

/// The best of an `Accept-Language` header (RFC 9110 12.5.4) that there is.
fn accepted(header: &str) -> Option<Language> {
    let mut best: Option<(Language, f32)> = None;
    for part in header.split(',') {
        let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
        let weight = rest
            .trim()
            .strip_prefix(['q', 'Q'])
            .and_then(|rest| rest.strip_prefix('='))
            .map_or(Some(1.0), |q| q.parse().ok())
            .unwrap_or(0.0_f32);
        let better = weight > 0.0 && best.is_none_or(|(_, w)| weight > w);
        if let (Some(language), true) = (Language::find(tag), better) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use actix_web::cookie::Cookie;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn accept_language_is_weighed() {
        assert_eq!(accepted("zh-TW,zh;q=0.9,en;q=0.8"), Some(Language::Chinese));
        assert_eq!(accepted("fr, zh;q=0.3, en-GB;q=0.5"), Some(Language::English));
        assert_eq!(accepted("en;q=0, zh;q=0.1"), Some(Language::Chinese));
        assert_eq!(accepted("fr;q=x, *"), None);
        assert_eq!(accepted("EN;Q=0.1, ZH-cn;Q=0.2"), Some(Language::Chinese));
        assert_eq!(accepted("zh_CN"), Some(Language::Chinese));
        assert_eq!(
            accepted("zh-Hans-CN ; q=0.9, en ; q=0.8"),
            Some(Language::Chinese)
        );
    }

    #[test]
    fn a_choice_goes_before_the_browser_and_the_default() {
        let accept = ("accept-language", "en");
        let choose = |req: TestRequest, default| super::choose(&req.to_http_request(), default);
        let zh = Language::Chinese;
        assert_eq!(
            choose(
                TestRequest::with_uri("/monitor?a=b&lang=zh").insert_header(accept),
                Language::English
            ),
            (zh, true)
        );
        for tag in ["zh-CN", "zh_CN", "ZH", "zh%2DCN", "%7Ah"] {
            let named = TestRequest::with_uri(&format!("/monitor?a=%20b&lang={tag}"));
            assert_eq!(choose(named, Language::English), (zh, true), "{tag}");
            if !tag.contains('%') {
                let kept = TestRequest::default().cookie(Cookie::new(COOKIE, tag));
                assert_eq!(choose(kept, Language::English), (zh, false), "{tag}");
            }
        }
        let cookie = TestRequest::default()
            .cookie(Cookie::new(COOKIE, "zh-CN"))
            .insert_header(accept);
        assert_eq!(choose(cookie, Language::English), (zh, false));
        assert_eq!(
            choose(TestRequest::default().insert_header(accept), Language::Chinese),
            (Language::English, false)
        );
        assert_eq!(choose(TestRequest::default(), Language::Chinese), (zh, false));
        assert_eq!(
            choose(TestRequest::with_uri("/?lang=xx"), Language::English),
            (Language::English, false)
        );
    }
}
