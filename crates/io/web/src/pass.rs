//! What a browser that plays HLS by itself (iOS) brings along: it sends no headers of ours, so whom
//! it plays for, and the grant, are in a cookie for this show's HLS alone.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use palco_base::{Secret, ViewerId};

const NAME: &str = "palco-pass";
/// Longer than a show. A grant ends when it says so itself.
const SECONDS: u32 = 12 * 3_600;

/// Whom a player plays for, and by which grant, if one is needed.
#[derive(Debug, PartialEq)]
pub(crate) struct Pass {
    pub(crate) viewer: ViewerId,
    pub(crate) grant: Option<Secret>,
}

impl Pass {
    /// The cookie that says so, for what lies under this path.
    pub(crate) fn cookie(&self, path: &str, encrypted: bool) -> Option<HeaderValue> {
        let Self { viewer, grant } = self;
        let grant = grant.as_ref().map_or("", |grant| grant.reveal());
        let secure = if encrypted { "; Secure" } else { "" };
        let cookie = format!(
            "{NAME}={viewer}.{grant}; Path={path}; Max-Age={SECONDS}; HttpOnly; SameSite=Strict{secure}"
        );
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What the request brings, if it can be read.
    pub(crate) fn of(request: &HeaderMap) -> Option<Self> {
        let cookies = request.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let ours = |cookie: &'_ str| Some(cookie.trim().strip_prefix(NAME)?.strip_prefix('=')?.to_owned());
        let value = cookies.flat_map(|cookies| cookies.split(';')).find_map(ours)?;
        let (viewer, grant) = value.split_once('.')?;
        let grant = Some(grant).filter(|grant| !grant.is_empty()).map(Secret::new);
        Some(Self { viewer: viewer.parse().ok()?, grant })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_again() {
        for grant in [None, Some(Secret::new("a.b-c_d"))] {
            let pass = Pass { viewer: ViewerId::new(7), grant };
            let cookie = pass.cookie("/hls/x", true).unwrap();
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.ends_with("; Path=/hls/x; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"));
            let said = cookie.split(';').next().unwrap();
            let mut request = HeaderMap::new();
            request.insert(COOKIE, format!("other=1; {said}; more=2").parse().unwrap());
            assert_eq!(Pass::of(&request), Some(pass));
        }
    }

    #[test]
    fn what_is_not_a_pass_is_none() {
        for cookie in
            ["", "palco-pass", "palco-pass=", "palco-pass=x.y", "palco-pass=.", "palco-passing=1.2", "=;=;"]
        {
            let mut request = HeaderMap::new();
            request.insert(COOKIE, cookie.parse().unwrap());
            assert_eq!(Pass::of(&request), None, "{cookie}");
        }
    }
}
