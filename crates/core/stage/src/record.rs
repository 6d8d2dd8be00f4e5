//! What survives a restart of the server.

use crate::deck::DeckRecord;
use crate::{Canvas, Clip, Door, Layout, Performer, Phase, Scene, Show, Slate, Target, WallTime, rules};
use palco_base::{Fault, PerformerId, ShowId};
use palco_mix::wire::Transition;
use serde::{Deserialize, Serialize};

/// Everything about a show that is stored.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The show.
    pub show: Show,
    /// In the order they were added.
    pub performers: Vec<Performer>,
    /// The hosts, in their order on air.
    pub on_air: Vec<PerformerId>,
    /// What the stage shows.
    pub scene: Scene,
    /// In the order they were uploaded.
    pub clips: Vec<Clip>,
    /// Where the audience looks.
    pub target: Target,
    /// The clip on the stage.
    pub(crate) deck: Option<DeckRecord>,
    /// The audience's own clip.
    pub(crate) audience_deck: Option<DeckRecord>,
    /// See [`crate::Snapshot::revision`].
    pub(crate) revision: u64,
    /// From which the feeds of clips get their ids; the caller's randomness.
    pub(crate) seed: u64,
    /// How many it gave.
    pub(crate) feeds_made: u64,
}

/// What a new show is made of.
#[derive(Clone, PartialEq, Debug)]
pub struct NewShow {
    /// New, random.
    pub id: ShowId,
    /// 64 random bits.
    pub seed: u64,
    /// Its name in addresses; from the title if none, see [`crate::free_slug`].
    pub slug: Option<String>,
    /// One line.
    pub title: String,
    /// May be empty.
    pub description: String,
    /// When it is announced for.
    pub starts_at: Option<WallTime>,
    /// 1 to 9; 4 if none.
    pub max_on_air: Option<u8>,
    /// Its shape.
    pub canvas: Canvas,
    /// Who may watch.
    pub door: Door,
}

impl Record {
    /// A new show with an empty stage. `taken` says whether another show has a slug.
    ///
    /// # Errors
    /// When a value is not what it may be, or the slug is taken (`slug_taken`).
    pub fn new(new: NewShow, taken: impl Fn(&str) -> bool) -> Result<Self, Fault> {
        let title = rules::title(&new.title)?;
        let slug = match &new.slug {
            Some(slug) => rules::slug(slug)?,
            None => rules::free_slug(&title, &taken),
        };
        if taken(&slug) {
            return Err(slug_taken());
        }
        let show = Show {
            id: new.id,
            slug,
            description: rules::description(&new.description)?,
            phase: Phase::Scheduled,
            starts_at: new.starts_at,
            started_at: None,
            ended_at: None,
            max_on_air: rules::max_on_air(new.max_on_air.unwrap_or(4))?,
            canvas: new.canvas,
            door: new.door,
            title: title.clone(),
        };
        let scene = Scene {
            layout: Layout::Grid,
            focus: None,
            slate: Slate { title, text: String::new() },
            transition: Transition::Cut,
        };
        Ok(Self {
            show,
            performers: Vec::new(),
            on_air: Vec::new(),
            scene,
            clips: Vec::new(),
            target: Target::Program,
            deck: None,
            audience_deck: None,
            revision: 0,
            seed: new.seed,
            feeds_made: 0,
        })
    }

    /// Grows with each change: which of two records of a show is the newer one.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether another command could change the slug to this one: the fault if it is taken.
    ///
    /// # Errors
    /// `slug_taken`.
    pub fn check_slug(&self, slug: &str, taken: impl Fn(&str) -> bool) -> Result<(), Fault> {
        if slug != self.show.slug && taken(slug) { Err(slug_taken()) } else { Ok(()) }
    }
}

fn slug_taken() -> Fault {
    Fault::conflict("slug_taken", "Another show has this name in its address.").hint("Choose another slug.")
}
