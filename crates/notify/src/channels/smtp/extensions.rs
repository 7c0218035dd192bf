//! What a server offers beyond RFC 821, as its answer to EHLO lists it.

use super::reply::Reply;

/// The extensions that make a difference here. None of them after a HELO.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) starttls: bool,
    pub(super) eight_bit_mime: bool,
    pub(super) smtp_utf8: bool,
    /// The ways to sign in, in capitals.
    pub(super) mechanisms: Vec<String>,
}

impl Extensions {
    /// Those in the answer to EHLO. Keywords are in any case (RFC 5321 section 2.4), and old servers write `AUTH=LOGIN`.
    pub(super) fn of(reply: &Reply) -> Extensions {
        let mut extensions = Extensions::default();
        // The first line names the server.
        for line in reply.lines.iter().skip(1) {
            let upper = line.to_ascii_uppercase();
            let mut words = upper
                .split(|one: char| one.is_whitespace() || one == '=')
                .filter(|word| !word.is_empty());
            match words.next() {
                Some("STARTTLS") => extensions.starttls = true,
                Some("8BITMIME") => extensions.eight_bit_mime = true,
                Some("SMTPUTF8") => extensions.smtp_utf8 = true,
                Some("AUTH") => {
                    for word in words.map(str::to_owned) {
                        if !extensions.mechanisms.contains(&word) {
                            extensions.mechanisms.push(word);
                        }
                    }
                }
                _ => {}
            }
        }
        extensions
    }

    /// Whether one can sign in this way.
    pub(super) fn signs_in_by(&self, mechanism: &str) -> bool {
        self.mechanisms.iter().any(|one| one == mechanism)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(mut reply: &[u8]) -> Extensions {
        Extensions::of(&Reply::read(&mut reply).await.unwrap())
    }

    #[tokio::test]
    async fn keywords_are_known_in_any_case_and_with_an_equals_sign() {
        let all = Extensions {
            starttls: true,
            eight_bit_mime: true,
            smtp_utf8: true,
            mechanisms: vec!["PLAIN".to_owned(), "LOGIN".to_owned()],
        };
        for reply in [
            b"250-m\r\n250-STARTTLS\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n".as_slice(),
            b"250-m\r\n250-starttls\r\n250-8bitmime\r\n250-smtputf8\r\n250 Auth plain login\r\n",
            b"250-m\n250-StartTLS \n250-8BitMime\n250-SmtpUtf8\n250-AUTH=Plain\n250 AUTH=LOGIN PLAIN\n",
            b"250-m\r\n250-\tSTARTTLS\r\n250-8BITMIME 1\r\n250-SMTPUTF8\r\n250-AUTH =PLAIN LOGIN\r\n250 \r\n",
        ] {
            assert_eq!(of(reply).await, all, "{}", String::from_utf8_lossy(reply));
        }
    }

    #[tokio::test]
    async fn the_name_of_a_server_is_no_extension() {
        for reply in [
            b"250 STARTTLS\r\n".as_slice(),
            b"250-AUTH PLAIN\r\n250 XSTARTTLS\r\n",
            b"250\r\n",
            b"250-m\r\n250-AUTH\r\n250 AUTHX PLAIN\r\n",
        ] {
            assert_eq!(
                of(reply).await,
                Extensions::default(),
                "{}",
                String::from_utf8_lossy(reply)
            );
        }
    }
}
