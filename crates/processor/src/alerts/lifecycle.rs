//! The one place that decides what becomes of an alert. Pure: it gets how things are and answers what is to be done; the
//! other files of this room carry it out.
//!
//! | when | decided by |
//! |---|---|
//! | a rule is breached | [`opened`] |
//! | a metric has had no data for too long | [`opened_without_data`] |
//! | the value or the data is back | [`ended`], [`ended_late`] |
//! | it lasts | [`lasting`], [`reminder_round`] |
//! | it was suppressed, and the reason is gone | [`late`] |
//! | nobody acknowledged it | [`escalated`] |

use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_model::{Alert, AlertKind, Mute};
use monitor_rules::{Lifetime, Rule};

/// How an alert is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// Why nobody is notified; stored with the alert.
    pub(super) muted: Option<Mute>,
    /// The alarm sounds.
    pub(super) alarm: bool,
    pub(super) first: First,
}

/// The first notification of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The explanation is, once somebody gave it.
    Explanation,
    /// The reading is, now.
    Reading,
    /// The incident that covers it is.
    Incident,
    /// There is none yet.
    None,
}

/// How people are notified of an alert's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Now.
    Now,
    /// By the explanation, after it.
    AfterExplanation,
    /// When this is over.
    Later(Mute),
    /// Not at all: nobody was notified of the alert, for the reason given if it is known.
    Never(Option<Mute>),
}

/// What is to be done about an alert that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lasting {
    Nothing,
    /// Remind people of it, where its rule says so.
    Remind,
    /// Remind people of the incident of this id, which covers it.
    RemindOfIncident(i64),
    /// It is suppressed for another reason than before.
    Rename(Mute),
    /// Nobody was notified, and now they may be.
    NotifyLate,
}

/// How people are notified late of an alert that was suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// Of the incident that covers it now.
    Incident,
    /// That there is no data.
    NoData,
    /// By the explanation, once somebody gave it; the alarm sounds now.
    Explanation,
    /// Of what is on record about it; the alarm sounds now.
    Records,
}

/// What others are notified of where nobody acknowledged an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escalated {
    Nothing,
    Alert,
    /// The incident of this id, which covers it.
    Incident(i64),
}

/// How the incident that covers an alert stands, where one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    /// It is open, and it is why the metric has no data.
    Holds,
    /// It is over, or the metric is at fault itself by now.
    Gone,
}

/// The kind of alert that a breach of `rule` opens.
pub(crate) fn breach_kind(rule: &Rule) -> AlertKind {
    match rule.condition.lifetime() {
        Lifetime::Event => AlertKind::Event,
        Lifetime::Level | Lifetime::Never => AlertKind::Level,
    }
}

/// Whether flapping suppresses the opening of an alert. The alert that begins the flapping is notified, and says so.
pub(super) fn flapping_suppresses_opening(was_flapping: bool, is_flapping: bool) -> bool {
    was_flapping && is_flapping
}

/// A breach. The alarm does not wait for the explanation, nor the explanation for the alarm; what is suppressed is explained
/// and recorded all the same.
pub(super) fn opened(mute: Option<Mute>, has_alarm: bool, is_explained: bool) -> Opened {
    Opened {
        alarm: has_alarm && mute.is_none(),
        first: match &mute {
            _ if is_explained => First::Explanation,
            Some(_) => First::None,
            None => First::Reading,
        },
        muted: mute,
    }
}

/// No data for too long. People are notified, but it is no business alert: no alarm. Where the fault is that of a system
/// which keeps others from being read too, they are notified of that, and once.
pub(super) fn opened_without_data(mute: Option<Mute>, incident: Option<i64>) -> Opened {
    let (muted, first) = match (mute, incident) {
        (Some(mute), _) => (Some(mute), First::None),
        (None, Some(id)) => (Some(Mute::Incident(id)), First::Incident),
        (None, None) => (None, First::Reading),
    };
    Opened {
        muted,
        alarm: false,
        first,
    }
}

/// The end of all open alerts of a kind is notified once, about the newest one that people were notified of, however many there
/// were. Where that alert is not notified yet itself, because it is still being explained, its end follows the explanation.
///
/// `notified` is that alert, `newest` the newest of all; `mute` suppresses notifications now.
pub(super) fn ended(
    notified: Option<&Alert>,
    newest: &Alert,
    mute: Option<Mute>,
    is_being_explained: bool,
) -> Ended {
    match (notified, mute) {
        (None, _) => Ended::Never(newest.muted.as_ref().and_then(|mute| mute.parse().ok())),
        (Some(_), Some(mute)) => Ended::Later(mute),
        (Some(_), None) if is_being_explained => Ended::AfterExplanation,
        (Some(_), None) => Ended::Now,
    }
}

