//! `/static/{name}`: scripts, styles, icons.

use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::auth::Public;
use crate::pages::asset;
use crate::problem::{Code, Problem};

/// `GET /static/{name}`. With its version in the query the browser may keep it for good; without, it revalidates each time
/// and gets 304 where it has it.
pub(super) async fn file(
    _: Public,
    req: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let file = asset(&name)
        .ok_or_else(|| Problem::new(Code::NotFound, format!("There is nothing at {}.", req.path())))?;
    let tag = EntityTag::new_strong(file.version.clone());
    let versioned = req.query_string().strip_prefix("v=") == Some(file.version.as_str());
    let keep = if versioned {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    };
    let known = match IfNoneMatch::parse(&req) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|t| t.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::CACHE_CONTROL, keep))
        .insert_header(header::ETag(tag));
    if known {
        return Ok(response.finish());
    }
    Ok(response
        .content_type(file.content_type)
        .body(web::Bytes::from(file.bytes.into_owned())))
}
