//! X: a total of System A, explained by System B; alerts when it rises.

use super::{AlertWhen, BuiltIn, Endpoint};

/// The built-in metric `x`.
pub const X: BuiltIn = BuiltIn {
    key: "x",
    title: "X",
    total: Endpoint {
        system: "a",
        path: "/api/totals/x",
    },
    messages: Endpoint {
        system: "b",
        path: "/api/alerts/x",
    },
    alert: AlertWhen::Rise(1.0),
};
