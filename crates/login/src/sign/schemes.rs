//! Schemes that gateways use, each as `docs/systems.md` has it and held against a signature that somebody else computed: where the
//! provider's documentation has an example, that one; otherwise Python's `hmac` and `hashlib` over the text as documented.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use monitor_requests::{Method, Request, Url};

use super::SignSettings;

const PAGE: &str = include_str!("../../../../docs/systems.md");

/// The `sign` of a system on the page, with the values of an example in place of variables and what else would be different.
fn scheme(name: &str, values: &[(&str, &str)]) -> SignSettings {
    let head = format!("[systems.{name}]");
    let blocks = PAGE.split("```toml\n").skip(1);
    let mut blocks = blocks.filter_map(|block| block.split("```").next());
    let block = blocks.find(|block| block.starts_with(&head));
    let mut text = block
        .unwrap_or_else(|| panic!("no {head} on the page"))
        .to_owned();
    for (from, to) in values {
        assert!(text.contains(from), "no {from} in {text}");
        let is_variable = from.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        text = match is_variable {
            true => text.replace(&format!("{{ env = \"{from}\" }}"), &format!("\"{to}\"")),
            false => text.replace(from, to),
        };
    }
    let table: toml::Table = text.parse().unwrap();
    let settings: SignSettings = table["systems"][name]["sign"].clone().try_into().unwrap();
    assert_eq!(settings.check(), [], "{text}");
    settings
}

fn signed(settings: &SignSettings, mut request: Request, now: DateTime<Utc>) -> Request {
    let signer = settings.signer(&request.url, &BTreeMap::new()).unwrap();
    signer.sign(&mut request, now).unwrap();
    request
}

fn get(url: &str) -> Request {
    Request::get(Url::parse(url).unwrap())
}

fn at(seconds: i64, ms: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, ms * 1_000_000).unwrap()
}

fn param(request: &Request, name: &str) -> String {
    let mut found = request.url.query_pairs().filter(|(other, _)| other == name);
    let value = found
        .next()
        .unwrap_or_else(|| panic!("no {name} in {}", request.url))
        .1
        .into_owned();
    assert!(found.next().is_none(), "{name} twice");
    value
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers[name].to_str().unwrap()
}

