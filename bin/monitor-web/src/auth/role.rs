//! The roles, each an extractor: having one in a handler's arguments is the permission to go on.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::auth::permission::Permission;
use crate::problem::Problem;

/// Anybody, signed in or not: for what reveals nothing, such as whether the process is up.
#[derive(Clone, Copy, Debug)]
pub struct Public;

/// Somebody who may read.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// As the audit log names them.
    pub name: String,
}

/// Somebody who may act: acknowledge, silence, retry, delete records, reset the alarm.
#[derive(Clone, Debug)]
pub struct Operator {
    /// As the audit log names them.
    pub name: String,
}

/// Somebody who may manage the monitor and its accounts.
#[derive(Clone, Debug)]
pub struct Admin {
    /// As the audit log names them.
    pub name: String,
}

impl Permission for Public {
    const NAME: &'static str = "public";
}

impl FromRequest for Public {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(_req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Public))
    }
}

macro_rules! role {
    ($role:ident, $name:literal) => {
        impl Permission for $role {
            const NAME: &'static str = $name;
        }

        impl FromRequest for $role {
            type Error = Problem;
            type Future = Ready<Result<Self, Problem>>;

            fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
                ready(identify(req).map(|name| $role { name }))
            }
        }
    };
}

role!(Viewer, "viewer");
role!(Operator, "operator");
role!(Admin, "admin");

/// The name of the person behind the request. Until there is sign-in, everybody who reaches loopback has every role.
fn identify(_req: &HttpRequest) -> Result<String, Problem> {
    Ok("local".to_owned())
}
