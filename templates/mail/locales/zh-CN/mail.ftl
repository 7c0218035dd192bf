# 邮件用语。所有语言的键必须一致，由测试比较。

severity-info = 提示
severity-warning = 警告
severity-critical = 严重

# 主题。$what 为原因或消息；若其为其他语言而又有数值，则 $say_value 为 "yes"，改为显示数值。
# $lasted 为持续时间，没有则为 "none"。
subject-alert = 【{ $severity }】监控告警-{ $title }：{ $say_value ->
    [yes] 当前值 { $value }
   *[no] { $what }
}
subject-reminder = 【{ $severity }·未处理】监控告警-{ $title }：{ $say_value ->
    [yes] 当前值 { $value }
   *[no] { $what }
}{ $lasted ->
    [none] {""}
   *[other] （已持续 { $lasted }）
}
subject-escalation = 【{ $severity }·升级】监控告警-{ $title }：{ $say_value ->
    [yes] 当前值 { $value }
   *[no] { $what }
}{ $lasted ->
    [none] {""}
   *[other] （已持续 { $lasted }）
}
subject-digest = 【{ $severity }】监控汇总-{ $title }：{ $what }
subject-recovered = 【恢复】监控恢复-{ $title }：{ $say_value ->
    [yes] 当前值 { $value }
   *[no] { $what }
}{ $lasted ->
    [none] {""}
   *[other] （历时 { $lasted }）
}
subject-no_data = 【无数据】监控数据中断-{ $title }：{ $what }
subject-data_back = 【数据恢复】监控数据恢复-{ $title }：{ $say_value ->
    [yes] 当前值 { $value }
   *[no] { $what }
}{ $lasted ->
    [none] {""}
   *[other] （中断 { $lasted }）
}
subject-closed = 【关闭】监控告警关闭-{ $title }：{ $what }
subject-notice = 【监控通知】{ $title }：{ $what }
subject-test = 【测试】{ $title }：{ $what }

# 一封邮件包含多条消息时：$what 为第一条，$more 为其余条数，$count 为总条数。
and-more = { $what } 等 { $count } 条
# 列表未列全时附在末尾。
more-messages = 其余 { $count } 条请查看页面

event-alert = 告警
event-reminder = 告警未处理
event-escalation = 告警升级（无人确认）
event-digest = 消息汇总
event-recovered = 已恢复
event-no_data = 无数据
event-data_back = 数据恢复
event-closed = 告警关闭
event-notice = 监控系统通知
event-test = 测试

# 部分事件在标题下补充的一句话。
note-no_data = 该指标当前无法读取，恢复读取前状态未知，不代表一切正常。
note-closed = 该指标已不再监控，当前状态未知。
note-test = 这是一条测试消息，没有发生任何告警。
note-notice = 此通知与监控系统自身有关，不是指标告警。

colon = ：
label-value = 当前值
label-previous = 上次值
label-message = 告警信息
# 当前值旁的上次值；$change 为变化量，没有则为 "none"。
before = 上次
compared = （上次 { $previous }{ $change ->
    [none] {""}
   *[other] ，{ $change }
}）
label-threshold = 阈值
label-reason = 原因
label-since = 开始时间
label-lasted = 持续时间
label-runbook = 处理手册
label-time = 时间
label-severity = 级别
label-metric = 指标
label-alert = 告警编号
label-link = 页面

# 消息被截断时附在末尾：$left 为未显示的字数。
cut = ……余下 { $left } 字请在页面查看

# 指标最近一小时的曲线图：图片的替代文字，以及图下的说明。$state："level" 表示读数一直相同，否则为 "now"；
# 目前无法读取时为 "level_unread" 和 "unread"。
chart-alt = { $title }：{ $state ->
    [level] 最近一小时一直为 { $last }
    [level_unread] 最近一小时读到的均为 { $last }，目前无法读取
    [unread] 最近一小时在 { $low } 到 { $high } 之间，最后读到 { $last }，目前无法读取
   *[now] 最近一小时在 { $low } 到 { $high } 之间，当前 { $last }
}
chart-range = { $state ->
    [level] 一直为 { $last }
    [level_unread] 读到的均为 { $last }
   *[now] 最低 { $low }，最高 { $high }
}
chart-threshold = ；虚线为阈值 { $threshold }
chart-opened = ；▲ 表示告警开始（{ $at }）
chart-failed = ；灰条为无法读取的时段

open-page = 打开监控页面
open-alert = 查看告警
open-runbook = 处理手册
footer = 本邮件由监控系统自动发送，请勿回复。
