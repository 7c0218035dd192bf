//! The text of a reply, which declares no charset.

use encoding_rs::{GB18030, WINDOWS_1252};

/// The text: UTF-8 (RFC 6531), else what Chinese or else what western servers send. A guess, which only people read and
/// which decides nothing but what they see.
pub(super) fn decode(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    if may_be_chinese(bytes)
        && let Some(text) = GB18030.decode_without_bom_handling_and_without_replacement(bytes)
    {
        return text.into_owned();
    }
    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

/// Two characters of GBK in a row are four bytes beyond ASCII; in western words such letters stand alone.
fn may_be_chinese(bytes: &[u8]) -> bool {
    bytes.split(u8::is_ascii).any(|run| run.len() >= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_and_western_text_is_told_apart() {
        for text in [
            "用户不存在",
            "邮箱 ops@example.com 已满，请稍后重试",
            "5.1.1 收件人地址错误",
        ] {
            assert_eq!(decode(text.as_bytes()), text);
            assert_eq!(decode(&GB18030.encode(text).0), text);
        }
        for text in [
            "Empfänger unbekannt",
            "utilisateur inconnu : créée à l’instant",
            "não existe",
        ] {
            assert_eq!(decode(&WINDOWS_1252.encode(text).0), text);
        }
        assert_eq!(decode(b"\xff\xff\xff\xff\xff"), "ÿÿÿÿÿ");
        assert_eq!(decode(b""), "");
    }
}
