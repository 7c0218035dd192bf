-- Takes away all tables, the referring ones first.
DROP TABLE delivery;
DROP TABLE monitor_record;
DROP TABLE alert;
DROP TABLE sample;
DROP TABLE metric_state;
DROP TABLE realtime_monitor;
DROP TABLE session;
DROP TABLE account;
DROP TABLE silence;
DROP TABLE api_token;
DROP TABLE audit_log;
DROP TABLE worker;
