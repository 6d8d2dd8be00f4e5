//! palco-grant
