//! One request as a page sees it: language, addresses, cookies; and how a page is answered.

use crate::show_view::ShowView;
use crate::words::{Foyer, Office, count, fill};
use crate::{Act, Assets, Role, Site, SiteConfig};
use askama::Template;
use axum::extract::{ConnectInfo, FromRequestParts, OriginalUri};
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, COOKIE, ETAG, HOST, IF_NONE_MATCH,
    LOCATION, SET_COOKIE, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use palco_base::{Class, Fault, WallTime};
use palco_boxoffice::{Lang, Sales};
use std::borrow::Borrow;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

/// The cookie that keeps the language somebody chose.
const LANG_COOKIE: &str = "palco-lang";
/// A month, for cookies.
pub(crate) const MONTH: u32 = 30 * 86_400;

/// A number to be said; templates have some by reference.
pub(crate) trait Number {
    /// The number.
    fn number(self) -> u64;
}

macro_rules! numbers {
    ($($kind:ty),*) => {$(
        impl Number for $kind {
            fn number(self) -> u64 {
                self as u64
            }
        }
    )*};
}
impl<N: Number + Copy> Number for &N {
    fn number(self) -> u64 {
        (*self).number()
    }
}
numbers!(u8, u16, u32, u64, usize);

/// One request, and what every template is given as `p`.
pub(crate) struct Visit {
    pub(crate) lang: Lang,
    /// Words of the foyer.
    pub(crate) w: &'static Foyer,
    /// Words of the office.
    pub(crate) o: &'static Office,
    /// `https://palco.example`, without a slash.
    pub(crate) base: String,
    /// Path of the page, for the switch of language.
    pub(crate) path: String,
    pub(crate) assets: Assets,
    pub(crate) now: WallTime,
    /// Whether a mail box of the demo is to be linked.
    pub(crate) demo: bool,
    query: Option<String>,
    chose: bool,
    encrypted: bool,
    cookies: Vec<HeaderValue>,
    known: Option<HeaderValue>,
    from: Option<IpAddr>,
}

impl FromRequestParts<Site> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        let mut visit = Self::of_headers(&site.config, &parts.headers);
        let whole = parts.extensions.get::<OriginalUri>().map(|whole| whole.0.clone());
        let uri = whole.as_ref().unwrap_or(&parts.uri);
        uri.path().clone_into(&mut visit.path);
        visit.query = uri.query().map(str::to_owned);
        if site.config.public_url.is_none() && !parts.headers.contains_key(HOST) {
            // HTTP/2 has the host in the URI.
            if let Some(host) = uri.authority().map(|it| it.as_str()).filter(|host| plain_host(host)) {
                visit.base = format!("{}://{host}", if visit.encrypted { "https" } else { "http" });
            }
        }
        if let Some(tag) = visit.asked("lang") {
            visit.speak(Lang::of(&tag));
            visit.chose = true;
        }
        visit.demo = site.office.is_demo();
        visit.from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip());
        Ok(visit)
    }
}

