//! Connections that are kept, and closed by the server just as they are used again.

use std::sync::{Arc, Mutex};

use monitor_login::{SystemASettings, SystemSettings};
use monitor_requests::SecretSource;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fake::{system, total};
use crate::time::TestClock;

/// Closes a connection as a sign-in comes over it that was used before: what a server does whose time limit for idle
/// connections ends at that moment. Calls without the latest token are answered 401.
async fn impatient_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let received = Arc::<Mutex<Vec<String>>>::default();
    let log = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&log)));
        }
    });
    (url, received)
}

async fn converse(mut stream: TcpStream, log: Arc<Mutex<Vec<String>>>) {
    for number in 0.. {
        let request = read(&mut stream).await;
        if request.is_empty() {
            return;
        }
        let is_sign_in = request.starts_with("POST");
        let is_lost = is_sign_in && number > 0;
        let sign_ins = {
            let mut log = log.lock().unwrap();
            log.push(if is_lost {
                format!("lost {request}")
            } else {
                request.clone()
            });
            log.iter().filter(|one| one.starts_with("POST")).count()
        };
        let (status, body) = match is_sign_in {
            _ if is_lost => return,
            true => ("200 OK", format!(r#"{{"token":"token-{sign_ins}"}}"#)),
            false if request.contains("Bearer token-2") => ("200 OK", r#"{"total":7}"#.to_owned()),
            false => ("401 Unauthorized", "{}".to_owned()),
        };
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(text.as_bytes()).await.unwrap();
    }
}

/// A request of one segment, or nothing at the end.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let length = stream.read(&mut bytes).await.unwrap_or(0);
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[tokio::test]
async fn a_sign_in_meets_no_connection_that_is_being_closed() {
    let (url, received) = impatient_server().await;
    let login = SystemASettings::new("monitor", SecretSource::Plain("hunter2".into()));
    let mut settings = SystemSettings::new(url, login);
    settings.common.retries = Some(0);
    let system = system(&settings, &TestClock::new());
    // Sign-in, a call that is answered 401 and whose connection is kept, and the sign-in after it.
    assert_eq!(total(&system, "/api/totals/x").await, 7);
    let received = received.lock().unwrap().clone();
    let lost = received.iter().filter(|one| one.starts_with("lost POST")).count();
    assert_eq!(lost, 0, "{received:?}");
    assert_eq!((system.sign_ins().good, system.sign_ins().failed), (2, 0));
}
