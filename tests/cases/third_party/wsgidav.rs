//! WsgiDAV: a file on a WebDAV share behind HTTP Digest; its end is a server that knows its nonces no more.

use super::*;

const ACCOUNT: (&str, &str) = ("dav", "queue");

async fn start() -> Option<ThirdParty> {
    let program = installed("wsgidav", "wsgidav")?;
    let prepare = |folder: &Path, port| {
        std::fs::create_dir(folder.join("files")).unwrap();
        write_queue(folder, 41);
        let files = folder.join("files");
        let text = serde_json::json!({
            "host": "127.0.0.1", "port": port, "verbose": 3,
            "provider_mapping": { "/": files },
            "http_authenticator": { "accept_basic": false, "accept_digest": true, "default_to_digest": true },
            "simple_dc": { "user_mapping": { "*": { "monitor": { "password": PASSWORD } } } },
        });
        std::fs::write(folder.join("wsgidav.json"), text.to_string()).unwrap();
    };
    let command = move |folder: &Path, _| {
        let mut command = Command::new(&program);
        command
            .arg("--config")
            .arg(folder.join("wsgidav.json"))
            .current_dir(folder);
        command
    };
    Some(ThirdParty::start(prepare, command).await)
}

fn write_queue(folder: &Path, waiting: u32) {
    std::fs::write(
        folder.join("files").join("queue.txt"),
        format!("waiting: {waiting}\n"),
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_read_and_a_server_that_forgets_its_nonces_is_answered_again() {
    let Some(mut system) = start().await else { return };
    reads_on(
        &mut system,
        ACCOUNT,
        ((41.0, 42.0), 1),
        async |system: &mut ThirdParty| {
            system.restart(|folder| write_queue(folder, 42)).await;
        },
    )
    .await;
}

/// The first call fetches the challenge, which is no try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_and_tried_once() {
    let Some(system) = start().await else { return };
    let wrong = Wrong {
        says: "sign-in refused: GET /queue.txt: answered 401; check username and password",
        is_a_try: "authorization: digest",
    };
    tells_a_wrong_password(&system, ACCOUNT, &wrong).await;
}
