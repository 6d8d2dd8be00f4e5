//! palco-netem
