### 页面文字（简体中文）。每种语言都必须有相同的键，由测试检查。

app-name = 监控
page-title = 监控
skip-to-content = 跳到正文
nav-label = 页面
nav-monitor = 总览
language-label = 语言

## 实时连接

live-hint = 数值会自动更新，无需刷新
live-connecting = 连接中
live-on = 实时
live-off = 已断开
sound = 新告警提示音
sound-hint = 有新告警时播放一声短提示音

## 横幅

banner-noscript = 当前显示的是页面加载时的状态。请启用 JavaScript 以查看实时数值、删除记录或重置告警。
banner-worker-never = 尚未收到任何采集进程的心跳，目前没有读取数据。请启动 monitor-worker。
banner-worker-silent = 采集进程最后一次心跳在 { $age }，目前没有读取数据，以下数值可能已过期。
banner-database = 无法读取数据库，以下数值可能已过期。
banner-live = 实时连接已断开，以下数值可能已过期。正在重新连接…

## 指标

metrics = 指标
tally-label = 各状态的指标数
metrics-empty = 尚未启用任何指标。
metrics-empty-hint = 请在配置中加入 [metrics.x] 之类的表，然后重启。
state-normal = 正常
state-pending = 待确认
state-firing = 告警中
state-no_data = 无数据
state-unreadable = 读取失败
state-stale = 已过期
state-waiting = 等待首次读数
tally-normal = 正常
tally-pending = 待确认
tally-firing = 告警中
tally-no_data = 无数据
tally-unreadable = 读取失败
tally-stale = 已过期
tally-waiting = 等待中
severity-info = 提示
severity-warning = 警告
severity-critical = 严重
never-read = 从未读取
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
records-empty-hint = 每条告警都会列在这里，并显示发送到哪里、是否送达。
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
confirm-reset-text = 将触发全局告警，并确认所有未关闭的告警。
confirm-reset-yes = 重置
confirm-delete-title = 删除这条记录？
confirm-delete-text = 删除后所有人都不再看到它。
confirm-delete-yes = 删除
reset-done = 告警已重置，所有未关闭的告警均已确认。
reset-failed = 全局告警触发失败，因此没有确认任何告警。原因请查看服务器日志。
delete-failed = 记录删除失败。原因请查看服务器日志。
load-failed = 更早的记录加载失败，请重试。
