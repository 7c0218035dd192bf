//! Signing in to the mail server: AUTH PLAIN and LOGIN (RFC 4954).

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::session::Session;

impl Session {
    pub(super) async fn auth(&mut self, rest: &str) -> io::Result<()> {
        let (method, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let (username, password) = match method.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let given = self.auth_value(initial, "").await?;
                let mut parts = given.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => (
                self.auth_value(initial, "Username:").await?,
                self.auth_value("", "Password:").await?,
            ),
            _ => return self.reply(504, "PLAIN or LOGIN").await,
        };
        self.signed_in = self.core.login.as_ref() == Some(&(username, password));
        match self.signed_in {
            true => self.reply(235, "signed in").await,
            false => self.reply(535, "wrong user name or password").await,
        }
    }

    /// What was sent with the command, or is sent after the prompt; empty where it is not base64.
    async fn auth_value(&mut self, given: &str, prompt: &str) -> io::Result<String> {
        let encoded = if given.is_empty() {
            self.reply(334, &STANDARD.encode(prompt)).await?;
            String::from_utf8_lossy(&self.line().await?.unwrap_or_default())
                .trim()
                .to_owned()
        } else {
            given.to_owned()
        };
        Ok(STANDARD
            .decode(encoded)
            .ok()
            .and_then(|value| String::from_utf8(value).ok())
            .unwrap_or_default())
    }
}
