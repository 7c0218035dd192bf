### The pages' texts in English. Every key is in every language: a test says so.

app-name = Monitor
page-title = Monitor
skip-to-content = Skip to content
nav-label = Pages
nav-monitor = Overview
nav-alerts = Alerts
alert = Alert
alert-messages = Messages
alert-messages-none = No messages yet.
alert-deliveries-none = Nobody has been notified of it.
nav-deliveries = Deliveries
nav-system = System
language-label = Language

## Live connection

live-hint = Values update here without reloading
live-connecting = Connecting
live-on = Live
live-off = Not live
sound = Sound for new alerts
sound-hint = Play a short tone for each new alert

## Banners

banner-noscript = This page shows the state at the time it was loaded. Enable JavaScript for live values, and to delete records or reset the alarm.
banner-noscript-actions = Enable JavaScript to acknowledge, silence or retry. Times are in UTC.
banner-worker-never = No worker has reported yet, so nothing is being read. Start monitor-worker.
banner-worker-stopped = The worker was stopped at { $at }. Nothing is being read: the values below may be stale.
banner-worker-silent = The worker was last heard from { $age }. Nothing is being read: the values below may be stale.
banner-database = The database cannot be read. The values below are stale since
banner-live = The live connection is lost. The values below may be stale. Reconnecting…

## Metrics

metrics = Metrics
tally-label = Metrics by state
metrics-empty = No metrics are enabled.
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
rule-label = Alert rule
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
records-empty-hint = Each alert is listed here, with its recipients and whether it was delivered.
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
confirm-reset-text = This sounds the global alarm and acknowledges all open alerts that people were notified of.
confirm-reset-yes = Reset
confirm-delete-title = Delete this record?
confirm-delete-text = It will be removed from this list for everyone.
confirm-delete-yes = Delete
reset-done = Alarm reset. All open alerts that people were notified of are acknowledged.
reset-failed = The global alarm could not be sounded, so nothing was acknowledged. See the server’s log for the reason.
delete-failed = The record could not be deleted. See the server’s log for the reason.
load-failed = Older records could not be loaded. Try again.

## Incidents of the monitor itself

incident-system = System
incident-offline = Offline
incident-channel = Channel
incident-process = Process
incident-gap = Monitoring gap
incident-database = Database
incident-list = List
since = since
incidents = Incidents of the monitor itself
incidents-unknown = Incidents are not being checked: no worker is alive.
incidents-none = The monitor itself has no incidents.

## Why nobody was notified

muted-silence = Not notified: silenced
muted-maintenance = Not notified: maintenance { $name }
muted-dependency = Not notified: { $name }, which it depends on, is firing or unreadable
muted-flapping = Not notified: flapping
muted-incident = Not notified: covered by an incident
muted-other = Not notified: { $name }
acknowledged-by = Acknowledged by
silenced-until = Silenced until
silenced-from = Silenced from
every-metric = All metrics

## Alerts

alerts = Alerts
alerts-filter = Filter alerts
alerts-open = Open
alerts-all = All
alerts-none = No alerts yet.
alerts-none-open = No alert is open.
alerts-none-hint = Each alert stays here until it is resolved.
alert-over = Resolved
alert-escalated = Escalated
alert-escalation-step = (step { $n })
alert-extra-one = and 1 more message
alert-extra-many = and { $n } more messages
kind-event = Event
kind-level = Threshold
kind-no_data = No data
col-opened = Opened
col-why = Reason
col-state = State
col-to = To
col-effects = Outcome
ack = Acknowledge
ack-record = Acknowledge the alert “{ $message }”
ack-title = Acknowledge this alert?
ack-text = Everyone will see that you are handling it, and reminders stop. An event, such as a rise, is acknowledged together with the other open events of its metric.
ack-yes = Acknowledge
ack-done = Acknowledged.
field-note = Note (optional)
field-by = Your name
field-reason = Reason
field-for = Duration
span-30m = 30 min
span-1h = 1 h
span-4h = 4 h
span-1d = 1 d

## Silences

silence = Silence
silence-metric = Silence this metric
silence-title = Silence this metric?
silence-text = It is still read and evaluated, but nobody is notified until the silence ends.
silence-yes = Silence
silences = Silences
silences-none = Nothing is silenced.
silences-none-hint = Silence a metric while you work on the system behind it.
cancel-silence = Expire now
cancel-silence-title = Expire this silence now?
cancel-silence-text = Notifications resume immediately.
cancel-silence-yes = Expire now

## Evaluations

evaluations = Evaluation history
evaluations-hint = Newest first
evaluations-none = Not evaluated yet.
effect-alert = Alert
effect-recovered = Recovered
effect-no_data = No data
effect-data_back = Data is back

## Deliveries

deliveries = Deliveries
undelivered = Not delivered
undelivered-none-yet = Nothing has been given up.
undelivered-none = Everything was delivered.
undelivered-none-hint = Messages that a channel rejects, or does not accept in time, are listed here.
retrying = Still being tried
attempts = attempts: { $n }
no-channel = not in the config
next-try = next at
comma = { ", " }
retry = Retry
retry-all = Retry all of { $name }
retry-title = Retry this delivery?
retry-text = The message is sent again unchanged.
retry-all-title = Retry everything for this channel?
retry-all-text = The messages are sent again unchanged, the latest 1,000 at most.
retry-yes = Retry
action-conflict = Someone else was faster.
action-failed = The action failed.

## The monitor itself

system = System
processes = Processes
processes-none = No process has reported.
role-worker = Worker
role-web = Web
process-alive = alive
process-silent = silent
process-never = never heard from
process-pid = PID
process-started = started
process-heard = last heartbeat
outbox = Outbox
outbox-empty = Nothing is waiting, and everything was delivered.
outbox-nothing = Nothing is waiting.
outbox-waiting = { $n } waiting
outbox-oldest = oldest from
outbox-undelivered = { $n } not delivered
