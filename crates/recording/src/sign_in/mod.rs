//! Which call signed in, with which fields, and what came of it.

mod csrf;
mod password;
mod token;

use crate::exchange::{Encoding, Exchange, Field};
use crate::names;
use crate::page::Page;

pub(crate) use csrf::{Origin, origin};
pub(crate) use password::PasswordForm;
pub(crate) use token::{Carrier, Place, Token};

/// The call that sent the password.
pub(crate) struct SignIn<'a> {
    /// Its place among all calls.
    pub(crate) index: usize,
    pub(crate) exchange: &'a Exchange,
    pub(crate) password: &'a Field,
    pub(crate) username: Option<&'a Field>,
    /// The page with its form, and that page's place.
    pub(crate) page: Option<(usize, &'a Page)>,
}

/// The pages of a recording with their places.
pub(crate) type Pages = [(usize, Page)];

impl<'a> SignIn<'a> {
    /// The best of all calls that sent a password; of equal ones the last, since those before it may have been refused.
    pub(crate) fn find(exchanges: &'a [Exchange], pages: &'a Pages) -> Option<SignIn<'a>> {
        let calls = exchanges.iter().enumerate();
        let scored = calls.filter_map(|(index, exchange)| {
            let page = page_before(exchanges, pages, index);
            let password = password(exchange, page.map(|(_, page)| page))?;
            let score = score(exchanges, index, exchange);
            let sign_in = SignIn {
                index,
                exchange,
                password,
                username: username(exchange, password, page.map(|(_, page)| page)),
                page,
            };
            Some((score, sign_in))
        });
        let (score, sign_in) = scored.max_by_key(|(score, sign_in)| (*score, sign_in.index))?;
        (score > 0).then_some(sign_in)
    }

    /// Fields besides name and password.
    pub(crate) fn more(&self) -> impl Iterator<Item = &'a Field> {
        let (password, username) = (self.password, self.username);
        let own = move |field: &&Field| {
            field.path != password.path && username.is_none_or(|username| field.path != username.path)
        };
        self.exchange.body.fields.iter().filter(own)
    }
}

/// The last page before a call that had a form with a password, of the same host.
fn page_before<'a>(exchanges: &[Exchange], pages: &'a Pages, index: usize) -> Option<(usize, &'a Page)> {
    let origin = exchanges[index].origin();
    let before = pages.iter().rev().filter(|(at, page)| {
        *at < index && page.has_password && exchanges[*at].origin() == origin && exchanges[*at].is_success()
    });
    before.map(|(at, page)| (*at, page)).next()
}

/// The field that holds the password: by its name, or by what the form calls it.
fn password<'a>(exchange: &'a Exchange, page: Option<&Page>) -> Option<&'a Field> {
    if !matches!(exchange.method.as_str(), "POST" | "PUT") {
        return None;
    }
    let is_typed = |field: &Field| {
        let typed = page.and_then(|page| page.form.iter().find(|input| input.name == field.name()));
        typed.is_some_and(|input| input.kind == "password")
    };
    let fields = || {
        exchange
            .body
            .fields
            .iter()
            .filter(|field| !field.text().is_empty())
    };
    fields()
        .find(|field| names::is_password(field.name()) && !names::is_new_password(field.name()))
        .or_else(|| fields().find(|field| is_typed(field)))
}

/// The field that names the account: by its name, or else the one before the password in the form, or the only other one.
fn username<'a>(exchange: &'a Exchange, password: &Field, page: Option<&Page>) -> Option<&'a Field> {
    let is_other = |field: &&Field| {
        let name = field.name();
        let is_more = names::is_csrf(name)
            || names::is_captcha(name)
            || names::is_one_time(name)
            || names::is_secret(name);
        field.path != password.path && field.value.is_string() && !field.text().is_empty() && !is_more
    };
    let fields = || exchange.body.fields.iter().filter(is_other);
    let named = fields().rev().max_by_key(|field| names::account(field.name()));
    if let Some(named) = named.filter(|field| names::account(field.name()) > 0) {
        return Some(named);
    }
    let typed = page.and_then(|page| {
        let at = page.form.iter().position(|input| input.kind == "password")?;
        let before = page.form[..at].iter().rev();
        before
            .into_iter()
            .find(|input| matches!(input.kind.as_str(), "text" | "email" | "tel"))
    });
    let typed = typed.and_then(|input| fields().find(|field| field.name() == input.name));
    typed.or_else(|| fields().next().filter(|_| fields().count() == 1))
}

fn score(exchanges: &[Exchange], index: usize, exchange: &Exchange) -> i32 {
    let path = exchange.url.path().to_ascii_lowercase();
    let mut score = 10;
    if [
        "login", "signin", "sign-in", "logon", "auth", "session", "token", "登录",
    ]
    .iter()
    .any(|word| path.contains(word))
    {
        score += 4;
    }
    if [
        "register", "signup", "sign-up", "reset", "change", "modify", "forgot",
    ]
    .iter()
    .any(|word| path.contains(word))
    {
        score -= 8;
    }
    if exchange
        .body
        .fields
        .iter()
        .any(|field| names::is_new_password(field.name()))
    {
        score -= 12;
    }
    if !exchange.set_cookies.is_empty() {
        score += 3;
    }
    let is_back = exchange
        .redirect()
        .is_some_and(|to| to.path() == exchange.url.path());
    match exchange.status {
        200..300 => score += 2,
        300..400 if !is_back => score += 4,
        300..400 => score -= 4,
        _ => score -= 20,
    }
    // A page with a password field again is a refusal.
    if exchange.is_html() && exchange.is_success() {
        score -= if Page::parse(&exchange.text).has_password {
            6
        } else {
            0
        };
    }
    if token::find(exchanges, index).is_some_and(|token| token.carrier.is_some()) {
        score += 5;
    }
    if exchange.body.encoding == Encoding::Other {
        score -= 2;
    }
    score
}

/// The token in the answer to a sign-in, if there is one.
pub(crate) fn token(exchanges: &[Exchange], index: usize) -> Option<Token> {
    token::find(exchanges, index)
}
