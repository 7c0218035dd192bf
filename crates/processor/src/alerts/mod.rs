//! What becomes of an alert: opened with a reading, suppressed, reminded of, escalated, ended.
//!
//! `lifecycle` decides, and nothing else does; `commit` carries it out in the transaction of a reading, `followup` as time
//! passes, `removed` where the metric is gone, `explain` and `sound_alarm` as jobs of the outbox. This room reads no metric's value and sends nothing to a channel.

mod commit;
mod dependencies;
mod explain;
mod followup;
mod lifecycle;
mod mutes;
mod notify;
mod open;
mod policies;
mod pushed;
mod recorded;
mod removed;
mod sound_alarm;
mod step;

pub(crate) use commit::{Commit, Evaluated};
pub(crate) use explain::Explain;
pub(crate) use followup::FollowUp;
pub(crate) use lifecycle::breach_kind;
pub(crate) use pushed::Pushed;
pub(crate) use sound_alarm::SoundAlarm;
