//! A day in the life of three metrics, quick enough to watch: what the demo plays on the simulated systems.

mod texts;
mod trajectory;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_domain::Language;
use tokio::task::JoinHandle;

pub use texts::message;
pub use trajectory::{Trajectory, Values};

use crate::net::{lock, runtime};
use crate::systems::{SystemA, SystemB};

/// Messages an alert: more would only be scrolled past.
const MOST_MESSAGES: usize = 3;

/// How the demo goes.
#[derive(Clone, Debug)]
pub struct ScenarioOptions {
    /// The same seed plays the same scenario.
    pub seed: u64,
    /// The language of the messages.
    pub lang: Language,
    /// How often the worker reads; the scenario keeps pace with it, so that no excursion falls between two readings.
    pub pace: Duration,
    /// Which of x, y and z move; the others stay what they are on the systems.
    pub moving: Vec<&'static str>,
}

/// The totals that the scenario knows.
const KEYS: [&str; 3] = ["x", "y", "z"];

impl Default for ScenarioOptions {
    fn default() -> ScenarioOptions {
        ScenarioOptions {
            seed: 1,
            lang: Language::English,
            pace: Duration::from_secs(2),
            moving: KEYS.to_vec(),
        }
    }
}

/// Plays a [`Trajectory`] on Systems A and B until dropped: moves the totals of x, y and z on both, and makes B write
/// messages that read like business. At a pace of 2 s, x, y and z have all alerted and z has recovered after 15 s.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use monitor_simulator::{Scenario, ScenarioOptions, SystemA, SystemB};
///
/// let (a, b) = (SystemA::start().await, SystemB::start().await);
/// let scenario = Scenario::start(&a, &b, ScenarioOptions::default());
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
    pub fn start(a: &SystemA, b: &SystemB, options: ScenarioOptions) -> Scenario {
        let mut trajectory = Trajectory::new(options.seed, options.pace);
        let writer = Mutex::new(fastrand::Rng::with_seed(options.seed));
        b.set_message_writer(move |key, index, total| {
            message(options.lang, key, index, total, &mut lock(&writer))
        });
        b.set_auto_messages(true);
        b.set_most_auto_messages(MOST_MESSAGES);
        set_totals(a, b, &options.moving, trajectory.values());

        let values = Arc::new(Mutex::new(trajectory.values()));
        let (a, b, shared) = (a.clone(), b.clone(), values.clone());
        // Several steps a reading, so that the totals never seem to stand still.
        let step = (options.pace / 4).max(Duration::from_millis(10));
        let task = runtime().spawn(async move {
            let mut ticks = tokio::time::interval(step);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks.tick().await; // The first is at once.
            loop {
                ticks.tick().await;
                trajectory.advance(step);
                set_totals(&a, &b, &options.moving, trajectory.values());
                *lock(&shared) = trajectory.values();
            }
        });
        Scenario { values, task }
    }

    /// The totals of the systems at the moment.
    pub fn values(&self) -> Values {
        *lock(&self.values)
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn set_totals(a: &SystemA, b: &SystemB, moving: &[&str], values: Values) {
    let all = KEYS.into_iter().zip([values.x, values.y, values.z]);
    for (key, value) in all.filter(|(key, _)| moving.contains(key)) {
        a.set_total(key, value);
        b.set_total(key, value);
    }
}