/// <https://help.aliyun.com/document_detail/25492.html>, the example there.
#[test]
fn aliyun_rpc() {
    let values = [
        ("ACCESS_KEY_SECRET", "testsecret"),
        ("ACCESS_KEY_ID", "testid"),
        ("{{ nonce }}", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
        ("\"JSON\"", "\"XML\""),
    ];
    let request = get("http://ecs.aliyuncs.com/?Action=DescribeRegions&Version=2014-05-26");
    let request = signed(&scheme("aliyun-rpc", &values), request, at(1_456_231_584, 0));
    assert_eq!(param(&request, "Timestamp"), "2016-02-23T12:46:24Z");
    assert_eq!(param(&request, "Signature"), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
}

/// Taobao's open platform; the example of "API 签名算法".
#[test]
fn taobao() {
    let values = [
        ("APP_SECRET", "helloworld"),
        ("APP_KEY", "12345678"),
        ("TOP_SESSION", "test"),
    ];
    let call = "https://eco.taobao.com/router/rest?method=taobao.item.seller.get";
    let request = get(&format!(
        "{call}&fields=num_iid,title,nick,price,num&num_iid=11223344"
    ));
    let request = signed(&scheme("taobao", &values), request, at(1_451_620_800, 0));
    assert_eq!(param(&request, "timestamp"), "2016-01-01 12:00:00");
    assert_eq!(param(&request, "sign"), "66987CB115214E59E6EC978214934FB8");
}

/// The example of WeChat Pay v2 "签名算法", by both of its algorithms, over a query or a form.
#[test]
fn wechat_pay_v2() {
    for (algorithm, expected) in [
        ("md5", "9A0A8659F005D6984697E2CA0A9CF3B7"),
        (
            "hmac-sha256",
            "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6",
        ),
    ] {
        let algorithm = format!("algorithm = \"{algorithm}\"");
        let values = [
            ("PAY_KEY", "192006250b4c09247ec02edce69f6a2d"),
            ("{{ nonce }}", "ibuaiVcKdpRxkhJA"),
            ("algorithm = \"md5\"", algorithm.as_str()),
        ];
        let pay = scheme("pay", &values);
        let url = Url::parse("https://pay.example/q?empty=").unwrap();
        let form = Request::post(url).form(&[("device_info", "1000"), ("body", "test")]);
        assert_eq!(param(&signed(&pay, form, at(0, 0)), "sign"), expected);
        let request = get("https://pay.example/q?device_info=1000&body=test&empty=");
        assert_eq!(param(&signed(&pay, request, at(0, 0)), "sign"), expected);
    }
}

/// <https://cloud.tencent.com/document/api/213/30654>, "签名方法 v3".
#[test]
fn tencent_tc3() {
    let values = [
        ("SECRET_KEY", "Gu5t9xGARNpq86cd98joQYCN3*******"),
        ("SECRET_ID", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******"),
    ];
    let url = Url::parse("https://cvm.tencentcloudapi.com/").unwrap();
    let body = r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
    let request = Request::post(url).body("application/json; charset=utf-8", body.into());
    let request = signed(&scheme("tencent", &values), request, at(1_551_113_065, 0));
    assert_eq!(
        header(&request, "authorization"),
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, \
         SignedHeaders=content-type;host, Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
    );
    assert_eq!(header(&request, "x-tc-timestamp"), "1551113065");
}

/// `get-vanilla` of the test suite of AWS Signature Version 4.
#[test]
fn aws_v4() {
    let values = [
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        ),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ];
    let request = get("https://example.amazonaws.com/");
    let request = signed(&scheme("aws", &values), request, at(1_440_938_160, 0));
    assert_eq!(header(&request, "x-amz-date"), "20150830T123600Z");
    assert_eq!(
        header(&request, "authorization"),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    );
}

/// "客户端签名机制" of its documentation; the signature is Python's.
#[test]
fn aliyun_api_gateway() {
    let values = [
        ("APP_SECRET", "appsecret"),
        ("APP_KEY", "203753385"),
        ("{{ nonce }}", "n-1"),
    ];
    let mut request = get("https://api.example/api/total?b=2&a=x%20y");
    request
        .headers
        .insert("accept", "application/json".parse().unwrap());
    let request = signed(
        &scheme("aliyun-gateway", &values),
        request,
        at(1_525_872_629, 832),
    );
    assert_eq!(header(&request, "x-ca-timestamp"), "1525872629832");
    assert_eq!(header(&request, "x-ca-key"), "203753385");
    let signature = "YOcgCuHubWxbdYO1VbOAnJdT9tVNWed6ZHSmQiranSc=";
    assert_eq!(header(&request, "x-ca-signature"), signature);
}

/// The signature is Python's.
#[test]
fn kong_hmac_auth() {
    let request = get("http://kong.example/requests?status=open");
    let kong = scheme("kong", &[("HMAC_SECRET", "secret")]);
    let request = signed(&kong, request, at(1_498_151_721, 0));
    assert_eq!(header(&request, "date"), "Thu, 22 Jun 2017 17:15:21 GMT");
    assert_eq!(
        header(&request, "authorization"),
        "hmac username=\"bob\", algorithm=\"hmac-sha256\", headers=\"date request-line\", \
         signature=\"xk/KBTMenjoKDDKFOEj1wHfntkHi7oSkOpfDLpUn1qE=\""
    );
}

/// The signatures are Python's.
#[test]
fn gateways_of_ones_own() {
    let key = [("GATEWAY_KEY", "k-9")];
    let request = get("https://a.example/api?status=open&page=1");
    let request = signed(&scheme("orders", &key), request, at(1_525_872_629, 832));
    assert_eq!(
        header(&request, "x-sign"),
        "9055ee520a75e757be842b559d0f94bd2bf86c9368383c57ecbad428dc34b9f1\
         f4a867d615311a02b71cabd9cba735f80842d70c955bb9e1a39d4e7bd205d3a2"
    );
    assert_eq!(header(&request, "x-timestamp"), "1525872629832");
    assert_eq!(header(&request, "x-nonce").len(), 32);
    let url = Url::parse("https://a.example/api/q").unwrap();
    let request = Request::new(Method::POST, url).body("application/json", r#"{"a":"ü","n":1}"#.into());
    let request = signed(&scheme("stock", &key), request, at(1_525_872_629, 832));
    assert_eq!(param(&request, "ts"), "1525872629");
    assert_eq!(
        param(&request, "sign"),
        "12a4d328c564d6456f2c48341b478f38d686c8ce7cf327c750d3d0ca5ad079d8\
         a847ba9922dfb83970e059b596cf930b8fdd05b6ca35649e14d3a972e8091f3f"
    );
}
