//! The web door: API, WHIP and WHEP, pages. It knows HTTP and the stage's types, and meets the
//! rest of the server in one trait, [`Backend`].
//!
//! | module | duty |
//! |---|---|
//! | `backend` | what the web needs of the server |
//! | `types`, `requests`, `convert` | the wire's own types, and the way to and from the stage's |
//! | `api/*`, `media`, `system` | handlers, described where they stand (OpenAPI 3.1) |
//! | `hls` | playlists, segments and parts |
//! | `house` | who watches, as JSON and as a table |
//! | `app`, `limits` | who is asking, and how often |
//! | `body`, `sdp`, `fault`, `events`, `links` | bodies in, answers out |
//! | `pages`, `headers` | what npm built; security headers and CORS |
//! | `site`, `server` | all of it together; the listening socket |

#![forbid(unsafe_code)]

mod api;
mod app;
mod backend;
mod body;
mod convert;
mod events;
mod fault;
mod headers;
mod heard;
mod hls;
pub mod house;
mod limits;
mod links;
mod media;
mod pages;
mod pass;
mod ranges;
pub mod requests;
mod sdp;
mod server;
mod site;
mod system;
pub mod types;

pub use app::WebConfig;
pub use backend::{
    Answer, Backend, Bytestream, Download, Health, HlsAnswer, HouseNow, Issued, Levels, Media, Offer,
    Recording, Right, Seat, Session, Upload, Who, unknown_show,
};
pub use limits::Rate;
pub use pages::{asset, name_font};
pub use server::serve;
pub use site::{Site, openapi_json};
