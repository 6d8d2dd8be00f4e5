//! Faults as HTTP answers. Only here is it known which status a class is.

use crate::types::FaultBody;
use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use palco_base::{Class, Fault};

/// A fault on its way out.
#[derive(Debug)]
pub(crate) struct Refusal {
    fault: Fault,
    status: StatusCode,
}

/// What a handler gives.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let status = status_of(fault.class);
        Self { fault, status }
    }
}

impl Refusal {
    /// A fault with a status that no class has (RFC 9110, 9725).
    pub(crate) fn with_status(status: StatusCode, code: &'static str, text: &str) -> Self {
        Self { fault: Fault::new(Class::Invalid, code, text), status }
    }
}

const fn status_of(class: Class) -> StatusCode {
    match class {
        Class::Invalid => StatusCode::BAD_REQUEST,
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Conflict => StatusCode::CONFLICT,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Class::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        Class::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { fault, status } = self;
        if let Some(detail) = fault.internal_detail() {
            tracing::error!(code = fault.code, detail, "a request failed");
        }
        let body = FaultBody { code: fault.code.to_owned(), text: fault.text, hint: fault.hint };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        response
    }
}
