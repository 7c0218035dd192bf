//! Writing an answer to the wire, whole or with something wrong.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::{Compression, Crc, FlushCompress};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::answer::Answer;
use super::fault::Fault;
use crate::tls::AnyStream;

/// How much filler of a huge body is made at once.
const FILLER: usize = 64 << 10;

/// How much of a gzip bomb one piece unpacks to.
const BOMB_PIECE: usize = 1 << 20;

/// The end of a huge body, which makes it valid JSON.
const HUGE_END: &[u8] = b"{\"total\":1}";

/// In how many pieces a slow body comes.
const SLOW_PIECES: usize = 10;

/// Whether the connection is good for another request.
#[derive(PartialEq)]
pub(super) enum After {
    KeepAlive,
    Close,
}

/// Answers one request: `answer` is what the system said, or what the fault puts in its place.
pub(super) async fn respond(
    stream: &mut AnyStream,
    fault: Option<Fault>,
    answer: Answer,
) -> io::Result<After> {
    match fault {
        Some(Fault::DelayHead(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::SlowBody(duration)) => return slow_body(stream, &answer, duration).await,
        Some(Fault::Truncate) => return truncated(stream, answer).await,
        Some(Fault::Huge(bytes)) => return huge(stream, bytes).await,
        Some(Fault::GzipBomb(bytes)) => return gzip_bomb(stream, bytes).await,
        Some(Fault::LoseAnswer | Fault::CloseAtOnce) => return Ok(After::Close),
        Some(Fault::Hang) => return hang(stream).await,
        Some(
            Fault::Status(_) | Fault::StatusWith(..) | Fault::Html | Fault::Redirect(_) | Fault::Body(..),
        )
        | None => {}
    }
    whole(stream, &answer).await
}

/// Writes an answer as it is.
pub(super) async fn whole(stream: &mut AnyStream, answer: &Answer) -> io::Result<After> {
    let mut bytes = head(answer, answer.body.len());
    bytes.extend_from_slice(&answer.body);
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    Ok(After::KeepAlive)
}

fn head(answer: &Answer, length: usize) -> Vec<u8> {
    let mut head = status_and_headers(answer);
    // RFC 9110 8.6: a 204 has no Content-Length.
    if answer.status != 204 {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn status_and_headers(answer: &Answer) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}

async fn slow_body(stream: &mut AnyStream, answer: &Answer, duration: Duration) -> io::Result<After> {
    stream.write_all(&head(answer, answer.body.len())).await?;
    stream.flush().await?;
    let piece = answer.body.len().div_ceil(SLOW_PIECES).max(1);
    let pieces = answer.body.len().div_ceil(piece).max(1);
    let pause = duration / u32::try_from(pieces).unwrap_or(1);
    for piece in answer.body.chunks(piece) {
        tokio::time::sleep(pause).await;
        stream.write_all(piece).await?;
        stream.flush().await?;
    }
    Ok(After::KeepAlive)
}

async fn truncated(stream: &mut AnyStream, mut answer: Answer) -> io::Result<After> {
    if answer.body.is_empty() {
        // Nothing to cut short: announce something that never comes.
        answer.status = 200;
        answer.body = Bytes::from_static(b"{}");
    }
    let mut bytes = head(&answer, answer.body.len());
    bytes.extend_from_slice(&answer.body[..answer.body.len() / 2]);
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    Ok(After::Close)
}

async fn huge(stream: &mut AnyStream, bytes: usize) -> io::Result<After> {
    chunked_head(stream, None).await?;
    let filler = [b' '; FILLER];
    let mut left = bytes;
    while left > 0 {
        let size = left.min(FILLER);
        chunk(stream, &filler[..size]).await?;
        left -= size;
    }
    chunk(stream, HUGE_END).await?;
    last_chunk(stream).await
}

/// One gzip member (RFC 1952) whose deflate stream is one compressed piece of blanks over and over: each piece is flushed to a
/// byte boundary and refers to nothing before it, so it costs nothing to make and unpacks as valid JSON of any size.
async fn gzip_bomb(stream: &mut AnyStream, bytes: usize) -> io::Result<After> {
    let blanks = vec![b' '; BOMB_PIECE];
    let (piece, end) = (
        deflated(&blanks, FlushCompress::Full)?,
        deflated(HUGE_END, FlushCompress::Finish)?,
    );
    let mut piece_crc = Crc::new();
    piece_crc.update(&blanks);
    let mut end_crc = Crc::new();
    end_crc.update(HUGE_END);

    chunked_head(stream, Some("gzip")).await?;
    chunk(stream, &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]).await?;
    let mut crc = Crc::new();
    for _ in 0..bytes.div_ceil(BOMB_PIECE) {
        chunk(stream, &piece).await?;
        crc.combine(&piece_crc);
    }
    chunk(stream, &end).await?;
    crc.combine(&end_crc);
    let mut trailer = crc.sum().to_le_bytes().to_vec();
    trailer.extend_from_slice(&crc.amount().to_le_bytes());
    chunk(stream, &trailer).await?;
    last_chunk(stream).await
}

fn deflated(bytes: &[u8], flush: FlushCompress) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(bytes.len() / 100 + 1024);
    flate2::Compress::new(Compression::fast(), false)
        .compress_vec(bytes, &mut packed, flush)
        .map_err(io::Error::other)?;
    Ok(packed)
}

async fn chunked_head(stream: &mut AnyStream, encoding: Option<&str>) -> io::Result<()> {
    let mut answer = Answer::status(200).header("Content-Type", "application/json");
    if let Some(encoding) = encoding {
        answer = answer.header("Content-Encoding", encoding);
    }
    let head = status_and_headers(&answer.header("Transfer-Encoding", "chunked")) + "\r\n";
    stream.write_all(head.as_bytes()).await
}

async fn chunk(stream: &mut AnyStream, bytes: &[u8]) -> io::Result<()> {
    let mut framed = Vec::with_capacity(bytes.len() + 16);
    write!(framed, "{:x}\r\n", bytes.len())?;
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    stream.write_all(&framed).await
}

async fn last_chunk(stream: &mut AnyStream) -> io::Result<After> {
    stream.write_all(b"0\r\n\r\n").await?;
    stream.flush().await?;
    Ok(After::KeepAlive)
}

/// Until the client closes; what it may still send is thrown away.
async fn hang(stream: &mut AnyStream) -> io::Result<After> {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(After::Close)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        // RFC 9112 4: a reason may be empty.
        _ => "",
    }
}
