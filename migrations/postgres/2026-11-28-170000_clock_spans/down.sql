DROP TABLE clock_span;
