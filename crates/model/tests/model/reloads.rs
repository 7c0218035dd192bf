//! Requests that processes take a changed config, and their answers.

use monitor_model::reloads;

use crate::support::{at, both};

both! {
async fn requests_are_seen_once_and_answered_by_each_process(db) {
    let db = db.open().await;
    assert_eq!(db.read(|c| reloads::newest_before(c, at(90))).await.unwrap(), 0);
    let first = db
        .write(|c| reloads::request(c, "ann", at(10), at(0)))
        .await
        .unwrap();
    let second = db
        .write(|c| reloads::request(c, "ben", at(20), at(0)))
        .await
        .unwrap();
    let (all, later) = db
        .read(move |c| Ok((reloads::after(c, 0)?, reloads::after(c, first)?)))
        .await
        .unwrap();
    assert_eq!(all, [(first, "ann".to_owned()), (second, "ben".to_owned())]);
    assert_eq!(later, [(second, "ben".to_owned())]);
    for (then, newest) in [(10, 0), (11, first), (20, first), (90, second)] {
            let found = db.read(move |c| reloads::newest_before(c, at(then))).await.unwrap();
            assert_eq!(found, newest, "before {then}");
        }

    let answer = |request: i64, process: &'static str, is_taken: bool| {
        db.write(move |c| reloads::answer(c, request, process, is_taken, "as it is"))
    };
    answer(first, "one", true).await.unwrap();
    answer(first, "two", false).await.unwrap();
    answer(first, "two", true).await.unwrap();
    answer(second, "one", true).await.unwrap();
    let answers = db.read(move |c| reloads::answers(c, first)).await.unwrap();
    let short: Vec<_> = answers
        .iter()
        .map(|one| (one.process.as_str(), one.is_taken))
        .collect();
    assert_eq!(short, [("one", true), ("two", false)], "the first answer stays");

    // What is old is forgotten with the next request, and its answers with it.
    let third = db
        .write(|c| reloads::request(c, "ann", at(30), at(20)))
        .await
        .unwrap();
    assert!(third > second, "a number is never given twice");
    let left = db
        .read(move |c| Ok((reloads::answers(c, first)?, reloads::answers(c, second)?)))
        .await
        .unwrap();
    assert_eq!((left.0.len(), left.1.len()), (0, 1));
    let fourth = db
        .write(|c| reloads::request(c, "ann", at(90), at(80)))
        .await
        .unwrap();
    assert_eq!(db.read(move |c| reloads::answers(c, second)).await.unwrap(), []);
    assert!(fourth > third);
    db.close().await;
}
}
