//! The season of the tests on a port, to be looked at: `cargo run -p palco-site --example foyer -- 8087`.

#[path = "../tests/season/mod.rs"]
mod season;

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use palco_site::{Assets, Lost, SiteConfig};
use std::path::{Path, PathBuf};

fn dist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../web/dist")
}

async fn other(lost: Lost, request: Request) -> Response {
    let path = request.uri().path();
    let kind = match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "font/woff2",
    };
    let bytes = path.strip_prefix("/assets/").filter(|name| !name.contains(".."));
    match bytes.and_then(|name| std::fs::read(dist().join("assets").join(name)).ok()) {
        Some(bytes) => ([(CONTENT_TYPE, kind)], bytes).into_response(),
        None => lost.page(request.headers()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "8087".to_owned());
    let names: serde_json::Value = serde_json::from_slice(&std::fs::read(dist().join("assets.json"))?)?;
    let name = |key: &str| names[key].as_str().unwrap_or_default().to_owned();
    let assets = Assets { style: name("style"), script: name("script"), favicon: name("favicon") };
    let config = SiteConfig { public_url: None, tls: false, assets };
    let lost = Lost(config.clone());
    let csp = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; form-action 'self'";
    let app: Router = palco_site::router(season::season(), config)
        .fallback(move |request: Request| other(lost.clone(), request))
        .layer(axum::middleware::map_response(move |mut response: Response| async move {
            response
                .headers_mut()
                .insert("content-security-policy", csp.parse().unwrap_or_else(|_| unreachable!()));
            response
        }));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
