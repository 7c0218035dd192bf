//! A client of plain sockets: what it reads is what was on the wire.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// An answer, taken apart but not interpreted.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body without its chunks.
    pub(crate) fn unchunked(&self) -> Vec<u8> {
        assert_eq!(self.header("Transfer-Encoding"), Some("chunked"));
        let (mut rest, mut whole) = (self.body.as_slice(), Vec::new());
        loop {
            let end = rest
                .windows(2)
                .position(|two| two == b"\r\n")
                .expect("a chunk's size");
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            rest = &rest[end + 2..];
            whole.extend_from_slice(&rest[..size]);
            assert_eq!(&rest[size..size + 2], b"\r\n");
            rest = &rest[size + 2..];
            if size == 0 {
                assert!(rest.is_empty());
                return whole;
            }
        }
    }
}

/// Sends a request on a connection of its own and reads to the end; `None` when nothing was answered.
pub(crate) fn send(port: u16, method: &str, target: &str, headers: &[&str], body: &str) -> Option<Raw> {
    let mut stream = connect(port);
    stream.write_all(&request(method, target, headers, body)).unwrap();
    let mut answer = Vec::new();
    // A reset instead of an end is an end as well: what was read before it counts.
    let _ = stream.read_to_end(&mut answer);
    (!answer.is_empty()).then(|| parse(&answer))
}

pub(crate) fn get(port: u16, target: &str) -> Option<Raw> {
    send(port, "GET", target, &[], "")
}

pub(crate) fn request(method: &str, target: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn parse(answer: &[u8]) -> Raw {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a whole head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Raw {
        status,
        head,
        body: answer[end + 4..].to_vec(),
    }
}
