//! What comes in: the API's requests. Unknown and double keys are refused by all of them.

use crate::house::WayName;
use crate::types::{AudienceTarget, CanvasShape, DoorRule, RoleName, SceneTransition, SlateText};
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

/// A key that is there, with or without a value: `null` empties, absence leaves.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A show to announce.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateShow {
    /// One line, up to 120 characters.
    pub title: String,
    /// Its name in addresses; made from the title if absent.
    pub slug: Option<String>,
    /// Up to 4000 characters.
    pub description: Option<String>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub starts_at: Option<String>,
    /// 1 to 9; 4 if absent.
    #[schema(minimum = 1, maximum = 9)]
    pub max_on_air: Option<u8>,
    /// `16:9` if absent.
    pub canvas: Option<CanvasShape>,
    /// `open` if absent.
    pub door: Option<DoorRule>,
}

/// What to change of a show; absent keys stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchShow {
    /// One line, up to 120 characters.
    pub title: Option<String>,
    /// Its name in addresses.
    pub slug: Option<String>,
    /// Up to 4000 characters.
    pub description: Option<String>,
    /// RFC 3339; `null` for no date.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Option<String>>,
    /// 1 to 9.
    #[schema(minimum = 1, maximum = 9)]
    pub max_on_air: Option<u8>,
    /// Only before the show.
    pub canvas: Option<CanvasShape>,
    /// Who may watch.
    pub door: Option<DoorRule>,
}

/// What a viewer's player tells of what it saw. Spans are since the last one it told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostSighting {
    /// The viewer: 16 lower-case hexadecimal digits that the page made up when it was opened; the
    /// same as in the header `palco-viewer` of what it asks of `/whep` and `/hls`.
    pub viewer: String,
    /// How many it told before.
    pub number: u32,
    /// What is on screen.
    pub way: WayName,
    /// How long the show was to be seen.
    pub watched_ms: u64,
    /// How long of that the picture stood still.
    pub frozen_ms: u64,
    /// How often it began to stand still.
    pub freezes: u32,
    /// From the page's first wish to its first picture; told once.
    pub joined_ms: Option<u64>,
    /// How far behind the server the picture is; nothing for who went back in time.
    pub delay_ms: Option<u64>,
    /// The page is being left: this is the last.
    #[serde(default)]
    pub leaving: bool,
}

/// What lets a browser download a recording.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilmForm {
    /// The director's or the admin's token.
    pub token: String,
}

/// How long something is to hold.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lifetime {
    /// Seconds, at least 1; each kind of link has its own default and limit.
    #[schema(minimum = 1)]
    pub expires_in_s: Option<u64>,
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPerformer {
    /// Written under their picture, up to 60 characters.
    pub name: String,
    /// `backstage` if absent.
    pub role: Option<RoleName>,
    /// How long the WHIP token holds; 30 days if absent.
    #[schema(minimum = 1)]
    pub expires_in_s: Option<u64>,
}

/// What performers may change of themselves; absent keys stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchMe {
    /// Written under their picture, up to 60 characters.
    pub name: Option<String>,
}

/// What to change of a performer; absent keys stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchPerformer {
    /// `host` puts them on stage.
    pub role: Option<RoleName>,
    /// Written under their picture.
    pub name: Option<String>,
    /// Takes their sound off.
    pub muted: Option<bool>,
    /// Takes their picture off.
    pub hidden: Option<bool>,
    /// Linear factor, 0 to 2.
    #[schema(minimum = 0, maximum = 2)]
    pub volume: Option<f32>,
    /// Their order on air, from 0.
    pub place: Option<u32>,
}

/// What the stage is to show; absent keys stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutScene {
    /// Who stands where.
    #[schema(value_type = crate::types::LayoutName)]
    pub layout: String,
    /// Who is large; `null` for nobody in particular.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub focus: Option<Option<String>>,
    /// What the card says.
    pub slate: Option<SlateText>,
    /// How the change is made, and later ones.
    pub transition: Option<SceneTransition>,
}

/// How to play a clip.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayClip {
    /// Where to begin.
    pub position_ms: Option<u64>,
    /// Whether it begins again at its end.
    pub looped: Option<bool>,
    /// Linear factor, 0 to 2.
    #[schema(minimum = 0, maximum = 2)]
    pub volume: Option<f32>,
    /// Show it; `true` if absent.
    pub take: Option<bool>,
}

/// Where to go in a clip.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeekClip {
    /// From its beginning.
    pub position_ms: u64,
}

/// What to change of a playback; absent keys stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchPlayback {
    /// Whether it begins again at its end.
    pub looped: Option<bool>,
    /// Linear factor, 0 to 2.
    #[schema(minimum = 0, maximum = 2)]
    pub volume: Option<f32>,
}

/// Where to send the audience.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutAudience {
    /// What kind of place.
    pub target: AudienceTarget,
    /// Which clip, if the target is one.
    pub clip: Option<String>,
    /// Which performer, if the target is one.
    pub performer: Option<String>,
    /// What the card says, if the target is one.
    pub slate: Option<SlateText>,
    /// Whether the clip begins again at its end.
    pub looped: Option<bool>,
    /// Whether the clip's end brings the audience back; `true` if absent.
    pub return_at_end: Option<bool>,
}

/// What an upload is called.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// The clip's name, up to 200 characters; never part of a path.
    pub name: Option<String>,
}

/// What a WHEP session plays.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhepQuery {
    /// What this performer publishes, as it comes. For performers of the show and directors.
    pub performer: Option<String>,
    /// `program` (default) or `stage`, the stage's own mix, for directors.
    pub output: Option<String>,
}

/// How a seat is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeSeat {
    /// Also if it is open on another screen, which then loses it.
    pub take: bool,
}
