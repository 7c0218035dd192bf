//! The keys of `sign`, and how they are checked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use monitor_domain::Finding;
use monitor_requests::{HeaderName, SecretKey, SecretSource, Signer, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use super::algorithm::{Algorithm, Encoding};
use super::signer::{Place, RequestSigner, Templates};
use super::vars;
use crate::BuildError;
use crate::template::{ALWAYS, Template, check_values};

/// `sign = { … }`: how every call to the system is signed. `Debug` shows no value.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignSettings {
    /// The secret key, as `{ env = "NAME" }` or `{ file = "/path" }`.
    #[schemars(required)]
    pub key: Option<SecretSource>,
    /// `"hmac-sha256"`, `"hmac-sha1"`, `"hmac-sha512"`, `"hmac-md5"`, `"hmac-sm3"`, or `"md5"`, `"sha1"`, `"sha256"`, `"sha512"`, `"sm3"` of a text
    /// that has `{{ key }}` in it. Default `"hmac-sha256"`.
    pub algorithm: Algorithm,
    /// What is signed, a template.
    #[schemars(required)]
    pub text: Option<String>,
    /// How the signature is written, `"hex"`, `"HEX"` (in capitals) or `"base64"`. Default `"hex"`.
    pub encode: Encoding,
    /// The header that carries the signature, such as `"X-Signature"`.
    pub header: Option<String>,
    /// The query parameter that carries it instead, such as `"sign"`.
    pub query: Option<String>,
    /// What is written there, a template with `signature`, such as `"HMAC-SHA256 Signature={{ signature }}"`. Default: the signature.
    pub value: Option<String>,
    /// Headers that every call has besides, templates: `{ X-Timestamp = "{{ now_ms }}", X-Nonce = "{{ nonce }}" }`. They are there as the
    /// text is made. Default: none.
    pub add_headers: BTreeMap<String, String>,
    /// Query parameters that every call has besides, templates: `{ app_id = "1001", timestamp = "{{ now }}" }`. They are there as the text
    /// is made. Default: none.
    pub add_query: BTreeMap<String, String>,
    /// More secrets that the templates may use, by name: `{ app_id = { env = "APP_ID" } }`. Default: none.
    pub values: BTreeMap<String, SecretSource>,
    /// What the key of the HMAC is where it is not the secret alone, a template: `"{{ key }}&"`.
    pub hmac_key: Option<String>,
    /// Texts (templates) that are signed one after the other, each with what came of the one before as its key; the last makes the key
    /// of the signature: `["{{ now | date(format='%Y%m%d') }}", "region", "service"]`. Default: none.
    pub derive: Vec<String>,
}

