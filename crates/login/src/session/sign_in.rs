//! Signing in: one sign-in at a time however many wait, renewed early, and backing off after failures.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use monitor_domain::SharedClock;
use monitor_requests::{Client, Url};

use super::live::{Age, Live};
use crate::cookies::Life;
use crate::{Login, LoginError};

/// After so many refusals in a row the next try comes so many minutes later; the last one repeats. Accounts are
/// commonly locked after three to ten wrong passwords within minutes.
const AFTER_REFUSAL: [u64; 5] = [1, 3, 9, 27, 60];
/// The gap after a sign-in that failed for another reason; it doubles up to [`LONGEST_GAP`].
const GAP: Duration = Duration::from_secs(1);
/// The longest such gap, but for a `Retry-After`.
const LONGEST_GAP: Duration = Duration::from_secs(10);
/// The same after an answer that was neither yes nor no: it may be a system's way of saying no.
const LONGEST_GAP_AFTER_NONSENSE: Duration = Duration::from_secs(60);
/// A longer `Retry-After` is not believed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);

type Flight = Shared<BoxFuture<'static, Result<Arc<Live>, LoginError>>>;

/// The session of one system.
pub(crate) struct Session {
    inner: Arc<Inner>,
}

/// How often a system was signed in to, and how that went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    /// With success.
    pub good: u64,
    /// Refused: the credentials are wrong, or cannot be had.
    pub refused: u64,
    /// Not got through, or answered in a way that is neither yes nor no.
    pub failed: u64,
}

struct Inner {
    name: String,
    base: Url,
    login: Arc<dyn Login>,
    client: Client,
    clock: SharedClock,
    generations: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    live: Option<Arc<Live>>,
    /// The sign-in that is under way.
    flight: Option<Flight>,
    refusals: usize,
    failures: u32,
    /// No sign-in before this instant, and why.
    blocked: Option<(Duration, Arc<LoginError>)>,
    counts: SignIns,
}

/// What is to be done about a credential that is not (or no longer) wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    /// Others go on using it until there is a new one.
    Keep,
    /// Nobody uses it any more.
    Drop,
}

impl Session {
    pub(crate) fn new(
        name: &str,
        base: Url,
        login: Arc<dyn Login>,
        client: Client,
        clock: SharedClock,
    ) -> Session {
        let (name, state) = (name.to_owned(), Mutex::default());
        Session {
            inner: Arc::new(Inner {
                name,
                base,
                login,
                client,
                clock,
                generations: AtomicU64::new(0),
                state,
            }),
        }
    }

    pub(crate) fn login(&self) -> &dyn Login {
        &*self.inner.login
    }

    /// How the sign-ins so far went.
    pub(crate) fn sign_ins(&self) -> SignIns {
        self.inner.lock().counts
    }

    /// The credential, after signing in if there is none. One that is ageing is renewed behind the caller's back.
    pub(crate) async fn get(&self) -> Result<Arc<Live>, LoginError> {
        let flight = {
            let mut state = self.inner.lock();
            let now = self.inner.clock.monotonic();
            match state.live.as_ref().map(|live| (Arc::clone(live), live.age(now))) {
                Some((live, Age::Good)) => return Ok(live),
                Some((live, Age::Aging)) => {
                    // Backing off from the last failure is no reason not to use what there is.
                    let _ = self.inner.flight(&mut state, now);
                    return Ok(live);
                }
                Some((_, Age::Over)) | None => self.inner.flight(&mut state, now)?,
            }
        };
        flight.await
    }

    /// A credential newer than that generation, which is no longer good.
    pub(crate) async fn replace(&self, generation: u64) -> Result<Arc<Live>, LoginError> {
        self.newer(generation, Old::Drop).await
    }

    /// A credential newer than that generation, which may still be good.
    pub(crate) async fn renew(&self, generation: u64) -> Result<Arc<Live>, LoginError> {
        self.newer(generation, Old::Keep).await
    }

    /// The credential, which no sign-in proves, was taken by a call.
    pub(crate) fn proven(&self) {
        let mut state = self.inner.lock();
        (state.refusals, state.failures) = (0, 0);
    }

    /// The credential of that generation, which no sign-in proves, was refused by a call: the next try is as far away as after a
    /// sign-in that was refused. Gives the error as the caller is to have it.
    pub(crate) fn refuse(&self, generation: u64, error: LoginError) -> LoginError {
        let mut state = self.inner.lock();
        let current = state
            .live
            .as_ref()
            .is_some_and(|live| live.generation == generation);
        if current {
            state.live = None;
            return self.inner.failed(state, error);
        }
        error.named(&self.inner.name, self.inner.login.credentials())
    }

