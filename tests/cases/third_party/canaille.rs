//! Canaille: an OAuth 2.0 server that counts its users to clients with a token; its end is a server that has forgotten its tokens.

use super::*;

const ACCOUNT: (&str, &str) = ("canaille", "users");

fn canaille(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("CANAILLE_CONFIG", folder.join("canaille.toml"));
    command
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) {
    let ended = canaille(program, folder).args(arguments).output().unwrap();
    assert!(ended.status.success(), "{arguments:?}: {ended:?}");
}

fn add_user(program: &Path, folder: &Path, name: &str) {
    let mail = format!("{name}@example.com");
    let user = [
        "--user-name",
        name,
        "--family-name",
        name,
        "--formatted-name",
        name,
        "--emails",
        &mail,
    ];
    run(program, folder, &[&["create", "user"][..], &user].concat());
}

async fn start() -> Option<ThirdParty> {
    let program = installed("canaille", "canaille")?;
    let hypercorn = installed("canaille", "hypercorn")?;
    let prepare = |folder: &Path, _| {
        let text = format!(
            "SECRET_KEY = '0123456789abcdef0123456789abcdef'\n[CANAILLE]\nDATABASE = 'sql'\n\
             [CANAILLE_SQL]\nDATABASE_URI = 'sqlite:///{}'\n[CANAILLE_OIDC]\n[CANAILLE_SCIM]\nENABLE_SERVER = true\n",
            folder.join("canaille.db").display()
        );
        std::fs::write(folder.join("canaille.toml"), text).unwrap();
        run(&program, folder, &["install"]);
        add_user(&program, folder, "ann");
        let client = [
            ["--client-id", "monitor"],
            ["--client-secret", PASSWORD],
            ["--client-name", "Monitor"],
            ["--grant-types", "client_credentials"],
            ["--token-endpoint-auth-method", "client_secret_basic"],
            ["--redirect-uris", "http://127.0.0.1/unused"],
        ]
        .concat();
        run(&program, folder, &[&["create", "client"][..], &client].concat());
    };
    let command = move |folder: &Path, port: u16| {
        let mut command = canaille(&hypercorn, folder);
        command.args(["canaille:create_app()", "--workers", "0", "--access-logfile", "-"]);
        command.args(["--bind", &format!("127.0.0.1:{port}")]);
        command
    };
    Some(ThirdParty::start(prepare, command).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_one_is_told_users_are_counted_and_a_token_that_is_good_no_more_is_replaced() {
    let Some(mut system) = start().await else { return };
    let (python, program) = (
        installed("canaille", "python").unwrap(),
        installed("canaille", "canaille").unwrap(),
    );
    let wrong = Wrong {
        says: "sign-in refused: invalid_client: The client cannot authenticate with methods: ['client_secret_basic']; \
               check login.client_id and login.client_secret",
        is_a_try: "post /oauth/token ",
    };
    tells_a_wrong_password(&system, ACCOUNT, &wrong).await;
    reads_on(&mut system, ACCOUNT, ((1.0, 2.0), 2), async |system: &mut ThirdParty| {
        system
            .restart(|folder| {
                let script = "import sqlite3; c = sqlite3.connect('canaille.db'); c.execute('DELETE FROM token'); c.commit()";
                let ended = Command::new(python).args(["-c", script]).current_dir(folder).status();
                assert!(ended.unwrap().success());
                add_user(&program, folder, "ben");
            })
            .await;
    })
    .await;
}
