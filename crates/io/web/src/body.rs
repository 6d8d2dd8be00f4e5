//! Request bodies: bounded in size and time, and said clearly what is wrong with them.

use crate::app::App;
use crate::fault::{Answer, Refusal};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use futures_util::StreamExt as _;
use palco_base::{Class, Fault};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// JSON and SDP bodies are no longer than this.
pub(crate) const SMALL_BODY: usize = 64 << 10;
/// A body that is too long is read on this far, so that the client can read why it was refused.
const DRAIN: usize = 16 << 20;

/// Reads a body of at most [`SMALL_BODY`] bytes within `time`.
pub(crate) async fn small(body: Body, time: Duration, too_large: &'static str) -> Answer<Bytes> {
    match tokio::time::timeout(time, collect(body)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes.into()),
        Ok(Ok(None)) => {
            Err(Fault::new(Class::TooLarge, too_large, "The request is too large: 64 kB at most.").into())
        }
        Ok(Err(())) => Err(Fault::invalid("body_broken", "The request broke off.").into()),
        Err(_) => Err(Refusal::with_status(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "The request took too long to arrive.",
        )),
    }
}

/// The bytes; none if they are too many.
async fn collect(body: Body) -> Result<Option<Vec<u8>>, ()> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ())?;
        length += chunk.len();
        if length > DRAIN {
            return Ok(None);
        }
        if length <= SMALL_BODY {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok((length <= SMALL_BODY).then_some(bytes))
}

/// The media type without its parameters, lower case.
pub(crate) fn media_type(request: &Request) -> Option<String> {
    let value = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body that may be left out.
pub(crate) struct MaybeJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Answer<Self> {
        read(request, app).await
    }
}

/// A JSON body, where something must be looked at before it is read.
pub(crate) async fn read<T: DeserializeOwned>(request: Request, app: &App) -> Answer<Json<T>> {
    let kind = media_type(&request);
    let bytes = small(request.into_body(), app.0.config.body_timeout, "body_too_large").await?;
    parse(kind.as_deref(), &bytes).map(Json)
}

impl<T: DeserializeOwned + Default> FromRequest<App> for MaybeJson<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Answer<Self> {
        let kind = media_type(&request);
        let bytes = small(request.into_body(), app.0.config.body_timeout, "body_too_large").await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        parse(kind.as_deref(), &bytes).map(Self)
    }
}

fn parse<T: DeserializeOwned>(kind: Option<&str>, bytes: &[u8]) -> Answer<T> {
    if kind != Some("application/json") {
        return Err(Fault::new(Class::Unsupported, "not_json", "This takes application/json.").into());
    }
    serde_json::from_slice(bytes).map_err(|error| json_fault(&error).into())
}

/// What serde says, as one of our codes. Its texts name the key or the value and where it stands.
fn json_fault(error: &impl std::fmt::Display) -> Fault {
    let text = error.to_string();
    let code = serde_code(&text).unwrap_or("json_broken");
    Fault::invalid(code, format!("The request cannot be read: {text}."))
}

fn serde_code(text: &str) -> Option<&'static str> {
    match text.split(' ').take(2).collect::<Vec<_>>()[..] {
        ["unknown", "field"] => Some("unknown_key"),
        ["duplicate", "field"] => Some("duplicate_key"),
        ["missing", "field"] => Some("missing_key"),
        ["unknown", "variant"] => Some("unknown_value"),
        ["invalid", "type:" | "value:" | "length"] => Some("invalid_value"),
        _ => None,
    }
}

/// A form's body, read as an address' query is.
pub(crate) fn form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let broken = || Fault::invalid("form_broken", "The form cannot be read.");
    let text = std::str::from_utf8(bytes).map_err(|_| broken())?;
    let uri = axum::http::Uri::try_from(format!("/?{text}")).map_err(|_| broken())?;
    // What serde says might hold what was sent.
    axum::extract::Query::try_from_uri(&uri).map(|query| query.0).map_err(|_| broken())
}

/// The part of an address after the question mark.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Answer<Self> {
        axum::extract::Query::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|error| {
            // "Failed to deserialize query string: {key}: {what serde says}"
            let text = error.body_text();
            let said = text.split(": ").skip(1).find_map(serde_code);
            Fault::invalid(said.unwrap_or("query_broken"), format!("The address cannot be read: {text}."))
                .into()
        })
    }
}
