//! WebRTC viewers: an offer over WHEP, then ICE, DTLS and every packet decrypted.

mod pictures;
mod viewer;
mod worker;

use crate::http::{Door, Reply, new_viewer, resolve};
use bytes::Bytes;
use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_TYPE};
use palco_base::Fault;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use viewer::{Offered, Outcome, Viewer};
pub(crate) use worker::{Tally, Worker};

const SDP: &str = "application/sdp";
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
const END_WITHIN: Duration = Duration::from_secs(3);

/// Posts an offer and takes the answer. Returns the viewer, whose media is to be driven by a
/// [`Worker`], and the session's path.
///
/// # Errors
/// What the server says against it, or an answer that is none.
pub(crate) async fn join(door: &Arc<Door>, show: &str) -> Result<(Viewer, Option<String>), Fault> {
    let offered = Offered::new(door.address.ip())?;
    let path = format!("/whep/{show}");
    let headers = [(CONTENT_TYPE, SDP), (ACCEPT, SDP)];
    let offer = Bytes::from(offered.sdp().to_owned());
    let mut connection = door.connection_of(new_viewer());
    let Reply { body, location, .. } =
        connection.request(Method::POST, &path, &headers, offer, ANSWER_WITHIN).await?.success()?;
    let session = location.map(|location| path_of(&path, &location)).transpose()?;
    match offered.accept(&String::from_utf8_lossy(&body)) {
        Ok(viewer) => Ok((viewer, session)),
        Err(fault) => {
            if let Some(session) = session {
                end(door, &session).await;
            }
            Err(fault)
        }
    }
}

/// A session's `Location` may be absolute.
fn path_of(base: &str, location: &str) -> Result<String, Fault> {
    let path = location.split_once("://").map(|(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    path.map_or_else(|| resolve(base, location), |path| Ok(path.to_owned()))
}

/// Ends a session. Whether that worked does not matter: the server times it out.
pub(crate) async fn end(door: &Arc<Door>, session: &str) {
    let done = door.connection().request(Method::DELETE, session, &[], Bytes::new(), END_WITHIN).await;
    if let Err(fault) = done {
        tracing::debug!(fault = fault.code, "session could not be ended");
    }
}
