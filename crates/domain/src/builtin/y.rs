//! Y: a total of System A, explained by System B; alerts when it rises.

use super::{AlertWhen, BuiltIn, Endpoint};

/// The built-in metric `y`.
pub const Y: BuiltIn = BuiltIn {
    key: "y",
    title: "Y",
    total: Endpoint {
        system: "a",
        path: "/api/totals/y",
    },
    messages: Endpoint {
        system: "b",
        path: "/api/alerts/y",
    },
    alert: AlertWhen::Rise(1.0),
};
