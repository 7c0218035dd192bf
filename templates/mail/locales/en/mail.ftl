# Words of the mails. Every key here is in every other language too; a test compares them.

severity-info = info
severity-warning = warning
severity-critical = critical

# Subjects. $what is why, or the message; $say_value is "yes" where that is in another language and there is a value to
# say instead; $lasted is how long it has lasted, or "none".
subject-alert = [{ $severity }] { $title }: { $what }
subject-reminder = [{ $severity }, still open] { $title }: { $what }{ $lasted ->
    [none] {""}
   *[other] {" "}({ $lasted })
}
subject-escalation = [{ $severity }, nobody acknowledged] { $title }: { $what }{ $lasted ->
    [none] {""}
   *[other] {" "}({ $lasted })
}
subject-digest = [{ $severity }] { $title }: { $what }
subject-recovered = [recovered] { $title }: { $what }{ $lasted ->
    [none] {""}
   *[other] {" "}(after { $lasted })
}
subject-no_data = [no data] { $title }: { $what }
subject-data_back = [data is back] { $title }: { $what }{ $lasted ->
    [none] {""}
   *[other] {" "}(no data for { $lasted })
}
subject-closed = [closed] { $title }: { $what }
subject-notice = [monitor] { $title }: { $what }
subject-test = [test] { $title }: { $what }

# Where one message is about several: $what is the first, $more how many others there are, $count how many in all.
and-more = { $what } (and { $more } more)
# At the end of a list that does not have all of them.
more-messages = and { $count } more, on the page

event-alert = Alert
event-reminder = Still open
event-escalation = Escalated: nobody acknowledged
event-digest = Several messages
event-recovered = Recovered
event-no_data = No data
event-data_back = Data is back
event-closed = Closed
event-notice = About the monitor
event-test = Test

# Shown under the title of a mail about an event that needs an explanation.
note-no_data = This metric cannot be read. Until it can be, its state is unknown: do not assume that all is well.
note-closed = This metric is not monitored any more. Whether all is well is not known.
note-test = This is a test message. Nothing has happened.
note-notice = This is about the monitor itself. It is not an alert on a metric.

colon = {": "}
label-value = Value
label-previous = Previous
label-message = Message
# Beside the value: what it was before. $change is by how much it changed, or "none".
before = previous
compared = {" "}(previous { $previous }{ $change ->
    [none] {""}
   *[other] {", "}{ $change }
})
label-threshold = Threshold
label-reason = Reason
label-since = Open since
label-lasted = Lasted
label-runbook = Runbook
label-time = Time
label-severity = Severity
label-metric = Metric
label-alert = Alert no.
label-link = Page

# At the end of a message that was cut: $left is how many characters are missing.
cut = … { $left } more characters are on the page

# The chart of a metric's last hour: what it shows to those who do not see it, and the line below it. $state is "level" where
# all that was read is the same, else "now"; "level_unread" and "unread" where it cannot be read now.
chart-alt = { $title }: { $state ->
    [level] { $last } throughout the last hour
    [level_unread] { $last } whenever it was read in the last hour, unreadable now
    [unread] { $low } to { $high } in the last hour, last read as { $last }, unreadable now
   *[now] { $low } to { $high } in the last hour, now { $last }
}
chart-range = { $state ->
    [level] { $last } throughout
    [level_unread] { $last } whenever it was read
   *[now] Lowest { $low }, highest { $high }
}
chart-threshold = {"; "}dashed: threshold { $threshold }
chart-opened = {"; "}▲ alert opened at { $at }
chart-failed = {"; "}grey: unreadable

open-page = Open the monitor
open-alert = Open the alert
open-runbook = What to do
footer = Sent by the monitor. Replies to this mail are not read.
