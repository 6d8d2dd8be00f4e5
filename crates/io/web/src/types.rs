//! What goes out: the API's answers, as the OpenAPI document describes them. Conversions from the
//! stage's types are beside them, in `convert.rs`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What went wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FaultBody {
    /// Stable, `snake_case`; what programs and translations key on.
    #[schema(example = "stage_full")]
    pub code: String,
    /// One sentence for the person who asked.
    pub text: String,
    /// What to do next, if there is something.
    #[schema(required)]
    pub hint: Option<String>,
}

/// Where a show is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShowState {
    /// Announced; only performers and directors are inside.
    Scheduled,
    /// The audience is in.
    Live,
    /// The audience is in and sees the slate.
    Paused,
    /// It has ended, for good.
    Over,
}

/// The shape of the picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub enum CanvasShape {
    /// Lying.
    #[serde(rename = "16:9")]
    Wide,
    /// Standing.
    #[serde(rename = "9:16")]
    Tall,
}

/// Who may watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoorRule {
    /// Anybody with the link.
    Open,
    /// Whoever brings a viewer's grant.
    Grant,
}

/// Where a show's pages are.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ShowLinks {
    /// The audience's page.
    pub watch: String,
    /// The director's page; it asks for a token.
    pub desk: String,
}

/// A show.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Show {
    /// 16 lower-case hexadecimal digits.
    pub id: String,
    /// Its name in addresses.
    pub slug: String,
    /// One line.
    pub title: String,
    /// May be empty.
    pub description: String,
    /// Where it is in its life.
    pub state: ShowState,
    /// When it is announced for.
    #[schema(required, format = DateTime)]
    pub starts_at: Option<String>,
    /// When it went live.
    #[schema(required, format = DateTime)]
    pub started_at: Option<String>,
    /// When it ended.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    /// No more hosts on air than this.
    pub max_on_air: u8,
    /// The shape of its picture.
    pub canvas: CanvasShape,
    /// Who may watch.
    pub door: DoorRule,
    /// Where its pages are.
    pub links: ShowLinks,
}

/// All shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ShowList {
    /// The newest announcement last.
    pub shows: Vec<Show>,
}

/// A show as the audience sees it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct PublicShow {
    /// 16 lower-case hexadecimal digits.
    pub id: String,
    /// Its name in addresses.
    pub slug: String,
    /// One line.
    pub title: String,
    /// May be empty.
    pub description: String,
    /// Where it is in its life.
    pub state: ShowState,
    /// When it is announced for.
    #[schema(required, format = DateTime)]
    pub starts_at: Option<String>,
    /// When it went live.
    #[schema(required, format = DateTime)]
    pub started_at: Option<String>,
    /// When it ended.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    /// The shape of its picture.
    pub canvas: CanvasShape,
    /// Who may watch.
    pub door: DoorRule,
    /// Whether it is over and can be watched again.
    pub replay: bool,
    /// Whether it could be watched again, and cannot any longer: it was not kept for ever.
    pub replay_gone: bool,
}

/// All shows, as the audience sees them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublicShowList {
    /// What is on first, then what is next, then what is over.
    pub shows: Vec<PublicShow>,
}

/// A link that lets somebody in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GrantLink {
    /// The page, with the token in its fragment.
    pub url: String,
    /// The same token, for programs.
    pub token: String,
    /// Until when.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// What a performer is on the stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// On air.
    Host,
    /// Here, not on air.
    Backstage,
    /// Works behind the scenes.
    Crew,
}

/// Whether a performer's media can reach the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Has not come yet, or left.
    Away,
    /// Knocked.
    Connecting,
    /// Publishing.
    Connected,
    /// Dropped out without leaving.
    Lost,
}

/// A codec of pictures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    /// H.264.
    H264,
    /// VP8.
    Vp8,
}

