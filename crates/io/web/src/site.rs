//! All doors together: routes, their description, and what surrounds them.

use crate::api;
use crate::app::{App, WebConfig};
use crate::backend::Backend;
use crate::types::{FaultBody, LevelMap};
use crate::{headers, media, pages, system};
use axum::Router;
use axum::middleware::from_fn;
use std::sync::Arc;
use tokio::sync::watch;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Palco",
        description = "Live shows: announce, direct, perform, watch. \
            Every fault is a FaultBody with a stable code.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(FaultBody, LevelMap)),
    tags(
        (name = "shows", description = "Shows, for who directs them"),
        (name = "stage", description = "The stage, for its director"),
        (name = "clips", description = "Clips, for the director"),
        (name = "house", description = "Who watches and how well, for the director"),
        (name = "performer", description = "The stage, for one of its performers"),
        (name = "public", description = "Shows, for everybody"),
        (name = "media", description = "WHIP and WHEP"),
        (name = "system", description = "For who runs the server")
    )
)]
struct Described;

/// Routes and their description, made from the same handlers.
fn described() -> (Router<App>, OpenApi) {
    let (router, mut openapi) = OpenApiRouter::with_openapi(Described::openapi())
        .merge(api::shows::routes())
        .merge(api::stage::routes())
        .merge(api::clips::routes())
        .merge(api::house::routes())
        .merge(api::performer::routes())
        .merge(api::public::routes())
        .merge(api::seat::routes())
        .merge(media::routes())
        .merge(system::routes())
        .split_for_parts();
    openapi.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let bearer = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "The admin token, a director's or viewer's grant, an invitation code or a WHIP token.",
            ))
            .build(),
    );
    openapi.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    for item in openapi.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head];
        operations.into_iter().flatten().for_each(|operation| {
            name(operation);
            add_fault(operation);
        });
    }
    (router, openapi)
}

/// Operation ids must be unique in the document; a handler's name is so only within its tag.
fn name(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(tag), Some(id)) = (tag, &operation.operation_id) {
        operation.operation_id = Some(format!("{tag}_{id}"));
    }
}

/// Every operation can be refused, always in the same shape.
fn add_fault(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("FaultBody"))).build();
    let response =
        ResponseBuilder::new().description("Why it was refused").content("application/json", content).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(response));
}

/// The API's description, OpenAPI 3.1, as JSON.
#[must_use]
pub fn openapi_json() -> String {
    // Our own document: it has no map keys that are not texts.
    described().1.to_pretty_json().expect("the description serialises")
}

/// The web door.
#[derive(Clone)]
pub struct Site {
    router: Router,
    app: App,
}

impl Site {
    /// All doors over this backend; `foyer` are the pages that are made elsewhere.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, config: WebConfig, foyer: Router) -> Self {
        let (router, _) = described();
        let app = App::new(backend, config, openapi_json());
        let router = router
            .merge(crate::hls::routes())
            .merge(pages::routes())
            .with_state(app.clone())
            .merge(foyer)
            .fallback(pages::other)
            .method_not_allowed_fallback(pages::wrong_method)
            .layer(from_fn(headers::cors))
            .layer(from_fn(headers::security));
        Self { router, app }
    }

    /// The routes, as a tower service.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Told when the server stops: streams that never end by themselves end then.
    pub(crate) fn closing(&self) -> &watch::Sender<bool> {
        &self.app.0.closing
    }
}
