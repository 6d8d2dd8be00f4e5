//! palco-stage
