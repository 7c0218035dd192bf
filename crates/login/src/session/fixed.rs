//! Calls with a credential that no sign-in proves: a user and password, or a token, that go along with every call.
//!
//! Each call is a try of the password then. So until one was answered well, calls go one at a time, and one that is answered as
//! if nobody were signed in ends them all for as long as a refused sign-in does: sixty metrics with a wrong password are one
//! wrong try, not sixty.

use std::sync::atomic::{AtomicU32, Ordering};

use monitor_requests::{Request, Response, StatusCode};
use tokio::sync::{Mutex, MutexGuard};

use super::live::Live;
use super::system::{Lost, System};
use crate::{CallError, LoginError};

/// So many calls in a row that are answered as if signed out mean the credential and not their paths, although it was good
/// before: the password was changed.
const IN_A_ROW: u32 = 3;

/// What is known of a credential that no sign-in proves.
#[derive(Default)]
pub(super) struct Proof {
    /// Held by the one call that tries an unproven credential.
    turn: Mutex<()>,
    /// Calls that were answered as if signed out since the last good answer.
    refused: AtomicU32,
}

impl System {
    pub(super) async fn call_fixed(&self, request: Request, path: &str) -> Result<Response, CallError> {
        let mut live = self.session.get().await?;
        let mut turn: Option<MutexGuard<'_, ()>> = None;
        if !live.good.load(Ordering::Relaxed) {
            turn = Some(self.proof.turn.lock().await);
            // Whoever was first may have been refused.
            live = self.session.get().await?;
            // A path that is refused whatever the password proves nothing of it.
            if self
                .relogin_backoff
                .is_blocked(path, &live, self.clock.monotonic())
            {
                return Err(self.signed_out(&request, &live, "was answered as if signed out lately"));
            }
        }
        let (response, lost) = self.send(&request, &live).await?;
        let result = match lost {
            None => Ok(self.taken(path, &live, response)),
            // It may mean the account or the path, and a new try would be answered in the same way.
            Some(Lost::Forbidden) => Ok(response),
            Some(Lost::SignedOut(why)) => Err(self.turned_away(&request, path, &live, &why)),
        };
        drop(turn);
        result
    }

    fn taken(&self, path: &str, live: &Live, response: Response) -> Response {
        // A server that fails has not checked the password.
        if !response.status.is_server_error() && response.status != StatusCode::TOO_MANY_REQUESTS {
            self.proof.refused.store(0, Ordering::Relaxed);
            if !live.good.swap(true, Ordering::Relaxed) {
                self.session.proven();
            }
            self.relogin_backoff.forget(path);
        }
        response
    }

    fn turned_away(&self, request: &Request, path: &str, live: &Live, why: &str) -> CallError {
        let in_a_row = self.proof.refused.fetch_add(1, Ordering::Relaxed) + 1;
        let was_good = live.good.load(Ordering::Relaxed);
        if was_good {
            self.relogin_backoff
                .note(path, live, false, self.clock.monotonic());
        }
        if was_good && in_a_row < IN_A_ROW {
            return self.signed_out(request, live, why);
        }
        self.proof.refused.store(0, Ordering::Relaxed);
        let refused = LoginError::refused(format!("{path}: {why}"));
        CallError::Login(self.session.refuse(live.generation, refused))
    }
}
