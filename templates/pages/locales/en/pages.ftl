### The pages' texts in English. Every key is in every language: a test says so.

app-name = Monitor
page-title = Monitor
skip-to-content = Skip to content
nav-label = Pages
nav-monitor = Overview
nav-alerts = Alerts
nav-deliveries = Deliveries
nav-system = System
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
banner-noscript-actions = Turn JavaScript on to acknowledge, silence or try again. Times are in UTC.
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

## Incidents of the monitor itself

incident-system = System
incident-offline = Cut off
incident-channel = Channel
incident-process = Process
incident-gap = Not watched
incident-database = Database
since = since
incidents = Incidents of the monitor
incidents-unknown = Nobody looks for incidents: no worker is alive.
incidents-none = Nothing is wrong with the monitor.

## Who is told

muted-silence = Not told: silenced
muted-maintenance = Not told: maintenance { $name }
muted-flapping = Not told: flapping
muted-incident = Not told: incident of the monitor
muted-other = Not told: { $name }
acknowledged-by = Acknowledged by
silenced-until = Silenced until
silenced-from = Silenced from
every-metric = Every metric

## Alerts

alerts = Alerts
alerts-filter = Which alerts
alerts-open = Open
alerts-all = All
alerts-none = No alerts yet.
alerts-none-open = No alert is open.
alerts-none-hint = Each alert stays here until it is over.
alert-over = Over
alert-escalated = Escalated
alert-extra = and { $n } more messages
kind-event = Event
kind-level = Level
kind-no_data = No data
col-opened = Opened
col-why = Why
col-state = State
col-to = To
col-effects = What came of it
ack = Acknowledge
ack-record = Acknowledge the alert “{ $message }”
ack-title = Acknowledge this alert?
ack-text = Everybody sees that you look after it, and nobody is reminded.
ack-yes = Acknowledge
ack-done = Acknowledged.
field-note = Note (optional)
field-by = Your name
field-reason = Reason
field-for = For
span-30m = 30 min
span-1h = 1 h
span-4h = 4 h
span-1d = 1 d

## Silences

silence = Silence
silence-metric = Silence this metric
silence-title = Silence this metric?
silence-text = It is still read and judged, but nobody is told until the time is over.
silence-yes = Silence
silences = Silences
silences-none = Nothing is silenced.
silences-none-hint = Silence a metric while you work on what it watches.
cancel-silence = End it
cancel-silence-title = End this silence?
cancel-silence-text = From then on people are told again.
cancel-silence-yes = End it

## Judgements

evaluations = Judgements
evaluations-hint = The latest, newest first
evaluations-none = It has not been judged yet.
effect-alert = Alert
effect-recovered = Recovered
effect-no_data = No data
effect-data_back = Data is back

## Deliveries

deliveries = Deliveries
undelivered = Not delivered
undelivered-none-yet = Nothing was given up.
undelivered-none = Everything was delivered.
undelivered-none-hint = What a channel refuses, or does not take in time, is listed here.
retrying = Still being tried
attempts = attempts: { $n }
next-try = next at
retry = Try again
retry-all = Try all of { $name } again
retry-title = Try again?
retry-text = The message is sent as it was then.
retry-all-title = Try all of this channel again?
retry-all-text = The messages are sent as they were then, the latest 1,000 at most.
retry-yes = Try again
action-conflict = Somebody was faster.
action-failed = That did not work.

## The monitor itself

system = System
processes = Processes
processes-none = No process was heard from.
role-worker = Worker
role-web = Web
process-alive = alive
process-silent = silent
process-never = never heard from
process-pid = process
process-started = started
process-heard = heard from
outbox = Outbox
outbox-empty = Nothing waits, and everything was delivered.
outbox-nothing = Nothing waits.
outbox-waiting = { $n } waiting
outbox-oldest = the oldest from
outbox-undelivered = { $n } not delivered
