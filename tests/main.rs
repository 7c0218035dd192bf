//! The end-to-end suite: one binary, files by feature.

mod cases;
