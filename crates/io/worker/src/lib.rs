//! palco-worker
