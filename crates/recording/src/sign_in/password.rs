//! In which form a password was sent: as it was typed, or as something that a script of the page made of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secrets::looks_random;

/// What a page made of the password that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordForm {
    AsTyped,
    Base64,
    /// The filter of a template that makes it, probably, and whether its letters are large.
    Hash {
        filter: &'static str,
        is_upper: bool,
    },
    /// Made with a key, which no config can do.
    Encrypted,
}

impl PasswordForm {
    pub(crate) fn of(sent: &str) -> PasswordForm {
        let is_hex = sent.len() >= 32 && sent.chars().all(|c| c.is_ascii_hexdigit());
        if is_hex && sent.chars().any(|c| c.is_ascii_digit()) && sent.chars().any(|c| c.is_ascii_alphabetic())
        {
            let is_upper = sent.chars().any(|c| c.is_ascii_uppercase());
            let hash = |filter| PasswordForm::Hash { filter, is_upper };
            return match sent.len() {
                32 => hash("md5"),
                40 => hash("sha1"),
                64 => hash("sha256"),
                128 => hash("sha512"),
                _ => PasswordForm::Encrypted,
            };
        }
        let Ok(bytes) = STANDARD.decode(sent) else {
            return PasswordForm::AsTyped;
        };
        let is_text = bytes.len() >= 4 && bytes.iter().all(|byte| (0x20..0x7f).contains(byte));
        if is_text && (sent.ends_with('=') || sent.len() >= 16) {
            return PasswordForm::Base64;
        }
        let has_signs = sent.contains(['+', '/', '=']) || sent.len() >= 64;
        // Blocks of a cipher, or at least as long as the key of RSA.
        let is_block = bytes.len() % 16 == 0 || bytes.len() >= 64;
        if has_signs && is_block && bytes.len() >= 16 && (looks_random(sent) || bytes.len() >= 64) {
            PasswordForm::Encrypted
        } else {
            PasswordForm::AsTyped
        }
    }

    /// The template that makes it of the password in the config.
    pub(crate) fn template(self) -> Option<String> {
        match self {
            PasswordForm::Base64 => Some("{{ password | base64 }}".to_owned()),
            PasswordForm::Hash { filter, is_upper } => {
                let upper = if is_upper { " | upper" } else { "" };
                Some(format!("{{{{ password | {filter}{upper} }}}}"))
            }
            PasswordForm::AsTyped | PasswordForm::Encrypted => None,
        }
    }

    /// What was typed, where the recording says it.
    pub(crate) fn typed(self, sent: &str) -> Option<String> {
        match self {
            PasswordForm::AsTyped => Some(sent.to_owned()),
            PasswordForm::Base64 => String::from_utf8(STANDARD.decode(sent).ok()?).ok(),
            PasswordForm::Hash { .. } | PasswordForm::Encrypted => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_made_of_a_password_is_recognised() {
        let rsa = STANDARD.encode(
            (0..128_u8)
                .map(|n| n.wrapping_mul(37).wrapping_add(11))
                .collect::<Vec<_>>(),
        );
        let aes = STANDARD.encode(
            (0..16_u8)
                .map(|n| n.wrapping_mul(91).wrapping_add(130))
                .collect::<Vec<_>>(),
        );
        let hash = |filter, is_upper| PasswordForm::Hash { filter, is_upper };
        for (sent, form) in [
            ("hunter2", PasswordForm::AsTyped),
            ("password", PasswordForm::AsTyped),
            ("P@ssw0rd!2026", PasswordForm::AsTyped),
            ("correct horse battery staple", PasswordForm::AsTyped),
            ("密码", PasswordForm::AsTyped),
            ("", PasswordForm::AsTyped),
            ("aHVudGVyMg==", PasswordForm::Base64),
            ("2ab96390c7dbe3439de74d0c9b0b1767", hash("md5", false)),
            ("2AB96390C7DBE3439DE74D0C9B0B1767", hash("md5", true)),
            ("f3bbbd66a63d4bf1747940578ec3d0103530e21d", hash("sha1", false)),
            (&"0a".repeat(32), hash("sha256", false)),
            (&"0a".repeat(64), hash("sha512", false)),
            (&"04b7".repeat(49), PasswordForm::Encrypted),
            (&rsa, PasswordForm::Encrypted),
            (&aes, PasswordForm::Encrypted),
        ] {
            assert_eq!(PasswordForm::of(sent), form, "{sent}");
        }
    }

    #[test]
    fn a_template_makes_it_again() {
        let template = |sent: &str| PasswordForm::of(sent).template();
        assert_eq!(
            template("aHVudGVyMg==").as_deref(),
            Some("{{ password | base64 }}")
        );
        let upper = template("2AB96390C7DBE3439DE74D0C9B0B1767");
        assert_eq!(upper.as_deref(), Some("{{ password | md5 | upper }}"));
        assert_eq!(template("hunter2"), None);
        assert_eq!(
            PasswordForm::Base64.typed("aHVudGVyMg==").as_deref(),
            Some("hunter2")
        );
    }
}
