### 页面文字（简体中文）。每种语言都必须有相同的键，由测试检查。

app-name = 监控
page-title = 监控
skip-to-content = 跳到正文
nav-label = 页面
nav-monitor = 总览
nav-alerts = 告警
alert = 告警
alert-messages = 告警消息
alert-messages-none = 暂无消息。
alert-deliveries-none = 尚未通知任何人。
nav-deliveries = 送达
nav-system = 系统
language-label = 语言

## 实时连接

live-hint = 数值自动更新，无需刷新页面
live-connecting = 连接中
live-on = 实时
live-off = 已断开
sound = 新告警提示音
sound-hint = 有新告警时播放一声短提示音

## 横幅

banner-noscript = 当前显示的是页面加载时的状态。请启用 JavaScript 以查看实时数值、删除记录或重置告警。
banner-noscript-actions = 请启用 JavaScript 以进行确认、静默或重发。时间均为 UTC。
banner-worker-never = 尚未收到任何采集进程的心跳，当前没有采集数据。请启动 monitor-worker。
banner-worker-stopped = 采集进程已于 { $at } 停止，当前没有采集数据，以下数值可能已过期。
banner-worker-silent = 采集进程最近一次心跳在 { $age }，当前没有采集数据，以下数值可能已过期。
banner-database = 无法读取数据库，以下数值已过期，最后更新于
banner-live = 实时连接已断开，以下数值可能已过期。正在重新连接…

## 指标

metrics = 指标
tally-label = 各状态的指标数
metrics-empty = 尚未启用任何指标。
metrics-empty-hint = 请在配置文件中添加 [metrics.x] 之类的配置段，然后重启。
state-normal = 正常
state-pending = 待触发
state-firing = 告警中
state-no_data = 无数据
state-unreadable = 无法读取
state-stale = 已过期
state-waiting = 等待首次采集
tally-normal = 正常
tally-pending = 待触发
tally-firing = 告警中
tally-no_data = 无数据
tally-unreadable = 无法读取
tally-stale = 已过期
tally-waiting = 等待中
severity-info = 提示
severity-warning = 警告
severity-critical = 严重
never-read = 尚未采集
rule-label = 告警规则
unacknowledged-one = 1 条告警未确认
unacknowledged-many = { $n } 条告警未确认
announce-state = { $title }：{ $state }
announce-record = 新告警，{ $title }：{ $message }

## 时间

age-seconds = { $n } 秒前
age-minutes = { $n } 分钟前
age-hours = { $n } 小时前
age-days = { $n } 天前

## 记录

records = 告警记录
col-time = 时间
col-metric = 指标
col-value = 数值
col-message = 消息
col-delivery = 送达
col-actions = 操作
records-empty = 暂无告警。
records-empty-hint = 每条告警都会列在这里，并显示接收方和送达情况。
show-older = 查看更早的记录
delivery-pending = 待发送
delivery-sending = 发送中
delivery-retrying = 重试中
delivery-sent = 已送达
delivery-failed = 失败
delivery-given_up = 已放弃
delete = 删除
delete-record = 删除记录“{ $message }”

## 操作

cancel = 取消
reset = 重置告警
confirm-reset-title = 重置告警？
confirm-reset-text = 将鸣响全局警报，并确认所有已通知的未关闭告警。
confirm-reset-yes = 重置
confirm-delete-title = 删除这条记录？
confirm-delete-text = 删除后，所有人的列表中都不再显示该记录。
confirm-delete-yes = 删除
reset-done = 告警已重置，所有已通知的未关闭告警均已确认。
reset-failed = 全局警报未能鸣响，因此没有确认任何告警。原因请查看服务器日志。
delete-failed = 记录删除失败。原因请查看服务器日志。
load-failed = 更早的记录加载失败，请重试。

## 监控自身的故障

