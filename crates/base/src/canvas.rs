//! What stands where in a mixed picture, as data. The stage writes it, the mixer draws it.

use crate::FeedId;
use serde::{Deserialize, Serialize};

/// A rectangle of the canvas in pixels. All four are even, because chroma is half size (4:2:0).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// How a picture of another shape fills its tile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Fill the tile, cut what stands out.
    Cover,
    /// Show all of the picture, leave the rest of the tile to the background.
    Contain,
}

/// What a tile shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TileSource {
    /// The newest picture of a feed; its placeholder while there is none.
    Feed(FeedId),
    /// A drawn card.
    Slate {
        /// Large line.
        title: String,
        /// Small line below; may be empty.
        text: String,
    },
}

/// One picture placed on the canvas. Later tiles are drawn over earlier ones.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tile {
    /// What it shows.
    pub source: TileSource,
    /// Where it stands.
    pub rect: Rect,
    /// How its picture fills it.
    pub fit: Fit,
    /// The name written at its lower edge; none for clips and slates.
    pub label: Option<String>,
}

/// One feed that is heard.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sound {
    /// Whose sound.
    pub feed: FeedId,
    /// Linear factor, 0.0 to 2.0; 1.0 leaves it as it is.
    pub gain: f32,
}

/// A whole picture and its sound.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Arrangement {
    /// Back to front.
    pub tiles: Vec<Tile>,
    /// Who is heard; a feed not listed is silent.
    pub sounds: Vec<Sound>,
}
