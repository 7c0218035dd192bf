# Words of the mails. Every key here is in every other language too; a test compares them.

severity-info = info
severity-warning = warning
severity-critical = critical

# Subjects. $what is why, or the message; $say_value is "yes" where that is in another language and there is a value to
# say instead.
subject-alert = [{ $severity }] { $title }: { $what }
subject-reminder = [{ $severity }, still open] { $title }: { $what }
subject-escalation = [{ $severity }, nobody acknowledged] { $title }: { $what }
subject-digest = [{ $severity }] { $title }: { $what }
subject-recovered = [recovered] { $title }: { $what }
subject-no_data = [no data] { $title }: { $what }
subject-data_back = [data is back] { $title }: { $what }
subject-closed = [closed] { $title }: { $what }
subject-notice = [monitor] { $title }: { $what }
subject-test = [test] { $title }: { $what }

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
label-reason = Reason
label-time = Time
label-severity = Severity
label-metric = Metric
label-alert = Alert no.
label-link = Page

# At the end of a message that was cut: $left is how many characters are missing.
cut = … { $left } more characters are on the page

open-page = Open the monitor
footer = Sent by the monitor. Replies to this mail are not read.
