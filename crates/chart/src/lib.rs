#![doc = include_str!("../README.md")]

mod drawing;
mod palette;
mod png;
mod readings;
mod reduce;
mod scale;
mod svg;

pub use self::png::ChartError;
pub use self::readings::{Chart, Range, Reading, Size};
