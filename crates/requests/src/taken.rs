//! Which of the values that one answer hands out for a later call are secrets.

use crate::mask::is_key;
use crate::redact::is_secret_header;

/// Parts of the names of what an answer hands out to be sent back, besides those of all secrets.
const HANDED_OUT: &[&str] = &["csrf", "xsrf", "nonce", "salt", "otp"];

/// The longest id that is shown, in characters. What is longer may well be a ticket.
const LONGEST_ID: usize = 12;

/// Whether a value that was taken from an answer for a later call is a secret, by its name and by its shape. What is left
/// is short and no key: the id of a shop, which those who read an error need.
pub fn is_secret_taken(name: &str, value: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_secret_header(&lower)
        || HANDED_OUT.iter().any(|part| lower.contains(part))
        || value.chars().count() > LONGEST_ID
        || is_key(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_secrets_and_ids_are_not() {
        for (name, value) in [
            ("token", "7"),
            ("accessToken", "abc"),
            ("csrf", "x1"),
            ("x_ticket", "tk-1"),
            ("app_key", "ops"),
            ("session_id", "41"),
            ("t", "secret-token-1"),
            ("t", "wx9f2c41d0"),
            ("t", "1234567890123"),
            ("shop", "550e8400-e29b-41d4-a716-446655440000"),
        ] {
            assert!(is_secret_taken(name, value), "{name} = {value}");
        }
        for (name, value) in [
            ("shop", "s7"),
            ("id", "41"),
            ("region", "cn-shanghai"),
            ("order", "202611270012"),
            ("shop", "门店一号"),
            ("tenant", "tenant01"),
            ("day", "2026-11-27"),
        ] {
            assert!(!is_secret_taken(name, value), "{name} = {value}");
        }
    }
}
