//! Who changes something: having it in a handler's arguments is the permission to do it.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::problem::Problem;

/// Somebody who may act: delete records, reset the alarm. Until there is sign-in, whoever reaches loopback is.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    /// As the audit log names them.
    pub(crate) name: String,
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(_req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Operator {
            name: "local".to_owned(),
        }))
    }
}
