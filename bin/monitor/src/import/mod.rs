//! `monitor import`: what another program knows comes over.

pub(crate) mod flask;
pub(crate) mod har;
mod plan;
mod report;
mod values;

use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum ImportWhat {
    /// Bring over the records and current values of the Flask program that the monitor replaces.
    Flask(flask::FlaskArgs),
    /// Propose a system and metrics from what a browser recorded (HAR) while somebody signed in and opened a page.
    Har(har::HarArgs),
}
