//! The name that is said in EHLO and HELO (RFC 5321 section 4.1.1.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lettre::transport::smtp::extension::ClientId;

use super::idn;

/// Reads a `hello_name`: a host name, or an address in brackets.
pub(super) fn read(text: &str) -> Result<ClientId, String> {
    let text = text.trim();
    let refuse = |why: &str| {
        Err(format!(
            "{text:?} {why}; such as \"monitor.example.com\" or \"[192.0.2.1]\""
        ))
    };
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').unwrap_or_default();
        let tagged = address
            .get(..5)
            .filter(|tag| tag.eq_ignore_ascii_case("IPv6:"))
            .map(|tag| &address[tag.len()..]);
        return match (
            address.parse::<Ipv4Addr>(),
            tagged.unwrap_or(address).parse::<Ipv6Addr>(),
        ) {
            (Ok(address), _) => Ok(ClientId::Ipv4(address)),
            (_, Ok(address)) => Ok(ClientId::Ipv6(address)),
            _ => refuse("is no address in brackets"),
        };
    }
    if text.parse::<IpAddr>().is_ok() {
        return refuse("is an address, which stands in brackets");
    }
    match idn::ascii(text) {
        Some(name) if is_host_name(&name) => Ok(ClientId::Domain(name)),
        _ => refuse("is no host name"),
    }
}

/// This machine's name, or where it has none that can be said, what lettre says then.
pub(super) fn of_machine() -> ClientId {
    match ClientId::default() {
        ClientId::Domain(name) if !is_host_name(&name) => ClientId::Ipv4(Ipv4Addr::LOCALHOST),
        name => name,
    }
}

/// Letters, digits, hyphens, and the underscores that some networks have; the last part is no number.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let mut labels = text.rsplit('.');
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 253
        && labels
            .next()
            .is_some_and(|last| is_label(last) && !is_number(last))
        && labels.all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_and_addresses_in_brackets_are_names() {
        for (text, said) in [
            ("monitor.example.com", "monitor.example.com"),
            (" monitor-1 ", "monitor-1"),
            ("4.monitor_a.local", "4.monitor_a.local"),
            ("监控.例子.cn", "xn--izun04b.xn--fsqu00a.cn"),
            ("[192.0.2.1]", "[192.0.2.1]"),
            ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
            ("[ipv6:2001:DB8::1]", "[IPv6:2001:db8::1]"),
            ("[::1]", "[IPv6:::1]"),
        ] {
            assert_eq!(
                read(text).map(|name| name.to_string()).as_deref(),
                Ok(said),
                "{text}"
            );
        }
    }

    #[test]
    fn what_no_host_is_called_is_refused() {
        for (text, words) in [
            ("", "no host name"),
            ("monitor example", "no host name"),
            ("monitor\r\nMAIL FROM:<a@b.c>", "no host name"),
            ("ops@example.com", "no host name"),
            ("smtp://example.com", "no host name"),
            ("-a.example", "no host name"),
            ("a..example", "no host name"),
            ("a.example.", "no host name"),
            ("监 控", "no host name"),
            ("1.2.3.4.5", "no host name"),
            ("256.1.1.1", "no host name"),
            ("192.0.2.1", "stands in brackets"),
            ("2001:db8::1", "stands in brackets"),
            ("[192.0.2.256]", "no address in brackets"),
            ("[monitor]", "no address in brackets"),
            ("[IPv6:192.0.2.1]", "no address in brackets"),
            ("[192.0.2.1", "no address in brackets"),
            ("[例子例子]", "no address in brackets"),
        ] {
            let message = read(text).unwrap_err();
            assert!(
                message.contains(words) && message.contains("[192.0.2.1]"),
                "{text:?}: {message}"
            );
        }
        assert!(read(&"a".repeat(64)).is_err() && read(&"a.".repeat(126).replace(".a", ".aa")).is_err());
    }

    #[test]
    fn the_machine_has_a_name_that_can_be_said() {
        let name = of_machine().to_string();
        assert!(read(&name).is_ok(), "{name}");
    }
}
