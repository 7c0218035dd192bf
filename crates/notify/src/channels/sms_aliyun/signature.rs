//! Alibaba Cloud's signature of version 3, ACS3-HMAC-SHA256. Facts: help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature,
//! whose example is the test.

use http::{HeaderName, HeaderValue};
use monitor_requests::{Request, Secret, Url};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// What a call is, for its signature.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    pub(super) action: &'a str,
    pub(super) version: &'a str,
    /// Such as `2023-10-26T10:22:32Z`.
    pub(super) date: String,
    /// Used once.
    pub(super) nonce: String,
    /// In any order.
    pub(super) query: Vec<(&'a str, String)>,
}

impl Call<'_> {
    /// The request that makes it, at `url`.
    pub(super) fn sign(&self, mut url: Url, key_id: &str, secret: &Secret) -> Request {
        url.set_path("/");
        let query = self.canonical_query();
        url.set_query(Some(&query));
        let host = host(&url);
        let content = hex(&Sha256::digest(b""));
        // In the order of the alphabet, as they are signed.
        let headers = [
            ("host", host.as_str()),
            ("x-acs-action", self.action),
            ("x-acs-content-sha256", &content),
            ("x-acs-date", &self.date),
            ("x-acs-signature-nonce", &self.nonce),
            ("x-acs-version", self.version),
        ];
        let signed = headers.map(|(name, _)| name).join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!("POST\n/\n{query}\n{lines}\n{signed}\n{content}");
        let to_sign = format!("{ALGORITHM}\n{}", hex(&Sha256::digest(canonical)));
        let signature = hex(&hmac(secret.expose().as_bytes(), to_sign.as_bytes()));
        let proof = format!("{ALGORITHM} Credential={key_id},SignedHeaders={signed},Signature={signature}");
        let mut request = Request::post(url).dated();
        // The client writes the host by itself.
        for (name, value) in headers
            .iter()
            .skip(1)
            .copied()
            .chain([("authorization", proof.as_str())])
        {
            if let Ok(mut value) = HeaderValue::from_str(value) {
                value.set_sensitive(name == "authorization");
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        request
    }

    fn canonical_query(&self) -> String {
        let mut query: Vec<(String, String)> = self
            .query
            .iter()
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        query.sort();
        let pairs: Vec<String> = query
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Everything but the unreserved characters of RFC 3986 as `%` and two digits.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is one");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// In small letters.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_signed_as_it_says() {
        let call = Call {
            action: "RunInstances",
            version: "2014-05-26",
            date: "2023-10-26T10:22:32Z".to_owned(),
            nonce: "3156853299f313e23d1673dc12e1703d".to_owned(),
            query: vec![
                ("RegionId", "cn-shanghai".to_owned()),
                (
                    "ImageId",
                    "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd".to_owned(),
                ),
            ],
        };
        let url = Url::parse("https://ecs.cn-shanghai.aliyuncs.com/").unwrap();
        let request = call.sign(url, "YourAccessKeyId", &"YourAccessKeySecret".into());
        assert_eq!(
            request.headers["authorization"],
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
             x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
        assert_eq!(
            request.url.query().unwrap(),
            "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai"
        );
    }

    #[test]
    fn what_is_sent_is_what_is_signed() {
        // Blanks, marks and Chinese, which an address may write in more than one way.
        let call = Call {
            action: "SendSms",
            version: "2017-05-25",
            date: String::new(),
            nonce: String::new(),
            query: vec![
                ("b", "{\"a\": \"告警 +*'()~/?\"}".to_owned()),
                ("a", "1".to_owned()),
            ],
        };
        let url = Url::parse("http://127.0.0.1:8080").unwrap();
        let request = call.sign(url, "id", &"secret".into());
        assert_eq!(request.url.query().unwrap(), call.canonical_query());
        assert_eq!(host(&request.url), "127.0.0.1:8080");
    }
}