/// The end of an alert was suppressed, and is not any more.
pub(super) fn ended_late(is_being_explained: bool) -> Ended {
    if is_being_explained {
        Ended::AfterExplanation
    } else {
        Ended::Now
    }
}

/// An alert that lasts, `mute` suppressing notifications now (an incident is not among them: `cover` says how that of this id
/// stands).
pub(super) fn lasting(alert: &Alert, mute: Option<Mute>, cover: impl FnOnce(i64) -> Cover) -> Lasting {
    // Who acknowledged it knows of it.
    if alert.acknowledged_at.is_some() {
        return Lasting::Nothing;
    }
    let Some(muted) = &alert.muted else {
        return match mute {
            None => Lasting::Remind,
            Some(_) => Lasting::Nothing,
        };
    };
    if let Ok(Mute::Incident(id)) = muted.parse()
        && cover(id) == Cover::Holds
    {
        return match mute {
            None => Lasting::RemindOfIncident(id),
            Some(_) => Lasting::Nothing,
        };
    }
    match mute {
        None => Lasting::NotifyLate,
        Some(mute) if mute.to_string() != *muted => Lasting::Rename(mute),
        Some(_) => Lasting::Nothing,
    }
}

/// An alert that was suppressed and is not any more. `is_covered`: an incident is why there is no data.
pub(super) fn late(kind: AlertKind, is_covered: bool, is_being_explained: bool) -> Late {
    match kind {
        AlertKind::NoData if is_covered => Late::Incident,
        AlertKind::NoData => Late::NoData,
        AlertKind::Event | AlertKind::Level if is_being_explained => Late::Explanation,
        AlertKind::Event | AlertKind::Level => Late::Records,
    }
}

/// Which round of reminders is due, one in every `every` since the alert was opened. Rounds that passed while nobody ran are
/// not made up. `last` is the last one that this worker notified.
pub(super) fn reminder_round(
    alert: &Alert,
    every: Duration,
    now: DateTime<Utc>,
    last: Option<i64>,
) -> Option<i64> {
    let lasted = (now.naive_utc() - alert.opened_at).to_std().unwrap_or_default();
    let round = i64::try_from(lasted.as_nanos() / every.as_nanos().max(1)).unwrap_or(i64::MAX);
    (round > 0 && last != Some(round)).then_some(round)
}

/// Nobody acknowledged it in time. What is suppressed is not escalated, unless an incident that is open covers it: then that is.
pub(super) fn escalated(alert: &Alert, is_muted_now: bool, is_open: impl FnOnce(i64) -> bool) -> Escalated {
    match alert.muted.as_ref().map(|muted| muted.parse()) {
        _ if is_muted_now => Escalated::Nothing,
        None => Escalated::Alert,
        Some(Ok(Mute::Incident(id))) if is_open(id) => Escalated::Incident(id),
        Some(_) => Escalated::Nothing,
    }
}

/// Whether people are notified of it, or may be yet. What was suppressed is notified late only while it lasts, and an event does
/// not last.
pub(super) fn may_be_notified(alert: &Alert) -> bool {
    alert.muted.is_none() || (alert.kind != AlertKind::Event && alert.resolved_at.is_none())
}

/// Whether notifications of it still make sense.
pub(super) fn is_unacknowledged(alert: &Alert) -> bool {
    alert.acknowledged_at.is_none() && alert.resolved_at.is_none()
}

#[cfg(test)]
mod tests {
    use monitor_domain::{MetricKey, Severity};

    use super::*;

    fn alert(muted: Option<&str>) -> Alert {
        let opened_at = DateTime::from_timestamp(1_795_600_000, 0).unwrap().naive_utc();
        Alert {
            id: 1,
            key: MetricKey::stored("x"),
            kind: AlertKind::Level,
            severity: Severity::Warning,
            reason: String::new(),
            value: None,
            previous: None,
            opened_at,
            acknowledged_at: None,
            acknowledged_by: None,
            note: None,
            resolved_at: None,
            resolved_value: None,
            further_messages: 0,
            muted: muted.map(str::to_owned),
            end_muted: None,
            escalated_at: None,
            escalation_step: 0,
        }
    }

    #[test]
    fn a_breach_sounds_the_alarm_and_is_explained_unless_it_is_suppressed() {
        let free = opened(None, true, true);
        assert_eq!((free.alarm, free.first), (true, First::Explanation));
        assert_eq!(opened(None, true, false).first, First::Reading);
        assert!(!opened(None, false, true).alarm, "there is none");
        let muted = opened(Some(Mute::Silence(3)), true, true);
        assert_eq!((muted.alarm, muted.first), (false, First::Explanation));
        assert_eq!(opened(Some(Mute::Flapping), true, false).first, First::None);
        assert!(
            !flapping_suppresses_opening(false, true),
            "the alert that begins it is notified"
        );
    }

