//! `monitor`: the operator's command.

mod attempt;
mod check;
mod demo;
mod init;
mod migrate;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use monitor_worker::{Exit, log_to_stderr};

/// Watches business numbers behind logins, and tells people when they rise.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try everything out: simulated systems, mail, worker and web in one process.
    Demo(demo::DemoArgs),
    /// Run worker and web in one process.
    Run(ConfigArgs),
    /// Write a commented config to start from.
    Init {
        /// The folder that gets `config/monitor.toml`.
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Read the config and say all that is wrong with it.
    Check {
        #[command(flatten)]
        config: ConfigArgs,
        /// Also log in, read each metric once and open each channel, sending nothing.
        #[arg(long)]
        online: bool,
    },
    /// Bring the database up to date.
    Migrate(ConfigArgs),
    /// Try one thing now: read a metric, or send a test message.
    Try {
        #[command(subcommand)]
        what: attempt::TryWhat,
    },
}

#[derive(Args)]
struct ConfigArgs {
    /// The config file.
    #[arg(
        long,
        value_name = "FILE",
        env = "MONITOR_CONFIG",
        default_value = "config/monitor.toml"
    )]
    config: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    monitor_requests::install_crypto();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(),
    }
}

#[tokio::main]
async fn run(command: Command) -> Result<(), Exit> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Run(ConfigArgs { config }) => run::run(&config).await,
        Command::Init { dir } => init::run(&dir),
        Command::Check { config, online } => check::run(&config.config, online).await,
        Command::Migrate(ConfigArgs { config }) => migrate::run(&config).await,
        Command::Try { what } => attempt::run(what).await,
    }
}
