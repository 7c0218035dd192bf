//! A connection to a mail server: commands out, replies in.

use std::fmt::Display;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::extensions::Extensions;
use super::reply::{NoReply, Reply};
use super::tls::{Tls, TlsError};

/// Bytes in both directions.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection.
pub(super) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
    /// What the server offers, as it said last.
    pub(super) extensions: Extensions,
    /// The last reply was read to its end, so that what comes next answers what is said next.
    is_in_step: bool,
}

impl Connection {
    /// A connection on which nothing was said yet.
    pub(super) fn new(stream: Box<dyn Stream>) -> Connection {
        Connection {
            stream: BufReader::new(stream),
            extensions: Extensions::default(),
            is_in_step: true,
        }
    }

    /// Whether more can be said on it.
    pub(super) fn is_in_step(&self) -> bool {
        self.is_in_step
    }

    /// The next reply.
    pub(super) async fn reply(&mut self) -> Result<Reply, NoReply> {
        let reply = Reply::read(&mut self.stream).await;
        self.is_in_step = reply.as_ref().is_ok_and(|reply| reply.is_whole);
        reply
    }

    /// Says a command, which ends its line itself, and reads the reply.
    pub(super) async fn command(&mut self, command: impl Display) -> Result<Reply, NoReply> {
        self.exchange(command.to_string().as_bytes()).await
    }

    /// Says the content of a mail and its end (RFC 5321 section 4.5.2), and reads the reply.
    pub(super) async fn content(&mut self, mail: &[u8]) -> Result<Reply, NoReply> {
        let mut bytes = Vec::with_capacity(mail.len() + 16);
        for line in mail.split_inclusive(|byte| *byte == b'\n') {
            if line.first() == Some(&b'.') {
                bytes.push(b'.');
            }
            bytes.extend_from_slice(line);
        }
        if !bytes.ends_with(b"\r\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b".\r\n");
        self.exchange(&bytes).await
    }

    async fn exchange(&mut self, bytes: &[u8]) -> Result<Reply, NoReply> {
        if !self.is_in_step {
            return Err(NoReply::TooLong);
        }
        // A yes that was said before does not answer what is said now.
        let unasked = self.stream.buffer();
        let (refusal, length) = (Reply::refusal_in(unasked), unasked.len());
        self.stream.consume(length);
        if let Some(refusal) = refusal {
            self.is_in_step = false;
            return Ok(refusal);
        }
        if let Err(error) = self.send(bytes).await {
            // A server that hangs up in the middle may have said why.
            let reply = self.reply().await;
            self.is_in_step = false;
            return reply
                .ok()
                .filter(|reply| reply.code >= 400)
                .ok_or(NoReply::Broken(error));
        }
        self.reply().await
    }

    async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes).await?;
        self.stream.get_mut().flush().await
    }

    /// Goes on with TLS, after the server agreed. What it offered in clear no longer counts.
    pub(super) async fn encrypt(self, tls: &Tls) -> Result<Connection, EncryptError> {
        // Whoever is in between could have put in what seems to come from the server (RFC 3207 section 6).
        if !self.stream.buffer().is_empty() {
            return Err(EncryptError::Injected);
        }
        let encrypted = tls.encrypt(self.stream.into_inner()).await?;
        Ok(Connection::new(Box::new(encrypted)))
    }
}

/// Why a connection could not go on with TLS.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncryptError {
    #[error("the server said more in clear after its agreement, or somebody in between did")]
    Injected,
    #[error(transparent)]
    Tls(#[from] TlsError),
}