impl SignSettings {
    /// Everything that is wrong with these keys.
    pub(crate) fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.key.is_none() {
            let message = "missing; { env = \"NAME\" } or { file = \"/run/secrets/name\" }";
            findings.push(Finding::new("sign.key", message));
        }
        findings.extend(check_values("sign.values", &self.values));
        let taken = ["key", "signature"].into_iter().chain(vars::NAMES).chain(ALWAYS);
        for name in taken.filter(|name| self.values.contains_key(*name)) {
            let message = format!("{name} is a name that templates have already: choose another");
            findings.push(Finding::new(format!("sign.values.{name}"), message));
        }
        if !self.algorithm.has_key() {
            for (key, is_set) in [
                ("hmac_key", self.hmac_key.is_some()),
                ("derive", !self.derive.is_empty()),
            ] {
                if is_set {
                    let message = "is for an algorithm with a key, such as \"hmac-sha256\": remove it";
                    findings.push(Finding::new(format!("sign.{key}"), message));
                }
            }
        }
        self.compile(&mut findings);
        findings
    }

    /// The keys that hold a secret, those that are set.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = SecretKey<'_>> {
        let secret = |key, source| SecretKey {
            key,
            source,
            warn_if_plain: true,
        };
        let key = self.key.iter().map(move |source| secret("sign.key", source));
        key.chain(
            self.values
                .values()
                .map(move |source| secret("sign.values", source)),
        )
    }

    /// What signs the calls to the system at `base`, which have these headers besides their own.
    ///
    /// # Errors
    /// [`BuildError`] that names the key that is wrong.
    pub(crate) fn signer(
        &self,
        base: &Url,
        headers: &BTreeMap<String, String>,
    ) -> Result<Arc<dyn Signer>, BuildError> {
        let mut findings = self.check();
        let templates = self.compile(&mut findings);
        let missing = || BuildError::Setting(Finding::new("sign.key", "missing"));
        let (Some(templates), Some(key), true) = (templates, &self.key, findings.is_empty()) else {
            return Err(findings
                .into_iter()
                .next()
                .map_or_else(missing, BuildError::Setting));
        };
        let values = self.values.iter();
        let values =
            values.map(|(name, source)| Ok((name.clone(), BuildError::resolve("sign.values", source)?)));
        Ok(Arc::new(RequestSigner {
            origin: base.origin(),
            headers: headers.clone(),
            key: BuildError::resolve("sign.key", key)?,
            values: values.collect::<Result<_, BuildError>>()?,
            algorithm: self.algorithm,
            encode: self.encode,
            templates,
        }))
    }

    fn compile(&self, findings: &mut Vec<Finding>) -> Option<Templates> {
        let before = findings.len();
        let names: Vec<&str> = vars::NAMES
            .into_iter()
            .chain(self.values.keys().map(String::as_str))
            .collect();
        let with = |name: &'static str| [&names[..], &[name]].concat();
        let mut template = |key: String, text: &str, names: &[&str]| {
            let parsed = Template::parse(text, names);
            parsed.map_err(|why| findings.push(Finding::new(key, why))).ok()
        };
        let text = self.text.as_deref().unwrap_or_default();
        let text = template("sign.text".to_owned(), text, &with("key"));
        let value = self.value.as_deref().unwrap_or("{{ signature }}");
        let value = template("sign.value".to_owned(), value, &with("signature"));
        let hmac_key = self.hmac_key.as_deref().unwrap_or("{{ key }}");
        let hmac_key = template("sign.hmac_key".to_owned(), hmac_key, &with("key"));
        let mut derive = Vec::new();
        for (index, text) in self.derive.iter().enumerate() {
            derive.extend(template(format!("sign.derive[{index}]"), text, &names));
        }
        let (mut add_headers, mut add_query) = (Vec::new(), Vec::new());
        for (name, text) in &self.add_query {
            let value = template(format!("sign.add_query.{name}"), text, &names);
            add_query.extend(value.map(|value| (name.clone(), value)));
        }
        for (name, text) in &self.add_headers {
            let value = template(format!("sign.add_headers.{name}"), text, &names);
            let name = HeaderName::from_bytes(name.as_bytes()).ok();
            add_headers.extend(name.zip(value));
        }
        let is_header = |name: &&String| HeaderName::from_bytes(name.as_bytes()).is_ok();
        let others = self.add_headers.keys().filter(|name| !is_header(name));
        findings.extend(others.map(|name| not_a_header(format!("sign.add_headers.{name}"))));
        findings.extend(self.check_text(&names));
        findings.extend(self.check_value(&names));
        let place = self.place().map_err(|finding| findings.push(finding)).ok();
        (findings.len() == before).then_some(Templates {
            text: text?,
            value: value?,
            hmac_key: hmac_key?,
            derive,
            add_headers,
            add_query,
            place: place?,
        })
    }

    fn place(&self) -> Result<Place, Finding> {
        match (&self.header, &self.query) {
            (Some(name), None) => HeaderName::from_bytes(name.as_bytes())
                .map(Place::Header)
                .map_err(|_| not_a_header("sign.header".to_owned())),
            (None, Some(name)) if !name.is_empty() => Ok(Place::Query(name.clone())),
            (None, Some(_)) => Err(Finding::new("sign.query", "must not be empty")),
            (Some(_), Some(_)) => Err(Finding::new("sign.query", "give either header or query")),
            (None, None) => {
                let message =
                    "says where the signature goes: give header = \"X-Signature\" or query = \"sign\"";
                Err(Finding::new("sign", message))
            }
        }
    }

    /// A text that proves nothing.
    fn check_text(&self, names: &[&str]) -> Option<Finding> {
        let text = self.text.as_deref().unwrap_or_default();
        if text.is_empty() {
            let message =
                "missing: the template of what is signed, such as \"{{ method }}\\n{{ path }}\\n{{ now }}\"";
            return Some(Finding::new("sign.text", message));
        }
        (!self.algorithm.has_key() && Template::parse(text, names).is_ok()).then(|| {
            let message =
                "has no {{ key }} in it, and this algorithm takes none beside it: anybody could sign so";
            Finding::new("sign.text", message)
        })
    }

    /// A value without the signature.
    fn check_value(&self, names: &[&str]) -> Option<Finding> {
        let value = self.value.as_deref()?;
        Template::parse(value, names)
            .is_ok()
            .then(|| Finding::new("sign.value", "has no {{ signature }} in it"))
    }
}

fn not_a_header(key: String) -> Finding {
    Finding::new(key, "not the name of a header")
}

