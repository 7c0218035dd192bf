//! The tables as diesel sees them: the common subset of both backends, written by hand.
//!
//! `tests/model/parity.rs` compares this file with what the migrations make on SQLite and on PostgreSQL.

diesel::table! {
    /// The value each metric has now: one row a metric.
    realtime_monitor (key) {
        /// `realtime_monitor.key`.
        key -> Text,
        /// `realtime_monitor.value`.
        value -> Nullable<Double>,
        /// `realtime_monitor.value_at`.
        value_at -> Nullable<Timestamp>,
        /// `realtime_monitor.checked_at`.
        checked_at -> Timestamp,
        /// `realtime_monitor.error`.
        error -> Nullable<Text>,
    }
}

diesel::table! {
    /// The rule state of each metric; `version` makes two writers conflict instead of alerting twice.
    metric_state (key) {
        /// `metric_state.key`.
        key -> Text,
        /// `metric_state.version`.
        version -> BigInt,
        /// `metric_state.phase`.
        phase -> Text,
        /// `metric_state.since`.
        since -> Timestamp,
        /// `metric_state.reason`.
        reason -> Text,
        /// `metric_state.state`.
        state -> Text,
        /// `metric_state.updated_at`.
        updated_at -> Timestamp,
    }
}

diesel::table! {
    /// The history of readings; failures are readings too.
    sample (id) {
        /// `sample.id`.
        id -> BigInt,
        /// `sample.key`.
        key -> Text,
        /// `sample.at`.
        at -> Timestamp,
        /// `sample.value`.
        value -> Nullable<Double>,
        /// `sample.error`.
        error -> Nullable<Text>,
        /// `sample.took_ms`.
        took_ms -> Integer,
    }
}

