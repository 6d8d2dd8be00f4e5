//! The nouns of one show, as data: what is stored and what is shown.

use crate::WallTime;
use palco_base::{ClipId, Codec, FeedId, PerformerId, Secret, ShowId};
use palco_mix::wire::Transition;
use serde::{Deserialize, Serialize};

/// Where a show is in its life. It only moves forward, but for pausing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Announced; only performers and directors are inside.
    Scheduled,
    /// The audience is in.
    Live,
    /// The audience is in and sees the slate.
    Paused,
    /// It has ended, for good.
    Over,
}

impl Phase {
    /// Whether the audience may be in.
    #[must_use]
    pub const fn open(self) -> bool {
        matches!(self, Self::Live | Self::Paused)
    }
}

/// The shape of the Program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Canvas {
    /// 16:9, 1280x720.
    #[default]
    Wide,
    /// 9:16, 720x1280.
    Tall,
}

impl Canvas {
    /// Width and height in pixels.
    #[must_use]
    pub const fn size(self) -> (u32, u32) {
        match self {
            Self::Wide => (1280, 720),
            Self::Tall => (720, 1280),
        }
    }
}

/// Who may watch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Anybody with the link.
    #[default]
    Open,
    /// Whoever brings a viewer's grant.
    Grant,
}

/// A show as it is announced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Show {
    /// Its id.
    pub id: ShowId,
    /// Its name in addresses; see [`crate::slug`].
    pub slug: String,
    /// One line, 1 to 120 characters.
    pub title: String,
    /// Up to 4,000 characters, may be empty.
    pub description: String,
    /// Where it is in its life.
    pub phase: Phase,
    /// When it is announced for.
    pub starts_at: Option<WallTime>,
    /// When it went live.
    pub started_at: Option<WallTime>,
    /// When it ended.
    pub ended_at: Option<WallTime>,
    /// No more hosts on air than this, 1 to 9.
    pub max_on_air: u8,
    /// The shape of its Program.
    pub canvas: Canvas,
    /// Who may watch.
    pub door: Door,
}

/// What a performer is on the stage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// On air.
    Host,
    /// Here, seen by the others, not on air.
    Backstage,
    /// Works behind the scenes.
    Crew,
}

/// Whether a performer's media can reach us.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Connection {
    /// Has not come yet, or left.
    Away,
    /// Knocked; media not up yet.
    Connecting,
    /// Publishing.
    Connected,
    /// Was connected and dropped out without leaving.
    Lost,
}

/// One person on the stage, as stored.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Performer {
    /// Their id.
    pub id: PerformerId,
    /// What they publish into, for as long as they belong to the show.
    pub feed: FeedId,
    /// Written under their picture, 1 to 60 characters.
    pub name: String,
    /// What they are on the stage.
    pub role: Role,
    /// Sound taken off by the director.
    pub muted: bool,
    /// Picture taken off by the director.
    pub hidden: bool,
    /// Linear factor of their sound in the mix, 0 to 2.
    pub volume: f32,
    /// The invitation code: who has it, is this performer.
    #[serde(with = "secret")]
    pub invitation: Secret,
}

/// How the stage looks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// One host, full.
    Solo,
    /// Two hosts (or up to three) beside each other, full height.
    SideBySide,
    /// All hosts in equal tiles.
    Grid,
    /// One host full, the others small over a corner.
    PictureInPicture,
    /// The clip, full.
    ClipFull,
    /// The clip large, the hosts small beside it.
    ClipWithHosts,
    /// A card.
    Slate,
}

impl Layout {
    /// All of them, in the order of the desk's buttons.
    pub const ALL: [Self; 7] = [
        Self::Solo,
        Self::SideBySide,
        Self::Grid,
        Self::PictureInPicture,
        Self::ClipFull,
        Self::ClipWithHosts,
        Self::Slate,
    ];

    /// Its name in the API: `solo`, `side_by_side`, ….
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Solo => "solo",
            Self::SideBySide => "side_by_side",
            Self::Grid => "grid",
            Self::PictureInPicture => "picture_in_picture",
            Self::ClipFull => "clip_full",
            Self::ClipWithHosts => "clip_with_hosts",
            Self::Slate => "slate",
        }
    }

    /// The layout of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.name() == name)
    }

    /// Whether it shows the clip.
    #[must_use]
    pub const fn shows_clip(self) -> bool {
        matches!(self, Self::ClipFull | Self::ClipWithHosts)
    }
}

