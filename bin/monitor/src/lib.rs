#![doc = include_str!("../README.md")]

mod check;
mod demo;
mod import;
mod init;
mod migrate;
mod reload;
mod routes;
mod run;
mod shells;
mod simulate;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use import::ImportWhat;
use monitor_process::log_to_stderr;
use monitor_worker::{Exit, Worker};
use routes::RoutesWhat;
use trial::TryWhat;

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
    /// Run the simulated systems of the demo alone, to develop against, and print a config that reads them.
    Simulate(simulate::SimulateArgs),
    /// Run worker and web in one process.
    Run(ConfigArgs),
    /// Write a config to start from: of what you say at the terminal or by flags, or else the commented example of every key.
    Init(Box<init::InitArgs>),
    /// Read the config and say all that is wrong with it.
    Check {
        #[command(flatten)]
        config: ConfigArgs,
        /// Also open the database, log in, read each metric once and open each channel, changing and sending nothing.
        #[arg(long)]
        online: bool,
        /// Print the JSON Schema of the config instead, for editors.
        #[arg(long, conflicts_with = "online")]
        schema: bool,
    },
    /// Bring the database up to date.
    Migrate(ConfigArgs),
    /// Bring over what another program knows.
    Import {
        #[command(subcommand)]
        what: ImportWhat,
    },
    /// Have all processes take the changed config, and print what each answered.
    Reload {
        #[command(flatten)]
        config: ConfigArgs,
        /// How long to wait for their answers.
        #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
        timeout: Duration,
    },
    /// Try out the routes of the config.
    Routes {
        #[command(subcommand)]
        what: RoutesWhat,
    },
    /// Try one thing now: read a metric, show messages, or send a test message.
    Try {
        #[command(subcommand)]
        what: TryWhat,
    },
    /// Print the completions of a shell.
    Completions {
        /// The shell that they are for.
        shell: Shell,
    },
    /// Write the manual pages.
    Man(shells::ManArgs),
}

#[derive(Args)]
struct ConfigArgs {
    /// The config file; config/monitor.toml where none is named.
    #[arg(long, value_name = "FILE", env = "MONITOR_CONFIG")]
    config: Option<PathBuf>,
}

/// The whole command, with the kinds and metrics of `worker`. Its config is read where the command line names none.
pub fn main(worker: &Worker) -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    monitor_requests::install_crypto();
    match run(arguments.command, worker) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(),
    }
}

#[tokio::main]
async fn run(command: Command, worker: &Worker) -> Result<(), Exit> {
    let program = worker.program();
    let path = |args: ConfigArgs| args.config.unwrap_or_else(|| worker.config().to_owned());
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Simulate(args) => simulate::run(args).await,
        Command::Run(config) => run::run(program, &path(config)).await,
        Command::Init(args) => init::run(program.kinds(), *args),
        Command::Completions { shell } => shells::completions(Arguments::command(), shell),
        Command::Man(args) => shells::man(Arguments::command(), &args),
        Command::Check { schema: true, .. } => {
            check::schema(program);
            Ok(())
        }
        Command::Check { config, online, .. } => check::run(program, &path(config), online).await,
        Command::Reload { config, timeout } => reload::run(program, &path(config), timeout).await,
        Command::Migrate(config) => migrate::run(program, &path(config)).await,
        Command::Import {
            what: ImportWhat::Flask(args),
        } => {
            let config = args.config.config.clone();
            import::flask::run(program, &path(ConfigArgs { config }), args).await
        }
        Command::Import {
            what: ImportWhat::Har(args),
        } => import::har::run(program, &args).await,
        Command::Routes {
            what: RoutesWhat::Test(args),
        } => {
            let config = args.config.config.clone();
            routes::test(program, &path(ConfigArgs { config }), &args)
        }
        Command::Try {
            what: TryWhat::Metric { key, config },
        } => trial::metric(program, &path(config), &key).await,
        Command::Try {
            what: TryWhat::Channel { name, config },
        } => trial::channel(program, &path(config), &name).await,
        Command::Try {
            what: TryWhat::Template(args),
        } => {
            let config = args.config.config.clone();
            trial::template(program, &path(ConfigArgs { config }), &args)
        }
    }
}