    #[test]
    fn no_data_is_no_business_alert() {
        for (mute, incident, first) in [
            (None, None, First::Reading),
            (None, Some(7), First::Incident),
            (Some(Mute::Silence(1)), Some(7), First::None),
        ] {
            let opened = opened_without_data(mute, incident);
            assert_eq!((opened.alarm, opened.first), (false, first));
        }
        assert_eq!(opened_without_data(None, Some(7)).muted, Some(Mute::Incident(7)));
    }

    #[test]
    fn an_end_goes_to_those_who_were_notified() {
        let (open, silent) = (alert(None), alert(Some("silence:3")));
        assert_eq!(ended(Some(&open), &open, None, false), Ended::Now);
        assert_eq!(ended(Some(&open), &silent, None, true), Ended::AfterExplanation);
        let later = ended(Some(&open), &open, Some(Mute::Flapping), true);
        assert_eq!(later, Ended::Later(Mute::Flapping));
        let never = ended(None, &silent, None, false);
        assert_eq!(never, Ended::Never(Some(Mute::Silence(3))));
        assert_eq!(
            (ended_late(true), ended_late(false)),
            (Ended::AfterExplanation, Ended::Now)
        );
    }

    #[test]
    fn what_lasts_is_reminded_of_or_notified_late() {
        let holds = |_| Cover::Holds;
        let gone = |_| Cover::Gone;
        assert_eq!(lasting(&alert(None), None, gone), Lasting::Remind);
        assert_eq!(
            lasting(&alert(None), Some(Mute::Flapping), gone),
            Lasting::Nothing
        );
        let covered = alert(Some("incident:7"));
        assert_eq!(lasting(&covered, None, holds), Lasting::RemindOfIncident(7));
        assert_eq!(lasting(&covered, Some(Mute::Silence(1)), holds), Lasting::Nothing);
        assert_eq!(lasting(&covered, None, gone), Lasting::NotifyLate);
        let silent = alert(Some("silence:3"));
        assert_eq!(lasting(&silent, Some(Mute::Silence(3)), gone), Lasting::Nothing);
        assert_eq!(
            lasting(&silent, Some(Mute::Silence(4)), gone),
            Lasting::Rename(Mute::Silence(4))
        );
        let taken = Alert {
            acknowledged_at: Some(covered.opened_at),
            ..covered
        };
        assert_eq!(lasting(&taken, None, gone), Lasting::Nothing);
        assert!(!is_unacknowledged(&taken));
    }

    #[test]
    fn reminders_come_once_a_round_and_none_is_made_up() {
        let (alert, hour) = (alert(None), Duration::from_secs(3600));
        let after = |minutes: i64| alert.opened_at.and_utc() + chrono::TimeDelta::minutes(minutes);
        assert_eq!(reminder_round(&alert, hour, after(59), None), None);
        assert_eq!(reminder_round(&alert, hour, after(61), None), Some(1));
        assert_eq!(reminder_round(&alert, hour, after(61), Some(1)), None);
        assert_eq!(reminder_round(&alert, hour, after(301), Some(1)), Some(5));
        assert_eq!(
            reminder_round(&alert, hour, after(-5), None),
            None,
            "a clock stepped back"
        );
    }

    #[test]
    fn what_is_suppressed_is_not_escalated_unless_an_incident_covers_it() {
        assert_eq!(escalated(&alert(None), false, |_| false), Escalated::Alert);
        assert_eq!(escalated(&alert(None), true, |_| false), Escalated::Nothing);
        let covered = alert(Some("incident:7"));
        assert_eq!(escalated(&covered, false, |_| true), Escalated::Incident(7));
        assert_eq!(escalated(&covered, false, |_| false), Escalated::Nothing);
        assert_eq!(
            escalated(&alert(Some("flapping")), false, |_| true),
            Escalated::Nothing
        );
    }

    #[test]
    fn what_is_suppressed_may_be_notified_while_it_lasts() {
        let over = |alert: Alert| Alert {
            resolved_at: Some(alert.opened_at),
            ..alert
        };
        let event = |muted| Alert {
            kind: AlertKind::Event,
            ..alert(muted)
        };
        let silenced = Some("silence:3");
        for (alert, expected) in [
            (alert(None), true),
            (over(alert(None)), true),
            (event(None), true),
            (alert(silenced), true),
            (over(alert(silenced)), false),
            (event(silenced), false),
        ] {
            assert_eq!(may_be_notified(&alert), expected, "{alert:?}");
        }
    }

    #[test]
    fn what_was_suppressed_is_notified_by_what_is_known_of_it_then() {
        assert_eq!(late(AlertKind::NoData, true, false), Late::Incident);
        assert_eq!(late(AlertKind::NoData, false, false), Late::NoData);
        assert_eq!(late(AlertKind::Level, true, true), Late::Explanation);
        assert_eq!(late(AlertKind::Event, false, false), Late::Records);
    }
}
