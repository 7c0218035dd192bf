//! `metrics.KEY.fetch`

use std::collections::BTreeMap;
use std::sync::Arc;

use monitor_domain::{Finding, MetricKey};
use monitor_login::{BodyRule, BodySettings, PageSelector, StepSettings};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{FetchCallSettings, ForEachSettings, ListSettings};
use crate::extract::{Decimal, Extract, Notation, Scale};
use crate::fetch::Fetch;
use crate::request::{RequestKeys, compile_ok};

/// `metrics.KEY.fetch`: where a number comes from. Exactly one of `value`, `count`, `sum`, `max`, `min`,
/// `header`, `regex` and `select` says how it is taken from the answer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FetchSettings {
    /// The name of a section of `[fetches]` that says what is requested, in place of `system` and all the keys from `path` to `steps`: the
    /// metrics that name it are read from one answer.
    pub from: Option<String>,
    /// The system to read from, a name of `[systems]`. Needed without `from`.
    pub system: Option<String>,
    /// Path and query below the system's `base_url`, such as `"/api/totals/x"`: a template. Needed without `from`.
    pub path: Option<String>,
    /// HTTP method. Default `"GET"`.
    pub method: Option<String>,
    /// More query parameters, such as `{ status = "unpaid" }`; the values are templates. Default: none.
    pub query: BTreeMap<String, String>,
    /// More request headers; the values are templates. Default: none.
    pub headers: BTreeMap<String, String>,
    /// Request body, sent as JSON, in which texts are templates; a string is a template and sent as it is. Default: none.
    pub body: Option<serde_json::Value>,
    /// Calls before this one, whose answers bring what it needs. Default: none.
    pub steps: Vec<StepSettings>,
    /// JSONPath (RFC 9535) of the number, such as `"$.total"`.
    pub value: Option<String>,
    /// JSONPath: the number is how many nodes it selects. Or how many elements of a page: `{ select = "tr.unpaid", within = "#orders" }`.
    pub count: Option<ListSettings>,
    /// The number is the sum of those that are selected, as in `count`.
    pub sum: Option<ListSettings>,
    /// The number is the largest of those that are selected, as in `count`.
    pub max: Option<ListSettings>,
    /// The number is the smallest of those that are selected, as in `count`.
    pub min: Option<ListSettings>,
    /// The header of the response that holds the number, such as `"X-Total-Count"`.
    pub header: Option<String>,
    /// Regular expression over the body: its first group, or without one the whole match, is the number.
    pub regex: Option<String>,
    /// CSS selector of the one element of a page whose text is the number, such as `"#total"`.
    pub select: Option<String>,
    /// With `select`: the attribute that is the number, instead of the text.
    pub attribute: Option<String>,
    /// What the number is multiplied by, such as `0.01` for an amount in cents; reckoned in decimals. Default: nothing.
    pub scale: Option<f64>,
    /// The decimal sign of a number in a header, a text or a page: `"."` or `","`. The other one, spaces, `'` and `_` may separate
    /// groups of three digits. Default `"."`.
    pub decimal: Option<String>,
    /// Whether `null` where `count`, `sum`, `max` and `min` need a list is an empty one. Default `false`: the metric is
    /// unreadable.
    pub null_is_empty: bool,
    /// What the JSON of a good answer says, such as `{ path = "$.code", equals = [0, "0"] }` or `{ present = "$.data" }`. Default: that
    /// of the system.
    pub ok: Option<BodySettings>,
}

