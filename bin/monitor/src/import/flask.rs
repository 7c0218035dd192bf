//! `monitor import flask`: the tables of the Flask program that the monitor replaces.

use std::path::Path;

use anyhow::{Context, anyhow};
use chrono::Utc;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use monitor_domain::{MetricKey, counted};
use monitor_legacy::{Old, Progress, Source, TypeMap, Zone, parse_mapping, read};
use monitor_model::{Conn, Db, DbError, NewAudit, audit, host, imported, probe, stored};
use monitor_settings::Settings;
use monitor_worker::{Exit, Program};

use super::plan::{Plan, Present};
use super::report::{self, Totals};
use super::values::{self, LastValue};
use crate::ConfigArgs;
use crate::init::say;

/// Records stored in one transaction: short enough that no reading waits for it.
const CHUNK: usize = 1_000;
/// What every origin of its records begins with.
const ORIGIN: &str = "flask:";

#[derive(Args)]
pub(crate) struct FlaskArgs {
    /// Its database, sqlite:old.db, or a dump of it by mysqldump, old.sql or old.sql.gz. It is only read.
    #[arg(long, value_name = "SOURCE")]
    from: String,
    /// The time zone of the machine that it ran on, such as Asia/Shanghai: its times say nothing of it. By default that of this
    /// machine.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<Zone>,
    /// Which metric a type is: 0, 1 and 2 are x, y and z, a name is the metric of that name. May be repeated.
    #[arg(long = "map", value_name = "TYPE=KEY", value_parser = parse_mapping)]
    mappings: Vec<(String, MetricKey)>,
    /// Only say what would be brought over.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Reads all of it first, so that a source that turns out to be broken leaves nothing behind; then stores it in chunks. What is there
/// already is left out, so it may be run again, after a crash and for what is new.
pub(crate) async fn run(program: &Program, config: &Path, args: FlaskArgs) -> Result<(), Exit> {
    let source = Source::find(&args.from).map_err(|error| Exit::Usage(error.to_string()))?;
    let zone = match args.timezone {
        Some(zone) => zone,
        None => Zone::of_this_machine()
            .map_err(|why| Exit::Usage(format!("{why}; name the zone of the old program with --timezone")))?,
    };
    let settings = program.read_settings(config)?;
    let old = read_old(source.clone(), TypeMap::new(args.mappings), zone).await?;
    report::read(&source, &old, &settings, zone, args.timezone.is_some());
    let totals = if args.dry_run {
        try_out(&settings, &old).await?
    } else {
        store(&settings, &source, old.clone()).await?
    };
    report::stored(&totals, args.dry_run);
    report::left_out(&old)
}

async fn read_old(source: Source, types: TypeMap, zone: Zone) -> Result<Old, Exit> {
    let bar = bar("reading");
    let reading = move || {
        let old = read(&source, &types, zone, &mut |Progress { done, total }| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        old
    };
    let old = tokio::task::spawn_blocking(reading).await.context("reading")?;
    Ok(old.map_err(anyhow::Error::from)?)
}

/// What would come of it, with nothing stored, not even the tables.
async fn try_out(settings: &Settings, old: &Old) -> Result<Totals, Exit> {
    let options = settings.database.options();
    let probed = probe(&options).await.context("opening the database")?;
    if !probed.exists || !probed.pending.is_empty() {
        return Ok(Totals::of(
            &Plan::new(&old.records, &Present::default()),
            old.keys().into_iter().cloned().collect(),
        ));
    }
    let db = Db::open(&options).await.context("opening the database")?;
    let plan = plan(&db, old).await?;
    let mut values = Vec::new();
    for value in values::of(old) {
        let key = value.key.clone();
        if db
            .read(move |c| values::is_unread(c, &key))
            .await
            .context("reading the database")?
        {
            values.push(value.key);
        }
    }
    db.close().await;
    Ok(Totals::of(&plan, values))
}

async fn plan(db: &Db, old: &Old) -> Result<Plan, Exit> {
    let present = |c: &mut Conn| {
        Ok(Present {
            origins: imported::origins(c, ORIGIN)?,
            ids: imported::ids(c)?,
        })
    };
    let present = db.read(present).await.context("reading the database")?;
    Ok(Plan::new(&old.records, &present))
}

async fn store(settings: &Settings, source: &Source, old: Old) -> Result<Totals, Exit> {
    let db = Db::open(&settings.database.options())
        .await
        .context("opening the database")?;
    db.migrate().await.context("migrating the database")?;
    let plan = plan(&db, &old).await?;
    let mut totals = Totals::of(&plan, Vec::new());
    totals.added = 0;
    let bar = bar("storing");
    bar.set_length(plan.new.len() as u64);
    let mut entry = Some(entry(source, &plan));
    let last = plan.last_id;
    for chunk in plan.new.chunks(CHUNK) {
        let (chunk, first) = (chunk.to_vec(), entry.take());
        let write = move |c: &mut Conn| {
            if let Some(entry) = &first {
                audit::append(c, entry)?;
                imported::reserve(c, last)?;
            }
            imported::insert(c, &chunk)
        };
        let added = db.write(write).await.context("storing records")?;
        totals.added += added;
        bar.inc(CHUNK as u64);
    }
    bar.finish_and_clear();
    for value in values::of(&old) {
        match store_value(&db, &value, entry.as_ref()).await? {
            true => {
                entry = None;
                totals.values.push(value.key);
            }
            false => totals.read_here.push(value.key),
        }
    }
    db.close().await;
    Ok(totals)
}

/// Whether it was stored; `entry` with it.
async fn store_value(db: &Db, value: &LastValue, entry: Option<&NewAudit>) -> Result<bool, Exit> {
    loop {
        let (value, entry) = (value.clone(), entry.cloned());
        let write = move |c: &mut Conn| {
            let is_taken = values::bring_over(c, &value, stored(Utc::now()))?;
            if let Some(entry) = entry.as_ref().filter(|_| is_taken) {
                audit::append(c, entry)?;
            }
            Ok(is_taken)
        };
        match db.write(write).await {
            // A worker was first. Its reading is there now, or its failure to read.
            Err(DbError::Conflict { .. }) => {}
            other => return Ok(other.context("storing current values")?),
        }
    }
}

/// The entry of the audit log, stored with the first change.
fn entry(source: &Source, plan: &Plan) -> NewAudit {
    let who = std::env::var("USER").unwrap_or_else(|_| "command".to_owned());
    NewAudit {
        at: stored(Utc::now()),
        actor: format!("{who}@{}", host()),
        action: "import.flask".to_owned(),
        target: source.path().display().to_string(),
        detail: format!("{} to bring over", counted(plan.new.len(), "record")),
    }
}

/// A bar on a terminal, and nothing anywhere else.
fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}

/// The end of a run that left something out: code 1, and what was brought over stays.
pub(super) fn incomplete(rows: u64) -> Exit {
    say("What could be read is brought over; run it again when the rest can be.");
    Exit::Failed(anyhow!("{} of the old program left out", counted(rows, "row")))
}
