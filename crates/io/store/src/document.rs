//! Documents: JSON with the number of its shape, so that an older Palco knows what it must not read.

use palco_base::Fault;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Read first, alone: a newer document is refused whatever else is in it.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The document of `what`, of the shape `newest` or an older one; or why it cannot be read.
///
/// # Errors
/// `data_too_new`: it must not be read.
pub(crate) fn read<T: DeserializeOwned>(
    bytes: &[u8],
    newest: u32,
    what: &str,
) -> Result<Result<T, serde_json::Error>, Fault> {
    let version = match serde_json::from_slice::<Version>(bytes) {
        Ok(document) => document.version,
        Err(error) => return Ok(Err(error)),
    };
    if version > newest {
        let text = format!("{what} was stored by a newer Palco (format {version}, this one reads {newest}).");
        return Err(Fault::conflict("data_too_new", text)
            .hint("Start that newer Palco, or use another --data directory."));
    }
    Ok(serde_json::from_slice(bytes))
}
