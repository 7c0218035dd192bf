//! `/api/v1`: what programs and the pages' scripts read and change. Answers are the structs of [`crate::api`], errors
//! problems.

pub(super) mod alerts;
pub(super) mod deliveries;
pub(super) mod evaluations;
pub(super) mod metrics;
pub(super) mod records;
pub(super) mod silences;
pub(super) mod stream;
pub(super) mod system;
pub(super) mod values;
