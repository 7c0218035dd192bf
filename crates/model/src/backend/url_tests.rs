//! Tests of the URLs: what is taken, what is refused and how, and that no password is shown.

use super::*;

fn parse(url: &str) -> Result<Target, DbError> {
    Target::parse(url, None)
}

fn refused(url: &str) -> String {
    parse(url)
        .err()
        .unwrap_or_else(|| panic!("{url} was taken"))
        .to_string()
}

fn postgres_of(url: &str) -> (String, String) {
    match parse(url).unwrap() {
        Target::Postgres { url, shown, .. } => (url, shown),
        Target::Sqlite { .. } => panic!("{url} is no SQLite"),
    }
}

#[test]
fn sqlite_paths() {
    let here = std::path::absolute("data/monitor.db").unwrap();
    for url in ["sqlite:data/monitor.db", "sqlite://data/monitor.db"] {
        assert!(
            parse(url).unwrap() == Target::Sqlite { path: here.clone() },
            "{url}"
        );
    }
    for url in ["sqlite:/var/lib/m.db", "sqlite:///var/lib/m.db"] {
        assert!(
            parse(url).unwrap()
                == Target::Sqlite {
                    path: "/var/lib/m.db".into()
                },
            "{url}"
        );
    }
}

#[test]
fn sqlite_in_memory_and_others_are_refused_with_what_to_write() {
    assert!(refused("sqlite::memory:").contains("visible to one connection only"));
    assert!(refused("sqlite:file:x?mode=memory").contains("visible to one connection only"));
    assert!(refused("sqlite:").contains("names no file"));
    assert!(refused("sqlite:data/").contains("names no file"));
    assert!(refused("sqlite:a.db?mode=ro").contains("takes no options"));
    assert!(refused("sqlite:/tmp").contains("folder"));
}

#[test]
fn three_slashes_are_explained() {
    for (url, relative) in [
        ("sqlite:///x.db", "x.db"),
        ("sqlite:///instance-of-nobody/app.db", "instance-of-nobody/app.db"),
        ("sqlite:///数据库.db", "数据库.db"),
    ] {
        let error = refused(url);
        for says in [
            format!("absolute path here, /{relative}"),
            format!("write sqlite:{relative} for that"),
            format!("sqlite:/{relative} for the absolute path"),
        ] {
            assert!(error.contains(&says), "{error}");
        }
    }
    // What is meant is clear: four slashes, two, one, or a folder that is there.
    for (url, path) in [
        ("sqlite:////x.db", "/x.db"),
        ("sqlite:/x.db", "/x.db"),
        ("sqlite:///tmp/not-there-yet/x.db", "/tmp/not-there-yet/x.db"),
    ] {
        match parse(url).unwrap() {
            Target::Sqlite { path: found } => {
                assert_eq!(
                    found.to_string_lossy().trim_start_matches('/'),
                    path.trim_start_matches('/')
                );
            }
            Target::Postgres { .. } => panic!("{url} is no PostgreSQL"),
        }
    }
    let here = std::path::absolute("x.db").unwrap();
    assert!(parse("sqlite://x.db").unwrap() == Target::Sqlite { path: here });
}

