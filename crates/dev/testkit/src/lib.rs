//! palco-testkit