incident-system = 系统
incident-offline = 监控离线
incident-channel = 通知渠道
incident-process = 进程
incident-gap = 监控中断
incident-database = 数据库
incident-list = 列表
since = 始于
incidents = 监控自身的故障
incidents-unknown = 没有运行中的采集进程，无法检查故障。
incidents-none = 监控自身一切正常。

## 通知情况

muted-silence = 未通知：已静默
muted-maintenance = 未通知：维护 { $name }
muted-dependency = 未通知：所依赖的 { $name } 正在告警或读取失败
muted-flapping = 未通知：频繁波动
muted-incident = 未通知：已并入监控自身故障通知
muted-other = 未通知：{ $name }
acknowledged-by = 已确认：
silenced-until = 静默至
silenced-from = 静默时段
every-metric = 所有指标

## 告警

alerts = 告警
alerts-filter = 筛选告警
alerts-open = 未关闭
alerts-all = 全部
alerts-none = 暂无告警。
alerts-none-open = 没有未关闭的告警。
alerts-none-hint = 告警会一直显示在这里，直到结束。
alert-over = 已结束
alert-escalated = 已升级
alert-escalation-step = （第 { $n } 级）
alert-extra-one = 另有 1 条消息
alert-extra-many = 另有 { $n } 条消息
kind-event = 事件
kind-level = 阈值
kind-no_data = 无数据
col-opened = 开始时间
col-why = 原因
col-state = 状态
col-to = 接收方
col-effects = 结果
ack = 确认
ack-record = 确认告警“{ $message }”
ack-title = 确认这条告警？
ack-text = 所有人都会看到该告警由您处理，且不再发送提醒。事件类告警（如数值上涨）会与同一指标的其他未关闭事件一并确认。
ack-yes = 确认
ack-done = 已确认。
field-note = 备注（可选）
field-by = 您的姓名
field-reason = 原因
field-for = 时长
span-30m = 30 分钟
span-1h = 1 小时
span-4h = 4 小时
span-1d = 1 天

## 静默

silence = 静默
silence-metric = 静默该指标
silence-title = 静默该指标？
silence-text = 静默期间仍会采集和评估，但不发送通知。
silence-yes = 静默
silences = 静默
silences-none = 当前没有静默。
silences-none-hint = 维护相关系统时，可临时静默对应的指标。
cancel-silence = 提前结束
cancel-silence-title = 提前结束这条静默？
cancel-silence-text = 结束后立即恢复通知。
cancel-silence-yes = 提前结束

## 评估记录

evaluations = 评估记录
evaluations-hint = 最新的在前
evaluations-none = 尚未评估。
effect-alert = 告警
effect-recovered = 恢复
effect-no_data = 无数据
effect-data_back = 数据恢复

## 送达

deliveries = 送达
undelivered = 未送达
undelivered-none-yet = 没有放弃发送的消息。
undelivered-none = 全部已送达。
undelivered-none-hint = 被渠道拒收或超时未能送达的消息会列在这里。
retrying = 正在重试
attempts = 已尝试 { $n } 次
no-channel = 配置中无此渠道
next-try = 下次
comma = ，
retry = 重发
retry-all = 重发 { $name } 的全部消息
retry-title = 重发这条消息？
retry-text = 将按原内容重发。
retry-all-title = 重发该渠道的全部消息？
retry-all-text = 将按原内容重发，最多重发最近的 1,000 条。
retry-yes = 重发
action-conflict = 已被他人处理。
action-failed = 操作失败。

## 监控自身

system = 系统
processes = 进程
processes-none = 没有收到任何进程的心跳。
role-worker = 采集进程
role-web = 网页进程
process-alive = 运行中
process-silent = 无心跳
process-never = 从未有心跳
process-pid = PID
process-started = 启动于
process-heard = 最近心跳
outbox = 待发消息
outbox-empty = 没有待发消息，全部已送达。
outbox-nothing = 没有待发消息。
outbox-waiting = { $n } 条待发
outbox-oldest = 最早一条在
outbox-undelivered = { $n } 条未送达