/// A performer, as the director sees them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Performer {
    /// 16 lower-case hexadecimal digits.
    pub id: String,
    /// Written under their picture.
    pub name: String,
    /// What they publish into.
    pub feed: String,
    /// What they are on the stage.
    pub role: RoleName,
    /// Their order on air, from 0.
    #[schema(required)]
    pub place: Option<u32>,
    /// Whether their media can reach the server.
    pub connection: ConnectionState,
    /// Sound flows now.
    pub audio: bool,
    /// A picture flows now.
    pub video: bool,
    /// How it is coded.
    #[schema(required)]
    pub video_codec: Option<VideoCodec>,
    /// Sound taken off by the director.
    pub muted: bool,
    /// Picture taken off by the director.
    pub hidden: bool,
    /// Linear factor, 0 to 2.
    pub volume: f32,
    /// Who opens it, is this performer.
    pub invitation_url: String,
}

/// A new performer, with what lets them in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NewPerformer {
    /// The performer.
    pub performer: Performer,
    /// Who opens it, is this performer.
    pub invitation_url: String,
    /// Where standard WHIP clients publish.
    pub whip_url: String,
    /// The bearer token for it.
    pub whip_token: String,
}

/// What lets a performer in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Credentials {
    /// Who opens it, is this performer.
    pub invitation_url: String,
    /// Where standard WHIP clients publish.
    pub whip_url: String,
    /// The bearer token for it.
    pub whip_token: String,
}

/// How the stage looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LayoutName {
    /// One host, full.
    Solo,
    /// Hosts beside each other, full height.
    SideBySide,
    /// Equal tiles.
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

/// A card.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlateText {
    /// Large line, up to 120 characters.
    pub title: String,
    /// Small line below, up to 240 characters.
    #[serde(default)]
    pub text: String,
}

/// How one scene gives way to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransitionKind {
    /// From one picture to the next.
    Cut,
    /// Crossfade.
    Fade,
}

/// How one scene gives way to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SceneTransition {
    /// Cut or fade.
    pub kind: TransitionKind,
    /// How long a fade takes, up to 5000.
    #[serde(default)]
    pub millis: u32,
}

/// What the stage shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Scene {
    /// Who stands where.
    pub layout: LayoutName,
    /// The performer who is large where somebody is.
    #[schema(required)]
    pub focus: Option<String>,
    /// What the card says.
    pub slate: SlateText,
    /// How changes are made.
    pub transition: SceneTransition,
}

/// An uploaded video, picture or sound.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Clip {
    /// 16 lower-case hexadecimal digits.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// None for a still picture.
    #[schema(required)]
    pub duration_ms: Option<u64>,
    /// Pixels; none if there is no picture.
    #[schema(required)]
    pub width: Option<u32>,
    /// Pixels; none if there is no picture.
    #[schema(required)]
    pub height: Option<u32>,
    /// Whether there is sound.
    pub sound: bool,
    /// When it was uploaded.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// The clips of a show.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClipList {
    /// In the order they were uploaded.
    pub clips: Vec<Clip>,
}

/// Where a clip's playing is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaybackState {
    /// It runs.
    Playing,
    /// It stands still.
    Paused,
    /// It came to its end.
    Ended,
    /// It cannot be played.
    Failed,
}

/// A clip being played.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Playback {
    /// Which clip.
    pub clip: String,
    /// Where its playing is.
    pub state: PlaybackState,
    /// From its beginning, at the moment `at`.
    pub position_ms: u64,
    /// When `position_ms` was true.
    #[schema(format = DateTime)]
    pub at: String,
    /// None while unknown, or for a still picture.
    #[schema(required)]
    pub duration_ms: Option<u64>,
    /// Whether it begins again at its end.
    pub looped: bool,
    /// Linear factor, 0 to 2.
    pub volume: f32,
    /// Why it failed.
    #[schema(required)]
    pub error: Option<String>,
}

/// Where the audience can look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AudienceTarget {
    /// At the stage.
    Program,
    /// At a clip of its own.
    Clip,
    /// At a card.
    Slate,
    /// At one performer.
    Performer,
}

