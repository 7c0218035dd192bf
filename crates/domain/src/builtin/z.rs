//! Z: a total of System A, explained by System B; alerts while it is over a threshold.

use super::{AlertWhen, BuiltIn, Endpoint};

/// The built-in metric `z`.
pub const Z: BuiltIn = BuiltIn {
    key: "z",
    title: "Z",
    total: Endpoint {
        system: "a",
        path: "/api/totals/z",
    },
    messages: Endpoint {
        system: "b",
        path: "/api/alerts/z",
    },
    alert: AlertWhen::Above(100.0),
};