    async fn newer(&self, generation: u64, old: Old) -> Result<Arc<Live>, LoginError> {
        let flight = {
            let mut state = self.inner.lock();
            match &state.live {
                // Somebody else was faster.
                Some(live) if live.generation > generation => return Ok(Arc::clone(live)),
                Some(_) if old == Old::Drop => state.live = None,
                _ => {}
            }
            self.inner.flight(&mut state, self.inner.clock.monotonic())?
        };
        flight.await
    }
}

impl Inner {
    /// The sign-in that is under way, or a new one, unless it is too soon for that.
    fn flight(self: &Arc<Self>, state: &mut State, now: Duration) -> Result<Flight, LoginError> {
        // One that has landed and is still here did not land well: its task panicked.
        if let Some(flight) = state.flight.as_ref().filter(|flight| flight.peek().is_none()) {
            return Ok(flight.clone());
        }
        if let Some((until, cause)) = &state.blocked
            && now < *until
        {
            let retry_in = *until - now;
            let (system, cause) = (self.name.clone(), Arc::clone(cause));
            return Err(LoginError::BackingOff {
                system,
                until: self.clock.wall() + retry_in,
                retry_in,
                cause,
            });
        }
        // A task of its own, so that a caller who gives up takes nothing away from the others.
        let inner = Arc::clone(self);
        let task = tokio::spawn(async move { inner.sign_in().await });
        let name = self.name.clone();
        let flight = async move {
            task.await.unwrap_or_else(|_| {
                Err(LoginError::BadAnswer(format!(
                    "system {name}: the sign-in was cut off"
                )))
            })
        };
        Ok(state.flight.insert(flight.boxed().shared()).clone())
    }

    async fn sign_in(&self) -> Result<Arc<Live>, LoginError> {
        let since = self.clock.monotonic();
        let outcome = self.login.sign_in(&self.client, &self.base).await;
        let mut state = self.lock();
        state.flight = None;
        match outcome {
            Ok(credential) => {
                let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
                let live = Arc::new(Live::new(generation, credential, since));
                let State {
                    refusals,
                    failures,
                    blocked,
                    counts,
                    ..
                } = &mut *state;
                *blocked = None;
                if self.login.proves() {
                    (*refusals, *failures) = (0, 0);
                }
                counts.good += 1;
                state.live = Some(Arc::clone(&live));
                drop(state);
                let name = self.name.as_str();
                match live.life() {
                    Some(Life { since, ends }) => {
                        let life = humantime::format_duration(Duration::from_secs((ends - since).as_secs()));
                        log::info!(system = name; "system {name}: signed in for {life}");
                    }
                    None => log::info!(system = name; "system {name}: signed in"),
                }
                Ok(live)
            }
            Err(error) => Err(self.failed(state, error)),
        }
    }

    /// Counts a failure, and sees to it that nobody tries again too soon.
    fn failed(&self, mut state: MutexGuard<'_, State>, error: LoginError) -> LoginError {
        let error = error.named(&self.name, self.login.credentials());
        let wait = state.after(&error);
        state.blocked = Some((self.clock.monotonic() + wait, Arc::new(error.clone())));
        drop(state);
        let (name, wait) = (self.name.as_str(), humantime::format_duration(wait));
        let shown = error.to_string();
        // Most of these errors name the system already.
        let shown = if shown.contains(name) {
            shown
        } else {
            format!("system {name}: {shown}")
        };
        log::warn!(system = name; "{shown}; next sign-in in {wait} at the earliest");
        error
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whatever a panicking thread left behind, the next sign-in puts right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a failure and says how long to wait after it.
    fn after(&mut self, error: &LoginError) -> Duration {
        if matches!(error, LoginError::Refused { .. } | LoginError::Secret(_)) {
            let minutes = AFTER_REFUSAL[self.refusals.min(AFTER_REFUSAL.len() - 1)];
            self.refusals += 1;
            self.counts.refused += 1;
            return Duration::from_secs(minutes * 60);
        }
        let longest = if matches!(error, LoginError::BadAnswer(_)) {
            LONGEST_GAP_AFTER_NONSENSE
        } else {
            LONGEST_GAP
        };
        let gap = GAP
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(longest);
        self.failures = self.failures.saturating_add(1);
        self.counts.failed += 1;
        gap.max(error.retry_after().unwrap_or_default().min(LONGEST_RETRY_AFTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_wait_long_and_longer_and_other_failures_only_shortly() {
        let mut state = State::default();
        let refused = LoginError::refused("401");
        let minutes: Vec<_> = (0..7).map(|_| state.after(&refused).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 3, 9, 27, 60, 60, 60]);
        let nonsense = LoginError::BadAnswer("?".to_owned());
        let seconds: Vec<_> = (0..8).map(|_| state.after(&nonsense).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
