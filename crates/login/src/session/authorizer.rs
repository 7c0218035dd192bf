//! Proof that is made anew for each request, where a header that stays the same is not enough.

use monitor_requests::{Request, Response};

/// Makes the proof of each request, and takes a server's challenge for the next one.
pub trait Authorizer: Send + Sync {
    /// Puts the proof into a request that is about to be sent.
    fn authorize(&self, request: &mut Request);

    /// Whether an answer is a challenge that the same request, sent once more, can meet; it is kept for later ones.
    fn is_challenged(&self, response: &Response) -> bool;
}
