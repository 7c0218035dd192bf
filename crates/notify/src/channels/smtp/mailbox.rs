//! Mail addresses as people write them, and as they go over the wire.

use lettre::Address;
use lettre::message::Mailbox;
use monitor_domain::counted;

use super::idn;

/// Longest name beside an address, in characters. A header's line has room for it.
const NAME_LIMIT: usize = 200;

/// Reads one address with or without a name. The message names the text and what is wrong with it.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, String> {
    let mailbox: Mailbox = text.trim().parse().map_err(|error| {
        format!("{text:?} is not a mail address ({error}); such as \"ops@example.com\" or \"Ops <ops@example.com>\"")
    })?;
    // A quoted local part may hold nearly anything; nothing that could end a header or a command gets past here.
    let address: &str = mailbox.email.as_ref();
    let name = mailbox.name.as_deref().unwrap_or_default();
    if address.chars().chain(name.chars()).any(char::is_control) {
        return Err(format!("{text:?} holds a control character"));
    }
    if name.chars().count() > NAME_LIMIT {
        return Err(format!(
            "{text:?} has a name of more than {}",
            counted(NAME_LIMIT, "character")
        ));
    }
    if idn::ascii(mailbox.email.domain()).is_none() {
        return Err(format!(
            "{text:?} has a domain that cannot be (punycode knows no such name)"
        ));
    }
    Ok(mailbox)
}

/// The address with its domain in ASCII, which every server takes. What stands before the @ belongs to the server that it
/// names, and has no other form.
pub(super) fn on_wire(address: &Address) -> Address {
    idn::ascii(address.domain())
        .and_then(|domain| Address::new(address.user(), domain).ok())
        .unwrap_or_else(|| address.clone())
}

/// Whether only a server with SMTPUTF8 (RFC 6531) can take the address.
pub(super) fn needs_utf8(address: &Address) -> bool {
    !address.user().is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_any_letters_and_goes_with_an_ascii_domain() {
        for (text, wire, utf8) in [
            ("ops@example.com", "ops@example.com", false),
            ("Ops <Ops@Example.com>", "Ops@Example.com", false),
            ("值班员 <ops@例子.中国>", "ops@xn--fsqu00a.xn--fiqs8s", false),
            ("ops@例子。中国", "ops@xn--fsqu00a.xn--fiqs8s", false),
            ("张三@例子.中国", "张三@xn--fsqu00a.xn--fiqs8s", true),
            ("张三@example.com", "张三@example.com", true),
        ] {
            let address = mailbox(text).unwrap().email;
            assert_eq!(on_wire(&address).to_string(), wire, "{text}");
            assert_eq!(needs_utf8(&address), utf8, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ops",
            "ops＠example.com",
            "a@b@c",
            "ops@例 子.cn",
            "ops@例子_1.cn",
            "\"a\u{7}b\"@example.com",
        ] {
            assert!(mailbox(text).is_err(), "{text:?}");
        }
        let name = |length| format!("\"{}\" <ops@example.com>", "值".repeat(length));
        assert!(mailbox(&name(NAME_LIMIT)).is_ok() && mailbox(&name(NAME_LIMIT + 1)).is_err());
    }
}
