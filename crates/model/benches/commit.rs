//! Group commit against single commits, on SQLite in a file on a disk: the same writes, waited for one by one or together.

use std::path::Path;
use std::time::Instant;

use chrono::DateTime;
use criterion::{Criterion, Throughput};
use futures_util::future::join_all;
use monitor_model::{Db, DbError, DbOptions, realtime};

/// How many writes: a thousand metrics at an interval of some seconds have about that many at once.
const WRITES: u32 = 64;

async fn record(db: &Db, n: u32) -> Result<(), DbError> {
    let at = monitor_model::stored(DateTime::from_timestamp(i64::from(n), 0).unwrap_or_default());
    db.write(move |c| realtime::record_value(c, &format!("m{n}"), f64::from(n), at))
        .await
}

async fn one_by_one(db: &Db) -> Result<(), DbError> {
    for n in 0..WRITES {
        record(db, n).await?;
    }
    Ok(())
}

async fn together(db: &Db) -> Result<(), DbError> {
    join_all((0..WRITES).map(|n| record(db, n)))
        .await
        .into_iter()
        .collect()
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    // Not the system's temporary folder, which may be in memory, where an fsync costs nothing.
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let url = format!("sqlite:{}/bench.db", folder.path().display());
    let db = runtime.block_on(async {
        let db = Db::open(&DbOptions::new(url)).await?;
        db.migrate().await?;
        Ok::<_, DbError>(db)
    })?;

    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let mut group = criterion.benchmark_group("commit");
    group.throughput(Throughput::Elements(u64::from(WRITES)));
    group.bench_function("one by one", |b| b.to_async(&runtime).iter(|| one_by_one(&db)));
    group.bench_function("together", |b| b.to_async(&runtime).iter(|| together(&db)));
    group.finish();

    let before = db.stats();
    let start = Instant::now();
    runtime.block_on(one_by_one(&db))?;
    let (single, between) = (start.elapsed(), db.stats());
    let start = Instant::now();
    runtime.block_on(together(&db))?;
    let (grouped, after) = (start.elapsed(), db.stats());
    println!(
        "{WRITES} writes: {} commits in {single:.1?} one by one, {} in {grouped:.1?} together: {:.1} times as fast",
        between.commits - before.commits,
        after.commits - between.commits,
        single.as_secs_f64() / grouped.as_secs_f64(),
    );
    runtime.block_on(db.close());
    Ok(())
}
