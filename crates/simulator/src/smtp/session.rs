//! One SMTP session, command by command (RFC 5321; STARTTLS of RFC 3207).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::data::Content;
use super::fault::{SmtpFault, Stage};
use super::mail::Mail;
use super::sink::Core;
use crate::tls::AnyStream;

/// The largest mail, announced by SIZE.
const MAX_MAIL: usize = 10 << 20;

/// The longest command or content line that is taken; RFC 4954 4 allows 12,288 for AUTH.
const MAX_LINE: usize = 64 << 10;

/// The most recipients of one mail; RFC 5321 4.5.3.1.8 demands at least 100.
const MAX_RECIPIENTS: usize = 1000;

pub(super) struct Session {
    pub(super) core: Arc<Core>,
    stream: AnyStream,
    buffer: BytesMut,
    encrypted: bool,
    greeted: bool,
    pub(super) signed_in: bool,
    envelope: Option<Envelope>,
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
}

/// What becomes of the session after a command.
#[derive(PartialEq)]
enum Next {
    Command,
    StartTls,
    Close,
}

/// What a scripted fault leaves of a stage.
enum Scripted {
    /// Nothing was scripted: the usual reply.
    Usual,
    /// This reply was sent; the command counts as accepted or not.
    Replied { accepted: bool, next: Next },
    /// The session is over.
    Over,
}

impl Session {
    pub(super) fn new(core: Arc<Core>, stream: AnyStream) -> Session {
        Session {
            core,
            stream,
            buffer: BytesMut::new(),
            encrypted: false,
            greeted: false,
            signed_in: false,
            envelope: None,
        }
    }