impl fmt::Debug for SignSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignSettings")
            .field("algorithm", &self.algorithm)
            .field("header", &self.header)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_found_with_its_key_and_shows_no_secret() {
        let good = "key = 'hunter2'\ntext = '{{ path }}'\nheader = 'X-Sign'";
        let with = |more: &str| format!("{good}\n{more}");
        for (text, key, says) in [
            (
                "text = '{{ path }}'\nheader = 'X'".to_owned(),
                "sign.key",
                "missing; { env",
            ),
            (
                "key = 'hunter2'\nheader = 'X'".to_owned(),
                "sign.text",
                "missing: the template",
            ),
            (
                "key = 'hunter2'\ntext = 'hunter3 {{ pth }}'\nheader = 'X'".to_owned(),
                "sign.text",
                "nothing is called \"pth\" here; there are body, headers",
            ),
            (
                "key = 'hunter2'\ntext = 'hunter3 {{ path'\nheader = 'X'".to_owned(),
                "sign.text",
                "not a template",
            ),
            (
                "key = 'hunter2'\ntext = '{{ signature }}'\nheader = 'X'".to_owned(),
                "sign.text",
                "nothing is called \"signature\"",
            ),
            (
                "key = 'hunter2'\ntext = '{{ path }}'".to_owned(),
                "sign",
                "says where the signature goes",
            ),
            (
                "key = 'hunter2'\ntext = '{{ path }}'\nheader = 'X Y'".to_owned(),
                "sign.header",
                "not the name of a header",
            ),
            (
                "key = 'hunter2'\ntext = '{{ path }}'\nquery = ''".to_owned(),
                "sign.query",
                "must not be empty",
            ),
            (
                with("query = 'sign'"),
                "sign.query",
                "give either header or query",
            ),
            (with("value = 'v1'"), "sign.value", "has no {{ signature }}"),
            (
                with("value = '{{ key }} {{ signature }}'"),
                "sign.value",
                "nothing is called \"key\"",
            ),
            (
                with("add_headers = { 'X Y' = 'hunter3' }"),
                "sign.add_headers.X Y",
                "not the name of a header",
            ),
            (
                with("add_headers = { X = '{{ key }}' }"),
                "sign.add_headers.X",
                "nothing is called \"key\"",
            ),
            (
                with("add_query = { t = '{{ time }}' }"),
                "sign.add_query.t",
                "nothing is called \"time\"",
            ),
            (
                with("derive = ['{{ now }}', '{{ x }}']"),
                "sign.derive[1]",
                "nothing is called \"x\"",
            ),
            (
                with("hmac_key = '{{ k }}'"),
                "sign.hmac_key",
                "nothing is called \"k\"",
            ),
            (
                with("values = { 'a-b' = 'hunter3' }"),
                "sign.values.a-b",
                "not a name that a template can use",
            ),
            (
                with("values = { body = 'hunter3' }"),
                "sign.values.body",
                "body is a name that templates have already",
            ),
            (
                with("values = { nonce = 'hunter3' }"),
                "sign.values.nonce",
                "nonce is a name that templates have already",
            ),
            (with("algorithm = 'md5'"), "sign.text", "has no {{ key }} in it"),
            (
                "key = 'hunter2'\ntext = '{{ key }}'\nheader = 'X'\nalgorithm = 'sm3'\nhmac_key = 'x'"
                    .to_owned(),
                "sign.hmac_key",
                "is for an algorithm with a key",
            ),
            (
                "key = 'hunter2'\ntext = '{{ key }}'\nheader = 'X'\nalgorithm = 'sha1'\nderive = ['x']"
                    .to_owned(),
                "sign.derive",
                "is for an algorithm with a key",
            ),
        ] {
            let settings: SignSettings = toml::from_str(&text).unwrap();
            let findings = settings.check();
            assert_eq!(findings.len(), 1, "{text}: {findings:?}");
            assert!(
                findings[0].field == key && findings[0].message.starts_with(says),
                "{text}: {findings:?}"
            );
            let base = Url::parse("https://a.example").unwrap();
            let built = settings.signer(&base, &BTreeMap::new()).err();
            let said = format!("{settings:?} {findings:?} {built:?}");
            assert!(built.is_some() && !said.contains("hunter"), "{said}");
        }
        assert_eq!(toml::from_str::<SignSettings>(good).unwrap().check(), []);
        for wrong in ["algorithm = 'rsa'", "encode = 'Hex'", "keys = 1"] {
            assert!(toml::from_str::<SignSettings>(&with(wrong)).is_err(), "{wrong}");
        }
    }
}
