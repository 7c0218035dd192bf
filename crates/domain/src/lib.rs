#![doc = include_str!("../README.md")]

mod builtin;
mod causes;
mod clock;
mod counted;
mod failing;
mod finding;
mod kind;
mod language;
mod metric_key;
mod mistyped;
mod number;
mod severity;
mod visible;
mod word;

pub use builtin::{AlertWhen, BUILT_IN, BuiltIn, Endpoint, X, Y, Z};
pub use causes::with_causes;
pub use clock::{Clock, Elapsed, SharedClock, SystemClock, timeout};
pub use counted::counted;
pub use failing::{Failing, Say, Times};
pub use finding::Finding;
pub use kind::{Kind, TableDeserializer, TableError, keys_of};
pub use language::Language;
pub use metric_key::{InvalidKey, MetricKey};
pub use mistyped::Mistyped;
pub use number::Number;
pub use severity::Severity;
pub use visible::{one_line, visible};
pub use word::UnknownWord;
