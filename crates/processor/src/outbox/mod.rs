//! What is to be done and sent, as rows of the table `delivery`: who is notified of what, and what is stored of it.
//!
//! Enqueuing is part of the caller's transaction. This room never sends anything, and knows neither alerts nor channels
//! beyond their names.

mod batch;
mod draft;
mod enqueue;
mod job;
mod lanes;
mod payload;
mod routing;
mod text;

pub(crate) use batch::Batch;
pub(crate) use draft::{Draft, Subject};
pub(crate) use enqueue::{
    NOTIFYING_EVENTS, Refers, enqueue, message_id, notified, notify, notify_end, notify_others, thread_id,
};
pub(crate) use job::{AttemptResult, Done, GivenUp, Job, LaneSettings, Rate, RetryPolicy, TimeLimit};
pub(crate) use lanes::{ALARM_LANE, DETAILS_LANE, enqueue_job, job_key};
pub(crate) use payload::read_notification;
pub(crate) use routing::{Audience, Routing, by_channel, for_incidents, named, page, stored_metric};
pub(crate) use text::{When, list, list_names, listed};
