//! The characters of an answer: by its byte order mark, its `Content-Type`, or the `<meta>` of a page.

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_8};
use regex::bytes::Regex;

/// How far into a page its `<meta>` is searched, as browsers do (HTML standard, 13.2.3.2).
const META_WITHIN: usize = 1024;

/// The body as UTF-8, without a byte order mark. What declares no charset is taken as it is.
///
/// # Errors
/// A declared charset that is not known, or that the body is not in; with its name.
pub(crate) fn utf8<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
    is_page: bool,
) -> Result<Cow<'a, [u8]>, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        return decode(encoding, &body[mark..]);
    }
    // JSON may quote a page; only a page speaks of itself.
    let of_page = || is_page.then(|| meta(body)).flatten();
    let label = content_type.and_then(charset_of).or_else(of_page);
    match label {
        None => Ok(Cow::Borrowed(body)),
        Some(label) => match Encoding::for_label(label.as_bytes()) {
            Some(encoding) => decode(encoding, body),
            None => Err(format!(
                "the answer is in the charset \"{label}\", which is not known"
            )),
        },
    }
}

fn decode<'a>(encoding: &'static Encoding, body: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(body);
    match text {
        Some(Cow::Borrowed(text)) => Ok(Cow::Borrowed(text.as_bytes())),
        Some(Cow::Owned(text)) => Ok(Cow::Owned(text.into_bytes())),
        None if encoding == UTF_8 => Ok(Cow::Borrowed(body)),
        None => Err(format!(
            "the answer is not in the charset {} that it declares",
            encoding.name()
        )),
    }
}

fn charset_of(content_type: &str) -> Option<String> {
    let mut parameters = content_type
        .split(';')
        .skip(1)
        .filter_map(|one| one.split_once('='));
    let (_, label) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    let label = label.trim().trim_matches(['"', '\'']);
    (!label.is_empty()).then(|| label.to_owned())
}

fn meta(body: &[u8]) -> Option<String> {
    static META: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i-u)<meta\s[^>]*charset\s*=\s*["']?([a-z0-9_.:-]{1,40})"#)
            .expect("a constant expression")
    });
    let found = META.captures(&body[..body.len().min(META_WITHIN)])?;
    Some(String::from_utf8_lossy(&found[1]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &[u8], content_type: &str) -> Result<String, String> {
        utf8(body, Some(content_type), content_type == "text/html")
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn what_is_declared_is_read() {
        let gbk = [0xce, 0xb4, 0xb8, 0xb6, b' ', b'1', b'2'];
        assert_eq!(text(&gbk, "text/plain; charset=GBK").unwrap(), "未付 12");
        assert_eq!(
            text(&gbk, "text/plain; a=b; Charset=\"gb18030\"").unwrap(),
            "未付 12"
        );
        let page = [b"<html><META charset='gb2312'>".as_slice(), &gbk].concat();
        assert!(text(&page, "text/html").unwrap().ends_with("未付 12"));
        let page = [
            b"<meta http-equiv=Content-Type content=\"text/html; charset=gbk\">".as_slice(),
            &gbk,
        ]
        .concat();
        assert!(text(&page, "text/html").unwrap().ends_with("未付 12"));
        assert_eq!(
            text(b"caf\xe9", "text/plain; charset=ISO-8859-1").unwrap(),
            "café"
        );
        let utf16: Vec<u8> = "\u{feff}{\"n\":3}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(text(&utf16, "application/json").unwrap(), "{\"n\":3}");
        assert_eq!(text("\u{feff}[1]".as_bytes(), "application/json").unwrap(), "[1]");
        assert_eq!(text("未付".as_bytes(), "application/json").unwrap(), "未付");
        let quotes_a_page = r#"{"page":"<meta charset='gbk'>","text":"未付"}"#;
        assert_eq!(
            text(quotes_a_page.as_bytes(), "application/json").unwrap(),
            quotes_a_page
        );
    }

    #[test]
    fn what_cannot_be_decoded_names_the_charset() {
        assert_eq!(
            text(b"x", "text/plain; charset=klingon").unwrap_err(),
            "the answer is in the charset \"klingon\", which is not known"
        );
        assert_eq!(
            text(b"\xff\xff", "text/plain; charset=gbk").unwrap_err(),
            "the answer is not in the charset GBK that it declares"
        );
        assert!(
            text(b"\xd8\x00x", "text/plain; charset=utf-16be")
                .unwrap_err()
                .contains("UTF-16BE")
        );
    }
}
