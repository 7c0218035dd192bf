//! Mail addresses as people write them.

use lettre::message::Mailbox;

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
    Ok(mailbox)
}
