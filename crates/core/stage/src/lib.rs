//! The live state of one show: who is on the stage, in which scene, and where the audience looks.
//!
//! Sans-IO, like every core. The contract: after every [`Stage::handle`] (and after
//! [`Stage::new`]), call [`Stage::poll`] until it gives `None`, and do what it says in that order;
//! then wait for the next input or [`Stage::deadline`], whichever comes first. A refused command
//! changes nothing.
//!
//! The stage holds what *should* be (who is tapped, what the mixer makes) and what it has already
//! said; each input ends by saying the difference. So a mixer that starts again is simply told
//! everything, and a server that starts again begins from the [`Record`] it stored.
//!
//! | module | duty |
//! |---|---|
//! | `model` | the nouns, as stored and as shown |
//! | `input` | commands, facts, effects |
//! | `rules` | what a title, a slug, a volume may be |
//! | `record` | what survives a restart |
//! | `deck` | one clip being played |
//! | `stage` | the machine: clock, effects, snapshot |
//! | `commands`, `playback`, `facts` | what each input changes |
//! | `sync` | what should be → what must be said |
//! | [`layout`] | scene → tiles, a pure function |

#![forbid(unsafe_code)]

mod commands;
mod deck;
mod facts;
mod input;
pub mod layout;
mod model;
mod playback;
mod record;
mod rules;
mod stage;
mod sync;

pub use palco_mix::wire::Transition;

pub use input::{
    Command, Effect, Fact, Input, PerformerPatch, PlayOptions, ScenePatch, Send, ShowPatch, ViewersOut,
};
pub use model::{
    Canvas, Clip, Connection, Door, Layout, MixerState, Performer, PerformerView, Phase, PlayState, Playback,
    Role, Scene, Show, Slate, Snapshot, Target,
};
pub use palco_base::{Now, WallTime};
pub use record::{NewShow, Record};
pub use rules::{free_slug, slugify};
pub use stage::Stage;
pub use sync::coding;
