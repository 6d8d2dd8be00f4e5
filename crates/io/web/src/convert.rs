//! From the stage's types to the wire's.

use crate::backend::Recording;
use crate::links::Links;
use crate::types::{
    Audience, AudienceTarget, CanvasShape, Clip, ConnectionState, DoorRule, Fellow, LayoutName, Me,
    MixerStatus, Performer, PerformerStage, Playback, PlaybackState, PublicShow, RoleName, Scene,
    SceneTransition, Show, ShowLinks, ShowState, SlateText, StageShow, StageState, TransitionKind,
    VideoCodec,
};
use palco_base::{Codec, PerformerId};
use palco_stage as stage;

fn time(time: Option<stage::WallTime>) -> Option<String> {
    time.map(|time| time.to_string())
}

const fn phase(phase: stage::Phase) -> ShowState {
    match phase {
        stage::Phase::Scheduled => ShowState::Scheduled,
        stage::Phase::Live => ShowState::Live,
        stage::Phase::Paused => ShowState::Paused,
        stage::Phase::Over => ShowState::Over,
    }
}

impl From<stage::Canvas> for CanvasShape {
    fn from(canvas: stage::Canvas) -> Self {
        match canvas {
            stage::Canvas::Wide => Self::Wide,
            stage::Canvas::Tall => Self::Tall,
        }
    }
}

impl From<CanvasShape> for stage::Canvas {
    fn from(canvas: CanvasShape) -> Self {
        match canvas {
            CanvasShape::Wide => Self::Wide,
            CanvasShape::Tall => Self::Tall,
        }
    }
}

impl From<stage::Door> for DoorRule {
    fn from(door: stage::Door) -> Self {
        match door {
            stage::Door::Open => Self::Open,
            stage::Door::Grant => Self::Grant,
        }
    }
}

impl From<DoorRule> for stage::Door {
    fn from(door: DoorRule) -> Self {
        match door {
            DoorRule::Open => Self::Open,
            DoorRule::Grant => Self::Grant,
        }
    }
}

impl From<stage::Role> for RoleName {
    fn from(role: stage::Role) -> Self {
        match role {
            stage::Role::Host => Self::Host,
            stage::Role::Backstage => Self::Backstage,
            stage::Role::Crew => Self::Crew,
        }
    }
}

impl From<RoleName> for stage::Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Host => Self::Host,
            RoleName::Backstage => Self::Backstage,
            RoleName::Crew => Self::Crew,
        }
    }
}

impl From<stage::Connection> for ConnectionState {
    fn from(connection: stage::Connection) -> Self {
        match connection {
            stage::Connection::Away => Self::Away,
            stage::Connection::Connecting => Self::Connecting,
            stage::Connection::Connected => Self::Connected,
            stage::Connection::Lost => Self::Lost,
        }
    }
}

impl From<stage::Slate> for SlateText {
    fn from(slate: stage::Slate) -> Self {
        Self { title: slate.title, text: slate.text }
    }
}

impl From<SlateText> for stage::Slate {
    fn from(slate: SlateText) -> Self {
        Self { title: slate.title, text: slate.text }
    }
}

impl From<stage::Transition> for SceneTransition {
    fn from(transition: stage::Transition) -> Self {
        match transition {
            stage::Transition::Cut => Self { kind: TransitionKind::Cut, millis: 0 },
            stage::Transition::Fade { millis } => Self { kind: TransitionKind::Fade, millis },
        }
    }
}

impl From<SceneTransition> for stage::Transition {
    fn from(transition: SceneTransition) -> Self {
        match transition.kind {
            TransitionKind::Cut => Self::Cut,
            TransitionKind::Fade => Self::Fade { millis: transition.millis },
        }
    }
}

const fn layout(layout: stage::Layout) -> LayoutName {
    match layout {
        stage::Layout::Solo => LayoutName::Solo,
        stage::Layout::SideBySide => LayoutName::SideBySide,
        stage::Layout::Grid => LayoutName::Grid,
        stage::Layout::PictureInPicture => LayoutName::PictureInPicture,
        stage::Layout::ClipFull => LayoutName::ClipFull,
        stage::Layout::ClipWithHosts => LayoutName::ClipWithHosts,
        stage::Layout::Slate => LayoutName::Slate,
    }
}

fn place(place: Option<usize>) -> Option<u32> {
    place.and_then(|place| u32::try_from(place).ok())
}

impl From<&stage::Clip> for Clip {
    fn from(clip: &stage::Clip) -> Self {
        Self {
            id: clip.id.to_string(),
            name: clip.name.clone(),
            size: clip.size,
            duration_ms: clip.duration,
            width: clip.picture.map(|(width, _)| width),
            height: clip.picture.map(|(_, height)| height),
            sound: clip.sound,
            created_at: clip.created_at.to_string(),
        }
    }
}

impl From<&stage::Playback> for Playback {
    fn from(playback: &stage::Playback) -> Self {
        Self {
            clip: playback.clip.to_string(),
            state: match playback.state {
                stage::PlayState::Playing => PlaybackState::Playing,
                stage::PlayState::Paused => PlaybackState::Paused,
                stage::PlayState::Ended => PlaybackState::Ended,
                stage::PlayState::Failed => PlaybackState::Failed,
            },
            position_ms: playback.position,
            at: playback.at.to_string(),
            duration_ms: playback.duration,
            looped: playback.looped,
            volume: playback.volume,
            error: playback.error.clone(),
        }
    }
}

