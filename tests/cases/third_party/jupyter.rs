//! Jupyter server: a form with a password and `_xsrf`, answered with a cookie; its end is a key that signs cookies no more, and
//! what is then answered is a 403.

use super::*;

const ACCOUNT: (&str, &str) = ("jupyter", "notebooks");

pub(super) async fn start() -> Option<ThirdParty> {
    let program = installed("jupyter", "jupyter-server")?;
    let python = installed("jupyter", "python")?;
    let script = format!("from jupyter_server.auth import passwd; print(passwd('{PASSWORD}', 'sha256'))");
    let hashed = Command::new(python).args(["-c", &script]).output().unwrap();
    assert!(hashed.status.success(), "{hashed:?}");
    let hashed = String::from_utf8(hashed.stdout).unwrap().trim().to_owned();
    let prepare = |folder: &Path, _| {
        std::fs::create_dir(folder.join("root")).unwrap();
        add_notebook(folder, "one");
    };
    let command = move |folder: &Path, port: u16| {
        let mut command = Command::new(&program);
        command.args([
            "--allow-root",
            "--no-browser",
            "--ServerApp.ip=127.0.0.1",
            "--port-retries=0",
        ]);
        command.args([
            format!("--port={port}"),
            format!("--ServerApp.root_dir={}", folder.join("root").display()),
            format!("--PasswordIdentityProvider.hashed_password={hashed}"),
        ]);
        for variable in [
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "HOME",
        ] {
            command.env(variable, folder.join(variable));
        }
        command
    };
    Some(ThirdParty::start(prepare, command).await)
}

pub(super) fn add_notebook(folder: &Path, name: &str) {
    let empty = r#"{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}"#;
    std::fs::write(folder.join("root").join(format!("{name}.ipynb")), empty).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notebooks_are_counted_and_a_cookie_that_is_good_no_more_is_replaced() {
    let Some(mut system) = start().await else { return };
    reads_on(
        &mut system,
        ACCOUNT,
        ((1.0, 2.0), 2),
        async |system: &mut ThirdParty| {
            system
                .restart(|folder| {
                    let key = folder.join("JUPYTER_RUNTIME_DIR").join("jupyter_cookie_secret");
                    std::fs::remove_file(key).unwrap();
                    add_notebook(folder, "two");
                })
                .await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_and_tried_once() {
    let Some(system) = start().await else { return };
    let wrong = Wrong {
        says: "sign-in refused: 401 Unauthorized; check password",
        is_a_try: "post /login",
    };
    tells_a_wrong_password(&system, ACCOUNT, &wrong).await;
}
