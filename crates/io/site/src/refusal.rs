//! What went wrong, as a page in the reader's language.

use crate::Site;
use crate::visit::Visit;
use crate::words::fault_words;
use askama::Template;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header::RETRY_AFTER};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use palco_base::{Class, Fault};

/// A handler's refusal. Carried in the response until [`designed`] makes it a page.
pub(crate) struct Refused(pub(crate) Fault);

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

#[derive(Clone)]
struct Carried(Fault);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (status(self.0.class), self.0.text.clone()).into_response();
        response.extensions_mut().insert(Carried(self.0));
        response
    }
}

/// What a handler gives.
pub(crate) type Answer = Result<Response, Refused>;

pub(crate) const fn status(class: Class) -> StatusCode {
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

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    p: &'a Visit,
    status: u16,
    title: &'a str,
    text: String,
    hint: Option<String>,
    code: &'a str,
}

/// The page of a fault.
pub(crate) fn page(visit: &Visit, fault: &Fault) -> Result<Response, Fault> {
    let status = status(fault.class);
    let (mut text, mut hint) = fault_words(fault, visit.lang);
    let ours = matches!(fault.class, Class::Internal | Class::Unavailable);
    let title = if fault.code == "not_here" || (fault.class == Class::NotFound && hint.is_none()) {
        (text, hint) = (visit.w.lost_text.to_owned(), None);
        visit.w.lost.to_owned()
    } else if ours {
        visit.w.broken.to_owned()
    } else {
        std::mem::take(&mut text)
    };
    if ours && hint.is_none() {
        hint = Some(visit.w.nothing_lost.to_owned());
    }
    let page = FaultPage { p: visit, status: status.as_u16(), title: &title, text, hint, code: fault.code };
    visit.page_with(status, &page)
}

fn wrong_method(visit: &Visit) -> Result<Response, Fault> {
    let fault = Fault::invalid("method_not_allowed", "This address does not take that method.");
    let mut page = page(visit, &fault)?;
    *page.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    Ok(page)
}

/// Makes refusals pages, and writes down those that are ours. Never the address: codes are in it.
pub(crate) async fn designed(State(_): State<Site>, visit: Visit, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(Carried(fault)) = response.extensions_mut().remove::<Carried>() else {
        return match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => wrong_method(&visit).unwrap_or(response),
            _ => response,
        };
    };
    if matches!(fault.class, Class::Internal | Class::Unavailable) {
        tracing::warn!(code = fault.code, detail = fault.internal_detail().unwrap_or(""), "a page failed");
    }
    let mut page = page(&visit, &fault).unwrap_or(response);
    if fault.class == Class::RateLimited {
        page.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static("60"));
    }
    page
}
