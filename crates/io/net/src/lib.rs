//! palco-net