/// Where the audience looks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Audience {
    /// What kind of place.
    pub target: AudienceTarget,
    /// Which clip, if the target is one.
    #[schema(required)]
    pub clip: Option<String>,
    /// Which performer, if the target is one.
    #[schema(required)]
    pub performer: Option<String>,
    /// What the card says, if the target is one.
    #[schema(required)]
    pub slate: Option<SlateText>,
    /// The audience's own clip.
    #[schema(required)]
    pub playback: Option<Playback>,
}

/// The mixer process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MixerStatus {
    /// Not needed.
    Off,
    /// Asked for.
    Starting,
    /// Up.
    Up,
    /// It went away and is being brought back.
    Restarting,
}

/// All there is on a show's stage.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StageState {
    /// Grows with each change.
    pub revision: u64,
    /// The show.
    pub show: Show,
    /// In the order they were added.
    pub performers: Vec<Performer>,
    /// What the stage shows.
    pub scene: Scene,
    /// In the order they were uploaded.
    pub clips: Vec<Clip>,
    /// The clip on the stage.
    #[schema(required)]
    pub playback: Option<Playback>,
    /// Where the audience looks.
    pub audience: Audience,
    /// The mixer process.
    pub mixer: MixerStatus,
    /// How many are watching.
    pub viewers: u32,
}

/// Loudness of what is in the mix. The data of the `levels` event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LevelMap {
    /// Performer id, `clip` (the stage's) or `audience_clip` → peak in dBFS, 0 loudest.
    pub levels: BTreeMap<String, f32>,
}

/// A show, as its performers see it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct StageShow {
    /// 16 lower-case hexadecimal digits.
    pub id: String,
    /// Its name in addresses.
    pub slug: String,
    /// One line.
    pub title: String,
    /// Where it is in its life.
    pub state: ShowState,
    /// When it is announced for.
    #[schema(required, format = DateTime)]
    pub starts_at: Option<String>,
    /// The shape of its picture.
    pub canvas: CanvasShape,
}

/// The performer who asks.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct Me {
    /// 16 lower-case hexadecimal digits.
    pub id: String,
    /// Written under their picture.
    pub name: String,
    /// What they are on the stage.
    pub role: RoleName,
    /// Their order on air, from 0.
    #[schema(required)]
    pub place: Option<u32>,
    /// Sound taken off by the director.
    pub muted: bool,
    /// Picture taken off by the director.
    pub hidden: bool,
    /// What they publish into.
    pub feed: String,
}

/// Another performer, as their fellows see them.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct Fellow {
    /// 16 lower-case hexadecimal digits.
    pub id: String,
    /// Written under their picture.
    pub name: String,
    /// What they are on the stage.
    pub role: RoleName,
    /// Their order on air, from 0.
    #[schema(required)]
    pub place: Option<u32>,
    /// Whether their media can reach the server.
    pub connection: ConnectionState,
    /// Sound flows now.
    pub audio: bool,
    /// A picture flows now.
    pub video: bool,
    /// Sound taken off by the director.
    pub muted: bool,
}

/// The stage as one performer sees it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct PerformerStage {
    /// The show.
    pub show: StageShow,
    /// Who asks.
    pub me: Me,
    /// Who else is there.
    pub others: Vec<Fellow>,
    /// Where to publish.
    pub whip_url: String,
}

/// Whether the server runs.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Live {
    /// Always true: who cannot answer says nothing.
    pub live: bool,
}

/// Whether the server can do its work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ready {
    /// Whether all checks hold.
    pub ready: bool,
    /// Part → `ok`, or what is wrong.
    pub checks: BTreeMap<String, String>,
}

/// A grant for a seat.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeatGrant {
    /// What is sent as the bearer token.
    pub token: String,
    /// Until when; renew it before.
    #[schema(format = DateTime)]
    pub expires_at: String,
}
