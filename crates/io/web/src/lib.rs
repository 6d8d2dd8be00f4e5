//! The web door: API, WHIP and WHEP, pages. It knows HTTP and the stage's types, and meets the
//! rest of the server in one trait, [`Backend`].

#![forbid(unsafe_code)]

mod backend;

pub use backend::{
    Answer, Backend, Health, Issued, Levels, Media, Offer, Right, Session, Upload, Who, unknown_show,
};
