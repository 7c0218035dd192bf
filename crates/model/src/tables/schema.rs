//! The tables as diesel sees them: the common subset of both backends, written by hand.
//!
//! `tests/model/parity.rs` compares this file with what the migrations make on SQLite and on PostgreSQL.

// What a column holds is said at the field of its row.
#![allow(missing_docs)]

diesel::table! {
    /// The value each metric has now: one row a metric.
    realtime_monitor (key) {
        key -> Text,
        value -> Nullable<Double>,
        value_at -> Nullable<Timestamp>,
        checked_at -> Timestamp,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    /// The rule state of each metric; `version` makes two writers conflict instead of alerting twice.
    metric_state (key) {
        key -> Text,
        version -> BigInt,
        phase -> Text,
        since -> Timestamp,
        reason -> Text,
        state -> Text,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    /// The history of readings; failures are readings too.
    sample (id) {
        id -> BigInt,
        key -> Text,
        at -> Timestamp,
        value -> Nullable<Double>,
        error -> Nullable<Text>,
        took_ms -> Integer,
    }
}

diesel::table! {
    /// One row an excursion or event; open until `resolved_at`.
    alert (id) {
        id -> BigInt,
        key -> Text,
        kind -> Text,
        severity -> Text,
        reason -> Text,
        value -> Nullable<Double>,
        previous -> Nullable<Double>,
        opened_at -> Timestamp,
        acknowledged_at -> Nullable<Timestamp>,
        acknowledged_by -> Nullable<Text>,
        note -> Nullable<Text>,
        resolved_at -> Nullable<Timestamp>,
        resolved_value -> Nullable<Double>,
        further_messages -> Integer,
        muted -> Nullable<Text>,
        end_muted -> Nullable<Text>,
        escalated_at -> Nullable<Timestamp>,
        escalation_step -> Integer,
        group_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// The events of one metric that are acknowledged together: counted, and open until `acknowledged_at`.
    alert_group (id) {
        id -> BigInt,
        key -> Text,
        muted -> Bool,
        alerts -> BigInt,
        opened_at -> Timestamp,
        escalated_at -> Nullable<Timestamp>,
        escalation_step -> Integer,
        acknowledged_at -> Nullable<Timestamp>,
        acknowledged_by -> Nullable<Text>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    /// One row a message; a deleted one stays, so that it is not recorded again.
    monitor_record (id) {
        id -> BigInt,
        key -> Text,
        value -> Nullable<Double>,
        alert -> Bool,
        alert_message -> Text,
        timestamp -> Timestamp,
        alert_id -> Nullable<BigInt>,
        source_id -> Nullable<Text>,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// The outbox: one row a notification and recipient, or a job of an alert.
    delivery (id) {
        id -> BigInt,
        alert_id -> Nullable<BigInt>,
        record_id -> Nullable<BigInt>,
        lane -> Text,
        event -> Text,
        recipient -> Text,
        dedupe_key -> Text,
        message_id -> Text,
        payload -> Text,
        status -> Text,
        attempt -> Integer,
        next_at -> Timestamp,
        lease_until -> Nullable<Timestamp>,
        worker -> Nullable<Text>,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        incident_id -> Nullable<BigInt>,
        batch -> Nullable<Text>,
        retried_at -> Nullable<Timestamp>,
        urgency -> Integer,
    }
}

diesel::table! {
    /// Matching alerts are recorded but nobody is notified for a while; no `key` or `severity` means every one.
    silence (id) {
        id -> BigInt,
        key -> Nullable<Text>,
        severity -> Nullable<Text>,
        reason -> Text,
        created_by -> Text,
        created_at -> Timestamp,
        starts_at -> Timestamp,
        ends_at -> Timestamp,
        cancelled_at -> Nullable<Timestamp>,
        cancelled_by -> Nullable<Text>,
    }
}

diesel::table! {
    /// Who may sign in. The password is an Argon2 hash in PHC form.
    account (id) {
        id -> BigInt,
        name -> Text,
        role -> Text,
        password_hash -> Text,
        password_changed_at -> Timestamp,
        created_at -> Timestamp,
        disabled_at -> Nullable<Timestamp>,
        last_login_at -> Nullable<Timestamp>,
        failed_logins -> Integer,
        locked_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// A browser signed in; the cookie's SHA-256 is stored, never the cookie.
    session (id) {
        id -> BigInt,
        account_id -> BigInt,
        token_hash -> Text,
        csrf_token -> Text,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        expires_at -> Timestamp,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    /// What a program signs in with; the token's SHA-256 is stored, `hint` is what a list shows of it.
    api_token (id) {
        id -> BigInt,
        name -> Text,
        role -> Text,
        token_hash -> Text,
        hint -> Text,
        created_at -> Timestamp,
        created_by -> Text,
        expires_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// Who changed what.
    audit_log (id) {
        id -> BigInt,
        at -> Timestamp,
        actor -> Text,
        action -> Text,
        target -> Text,
        detail -> Text,
    }
}

diesel::table! {
    /// The processes that run; live workers divide the metrics among themselves.
    worker (id) {
        id -> Text,
        host -> Text,
        pid -> Integer,
        version -> Text,
        started_at -> Timestamp,
        heartbeat_at -> Timestamp,
        role -> Text,
    }
}

diesel::table! {
    /// When a process of each role last stopped cleanly.
    process_stop (role) {
        role -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    /// The latest evaluations of each metric and their effects: a ring of slots.
    evaluation (key, slot) {
        key -> Text,
        slot -> Integer,
        version -> BigInt,
        at -> Timestamp,
        value -> Nullable<Double>,
        phase -> Text,
        reason -> Text,
        effects -> Text,
    }
}

diesel::table! {
    /// An incident of the monitor itself; one open row a kind and subject.
    incident (id) {
        id -> BigInt,
        kind -> Text,
        subject -> Text,
        severity -> Text,
        reason -> Text,
        since -> Timestamp,
        opened_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// Which times the wall clocks of processes read while they ran.
    clock_span (id) {
        id -> BigInt,
        wall_from -> Timestamp,
        ran_from -> BigInt,
        ran_until -> BigInt,
    }
}

diesel::table! {
    /// That all processes are to take a changed config.
    reload_request (id) {
        id -> BigInt,
        requested_at -> Timestamp,
        requested_by -> Text,
    }
}

diesel::table! {
    /// What a process answered.
    reload_answer (id) {
        id -> BigInt,
        request_id -> BigInt,
        process -> Text,
        is_taken -> Bool,
        detail -> Text,
    }
}

diesel::table! {
    /// Values that business systems send.
    pushed_value (id) {
        id -> BigInt,
        key -> Text,
        push_id -> Text,
        value -> Double,
        messages -> Text,
        received_at -> Timestamp,
        judged_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// The items of lists, each of which is a metric.
    metric_item (metric) {
        metric -> Text,
        list -> Text,
        item -> Text,
        label -> Text,
        first_seen -> Timestamp,
        missing_since -> Nullable<Timestamp>,
        gone_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    /// How often the items of a list changed.
    metric_list (list) {
        list -> Text,
        version -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(alert, alert_group, monitor_record, delivery, account, session);
diesel::joinable!(alert -> alert_group (group_id));
diesel::joinable!(monitor_record -> alert (alert_id));
diesel::joinable!(session -> account (account_id));
