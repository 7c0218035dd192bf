//! The body of an answer as text.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::{Encoding, UTF_8};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use serde_json::Value;

/// Whether a body of this type can hold a number or a form.
pub(crate) fn is_text(mime: &str) -> bool {
    let other = ["image/", "font/", "audio/", "video/", "text/css"];
    let is_script = mime.contains("javascript") || mime.contains("wasm");
    !is_script && !other.iter().any(|kind| mime.starts_with(kind))
}

/// `content.text`, decoded; empty where it is larger than `limit` or cannot be decoded.
///
/// Browsers write bodies decompressed, as text or in base64. Some proxies write them as they came.
pub(crate) fn decode(content: &Value, mime_type: &str, headers: &[(String, String)], limit: usize) -> String {
    let text = content["text"].as_str().unwrap_or_default();
    if content["encoding"].as_str() != Some("base64") {
        return if text.len() <= limit {
            text.to_owned()
        } else {
            String::new()
        };
    }
    // Four characters are three bytes.
    if text.len() / 4 * 3 > limit.saturating_add(3) {
        return String::new();
    }
    let stripped: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let Ok(bytes) = STANDARD.decode(stripped) else {
        return String::new();
    };
    let compression = crate::exchange::find(headers, "content-encoding").unwrap_or_default();
    let bytes = decompress(bytes, compression, limit);
    let label = mime_type.split("charset=").nth(1).unwrap_or_default();
    let label = label
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches(['"', '\'']);
    let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(UTF_8);
    encoding.decode(&bytes).0.into_owned()
}

/// Undoes a compression that is still there.
fn decompress(bytes: Vec<u8>, compression: &str, limit: usize) -> Vec<u8> {
    let read = |reader: &mut dyn Read| {
        let mut out = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let read = reader.take(most).read_to_end(&mut out);
        (read.is_ok() && out.len() <= limit).then_some(out)
    };
    let out = match compression {
        "gzip" if bytes.starts_with(&[0x1f, 0x8b]) => read(&mut MultiGzDecoder::new(bytes.as_slice())),
        "deflate" => read(&mut ZlibDecoder::new(bytes.as_slice())),
        _ => None,
    };
    out.unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::Write;

    fn decoded(text: &str, mime: &str, compression: &str) -> String {
        let headers = [("content-encoding".to_owned(), compression.to_owned())];
        decode(
            &json!({ "text": text, "encoding": "base64" }),
            mime,
            &headers,
            100,
        )
    }

    #[test]
    fn a_body_is_read_however_it_is_written() {
        let plain = decode(&json!({ "text": "订单" }), "text/html", &[], 100);
        assert_eq!(plain, "订单");
        let gbk = STANDARD.encode([0xb6, 0xa9, 0xb5, 0xa5]);
        assert_eq!(decoded(&gbk, "text/html; charset=GBK", ""), "订单");
        assert_eq!(
            decoded(&gbk, "text/html;charset=\"gb18030\"; x=y", "gzip"),
            "订单"
        );
        assert_eq!(decoded("eyJhIjox\n fQ==", "application/json", "br"), "{\"a\":1}");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all("[1]".as_bytes()).unwrap();
        let gzip = STANDARD.encode(gzip.finish().unwrap());
        assert_eq!(decoded(&gzip, "application/json", "gzip"), "[1]");
    }

    #[test]
    fn what_is_too_large_or_broken_is_empty_or_as_it_came() {
        assert_eq!(decode(&json!({ "text": "x".repeat(101) }), "", &[], 100), "");
        assert_eq!(decode(&json!({ "text": 7 }), "", &[], 100), "");
        assert_eq!(decoded("not base64!", "", ""), "");
        assert_eq!(decoded(&STANDARD.encode([b'x'; 200]), "", ""), "");
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        bomb.write_all(&[b'x'; 4_000]).unwrap();
        let bomb = STANDARD.encode(bomb.finish().unwrap());
        assert!(decoded(&bomb, "", "gzip").len() <= 300, "it is not unpacked");
    }
}