/// A show, for its directors.
pub(crate) fn show(show: &stage::Show, links: &Links) -> Show {
    Show {
        id: show.id.to_string(),
        slug: show.slug.clone(),
        title: show.title.clone(),
        description: show.description.clone(),
        state: phase(show.phase),
        starts_at: time(show.starts_at),
        started_at: time(show.started_at),
        ended_at: time(show.ended_at),
        max_on_air: show.max_on_air,
        canvas: show.canvas.into(),
        door: show.door.into(),
        links: ShowLinks { watch: links.watch(&show.slug), desk: links.desk(&show.slug) },
    }
}

/// A show, for everybody.
pub(crate) fn public_show(show: &stage::Show, recording: Recording) -> PublicShow {
    PublicShow {
        replay: matches!(recording, Recording::Ready(_)),
        replay_gone: recording == Recording::Gone,
        id: show.id.to_string(),
        slug: show.slug.clone(),
        title: show.title.clone(),
        description: show.description.clone(),
        state: phase(show.phase),
        starts_at: time(show.starts_at),
        started_at: time(show.started_at),
        ended_at: time(show.ended_at),
        canvas: show.canvas.into(),
        door: show.door.into(),
    }
}

/// A performer, for the director.
pub(crate) fn performer(view: &stage::PerformerView, links: &Links) -> Performer {
    let performer = &view.performer;
    Performer {
        id: performer.id.to_string(),
        name: performer.name.clone(),
        feed: performer.feed.to_string(),
        role: performer.role.into(),
        place: place(view.place),
        connection: view.connection.into(),
        audio: view.audio.is_some(),
        video: view.video.is_some(),
        video_codec: match view.video {
            Some(Codec::H264) => Some(VideoCodec::H264),
            Some(Codec::Vp8) => Some(VideoCodec::Vp8),
            _ => None,
        },
        muted: performer.muted,
        hidden: performer.hidden,
        volume: performer.volume,
        invitation_url: links.invitation(performer.invitation.reveal()),
    }
}

/// All of a stage, for the director.
pub(crate) fn state(snapshot: &stage::Snapshot, links: &Links) -> StageState {
    let scene = &snapshot.scene;
    StageState {
        revision: snapshot.revision,
        show: show(&snapshot.show, links),
        performers: snapshot.performers.iter().map(|view| performer(view, links)).collect(),
        scene: Scene {
            layout: layout(scene.layout),
            focus: scene.focus.map(|id| id.to_string()),
            slate: scene.slate.clone().into(),
            transition: scene.transition.into(),
        },
        clips: snapshot.clips.iter().map(Clip::from).collect(),
        playback: snapshot.playback.as_ref().map(Playback::from),
        audience: audience(snapshot),
        mixer: match snapshot.mixer {
            stage::MixerState::Off => MixerStatus::Off,
            stage::MixerState::Starting => MixerStatus::Starting,
            stage::MixerState::Up => MixerStatus::Up,
            stage::MixerState::Restarting => MixerStatus::Restarting,
        },
        viewers: snapshot.viewers,
    }
}

fn audience(snapshot: &stage::Snapshot) -> Audience {
    let playback = snapshot.audience_playback.as_ref();
    let mut audience = Audience {
        target: AudienceTarget::Program,
        clip: None,
        performer: None,
        slate: None,
        playback: playback.map(Playback::from),
    };
    match &snapshot.target {
        stage::Target::Program => {}
        stage::Target::Clip => {
            audience.target = AudienceTarget::Clip;
            audience.clip = playback.map(|playback| playback.clip.to_string());
        }
        stage::Target::Slate(slate) => {
            audience.target = AudienceTarget::Slate;
            audience.slate = Some(slate.clone().into());
        }
        stage::Target::Performer(id) => {
            audience.target = AudienceTarget::Performer;
            audience.performer = Some(id.to_string());
        }
    }
    audience
}

/// The stage as one performer sees it; none if they do not belong to it any longer.
pub(crate) fn performer_stage(snapshot: &stage::Snapshot, me: PerformerId) -> Option<PerformerStage> {
    let view = snapshot.performer(me)?;
    let others = snapshot.performers.iter().filter(|other| other.performer.id != me);
    let show = &snapshot.show;
    Some(PerformerStage {
        show: StageShow {
            id: show.id.to_string(),
            slug: show.slug.clone(),
            title: show.title.clone(),
            state: phase(show.phase),
            starts_at: time(show.starts_at),
            canvas: show.canvas.into(),
        },
        me: Me {
            id: view.performer.id.to_string(),
            name: view.performer.name.clone(),
            role: view.performer.role.into(),
            place: place(view.place),
            muted: view.performer.muted,
            hidden: view.performer.hidden,
            feed: view.performer.feed.to_string(),
        },
        others: others.map(fellow).collect(),
        whip_url: format!("/whip/{}", show.slug),
    })
}

fn fellow(view: &stage::PerformerView) -> Fellow {
    Fellow {
        id: view.performer.id.to_string(),
        name: view.performer.name.clone(),
        role: view.performer.role.into(),
        place: place(view.place),
        connection: view.connection.into(),
        audio: view.audio.is_some(),
        video: view.video.is_some(),
        muted: view.performer.muted,
    }
}
