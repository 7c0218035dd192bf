//! What is proposed for recordings of many kinds of systems.

#![allow(clippy::unwrap_used)]

mod har;
mod hostile;
mod numbers;
mod obstacles;
mod secrets;
mod sign_in;
