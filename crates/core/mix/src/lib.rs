//! The mix: decoded pictures and sound of the feeds in, one picture and one sound per output out.

#![forbid(unsafe_code)]

pub mod wire;
