//! Reading a request from the wire.

use std::io;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::request::Request;
use crate::tls::AnyStream;

/// The longest request line and headers.
const MAX_HEAD: usize = 64 << 10;

/// The largest body.
const MAX_BODY: usize = 4 << 20;

const MAX_HEADERS: usize = 100;

/// A request, and whether the client wants to send another on the same connection.
pub(super) struct Incoming {
    pub(super) request: Request,
    pub(super) keep_alive: bool,
}

/// Why there is no request.
pub(super) enum Refusal {
    /// The connection ended, as it may between two requests, or failed.
    Gone,
    /// What came in is refused with this status.
    Status(u16, &'static str),
}

impl From<io::Error> for Refusal {
    fn from(_: io::Error) -> Refusal {
        Refusal::Gone
    }
}

/// Reads one request; what follows it stays in `buffer`.
pub(super) async fn request(stream: &mut AnyStream, buffer: &mut BytesMut) -> Result<Incoming, Refusal> {
    let (mut request, head, keep_alive) = loop {
        if let Some(found) = parse_head(buffer)? {
            break found;
        }
        if buffer.len() > MAX_HEAD {
            return Err(Refusal::Status(431, "the head is too large"));
        }
        more(stream, buffer).await?;
    };
    buffer.advance(head);
    if request
        .header("expect")
        .is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue"))
    {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let chunked = request
        .header("transfer-encoding")
        .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    request.body = if chunked {
        chunks(stream, buffer).await?
    } else {
        match request
            .header("content-length")
            .map(|length| length.trim().parse::<usize>())
        {
            None => Bytes::new(),
            Some(Ok(length)) => exactly(stream, buffer, length).await?,
            Some(Err(_)) => return Err(Refusal::Status(400, "Content-Length is not a number")),
        }
    };
    request.at = Instant::now();
    Ok(Incoming { request, keep_alive })
}

/// The request without its body, the length of the head, and whether the connection goes on.
fn parse_head(buffer: &[u8]) -> Result<Option<(Request, usize, bool)>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Refusal::Status(400, "this is not HTTP/1.1")),
    };
    let (path, query) = parsed
        .path
        .unwrap_or("/")
        .split_once('?')
        .unwrap_or((parsed.path.unwrap_or("/"), ""));
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| {
                (
                    header.name.to_ascii_lowercase(),
                    String::from_utf8_lossy(header.value).into_owned(),
                )
            })
            .collect(),
        body: Bytes::new(),
        at: Instant::now(),
    };
    let connection = request
        .header("connection")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let keep_alive = match parsed.version {
        Some(0) => connection.contains("keep-alive"),
        _ => !connection.contains("close"),
    };
    Ok(Some((request, length, keep_alive)))
}

async fn exactly(stream: &mut AnyStream, buffer: &mut BytesMut, length: usize) -> Result<Bytes, Refusal> {
    if length > MAX_BODY {
        return Err(Refusal::Status(413, "the body is too large"));
    }
    while buffer.len() < length {
        more(stream, buffer).await?;
    }
    Ok(buffer.split_to(length).freeze())
}

async fn chunks(stream: &mut AnyStream, buffer: &mut BytesMut) -> Result<Bytes, Refusal> {
    let mut body = BytesMut::new();
    loop {
        let (line, size) = loop {
            match httparse::parse_chunk_size(buffer) {
                Ok(httparse::Status::Complete(found)) => break found,
                Ok(httparse::Status::Partial) if buffer.len() < MAX_HEAD => more(stream, buffer).await?,
                _ => return Err(Refusal::Status(400, "the chunks are broken")),
            }
        };
        buffer.advance(line);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size == 0 {
            // No trailers: none of our clients sends any.
            exactly(stream, buffer, 2).await?;
            return Ok(body.freeze());
        }
        if body.len().saturating_add(size) > MAX_BODY {
            return Err(Refusal::Status(413, "the body is too large"));
        }
        body.extend_from_slice(&exactly(stream, buffer, size).await?);
        exactly(stream, buffer, 2).await?;
    }
}

async fn more(stream: &mut AnyStream, buffer: &mut BytesMut) -> Result<(), Refusal> {
    match stream.read_buf(buffer).await? {
        0 => Err(Refusal::Gone),
        _ => Ok(()),
    }
}
