//! What a program with metrics, systems or channels of its own needs, in one line: `use monitor_worker::prelude::*;`.

pub use std::sync::Arc;

pub use async_trait::async_trait;
pub use monitor_domain::{Finding, Language, MetricKey, Severity};
pub use monitor_login::{Credential, LoginError, SimpleLogin, simple_kind as login_kind};
pub use monitor_notify::{Failure, Limits, Notification, SimpleChannel, simple_kind as channel_kind};
pub use monitor_processor::{Metric, MetricConfig};
pub use monitor_requests::{Client, Request, Secret, SecretKey, SecretSource, Url};
pub use monitor_upstream::{AlertMessage, Details, Fetch, Question, UpstreamError, Upstreams};
pub use schemars::{self, JsonSchema};
pub use serde::{self, Deserialize};

pub use crate::Worker;