#[test]
fn what_other_tools_write_is_answered_with_what_to_write_here() {
    for (url, says) in [
        ("file:x.db", "write sqlite:path/to/file.db"),
        ("file:///var/lib/x.db", "write sqlite:path/to/file.db"),
        (
            "sqlite+pysqlite:///x.db",
            "\"sqlite+pysqlite\" here; write sqlite:path/to/file.db",
        ),
        ("SQLite:x.db", "\"SQLite\" here; write sqlite:path"),
        (
            "postgresql+psycopg2://u:hunter2@db/m",
            "no driver is named: write postgres://user@host/database",
        ),
        (
            "jdbc:postgresql://db/m?password=hunter2",
            "there is no \"jdbc\" here",
        ),
    ] {
        let error = refused(url);
        assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn another_scheme_is_named_and_nothing_else_of_the_url() {
    let error = refused("mysql://root:hunter2@db/monitor");
    assert_eq!(
        error,
        "database url mysql:…: there is no \"mysql\" here; write sqlite:path/to/file.db or \
         postgres://user@host/database"
    );
    assert!(refused("data/monitor.db").contains("it has no scheme"));
    assert!(!refused("hunter2 at: home").contains("hunter2"));
}

#[test]
fn postgres_defaults_are_added_where_nothing_else_is_said() {
    let (url, shown) = postgres_of("postgresql://monitor@db/monitor?connect_timeout=1");
    assert!(
        url.starts_with("postgresql://monitor@db/monitor?connect_timeout=1&application_name=monitor&"),
        "{url}"
    );
    assert_eq!(url.matches("connect_timeout").count(), 1);
    assert_eq!(shown, "postgresql://monitor@db/monitor?connect_timeout=1");
    let (url, _) = postgres_of("postgres:///monitor?host=/run/postgresql");
    assert!(
        url.starts_with("postgres:///monitor?host=/run/postgresql&application_name="),
        "{url}"
    );
    postgres_of("postgres://u@one:5432,two:5433/monitor");
}

#[test]
fn no_password_is_shown() {
    let (url, shown) =
        postgres_of("postgres://monitor:p%40ss@db:5432/monitor?sslpassword=other&sslmode=prefer");
    assert!(url.contains("p%40ss"));
    assert_eq!(
        shown,
        "postgres://monitor:***@db:5432/monitor?sslpassword=***&sslmode=prefer"
    );
    let target = parse("postgres://monitor:p%40ss@db/monitor?password=other").unwrap();
    assert_eq!(
        target.scrub("bad p@ss, bad p%40ss, bad other\n"),
        "bad ***, bad ***, bad ***"
    );
    let error = target.connect_error("it said p@ss").to_string();
    assert_eq!(
        error,
        "cannot connect to the database postgres://monitor:***@db/monitor?password=***: it said ***"
    );
}

#[test]
fn a_password_that_is_not_encoded_is_refused_before_libpq_repeats_a_part_of_it() {
    for url in [
        "postgres://u:hunter@2@db/m",
        "postgres://u:hunter/2@db/m",
        "postgres://u:hunter?2@db/m",
        "postgres://u:hun@ter/2@db/m?application_name=x",
    ] {
        let error = refused(url);
        assert!(error.contains("percent-encode"), "{error}");
        assert!(!error.contains("hun") && !error.contains("ter"), "{error}");
    }
}

#[test]
fn tls_is_answered_with_what_to_build() {
    if POSTGRES_TLS {
        return;
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        let error = refused(&format!("postgres://u:hunter2@db/m?sslmode={mode}"));
        assert!(
            error.contains(TLS_BUILD) && error.contains(&format!("sslmode={mode}")),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
    for mode in ["disable", "allow", "prefer"] {
        let url = format!("postgres://u@db/m?sslmode={mode}");
        assert!(Target::parse(&url, None).is_ok(), "{mode} does without");
    }
    // The last of two counts, as for libpq.
    refused("postgres://u@db/m?sslmode=disable&sslmode=require");
    assert!(Target::parse("postgres://u@db/m?sslmode=require&sslmode=disable", None).is_ok());
    let by_env = Target::parse("postgres://u@db/m", Some("require"))
        .err()
        .unwrap()
        .to_string();
    assert!(by_env.contains("PGSSLMODE=require"), "{by_env}");
    assert!(Target::parse("postgres://u@db/m?sslmode=disable", Some("require")).is_ok());
}

/// A remedy that cargo does not know is none.
#[test]
fn the_build_with_tls_is_one_that_there_is() {
    let mut words = TLS_BUILD.split_whitespace();
    let feature = words.next_back().unwrap();
    let packages: Vec<&str> = TLS_BUILD
        .split(" -p ")
        .skip(1)
        .map(|rest| rest.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(packages, ["monitor", "monitor-worker", "monitor-web"]);
    for package in packages {
        let path = format!("{}/../../bin/{package}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
        let manifest = std::fs::read_to_string(path).unwrap();
        let line = format!("\n{feature} = [\"monitor-model/{feature}\"]\n");
        assert!(manifest.contains(&line), "{package} has no feature {feature}");
    }
}
