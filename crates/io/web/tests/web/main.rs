//! The web door over a backend that lives in this folder. Every answer in every test is checked
//! against the OpenAPI document by the client itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world should stop there")]

mod api;
mod client;
mod fake;
mod hls;
mod house;
mod media;
mod openapi;
mod pages;
mod refusals;
mod seat;
mod server;
mod streams;
