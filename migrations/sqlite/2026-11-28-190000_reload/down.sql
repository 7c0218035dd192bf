DROP TABLE reload_answer;
DROP TABLE reload_request;
