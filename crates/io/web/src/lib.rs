//! palco-web