/// A card.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Slate {
    /// Large line, up to 120 characters.
    pub title: String,
    /// Small line below, up to 240 characters, may be empty.
    pub text: String,
}

/// What the stage shows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Scene {
    /// Who stands where.
    pub layout: Layout,
    /// Who is large where somebody is; the first on air if none.
    pub focus: Option<PerformerId>,
    /// What the card says.
    pub slate: Slate,
    /// How changes of the scene are made.
    pub transition: Transition,
}

/// An uploaded video, picture or sound.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Clip {
    /// Its id, and the name of its file.
    pub id: ClipId,
    /// What the director called it; never part of a path.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// ms; none for a still picture.
    pub duration: Option<u64>,
    /// Width and height in pixels, if there is a picture.
    pub picture: Option<(u32, u32)>,
    /// Whether there is sound.
    pub sound: bool,
    /// When it was uploaded.
    pub created_at: WallTime,
}

/// Where a clip's playing is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayState {
    /// It runs.
    Playing,
    /// It stands still.
    Paused,
    /// It came to its end.
    Ended,
    /// It cannot be played.
    Failed,
}

/// A clip being played, at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Playback {
    /// The source it is in the mix; new each time a clip is loaded.
    pub feed: FeedId,
    /// Which clip.
    pub clip: ClipId,
    /// Where its playing is.
    pub state: PlayState,
    /// ms from its beginning, at the moment `at`.
    pub position: u64,
    /// When `position` was true.
    pub at: WallTime,
    /// ms; none while unknown, or for a still picture.
    pub duration: Option<u64>,
    /// Whether it begins again at its end.
    pub looped: bool,
    /// Linear factor, 0 to 2.
    pub volume: f32,
    /// Why it failed, a sentence for the director.
    pub error: Option<String>,
}

/// Where the audience looks.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// At the stage.
    #[default]
    Program,
    /// At a clip of its own, which the stage does not see.
    Clip,
    /// At a card.
    Slate(Slate),
    /// At one performer, full.
    Performer(PerformerId),
}

/// The mixer process of the show.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MixerState {
    /// Not needed.
    Off,
    /// Asked for, not up yet.
    Starting,
    /// Up.
    Up,
    /// It went away and is being brought back.
    Restarting,
}

/// A performer, at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct PerformerView {
    /// What is stored of them.
    pub performer: Performer,
    /// Their order on air from 0; none if they are not a host.
    pub place: Option<usize>,
    /// Whether their media can reach us.
    pub connection: Connection,
    /// The codec of the sound that flows.
    pub audio: Option<Codec>,
    /// The codec of the picture that flows.
    pub video: Option<Codec>,
}

/// All that can be seen of a show's stage, at one moment.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    /// Grows with each change.
    pub revision: u64,
    /// The show.
    pub show: Show,
    /// In the order they were added.
    pub performers: Vec<PerformerView>,
    /// What the stage shows.
    pub scene: Scene,
    /// In the order they were uploaded.
    pub clips: Vec<Clip>,
    /// The clip on the stage.
    pub playback: Option<Playback>,
    /// Where the audience looks.
    pub target: Target,
    /// The audience's own clip.
    pub audience_playback: Option<Playback>,
    /// The mixer process.
    pub mixer: MixerState,
    /// How many are watching.
    pub viewers: u32,
}

impl Snapshot {
    /// The performer with this id.
    #[must_use]
    pub fn performer(&self, id: PerformerId) -> Option<&PerformerView> {
        self.performers.iter().find(|view| view.performer.id == id)
    }

    /// The performer whose invitation this is. Every code is compared, in constant time each.
    #[must_use]
    pub fn invited(&self, code: &str) -> Option<&PerformerView> {
        self.performers.iter().fold(None, |found, view| {
            if view.performer.invitation.matches(code) { Some(view) } else { found }
        })
    }
}

/// Invitations are stored in the clear: the director can read them at any time. The file they
/// are in is readable by the server's user only.
mod secret {
    use palco_base::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.reveal())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}
