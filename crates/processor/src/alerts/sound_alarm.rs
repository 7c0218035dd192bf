//! The job of sounding the alarm.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDateTime;
use monitor_domain::{Language, Severity};
use monitor_notify::{MessageIds, MetricInfo, Notification};

use crate::context::Context;
use crate::fault::{self, Point};
use crate::outbox::{
    ALARM_LANE, AttemptResult, Batch, Done, GivenUp, Job, LaneSettings, Rate, Refers, RetryPolicy,
    message_id, page,
};

/// Alarms sounded at one time.
const PLACES: usize = 4;
/// The first pause between two attempts: somebody is waiting.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between two attempts, whatever the alarm's system requests.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Sounds the alarm of the config.
pub(crate) struct SoundAlarm {
    max_age: Duration,
}

impl SoundAlarm {
    pub(crate) fn new(context: &Context) -> SoundAlarm {
        SoundAlarm {
            max_age: context.options.max_age,
        }
    }
}

#[async_trait]
impl Job for SoundAlarm {
    fn lane(&self) -> LaneSettings {
        LaneSettings {
            name: ALARM_LANE.to_owned(),
            places: PLACES,
            rate: Rate::default(),
            recipients: 1,
            breaks: false,
            limit: None,
            digest: None,
            retry: RetryPolicy {
                max_age: self.max_age,
                first: FIRST_PAUSE,
                longest: LONGEST_PAUSE,
                longest_requested: LONGEST_PAUSE,
            },
        }
    }

    async fn attempt(&self, context: &Arc<Context>, batch: &Batch) -> AttemptResult {
        let Some(alarm) = &context.alarm else {
            return AttemptResult::transient("this worker's config has no [alarm]");
        };
        let job = match batch.job() {
            Ok(job) => job,
            Err(error) => return error.into(),
        };
        fault::point(Point::BeforeSend);
        let sounded = alarm.sound(&job.key, Some(&batch.first().message_id)).await;
        fault::point(Point::AfterSend);
        match sounded {
            Ok(()) => AttemptResult::Delivered(Done::Unmarked),
            // Even a 404 is tried again: a wrong path is mended in the config, and the alarm must sound then.
            Err(error) => AttemptResult::Transient {
                reason: error.to_string(),
                retry_after: error.retry_after(),
                at_most: None,
            },
        }
    }

    fn given_up(&self, context: &Context, batch: &Batch, error: &str, now: NaiveDateTime) -> Option<GivenUp> {
        let delivery = batch.first();
        let key = batch.job().map(|job| job.key.to_string()).unwrap_or_default();
        let ids = MessageIds::new(
            format!("fallback/{}", delivery.dedupe_key),
            message_id(&format!("fallback-{}", delivery.id)),
        );
        let subject = MetricInfo::new(&key, &key);
        let text = did_not_sound(context.options.language, error);
        let message = Notification::notice(ids, subject, Severity::Critical, text, now.and_utc())
            .with_alert(delivery.alert_id)
            .with_url(page(context, "/deliveries"));
        let refers = Refers {
            alert_id: delivery.alert_id,
            ..Refers::default()
        };
        Some(GivenUp { refers, message })
    }
}

fn did_not_sound(language: Language, why: &str) -> String {
    match language {
        Language::English => format!("the alarm could not be sounded: {why}"),
        Language::Chinese => format!("警报未能鸣响：{why}"),
    }
}
