//! The forms of a web page, as far as signing in needs them.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

/// A selector of this file.
#[allow(clippy::expect_used, reason = "constants, of which a test uses every one")]
fn selector(text: &'static str) -> Selector {
    Selector::parse(text).expect("a selector")
}

static FORMS: LazyLock<Selector> = LazyLock::new(|| selector("form"));
static INPUTS: LazyLock<Selector> = LazyLock::new(|| selector("input"));
static PASSWORDS: LazyLock<Selector> = LazyLock::new(|| selector("input[type=password i]"));
static METAS: LazyLock<Selector> = LazyLock::new(|| selector("meta[name]"));

/// The form of a login page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Names and values of its hidden fields, which go back as they came.
    pub(crate) hidden: Vec<(String, String)>,
    /// Where it says that it is sent to.
    pub(crate) action: Option<String>,
}

impl Form {
    /// The form with the password field, or else the only one.
    pub(crate) fn of(page: &str) -> Option<Form> {
        let page = Html::parse_document(page);
        let forms: Vec<ElementRef<'_>> = page.select(&FORMS).collect();
        let with_password = forms.iter().find(|form| form.select(&PASSWORDS).next().is_some());
        let form = match (with_password, forms.as_slice()) {
            (Some(form), _) => *form,
            (None, [only]) => *only,
            _ => return None,
        };
        let hidden = form.select(&INPUTS).filter(|input| {
            input
                .attr("type")
                .is_some_and(|kind| kind.eq_ignore_ascii_case("hidden"))
        });
        let pair = |input: ElementRef<'_>| {
            let name = input.attr("name").filter(|name| !name.is_empty())?;
            Some((
                name.to_owned(),
                input.attr("value").unwrap_or_default().to_owned(),
            ))
        };
        Some(Form {
            hidden: hidden.filter_map(pair).collect(),
            action: form
                .attr("action")
                .filter(|action| !action.is_empty())
                .map(str::to_owned),
        })
    }
}

/// The value of the form field (or the `<meta name>`) of this name.
pub(crate) fn input(page: &str, name: &str) -> Option<String> {
    let page = Html::parse_document(page);
    let fields = page
        .select(&INPUTS)
        .filter(|input| input.attr("name") == Some(name));
    let field = fields.filter_map(|input| input.attr("value")).next();
    let meta = || {
        let metas = page.select(&METAS).filter(|meta| meta.attr("name") == Some(name));
        metas.filter_map(|meta| meta.attr("content")).next()
    };
    field.or_else(meta).map(str::to_owned)
}

/// Whether a page has a field for a password, as a login page has.
pub(crate) fn has_password_input(page: &str) -> bool {
    Html::parse_document(page).select(&PASSWORDS).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><meta name="csrf-token" content="m&amp;1">
        <form action="/search"><input type=hidden name=q value=search></form>
        <form method="post" action="/in"><INPUT TYPE='Hidden' name="csrf" value="a&quot;b"><input type=hidden name=empty>
        <input type=hidden value=nameless><input name=user><p><input type="PassWord" name=pw></form>"#;

    #[test]
    fn the_form_with_the_password_is_found_and_its_hidden_fields_decoded() {
        let form = Form::of(PAGE).unwrap();
        let hidden =
            [("csrf", "a\"b"), ("empty", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            (form.hidden, form.action.as_deref()),
            (hidden.to_vec(), Some("/in"))
        );
        assert!(has_password_input(PAGE) && !has_password_input("<p>type=password"));
        assert_eq!(
            Form::of("<form><input type=hidden name=a value=b></form>")
                .unwrap()
                .hidden
                .len(),
            1
        );
        assert_eq!(Form::of("<form></form><form></form>"), None);
        assert_eq!(Form::of("no page at all <<<"), None);
    }

    #[test]
    fn a_field_or_a_meta_is_found_by_its_name() {
        assert_eq!(input(PAGE, "csrf").as_deref(), Some("a\"b"));
        assert_eq!(input(PAGE, "csrf-token").as_deref(), Some("m&1"));
        assert_eq!(input(PAGE, "user"), None);
    }
}
