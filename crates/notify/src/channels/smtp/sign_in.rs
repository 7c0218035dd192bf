//! Signing in (RFC 4954) by PLAIN or LOGIN.

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;

use super::connection::Connection;
use super::fault::{Fault, Step};
use super::reply::{NoReply, Reply};

/// Signs in by the first of the two that the server offers.
pub(super) async fn sign_in(connection: &mut Connection, credentials: &Credentials) -> Result<(), Fault> {
    let offered = &connection.extensions;
    let answer = if offered.signs_in_by("PLAIN") {
        plain(connection, credentials).await
    } else if offered.signs_in_by("LOGIN") {
        login(connection, credentials).await
    } else if offered.mechanisms.is_empty() {
        let words = "the server lets nobody sign in";
        return Err(Fault::new(Step::SignIn, words).advise("over an encrypted connection it may"));
    } else {
        let words = format!(
            "the server offers {} and neither PLAIN nor LOGIN",
            offered.mechanisms.join(", ")
        );
        return Err(Fault::new(Step::SignIn, words));
    };
    let reply = answer.map_err(|why| Fault::unanswered(Step::SignIn, &why))?;
    match reply.class() {
        2 => Ok(()),
        3 => Err(Fault::unexpected(Step::SignIn, &reply)),
        _ => Err(Fault::refused(Step::SignIn, &reply)),
    }
}

async fn plain(connection: &mut Connection, credentials: &Credentials) -> Result<Reply, NoReply> {
    let command = say(Mechanism::Plain, credentials, None);
    let reply = connection.command(&command).await?;
    // A server that takes no answer before its question.
    match command.split_whitespace().last() {
        Some(answer) if reply.code == 334 => connection.command(format!("{answer}\r\n")).await,
        _ => Ok(reply),
    }
}

/// The two questions come in this order, and servers word them in many ways.
async fn login(connection: &mut Connection, credentials: &Credentials) -> Result<Reply, NoReply> {
    let mut reply = connection
        .command(say(Mechanism::Login, credentials, None))
        .await?;
    for question in ["Username:", "Password:"] {
        if reply.code != 334 {
            break;
        }
        let answer = say(Mechanism::Login, credentials, Some(question));
        reply = connection.command(answer).await?;
    }
    Ok(reply)
}

/// A command or an answer, with its line end.
fn say(mechanism: Mechanism, credentials: &Credentials, question: Option<&str>) -> String {
    // Fails only where a question goes with a mechanism that has none, or is not known.
    Auth::new(mechanism, credentials.clone(), question.map(str::to_owned))
        .map(|auth| auth.to_string())
        .unwrap_or_default()
}

/// A password in every form in which a server might repeat it: plain, and base64 as PLAIN and LOGIN send it.
pub(super) fn forms_of(credentials: &Credentials, password: &str) -> Vec<String> {
    let coded = |mechanism, question| {
        let command = say(mechanism, credentials, question);
        command.split_whitespace().last().map(str::to_owned)
    };
    let mut forms: Vec<String> = [
        coded(Mechanism::Plain, None),
        coded(Mechanism::Login, Some("Password:")),
    ]
    .into_iter()
    .flatten()
    .chain([password.to_owned()])
    .filter(|form| !form.is_empty())
    .collect();
    // A form that holds another one goes first.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_password_is_known() {
        let forms = forms_of(
            &Credentials::new("tim".into(), "tanstaaftanstaaf".into()),
            "tanstaaftanstaaf",
        );
        // The example of RFC 4616 section 4, and the same password alone.
        for form in [
            "AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
            "dGFuc3RhYWZ0YW5zdGFhZg==",
            "tanstaaftanstaaf",
        ] {
            assert!(forms.iter().any(|one| one == form), "{form}");
        }
    }
}
