//! Recordings as a browser writes them, made up by a test.

use monitor_recording::{NoteKind, Proposal, propose};
use serde_json::{Value, json};

pub(crate) const HOST: &str = "https://shop.example";
/// When the first call was made; each one is a second later.
pub(crate) const BEGIN_MS: i64 = 1_795_766_400_000;

/// The calls so far.
#[derive(Clone, Default)]
pub(crate) struct Har(pub(crate) Vec<Value>);

/// One call, to be described.
pub(crate) struct Call(Value);

impl Call {
    pub(crate) fn new(method: &str, url: &str) -> Call {
        let url = if url.starts_with('/') {
            format!("{HOST}{url}")
        } else {
            url.to_owned()
        };
        Call(json!({
            "request": { "method": method, "url": url, "headers": [], "cookies": [] },
            "response": { "status": 200, "headers": [], "cookies": [], "content": {} },
        }))
    }

    pub(crate) fn get(url: &str) -> Call {
        Call::new("GET", url)
    }

    pub(crate) fn post(url: &str) -> Call {
        Call::new("POST", url)
    }

    pub(crate) fn form(mut self, fields: &[(&str, &str)]) -> Call {
        let text = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.0["request"]["postData"] =
            json!({ "mimeType": "application/x-www-form-urlencoded", "text": text });
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Call {
        self.0["request"]["postData"] =
            json!({ "mimeType": "application/json;charset=UTF-8", "text": body.to_string() });
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Call {
        push(&mut self.0["request"]["headers"], name, value);
        self
    }

    pub(crate) fn cookie(self, name: &str, value: &str) -> Call {
        self.header("Cookie", &format!("lang=zh-CN; {name}={value}"))
    }

    pub(crate) fn status(mut self, status: u16) -> Call {
        self.0["response"]["status"] = status.into();
        self
    }

    pub(crate) fn answer_header(mut self, name: &str, value: &str) -> Call {
        push(&mut self.0["response"]["headers"], name, value);
        self
    }

    pub(crate) fn sets(self, name: &str, value: &str) -> Call {
        self.answer_header("Set-Cookie", &format!("{name}={value}; Path=/; HttpOnly"))
    }

    pub(crate) fn to(self, status: u16, location: &str) -> Call {
        self.status(status).answer_header("Location", location)
    }

    pub(crate) fn answers(self, body: &Value) -> Call {
        self.content("application/json", &body.to_string())
    }

    pub(crate) fn page(self, html: &str) -> Call {
        self.content("text/html; charset=utf-8", html)
    }

    pub(crate) fn content(mut self, mime: &str, text: &str) -> Call {
        self.0["response"]["content"] = json!({ "mimeType": mime, "text": text });
        self
    }
}

fn push(list: &mut Value, name: &str, value: &str) {
    list.as_array_mut()
        .unwrap()
        .push(json!({ "name": name, "value": value }));
}

impl Har {
    pub(crate) fn of(calls: impl IntoIterator<Item = Call>) -> Har {
        let mut har = Har::default();
        for call in calls {
            har.add(call);
        }
        har
    }

    pub(crate) fn add(&mut self, call: Call) {
        let mut call = call.0;
        let at = BEGIN_MS + 1_000 * i64::try_from(self.0.len()).unwrap();
        let at = chrono::DateTime::from_timestamp_millis(at).unwrap();
        call["startedDateTime"] = at.to_rfc3339().into();
        self.0.push(call);
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let log = json!({ "version": "1.2", "creator": { "name": "WebInspector", "version": "537.36" }, "entries": self.0 });
        json!({ "log": log }).to_string().into_bytes()
    }

    pub(crate) fn propose(&self) -> Proposal {
        propose(&self.bytes(), None).unwrap()
    }

    /// The config that is proposed, read back.
    pub(crate) fn config(&self) -> Config {
        Config::of(&self.propose())
    }
}

/// A proposal as it is read back.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) text: String,
    pub(crate) system: Value,
    pub(crate) metrics: Value,
    pub(crate) obstacles: Vec<String>,
    pub(crate) doubts: Vec<String>,
}

impl Config {
    pub(crate) fn of(proposal: &Proposal) -> Config {
        let text = proposal.to_string();
        let table: toml::Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let json = serde_json::to_value(&table).unwrap();
        let notes = |kind| -> Vec<String> {
            let notes = proposal.notes().iter().filter(|note| note.kind == kind);
            notes.map(|note| note.text.clone()).collect()
        };
        Config {
            system: json["systems"][proposal.system()].clone(),
            metrics: json.get("metrics").cloned().unwrap_or_default(),
            obstacles: notes(NoteKind::Obstacle),
            doubts: notes(NoteKind::Doubt),
            text,
        }
    }

    /// `path` and the way the number is taken, of each metric.
    pub(crate) fn fetches(&self) -> Vec<String> {
        let metrics = self.metrics.as_object().into_iter().flatten();
        let fetch = |(_, metric): (&String, &Value)| {
            let fetch = metric["fetch"].as_object().unwrap();
            let take = fetch
                .iter()
                .find(|(key, _)| !matches!(key.as_str(), "system" | "path" | "method" | "query" | "body"))
                .unwrap();
            format!("{} {}", fetch["path"].as_str().unwrap(), take.1.as_str().unwrap())
        };
        let mut all: Vec<String> = metrics.map(fetch).collect();
        all.sort();
        all
    }

    pub(crate) fn has_obstacle(&self, part: &str) -> bool {
        self.obstacles.iter().any(|text| text.contains(part))
    }

    pub(crate) fn has_doubt(&self, part: &str) -> bool {
        self.doubts.iter().any(|text| text.contains(part))
    }
}

/// A page with a number, signed in by a cookie.
pub(crate) fn total(cookie: (&str, &str)) -> Call {
    Call::get("/api/orders/total")
        .cookie(cookie.0, cookie.1)
        .answers(&json!({ "total": 42 }))
}

/// The same with a token.
pub(crate) fn total_by(header: &str, value: &str) -> Call {
    Call::get("/api/orders/total")
        .header(header, value)
        .answers(&json!({ "total": 42 }))
}

/// A sign-in by a form of two fields that sets a session cookie.
pub(crate) fn form_sign_in(more: &[(&str, &str)]) -> Call {
    let fields = [&[("username", "ops"), ("password", "hunter22")], more].concat();
    Call::post("/login")
        .form(&fields)
        .sets("sid", "s3ss10n-4711-abcd")
        .to(302, "/")
}

pub(crate) const LOGIN_PAGE: &str =
    "<form method=post><input name=username><input type=password name=password></form>";
