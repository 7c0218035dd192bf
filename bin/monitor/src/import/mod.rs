//! `monitor import`: what another program knows comes over.

pub(crate) mod flask;
mod plan;
mod report;
mod values;

use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum ImportWhat {
    /// Bring over the records and current values of the Flask program that the monitor replaces.
    Flask(flask::FlaskArgs),
}