/// One way to take the number, as the config has it.
enum Way<'a> {
    Text(&'a str),
    List(&'a ListSettings),
}

impl FetchSettings {
    /// All that is wrong with this section by itself.
    pub fn check(&self) -> Vec<Finding> {
        self.compile().err().unwrap_or_default()
    }

    /// The keys that say what is requested.
    pub(crate) fn request(&self) -> RequestKeys<'_> {
        RequestKeys {
            system: self.system.as_deref(),
            path: self.path.as_deref(),
            method: self.method.as_deref(),
            query: &self.query,
            headers: &self.headers,
            body: self.body.as_ref(),
            steps: &self.steps,
        }
    }

    /// What the section of `[fetches]` requests, and this one takes from the answer.
    #[must_use]
    pub fn with(&self, call: &FetchCallSettings) -> FetchSettings {
        let call = call.clone();
        FetchSettings {
            from: None,
            system: call.system,
            path: call.path,
            method: call.method,
            query: call.query,
            headers: call.headers,
            body: call.body,
            steps: call.steps,
            ok: self.ok.clone().or(call.ok),
            ..self.clone()
        }
    }

    /// What is wrong with a section that has `from`, besides what is wrong with the one that it names.
    pub fn check_from(&self) -> Vec<Finding> {
        let mut errors = self.beside_from();
        self.taking(&mut errors);
        errors
    }

    /// What may not stand beside `from`.
    fn beside_from(&self) -> Vec<Finding> {
        let mut errors = Vec::new();
        let given = [
            ("system", self.system.is_some()),
            ("path", self.path.is_some()),
            ("method", self.method.is_some()),
            ("query", !self.query.is_empty()),
            ("headers", !self.headers.is_empty()),
            ("body", self.body.is_some()),
            ("steps", !self.steps.is_empty()),
        ];
        let name = self.from.as_deref().unwrap_or_default();
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            errors.push(Finding::new(
                key,
                format!("[fetches.{name}] says what is requested: leave this out, or leave from out"),
            ));
        }
        errors
    }

    /// The checked form.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile(&self) -> Result<Fetch, Vec<Finding>> {
        let mut errors = Vec::new();
        if let Some(from) = &self.from {
            let message = format!("[fetches.{from}] has to be put in its place first");
            return Err(vec![Finding::new("from", message)]);
        }
        let chain = self.request().of_fetch(&mut errors);
        let (extract, scale, ok) = self.taking(&mut errors);
        match (chain, extract) {
            (Some(chain), Some(extract)) if errors.is_empty() => Ok(Fetch {
                system: self.system.clone().unwrap_or_default(),
                chain,
                extract,
                scale,
                counts: false,
                ok,
            }),
            _ => Err(errors),
        }
    }

    /// All that is wrong with this section where the metric is a list; what is wrong with `for_each` itself, that says.
    pub fn check_for_each(&self) -> Vec<Finding> {
        let mut errors = self.no_way();
        self.request().of_list(&mut errors);
        self.scale_and_ok(&mut errors);
        errors
    }

    /// The same for one that has `from`.
    pub fn check_from_for_each(&self) -> Vec<Finding> {
        let mut errors = self.beside_from();
        errors.extend(self.no_way());
        self.scale_and_ok(&mut errors);
        errors
    }

    /// The checked form where the metric `key` is a list.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn compile_for_each(&self, key: &MetricKey, each: &ForEachSettings) -> Result<Fetch, Vec<Finding>> {
        let mut errors = self.no_way();
        let chain = self.request().of_list(&mut errors);
        let list = each.compile(key, self.null_is_empty, &mut errors);
        let (scale, ok) = self.scale_and_ok(&mut errors);
        match (chain, list) {
            (Some(chain), Some(list)) if errors.is_empty() => Ok(Fetch {
                system: self.system.clone().unwrap_or_default(),
                chain,
                extract: Extract::List(Arc::new(list)),
                scale,
                counts: false,
                ok,
            }),
            _ => Err(errors),
        }
    }

    /// Each item has a number, so the answer has none itself.
    fn no_way(&self) -> Vec<Finding> {
        let message =
            "for_each takes a number of each item (for_each.value): leave this out, or leave for_each out";
        let ways = self.ways().into_iter().map(|(name, _)| name);
        let beside = [
            ("attribute", self.attribute.is_some()),
            ("decimal", self.decimal.is_some()),
        ];
        let beside = beside
            .into_iter()
            .filter_map(|(name, given)| given.then_some(name));
        ways.chain(beside)
            .map(|name| Finding::new(name, message))
            .collect()
    }

    /// How the number is taken.
    fn taking(&self, errors: &mut Vec<Finding>) -> (Option<Extract>, Option<Scale>, Option<BodyRule>) {
        let extract = self.extract(errors);
        let (scale, ok) = self.scale_and_ok(errors);
        (extract, scale, ok)
    }

    fn scale_and_ok(&self, errors: &mut Vec<Finding>) -> (Option<Scale>, Option<BodyRule>) {
        let scale = self.scale.map(Scale::new).transpose();
        let scale = scale.map_err(|why| errors.push(Finding::new("scale", why)));
        (scale.ok().flatten(), compile_ok(self.ok.as_ref(), errors))
    }

    /// Whether it says how the number is taken.
    pub fn has_way(&self) -> bool {
        !self.ways().is_empty()
    }

    fn ways(&self) -> Vec<(&'static str, Way<'_>)> {
        fn text(key: &Option<String>) -> Option<Way<'_>> {
            key.as_deref().map(Way::Text)
        }
        fn list(key: &Option<ListSettings>) -> Option<Way<'_>> {
            key.as_ref().map(Way::List)
        }
        let ways = [
            ("value", text(&self.value)),
            ("count", list(&self.count)),
            ("sum", list(&self.sum)),
            ("max", list(&self.max)),
            ("min", list(&self.min)),
            ("header", text(&self.header)),
            ("regex", text(&self.regex)),
            ("select", text(&self.select)),
        ];
        ways.into_iter()
            .filter_map(|(name, way)| Some((name, way?)))
            .collect()
    }

    fn extract(&self, errors: &mut Vec<Finding>) -> Option<Extract> {
        let decimal = match self.decimal.as_deref().map(Decimal::parse).transpose() {
            Ok(decimal) => decimal.unwrap_or_default(),
            Err(message) => {
                errors.push(Finding::new("decimal", message));
                Decimal::default()
            }
        };
        let notation = Notation {
            null_is_empty: self.null_is_empty,
            decimal,
        };
        if self.attribute.is_some() && self.select.is_none() {
            let message = "is for select: give that too, such as select = \"#total\"";
            errors.push(Finding::new("attribute", message));
        }
        match self.ways().as_slice() {
            [] => {
                errors.push(Finding::new(
                    "",
                    "does not say how to take the number from the answer: give one of value, count, sum, max, min \
                     (a JSONPath such as \"$.total\"), header, regex or select",
                ));
                None
            }
            [(name, way)] => match self.parse(name, way, notation) {
                Ok(extract) => Some(extract),
                Err(Finding { field, message }) => {
                    let field = [*name, &field].join(if field.is_empty() { "" } else { "." });
                    errors.push(Finding::new(field, message));
                    None
                }
            },
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
                errors.push(Finding::new(
                    several[1].0,
                    format!(
                        "only one way to take the number is possible; there are {}",
                        names.join(", ")
                    ),
                ));
                None
            }
        }
    }

    fn parse(&self, name: &str, way: &Way<'_>, notation: Notation) -> Result<Extract, Finding> {
        let wrong = |why: String| Finding::new("", why);
        match way {
            Way::Text(css) if name == "select" => PageSelector::parse(css, self.attribute.as_deref())
                .map(|selector| Extract::Select(selector, notation.decimal))
                .map_err(wrong),
            Way::Text(text) => Extract::parse(name, text, notation).map_err(wrong),
            Way::List(ListSettings::Path(path)) => Extract::parse(name, path, notation).map_err(wrong),
            Way::List(ListSettings::Page(page)) => page
                .compile(notation.decimal)
                .map(|list| Extract::of_list(name, list)),
        }
    }
}
