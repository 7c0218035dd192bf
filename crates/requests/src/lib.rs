#![doc = include_str!("../README.md")]

mod address;
mod body_rule;
mod breaker;
mod charset;
mod classify;
mod client;
mod content_encoding;
mod error;
mod excerpt;
mod http_date;
mod json_path;
mod mask;
mod redact;
mod request;
mod response;
mod retry;
mod roots;
mod secret;
mod settings;
mod signer;
mod taken;
mod tls_error;
mod transport;

pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
pub use url::Url;

pub use address::{http_address, server_address};
pub use body_rule::{BodyRule, BodySettings};
pub use client::Client;
pub use error::{BuildError, Error, ErrorKind, Phase};
pub use excerpt::excerpt;
pub use http_date::{parse as parse_http_date, write as write_http_date};
pub use json_path::{JsonPath, json_path};
pub use mask::{secret_segments, without_secrets};
pub use request::Request;
pub use response::Response;
pub use secret::{Secret, SecretError, SecretKey, SecretSource};
pub use settings::{ClientConfig, RequestsSettings};
pub use signer::Signer;
pub use taken::is_secret_taken;
pub use tls_error::tls_error;
pub use transport::install_crypto;
