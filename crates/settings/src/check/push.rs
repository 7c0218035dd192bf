//! `metrics.KEY.push`: a metric whose values are sent to the monitor.

use std::collections::HashMap;

use monitor_domain::{MetricKey, counted};

use super::{Checker, join, path};
use crate::sections::PushSettings;
use crate::settings::MetricSettings;

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

    /// A token lets somebody send the values of one metric: shared, it would let them send those of the other too.
    pub(super) fn push_tokens(&mut self, metrics: &[MetricSettings]) {
        let mut known: HashMap<String, &MetricKey> = HashMap::new();
        for metric in metrics {
            let Some(push) = &metric.push else { continue };
            let Some(token) = self.resolved(&push.token) else {
                continue;
            };
            if let Some(other) = known.get(&token) {
                let message = format!("is the one of metrics.{other} too: give each metric one of its own");
                let at = path(&["metrics", metric.key.as_str(), "push", "token"]);
                self.reader.error(&at, message);
            } else {
                known.insert(token, &metric.key);
            }
        }
    }
}