diesel::table! {
    /// One row an excursion or event; open until `resolved_at`.
    alert (id) {
        /// `alert.id`.
        id -> BigInt,
        /// `alert.key`.
        key -> Text,
        /// `alert.kind`.
        kind -> Text,
        /// `alert.severity`.
        severity -> Text,
        /// `alert.reason`.
        reason -> Text,
        /// `alert.value`.
        value -> Nullable<Double>,
        /// `alert.previous`.
        previous -> Nullable<Double>,
        /// `alert.opened_at`.
        opened_at -> Timestamp,
        /// `alert.acknowledged_at`.
        acknowledged_at -> Nullable<Timestamp>,
        /// `alert.acknowledged_by`.
        acknowledged_by -> Nullable<Text>,
        /// `alert.note`.
        note -> Nullable<Text>,
        /// `alert.resolved_at`.
        resolved_at -> Nullable<Timestamp>,
        /// `alert.resolved_value`.
        resolved_value -> Nullable<Double>,
        /// `alert.further_messages`.
        further_messages -> Integer,
        /// `alert.muted`.
        muted -> Nullable<Text>,
        /// `alert.end_muted`.
        end_muted -> Nullable<Text>,
        /// `alert.escalated_at`.
        escalated_at -> Nullable<Timestamp>,
        /// `alert.group_id`.
        group_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// The events of one metric that are acknowledged together: counted, and open until `acknowledged_at`.
    alert_group (id) {
        /// `alert_group.id`.
        id -> BigInt,
        /// `alert_group.key`.
        key -> Text,
        /// `alert_group.muted`.
        muted -> Bool,
        /// `alert_group.alerts`.
        alerts -> BigInt,
        /// `alert_group.opened_at`.
        opened_at -> Timestamp,
        /// `alert_group.escalated_at`.
        escalated_at -> Nullable<Timestamp>,
        /// `alert_group.acknowledged_at`.
        acknowledged_at -> Nullable<Timestamp>,
        /// `alert_group.acknowledged_by`.
        acknowledged_by -> Nullable<Text>,
        /// `alert_group.note`.
        note -> Nullable<Text>,
    }
}

diesel::table! {
    /// One row a message; a deleted one stays, so that it is not recorded again.
    monitor_record (id) {
        /// `monitor_record.id`.
        id -> BigInt,
        /// `monitor_record.key`.
        key -> Text,
        /// `monitor_record.value`.
        value -> Nullable<Double>,
        /// `monitor_record.alert`.
        alert -> Bool,
        /// `monitor_record.alert_message`.
        alert_message -> Text,
        /// `monitor_record.timestamp`.
        timestamp -> Timestamp,
        /// `monitor_record.alert_id`.
        alert_id -> Nullable<BigInt>,
        /// `monitor_record.source_id`.
        source_id -> Nullable<Text>,
        /// `monitor_record.deleted_at`.
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// The outbox: one row a notification and recipient, or a job of an alert.
    delivery (id) {
        /// `delivery.id`.
        id -> BigInt,
        /// `delivery.alert_id`.
        alert_id -> Nullable<BigInt>,
        /// `delivery.record_id`.
        record_id -> Nullable<BigInt>,
        /// `delivery.lane`.
        lane -> Text,
        /// `delivery.event`.
        event -> Text,
        /// `delivery.recipient`.
        recipient -> Text,
        /// `delivery.dedupe_key`.
        dedupe_key -> Text,
        /// `delivery.message_id`.
        message_id -> Text,
        /// `delivery.payload`.
        payload -> Text,
        /// `delivery.status`.
        status -> Text,
        /// `delivery.attempt`.
        attempt -> Integer,
        /// `delivery.next_at`.
        next_at -> Timestamp,
        /// `delivery.lease_until`.
        lease_until -> Nullable<Timestamp>,
        /// `delivery.worker`.
        worker -> Nullable<Text>,
        /// `delivery.created_at`.
        created_at -> Timestamp,
        /// `delivery.finished_at`.
        finished_at -> Nullable<Timestamp>,
        /// `delivery.last_error`.
        last_error -> Nullable<Text>,
        /// `delivery.incident_id`.
        incident_id -> Nullable<BigInt>,
        /// `delivery.batch`.
        batch -> Nullable<Text>,
        /// `delivery.retried_at`.
        retried_at -> Nullable<Timestamp>,
        /// `delivery.urgency`.
        urgency -> Integer,
    }
}

diesel::table! {
    /// Matching alerts are recorded but nobody is notified for a while; no `key` or `severity` means every one.
    silence (id) {
        /// `silence.id`.
        id -> BigInt,
        /// `silence.key`.
        key -> Nullable<Text>,
        /// `silence.severity`.
        severity -> Nullable<Text>,
        /// `silence.reason`.
        reason -> Text,
        /// `silence.created_by`.
        created_by -> Text,
        /// `silence.created_at`.
        created_at -> Timestamp,
        /// `silence.starts_at`.
        starts_at -> Timestamp,
        /// `silence.ends_at`.
        ends_at -> Timestamp,
        /// `silence.cancelled_at`.
        cancelled_at -> Nullable<Timestamp>,
        /// `silence.cancelled_by`.
        cancelled_by -> Nullable<Text>,
    }
}

diesel::table! {
    /// Who may sign in. The password is an Argon2 hash in PHC form.
    account (id) {
        /// `account.id`.
        id -> BigInt,
        /// `account.name`.
        name -> Text,
        /// `account.role`.
        role -> Text,
        /// `account.password_hash`.
        password_hash -> Text,
        /// `account.password_changed_at`.
        password_changed_at -> Timestamp,
        /// `account.created_at`.
        created_at -> Timestamp,
        /// `account.disabled_at`.
        disabled_at -> Nullable<Timestamp>,
        /// `account.last_login_at`.
        last_login_at -> Nullable<Timestamp>,
        /// `account.failed_logins`.
        failed_logins -> Integer,
        /// `account.locked_until`.
        locked_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// A browser signed in; the cookie's SHA-256 is stored, never the cookie.
    session (id) {
        /// `session.id`.
        id -> BigInt,
        /// `session.account_id`.
        account_id -> BigInt,
        /// `session.token_hash`.
        token_hash -> Text,
        /// `session.csrf_token`.
        csrf_token -> Text,
        /// `session.created_at`.
        created_at -> Timestamp,
        /// `session.last_seen_at`.
        last_seen_at -> Timestamp,
        /// `session.expires_at`.
        expires_at -> Timestamp,
        /// `session.address`.
        address -> Nullable<Text>,
        /// `session.user_agent`.
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    /// What a program signs in with; the token's SHA-256 is stored, `hint` is what a list shows of it.
    api_token (id) {
        /// `api_token.id`.
        id -> BigInt,
        /// `api_token.name`.
        name -> Text,
        /// `api_token.role`.
        role -> Text,
        /// `api_token.token_hash`.
        token_hash -> Text,
        /// `api_token.hint`.
        hint -> Text,
        /// `api_token.created_at`.
        created_at -> Timestamp,
        /// `api_token.created_by`.
        created_by -> Text,
        /// `api_token.expires_at`.
        expires_at -> Nullable<Timestamp>,
        /// `api_token.last_used_at`.
        last_used_at -> Nullable<Timestamp>,
        /// `api_token.revoked_at`.
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// Who changed what.
    audit_log (id) {
        /// `audit_log.id`.
        id -> BigInt,
        /// `audit_log.at`.
        at -> Timestamp,
        /// `audit_log.actor`.
        actor -> Text,
        /// `audit_log.action`.
        action -> Text,
        /// `audit_log.target`.
        target -> Text,
        /// `audit_log.detail`.
        detail -> Text,
    }
}

diesel::table! {
    /// The processes that run; live workers divide the metrics among themselves.
    worker (id) {
        /// `worker.id`.
        id -> Text,
        /// `worker.host`.
        host -> Text,
        /// `worker.pid`.
        pid -> Integer,
        /// `worker.version`.
        version -> Text,
        /// `worker.started_at`.
        started_at -> Timestamp,
        /// `worker.heartbeat_at`.
        heartbeat_at -> Timestamp,
        /// `worker.role`.
        role -> Text,
    }
}

diesel::table! {
    /// When a process of each role last stopped cleanly.
    process_stop (role) {
        /// `process_stop.role`.
        role -> Text,
        /// `process_stop.at`.
        at -> Timestamp,
    }
}

diesel::table! {
    /// The latest evaluations of each metric and their effects: a ring of slots.
    evaluation (key, slot) {
        /// `evaluation.key`.
        key -> Text,
        /// `evaluation.slot`.
        slot -> Integer,
        /// `evaluation.version`.
        version -> BigInt,
        /// `evaluation.at`.
        at -> Timestamp,
        /// `evaluation.value`.
        value -> Nullable<Double>,
        /// `evaluation.phase`.
        phase -> Text,
        /// `evaluation.reason`.
        reason -> Text,
        /// `evaluation.effects`.
        effects -> Text,
    }
}

diesel::table! {
    /// An incident of the monitor itself; one open row a kind and subject.
    incident (id) {
        /// `incident.id`.
        id -> BigInt,
        /// `incident.kind`.
        kind -> Text,
        /// `incident.subject`.
        subject -> Text,
        /// `incident.severity`.
        severity -> Text,
        /// `incident.reason`.
        reason -> Text,
        /// `incident.since`.
        since -> Timestamp,
        /// `incident.opened_at`.
        opened_at -> Timestamp,
        /// `incident.ended_at`.
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(alert, alert_group, monitor_record, delivery, account, session);
diesel::joinable!(alert -> alert_group (group_id));
diesel::joinable!(monitor_record -> alert (alert_id));
diesel::joinable!(session -> account (account_id));