impl Visit {
    /// What the headers alone say.
    pub(crate) fn of_headers(config: &SiteConfig, headers: &HeaderMap) -> Self {
        let public = config.public_url.as_deref().map(|url| url.trim_end_matches('/'));
        let encrypted = public.map_or(config.tls, |url| url.starts_with("https:"));
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| plain_host(host));
        let here = || {
            let scheme = if encrypted { "https" } else { "http" };
            format!("{scheme}://{}", host.unwrap_or("localhost:8080"))
        };
        let mut visit = Self {
            lang: Lang::En,
            w: Foyer::of(Lang::En),
            o: Office::of(Lang::En),
            base: public.map_or_else(here, str::to_owned),
            path: "/".to_owned(),
            assets: config.assets.clone(),
            now: now(),
            demo: false,
            query: None,
            chose: false,
            encrypted,
            cookies: headers.get_all(COOKIE).iter().cloned().collect(),
            known: headers.get(IF_NONE_MATCH).cloned(),
            from: None,
        };
        let chosen = visit.cookie(LANG_COOKIE).map(|tag| Lang::of(&tag));
        visit.speak(chosen.unwrap_or_else(|| offered(headers)));
        visit
    }

    fn speak(&mut self, lang: Lang) {
        (self.lang, self.w, self.o) = (lang, Foyer::of(lang), Office::of(lang));
    }

    /// A value of the query.
    pub(crate) fn asked(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref()?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Whether the query names this, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.asked(name).is_some()
    }

    /// The value of a cookie. Where the site is reached by TLS, only the `__Host-` one counts for
    /// names that are made by [`Visit::set_cookie`].
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let lists = self.cookies.iter().filter_map(|list| list.to_str().ok());
        let mut pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    }

    /// The name a cookie of ours has here.
    pub(crate) fn cookie_name(&self, name: &str) -> String {
        if self.encrypted { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// A `Set-Cookie` of ours; no age lasts as long as the browser is open.
    pub(crate) fn set_cookie(&self, name: &str, value: &str, max_age: Option<u32>) -> Option<HeaderValue> {
        let age = max_age.map_or_else(String::new, |age| format!("; Max-Age={age}"));
        let secure = if self.encrypted { "; Secure" } else { "" };
        let name = self.cookie_name(name);
        HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}")).ok()
    }

    /// From where the request came, as far as that is known.
    pub(crate) const fn from(&self) -> Option<IpAddr> {
        self.from
    }

    /// BCP 47 tag of the page's language.
    pub(crate) fn tag(&self) -> &'static str {
        self.lang.tag()
    }

    /// The other language.
    pub(crate) const fn other(&self) -> Lang {
        match self.lang {
            Lang::En => Lang::Es,
            Lang::Es => Lang::En,
        }
    }

    /// `{name}` in a word filled with a value.
    pub(crate) fn fill(&self, text: &str, name: &str, value: impl std::fmt::Display) -> String {
        fill(text, &[(name, &value.to_string())])
    }

    /// The form of a word for a number.
    pub(crate) fn n(&self, text: &str, n: impl Number) -> String {
        count(text, n.number())
    }

    /// Whether a role may do that; for templates.
    pub(crate) fn may(&self, role: impl Borrow<Role>, act: impl Borrow<Act>) -> bool {
        crate::may(*role.borrow(), *act.borrow())
    }

    /// The word for a role.
    pub(crate) fn role_word(&self, role: impl Borrow<Role>) -> &'static str {
        match role.borrow() {
            Role::Moderator => self.o.moderator,
            Role::Cashier => self.o.cashier,
            Role::Producer => self.o.producer,
            Role::Owner => self.o.owner,
        }
    }

    /// The word for where the sale of a show is.
    pub(crate) fn sales_word(&self, s: &ShowView<'_>) -> &'static str {
        match s.listing.as_ref().map(|listing| listing.sales) {
            None => self.o.no_listing,
            Some(Sales::Draft) => self.o.draft,
            Some(Sales::Open) => self.o.open,
            Some(Sales::Closed) => self.o.closed,
            Some(Sales::Cancelled) => self.o.cancelled,
        }
    }

    /// A page that is nobody else's: never kept.
    pub(crate) fn page(&self, template: &impl Template) -> Result<Response, Fault> {
        self.page_with(StatusCode::OK, template)
    }

    /// Such a page with this status.
    pub(crate) fn page_with(&self, status: StatusCode, template: &impl Template) -> Result<Response, Fault> {
        let mut response = (status, html(template)?).into_response();
        self.head(response.headers_mut());
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }

    /// A page that is everybody's: kept a moment, and not sent again while it is the same.
    pub(crate) fn public(&self, template: &impl Template) -> Result<Response, Fault> {
        let body = html(template)?;
        let mut hasher = DefaultHasher::new();
        hasher.write(body.as_bytes());
        let tag = HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish()));
        let tag = tag.unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        let same = self.known.as_ref().and_then(|known| known.to_str().ok()).is_some_and(|known| {
            known.split(',').any(|known| known.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
        });
        let mut response = if same { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
        let headers = response.headers_mut();
        headers.insert(ETAG, tag);
        // A choice of language sets a cookie, which must not be kept for others.
        let keep = if self.chose { "private, no-cache" } else { "public, max-age=10" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
        headers.insert(VARY, HeaderValue::from_static("accept-language, cookie"));
        self.head(headers);
        Ok(response)
    }

    fn head(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(self.lang.tag()));
        if self.chose {
            let secure = if self.encrypted { "; Secure" } else { "" };
            let cookie =
                format!("{LANG_COOKIE}={}; Path=/; SameSite=Lax; Max-Age=31536000{secure}", self.lang.tag());
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                headers.append(SET_COOKIE, cookie);
            }
        }
    }
}

fn html(template: &impl Template) -> Result<String, Fault> {
    template.render().map_err(|error| {
        Fault::new(Class::Internal, "page_broken", "This page could not be drawn.").internal(error)
    })
}

/// See other (303): the answer to a form is a page with its own address. `to` is a path of ours.
pub(crate) fn see_other(to: &str) -> Response {
    let ours = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\');
    go_to(if ours { to } else { "/" })
}

/// See other, at a payment provider: by https, or on this machine when it is tried out.
pub(crate) fn see_elsewhere(url: &str) -> Response {
    let known = ["https://", "http://localhost:", "http://127.0.0.1:"];
    go_to(if known.iter().any(|start| url.starts_with(start)) { url } else { "/" })
}

fn go_to(to: &str) -> Response {
    let location = HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
    let headers = [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// A response with one more cookie.
pub(crate) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A file to be taken away, never kept on the way.
pub(crate) fn file(kind: &'static str, name: &str, body: impl Into<axum::body::Body>) -> Response {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' }).collect();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (axum::http::header::CONTENT_DISPOSITION, disposition),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body.into()).into_response()
}

fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The first language of the visitor's that we speak (RFC 9110 §12.5.4, in the order they are written:
/// browsers sort them by weight).
fn offered(headers: &HeaderMap) -> Lang {
    let lists = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|list| list.to_str().ok());
    for tag in lists.flat_map(|list| list.split(',')).map(str::trim) {
        match tag.get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("es") => return Lang::Es,
            Some("en") => return Lang::En,
            _ => {}
        }
    }
    Lang::En
}

/// Name or address and port, nothing that could be more than that in a link.
fn plain_host(host: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    !host.is_empty() && host.len() <= 255 && host.bytes().all(plain)
}
