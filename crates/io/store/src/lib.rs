//! palco-store