    pub(super) async fn run(mut self) -> io::Result<()> {
        match self.scripted(&Stage::Connect).await? {
            Scripted::Usual => self.reply(220, "localhost ESMTP monitor-simulator").await?,
            Scripted::Replied { accepted: true, .. } => {}
            _ => return self.stream.shutdown().await,
        }
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            match self.command(&line).await? {
                Next::Command => {}
                Next::Close => break,
                Next::StartTls => {
                    let transport = self.core.starttls.clone().unwrap_or_default();
                    // What came in clear after the command must not count as encrypted: RFC 3207 6.
                    let stream = transport.accept(self.stream).await?;
                    self = Session {
                        encrypted: true,
                        ..Session::new(self.core, stream)
                    };
                }
            }
        }
        self.stream.shutdown().await
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => return self.hello(verb).await,
            "STARTTLS" if self.core.starttls.is_some() && !self.encrypted => {
                self.reply(220, "ready").await?;
                return Ok(Next::StartTls);
            }
            "AUTH" if self.may_sign_in() => self.auth(rest).await?,
            "MAIL" => return self.mail(rest).await,
            "RCPT" => return self.rcpt(rest).await,
            "DATA" => return self.data().await,
            "RSET" => {
                self.envelope = None;
                self.reply(250, "forgotten").await?;
            }
            "NOOP" => self.reply(250, "ok").await?,
            "VRFY" => self.reply(252, "try and see").await?,
            "QUIT" => {
                self.reply(221, "bye").await?;
                return Ok(Next::Close);
            }
            _ => self.reply(502, "unknown command").await?,
        }
        Ok(Next::Command)
    }

    async fn hello(&mut self, verb: &str) -> io::Result<Next> {
        match self.scripted(&Stage::Ehlo).await? {
            Scripted::Usual => {}
            Scripted::Replied { accepted, next } => {
                self.greeted |= accepted;
                return Ok(next);
            }
            Scripted::Over => return Ok(Next::Close),
        }
        self.greeted = true;
        self.envelope = None;
        let mut lines = vec!["localhost".to_owned()];
        if verb.eq_ignore_ascii_case("EHLO") {
            lines.extend([
                format!("SIZE {MAX_MAIL}"),
                "PIPELINING".into(),
                "8BITMIME".into(),
                "SMTPUTF8".into(),
            ]);
            if self.core.starttls.is_some() && !self.encrypted {
                lines.push("STARTTLS".into());
            }
            if self.may_sign_in() {
                lines.push("AUTH PLAIN LOGIN".into());
            }
        }
        let last = lines.len() - 1;
        let separated = |(place, line): (usize, &String)| {
            format!("250{}{line}\r\n", if place == last { ' ' } else { '-' })
        };
        let reply: String = lines.iter().enumerate().map(separated).collect();
        self.send(&reply).await?;
        Ok(Next::Command)
    }

    pub(super) fn may_sign_in(&self) -> bool {
        self.core.login.is_some() && (self.encrypted || self.core.starttls.is_none())
    }

    async fn mail(&mut self, rest: &str) -> io::Result<Next> {
        self.core.transactions.fetch_add(1, Ordering::Relaxed);
        let refusal = if !self.greeted {
            Some((503, "say EHLO first"))
        } else if self.core.starttls.is_some() && !self.encrypted {
            Some((530, "STARTTLS first"))
        } else if self.core.login.is_some() && !self.signed_in {
            Some((530, "sign in first"))
        } else if self.envelope.is_some() {
            Some((503, "one mail at a time"))
        } else {
            None
        };
        if let Some((code, text)) = refusal {
            self.reply(code, text).await?;
            return Ok(Next::Command);
        }
        let Some((from, parameters)) = address(rest, "FROM:") else {
            self.reply(501, "MAIL FROM:<address> was expected").await?;
            return Ok(Next::Command);
        };
        let size = parameters
            .to_ascii_uppercase()
            .split(' ')
            .find_map(|given| given.strip_prefix("SIZE=")?.parse().ok());
        if size.is_some_and(|size: usize| size > MAX_MAIL) {
            self.reply(552, "too large").await?;
            return Ok(Next::Command);
        }
        let scripted = self.scripted(&Stage::MailFrom).await?;
        let (accepted, next) = self.settle(scripted, 250, "ok").await?;
        if accepted {
            self.envelope = Some(Envelope { from, to: Vec::new() });
        }
        Ok(next)
    }

    async fn rcpt(&mut self, rest: &str) -> io::Result<Next> {
        let refusal = match (&self.envelope, address(rest, "TO:")) {
            (None, _) => (503, "MAIL FROM first"),
            (Some(envelope), _) if envelope.to.len() >= MAX_RECIPIENTS => (452, "too many recipients"),
            (Some(_), Some((to, _))) if !to.is_empty() => {
                let scripted = self.scripted(&Stage::RcptTo(Some(to.clone()))).await?;
                let (accepted, next) = self.settle(scripted, 250, "ok").await?;
                if let Some(envelope) = self.envelope.as_mut().filter(|_| accepted) {
                    envelope.to.push(to);
                }
                return Ok(next);
            }
            _ => (501, "RCPT TO:<address> was expected"),
        };
        self.reply(refusal.0, refusal.1).await?;
        Ok(Next::Command)
    }

    async fn data(&mut self) -> io::Result<Next> {
        if self
            .envelope
            .as_ref()
            .is_none_or(|envelope| envelope.to.is_empty())
        {
            self.reply(503, "RCPT TO first").await?;
            return Ok(Next::Command);
        }
        match self.core.script.take(&Stage::Data) {
            // In the middle of the content, whatever there is of it.
            Some(SmtpFault::DropAt(_)) => {
                self.reply(354, "go on").await?;
                self.line().await?;
                return Ok(Next::Close);
            }
            fault => {
                let scripted = self.apply(fault).await?;
                let (accepted, next) = self.settle(scripted, 354, "go on, and end with a dot").await?;
                if !accepted {
                    return Ok(next);
                }
            }
        }
        let mut content = Content::default();
        loop {
            let Some(line) = self.line().await? else {
                return Ok(Next::Close);
            };
            if content.line(&line, MAX_MAIL) {
                break;
            }
        }
        let envelope = self.envelope.take().unwrap_or_default();
        let Some(raw) = content.finish(MAX_MAIL) else {
            self.reply(552, "too large").await?;
            return Ok(Next::Command);
        };
        let mail = Mail::new(envelope.from, envelope.to, raw);
        let fault = self.core.script.take(&Stage::EndOfData);
        let kept = match &fault {
            None | Some(SmtpFault::DropAfterData) => true,
            Some(SmtpFault::Reply { code, .. }) => *code < 400,
            Some(_) => false,
        };
        if kept {
            // Before the reply: a client that read it must find the mail.
            self.core.keep(mail);
        }
        let scripted = self.apply(fault).await?;
        Ok(self.settle(scripted, 250, "kept").await?.1)
    }

    async fn scripted(&mut self, stage: &Stage) -> io::Result<Scripted> {
        let fault = self.core.script.take(stage);
        self.apply(fault).await
    }

    async fn apply(&mut self, fault: Option<SmtpFault>) -> io::Result<Scripted> {
        match fault {
            None => Ok(Scripted::Usual),
            Some(SmtpFault::Reply { code, text, .. }) => {
                self.reply(code, &text).await?;
                let next = if code == 421 { Next::Close } else { Next::Command };
                Ok(Scripted::Replied {
                    accepted: code < 400,
                    next,
                })
            }
            Some(SmtpFault::DropAt(_) | SmtpFault::DropAfterData) => Ok(Scripted::Over),
            Some(SmtpFault::NoGreeting | SmtpFault::HangAt(_)) => {
                let mut ignored = [0; 1024];
                while self.stream.read(&mut ignored).await? > 0 {}
                Ok(Scripted::Over)
            }
        }
    }

    /// Whether the command is accepted, after the usual reply where nothing else was said.
    async fn settle(&mut self, scripted: Scripted, code: u16, text: &str) -> io::Result<(bool, Next)> {
        match scripted {
            Scripted::Usual => {
                self.reply(code, text).await?;
                Ok((true, Next::Command))
            }
            Scripted::Replied { accepted, next } => Ok((accepted, next)),
            Scripted::Over => Ok((false, Next::Close)),
        }
    }

    pub(super) async fn reply(&mut self, code: u16, text: &str) -> io::Result<()> {
        let text = text.replace(['\r', '\n'], " ");
        self.send(&format!("{code} {text}\r\n")).await
    }

    async fn send(&mut self, reply: &str) -> io::Result<()> {
        self.stream.write_all(reply.as_bytes()).await?;
        self.stream.flush().await
    }

    /// The next line with its end; `None` when the connection ended, or never ends a line.
    pub(super) async fn line(&mut self) -> io::Result<Option<BytesMut>> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.buffer.split_to(searched + end + 1)));
            }
            searched = self.buffer.len();
            if searched > MAX_LINE {
                self.reply(500, "the line is too long").await?;
                return Ok(None);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// The address in `FROM:<address> parameters`, and the parameters.
fn address<'a>(rest: &'a str, keyword: &str) -> Option<(String, &'a str)> {
    let given = rest
        .get(..keyword.len())
        .filter(|given| given.eq_ignore_ascii_case(keyword))
        .map(|_| &rest[keyword.len()..])?;
    let (address, parameters) = given.trim_start().strip_prefix('<')?.split_once('>')?;
    Some((address.to_owned(), parameters.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_with_its_parameters() {
        assert_eq!(
            address("FROM:<a@b.c> SIZE=12 BODY=8BITMIME", "FROM:"),
            Some(("a@b.c".into(), "SIZE=12 BODY=8BITMIME"))
        );
        assert_eq!(address("from: <>", "FROM:"), Some((String::new(), "")));
        assert_eq!(address("TO:a@b.c", "TO:"), None);
        assert_eq!(address("é", "TO:"), None);
    }
}
