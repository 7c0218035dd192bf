//! GNS3 server: `POST /v3/access/users/authenticate` with JSON, answered with a JWT; its end is a key that signs no more.

use super::*;

const ACCOUNT: (&str, &str) = ("gns3", "projects");

pub(super) async fn start() -> Option<ThirdParty> {
    let program = installed("gns3", "gns3server")?;
    let prepare = |folder: &Path, port| {
        let text = format!(
            "[Server]\nhost = 127.0.0.1\nport = {port}\n\
             [Controller]\ndefault_admin_username = monitor\ndefault_admin_password = {PASSWORD}\n"
        );
        std::fs::write(folder.join("gns3_server.conf"), text).unwrap();
    };
    let command = move |folder: &Path, _| {
        let mut command = Command::new(&program);
        command.arg("--config").arg(folder.join("gns3_server.conf"));
        command.env("HOME", folder).current_dir(folder);
        command
    };
    Some(ThirdParty::start(prepare, command).await)
}

/// As its own client does it.
pub(super) async fn add_project(system: &ThirdParty, name: &str) {
    let users = format!("{}/v3/access/users/authenticate", system.url);
    let account = serde_json::json!({ "username": "monitor", "password": PASSWORD });
    let answer = http().post(users).json(&account).send().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let projects = format!("{}/v3/projects", system.url);
    let project = serde_json::json!({ "name": name });
    let made = http()
        .post(projects)
        .bearer_auth(token)
        .json(&project)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_one_is_told_projects_are_counted_and_a_token_that_is_good_no_more_is_replaced() {
    let Some(mut system) = start().await else { return };
    add_project(&system, "one").await;
    add_project(&system, "two").await;
    let wrong = Wrong {
        says: "sign-in refused: 401 Unauthorized: {\"message\":\"Authentication was unsuccessful.\"}; check username and password",
        is_a_try: "post /v3/access/users/authenticate ",
    };
    tells_a_wrong_password(&system, ACCOUNT, &wrong).await;
    reads_on(
        &mut system,
        ACCOUNT,
        ((2.0, 3.0), 2),
        async |system: &mut ThirdParty| {
            system
                .restart(|folder| std::fs::remove_file(folder.join("gns3_jwt_secret_key")).unwrap())
                .await;
            add_project(system, "three").await;
        },
    )
    .await;
}
