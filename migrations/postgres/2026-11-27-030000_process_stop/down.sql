DROP TABLE process_stop;
