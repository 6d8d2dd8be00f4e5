//! The keys that sign grants.

use crate::{Store, at, failed, files};
use palco_base::Fault;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::path::Path;

/// One key. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct GrantKey {
    /// Names it in grants.
    pub id: u32,
    /// 256 random bits.
    pub bytes: [u8; 32],
}

impl fmt::Debug for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantKey({}, …)", self.id)
    }
}

/// The keys in use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantKeys {
    /// Signs.
    pub current: GrantKey,
    /// Signed before and is still believed.
    pub previous: Option<GrantKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    version: u32,
    current: KeyText,
    previous: Option<KeyText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyText {
    id: u32,
    key: String,
}

impl KeyText {
    fn of(key: &GrantKey) -> Self {
        Self { id: key.id, key: files::hex(&key.bytes) }
    }

    fn read(&self) -> Option<GrantKey> {
        Some(GrantKey { id: self.id, bytes: files::unhex(&self.key)? })
    }
}

impl Store {
    /// The keys that sign grants, made now if there are none.
    ///
    /// # Errors
    /// `store_failed`; a broken file is an error and not replaced, because every link that was
    /// handed out hangs on it.
    pub fn grant_keys(&self) -> Result<GrantKeys, Fault> {
        let path = self.dir.join("grant.keys");
        match std::fs::read(&path) {
            Ok(bytes) => read(&bytes).ok_or_else(|| {
                failed(format!("{} cannot be read as keys.", path.display()))
                    .hint("Restore it, or delete it: then every link handed out before is dead.")
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let keys = GrantKeys { current: GrantKey { id: 1, bytes: files::random()? }, previous: None };
                write(&path, &keys)?;
                Ok(keys)
            }
            Err(e) => Err(at(&path, &e)),
        }
    }

    /// Makes a new key that signs from now on; the one before is believed until the next rotation.
    ///
    /// # Errors
    /// `store_failed`.
    pub fn rotate_grant_keys(&self) -> Result<GrantKeys, Fault> {
        let old = self.grant_keys()?.current;
        let current = GrantKey { id: old.id.wrapping_add(1), bytes: files::random()? };
        let keys = GrantKeys { current, previous: Some(old) };
        write(&self.dir.join("grant.keys"), &keys)?;
        Ok(keys)
    }
}

fn read(bytes: &[u8]) -> Option<GrantKeys> {
    let file: KeysFile = serde_json::from_slice(bytes).ok().filter(|file: &KeysFile| file.version == 1)?;
    let previous = match file.previous {
        Some(key) => Some(key.read()?),
        None => None,
    };
    Some(GrantKeys { current: file.current.read()?, previous })
}

fn write(path: &Path, keys: &GrantKeys) -> Result<(), Fault> {
    let file = KeysFile {
        version: 1,
        current: KeyText::of(&keys.current),
        previous: keys.previous.as_ref().map(KeyText::of),
    };
    let bytes = serde_json::to_vec(&file).map_err(|e| failed("Keys cannot be written.").internal(e))?;
    files::replace(path, &bytes).map_err(|e| at(path, &e))
}
