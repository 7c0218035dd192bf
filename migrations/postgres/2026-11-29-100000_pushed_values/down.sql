DROP TABLE pushed_value;
