### The pages' texts in English. Every key is in every language: a test says so.

app-name = Monitor
page-title = Monitor
skip-to-content = Skip to content
nav-label = Pages
nav-monitor = Overview
language-label = Language

## Live connection

live-hint = Values change here without reloading
live-connecting = Connecting
live-on = Live
live-off = Not live
sound = Sound for new alerts
sound-hint = Play a short tone for each new alert

## Banners

banner-noscript = This page shows how things were when it was loaded. Turn JavaScript on for live values, and to delete or reset.
banner-worker-never = No worker has reported yet, so nothing is being read. Start monitor-worker.
banner-worker-silent = The worker was last heard from { $age }. Nothing is being read: the values below may be stale.
banner-database = The database cannot be read. The values below may be stale.
banner-live = The live connection is lost. The values below may be stale. Reconnecting…

## Metrics

metrics = Metrics
tally-label = Metrics by state
metrics-empty = No metric is turned on.
metrics-empty-hint = Add a table such as [metrics.x] to the config and restart.
state-normal = Normal
state-pending = Pending
state-firing = Firing
state-no_data = No data
state-unreadable = Unreadable
state-stale = Stale
state-waiting = Waiting for first reading
tally-normal = normal
tally-pending = pending
tally-firing = firing
tally-no_data = no data
tally-unreadable = unreadable
tally-stale = stale
tally-waiting = waiting
severity-info = Info
severity-warning = Warning
severity-critical = Critical
never-read = Never read
rule-label = The rule that alerts
unacknowledged-one = 1 alert not acknowledged
unacknowledged-many = { $n } alerts not acknowledged
announce-state = { $title }: { $state }
announce-record = New alert, { $title }: { $message }

## Ages

age-seconds = { $n } s ago
age-minutes = { $n } min ago
age-hours = { $n } h ago
age-days = { $n } d ago

## Records

records = Alert records
col-time = Time
col-metric = Metric
col-value = Value
col-message = Message
col-delivery = Delivery
col-actions = Actions
records-empty = No alerts yet.
records-empty-hint = Each alert is listed here, with whom it was sent to and whether it arrived.
show-older = Show older
delivery-pending = pending
delivery-sending = sending
delivery-retrying = retrying
delivery-sent = sent
delivery-failed = failed
delivery-given_up = given up
delete = Delete
delete-record = Delete the record “{ $message }”

## Actions

cancel = Cancel
reset = Reset alarm
confirm-reset-title = Reset the alarm?
confirm-reset-text = This sounds the global alarm and acknowledges all open alerts.
confirm-reset-yes = Reset
confirm-delete-title = Delete this record?
confirm-delete-text = It disappears from this list for everyone.
confirm-delete-yes = Delete
reset-done = Alarm reset. All open alerts are acknowledged.
reset-failed = The global alarm could not be sounded, so nothing was acknowledged. The server’s log says why.
delete-failed = The record could not be deleted. The server’s log says why.
load-failed = Older records could not be loaded. Try again.
