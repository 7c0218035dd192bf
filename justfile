# `just` lists the tasks. Each is a plain command that can be copied: just is a convenience, not a requirement.
# Install it with `cargo install just`, or from a distribution.

# Lists the tasks.
default:
    @just --list

# Everything that must hold before a change lands, as CI does it.
ci:
    .ci/run

# All tests, with cargo alone.
test *args:
    cargo test --workspace {{ args }}

# Tests by cargo-nextest, all or of one crate: `just fast -p monitor-rules`. Doctests are not among them.
fast *args:
    cargo nextest run {{ if args == "" { "--workspace" } else { args } }}

# Tests of the crates that differ from a branch, and of those that depend on them.
changed base="main":
    .ci/changed {{ base }}

# Format, clippy and rustdoc, with warnings as errors.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps

# The demo on http://127.0.0.1:8080/monitor: `just demo --lang zh`.
demo *args:
    cargo run --bin monitor -- demo {{ args }}

# Its simulated systems alone, to develop against: `just simulate --total waiting=130 > monitor.toml`.
simulate *args:
    cargo run --bin monitor -- simulate {{ args }}

# Screenshots of the page with made-up data, wide, narrow and in Chinese, into target/shots.
shots port="8090":
    .ci/shots {{ port }}

# The long kill test, on both databases: `just kill-test 1000` for more kills.
kill-test kills="300":
    MONITOR_KILLS={{ kills }} cargo test --workspace -- --ignored --nocapture kill::long

# How long from a poll to alarm, mail and page.
latency:
    cargo test --workspace -- --ignored --nocapture latency

# What group commit brings on this disk.
bench:
    cargo bench -p monitor-model

# The documentation of the crates, in a browser.
docs:
    cargo doc --workspace --no-deps --open

# Writes all snapshots anew. Read the diff before you commit it.
snapshots:
    INSTA_UPDATE=always cargo test --workspace --no-fail-fast

# Licences, bans and sources of dependencies; needs cargo-deny.
deny:
    cargo deny --locked check licenses bans sources

# What a new metric, system, channel and condition touch: takes the steps of docs/extending.md in a copy, and runs it.
touched:
    .ci/touched
