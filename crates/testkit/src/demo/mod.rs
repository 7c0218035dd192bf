//! A day in the life of three metrics, quick enough to watch: what the demo plays on the simulated systems.

mod story;
mod texts;

use monitor_domain::Language;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;

pub use story::{Story, Values};
pub use texts::message;

use crate::net::{lock, runtime};
use crate::systems::{SystemA, SystemB};

/// Messages an alert: more would only be scrolled past.
const MOST_MESSAGES: usize = 3;

/// How the demo goes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The same seed tells the same story.
    pub seed: u64,
    /// The language of the messages.
    pub lang: Language,
    /// How often the worker reads; the story keeps pace with it, so that no excursion falls between two readings.
    pub pace: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            lang: Language::English,
            pace: Duration::from_secs(2),
        }
    }
}

/// Plays a [`Story`] on Systems A and B until dropped: moves the totals of x, y and z on both, and makes B write messages that
/// read like business. At a pace of 2 s, x, y and z have all alerted and z has recovered after 15 s.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use monitor_testkit::{SystemA, SystemB, demo};
///
/// let (a, b) = (SystemA::start().await, SystemB::start().await);
/// let scenario = demo::Scenario::start(&a, &b, demo::Options::default());
/// assert_eq!(scenario.values().x, 3.0);
/// # });
/// ```
#[derive(Debug)]
pub struct Scenario {
    values: Arc<Mutex<Values>>,
    task: JoinHandle<()>,
}

impl Scenario {
    /// Starts to play. The first values are set when this returns.
    pub fn start(a: &SystemA, b: &SystemB, options: Options) -> Scenario {
        let mut story = Story::new(options.seed, options.pace);
        let writer = Mutex::new(fastrand::Rng::with_seed(options.seed));
        b.set_message_writer(move |key, index, total| {
            message(options.lang, key, index, total, &mut lock(&writer))
        });
        b.set_auto_messages(true);
        b.set_most_auto_messages(MOST_MESSAGES);
        tell(a, b, story.values());

        let values = Arc::new(Mutex::new(story.values()));
        let (a, b, shared) = (a.clone(), b.clone(), values.clone());
        // Several steps a reading, so that one never sees the story stand still.
        let step = (options.pace / 4).max(Duration::from_millis(10));
        let task = runtime().spawn(async move {
            let mut ticks = tokio::time::interval(step);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks.tick().await; // The first is at once.
            loop {
                ticks.tick().await;
                story.advance(step);
                tell(&a, &b, story.values());
                *lock(&shared) = story.values();
            }
        });
        Scenario { values, task }
    }

    /// What the systems tell at the moment.
    pub fn values(&self) -> Values {
        *lock(&self.values)
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn tell(a: &SystemA, b: &SystemB, values: Values) {
    for (key, value) in [("x", values.x), ("y", values.y), ("z", values.z)] {
        a.set_total(key, value);
        b.set_total(key, value);
    }
}
