//! Domain names in letters beyond ASCII, as they go over the wire (RFC 5891).

/// The domain in ASCII: `例子.cn` is `xn--fsqu00a.cn`. One that is in ASCII already stays as it is written.
pub(super) fn ascii(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_owned());
    }
    idna::domain_to_ascii_strict(domain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_goes_as_punycode_whatever_it_is_written_in() {
        for (domain, expected) in [
            ("例子.cn", Some("xn--fsqu00a.cn")),
            ("邮件.例子.中国", Some("xn--5nq051n.xn--fsqu00a.xn--fiqs8s")),
            // Full stops and letters as a Chinese keyboard writes them.
            ("例子。中国", Some("xn--fsqu00a.xn--fiqs8s")),
            ("ＥＸＡＭＰＬＥ．com", Some("example.com")),
            ("Bücher.example", Some("xn--bcher-kva.example")),
            ("xn--fsqu00a.cn", Some("xn--fsqu00a.cn")),
            ("Mail_1.Example.com", Some("Mail_1.Example.com")),
            ("", Some("")),
            ("例 子.cn", None),
            ("例子..cn", None),
            ("例子_1.cn", None),
        ] {
            assert_eq!(ascii(domain).as_deref(), expected, "{domain}");
        }
        assert_eq!(
            ascii(&format!("{}.cn", "例".repeat(60))),
            None,
            "a label of more than 63"
        );
    }
}
