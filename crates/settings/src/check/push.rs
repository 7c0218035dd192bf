//! `metrics.KEY.push`: a metric whose values are sent to the monitor.

use monitor_domain::counted;

use super::{Checker, join};
use crate::sections::PushSettings;

/// A token of fewer characters can be guessed.
const SHORT: usize = 16;

impl Checker<'_, '_> {
    /// How the values of a metric are sent, if they are. `also` are the keys of the same metric that say how it is read.
    pub(super) fn push(
        &mut self,
        at: &[String],
        given: Option<PushSettings>,
        also: &[(&str, bool)],
    ) -> Option<PushSettings> {
        let given = given?;
        let metric = &at[..at.len() - 1];
        for (key, _) in also.iter().filter(|(_, is_given)| *is_given) {
            let message = format!("push says that its values are sent: leave {key} out, or leave push out");
            self.reader.error(&join(metric, key), message);
        }
        let at = join(at, "token");
        let token = self.secret_path(&at, given.token);
        self.secret(&at, &token, true);
        match self.resolved(&token) {
            Some(text) if !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                let message = "has characters that no header can carry: visible ASCII without spaces, such as what \
                               openssl rand -hex 24 prints";
                self.reader.error(&at, message);
            }
            Some(text) if text.len() < SHORT => {
                let message = format!(
                    "is shorter than {} and can be guessed; better what openssl rand -hex 24 prints",
                    counted(SHORT, "character")
                );
                self.reader.warn(&at, message);
            }
            _ => {}
        }
        Some(PushSettings { token })
    }
}
