//! The monitor's own incidents: systems, channels, processes and the database that fail. Each is notified once, and once its
//! end, however many workers notice it.
//!
//! An incident is never a business alert: it sounds no alarm, and no metric of a business is evaluated here.

mod database;
mod detect;
mod gap;
mod incident;
mod lists;
mod outages;
mod text;

pub(crate) use database::run as watch_database;
pub(crate) use detect::Detector;
pub(crate) use gap::notify_gap;
pub(crate) use incident::{Stage, cover, notify};
pub(crate) use outages::{Cause, Contact, Outages};
