//! What goes into the stage, and what it wants done.

use crate::{Canvas, Clip, Door, Layout, Role, Slate, WallTime};
use palco_base::{ClipId, Codec, FeedId, PerformerId, Secret, SessionId};
use palco_mix::wire::{ToMixer, Transition};

/// Anything that goes into the stage.
#[derive(Clone, Debug)]
pub enum Input {
    /// Somebody with the right to wants something. Refused with a fault, or done.
    Command(Command),
    /// Something happened. Never refused.
    Fact(Fact),
    /// The deadline has come.
    Timeout,
}

impl From<Command> for Input {
    fn from(command: Command) -> Self {
        Self::Command(command)
    }
}

impl From<Fact> for Input {
    fn from(fact: Fact) -> Self {
        Self::Fact(fact)
    }
}

/// What to change of a show; none leaves it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShowPatch {
    /// See [`crate::Show::slug`]. That no other show has it is for the caller to know.
    pub slug: Option<String>,
    /// See [`crate::Show::title`].
    pub title: Option<String>,
    /// See [`crate::Show::description`].
    pub description: Option<String>,
    /// A new date, or none at all.
    pub starts_at: Option<Option<WallTime>>,
    /// See [`crate::Show::max_on_air`]. Not below those on air.
    pub max_on_air: Option<u8>,
    /// See [`crate::Show::canvas`]. Only before the show.
    pub canvas: Option<Canvas>,
    /// See [`crate::Show::door`].
    pub door: Option<Door>,
}

/// What to change of a performer; none leaves it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PerformerPatch {
    /// `Host` puts them on stage, after those who are there.
    pub role: Option<Role>,
    /// See [`crate::Performer::name`].
    pub name: Option<String>,
    /// Takes their sound off.
    pub muted: Option<bool>,
    /// Takes their picture off.
    pub hidden: Option<bool>,
    /// 0 to 2.
    pub volume: Option<f32>,
    /// Order on air from 0, cut to the last. Only for a host.
    pub place: Option<usize>,
}

/// What the stage is to show; what is none stays.
#[derive(Clone, PartialEq, Debug)]
pub struct ScenePatch {
    /// The layout.
    pub layout: Layout,
    /// Who is large; `Some(None)` is nobody in particular.
    pub focus: Option<Option<PerformerId>>,
    /// What the card says.
    pub slate: Option<Slate>,
    /// How the change is made, and later ones too.
    pub transition: Option<Transition>,
}

/// How a clip is played; what is none stays, or is at its beginning, not looped, at volume 1.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct PlayOptions {
    /// ms from the clip's beginning.
    pub position: Option<u64>,
    /// Whether it begins again at its end.
    pub looped: Option<bool>,
    /// 0 to 2.
    pub volume: Option<f32>,
}

/// Where to send the audience.
#[derive(Clone, PartialEq, Debug)]
pub enum Send {
    /// Back to the stage.
    Program,
    /// To a clip of its own.
    Clip {
        /// Which.
        clip: ClipId,
        /// Whether it begins again at its end.
        looped: bool,
        /// Whether its end brings the audience back to the stage.
        return_at_end: bool,
    },
    /// To a card.
    Slate(Slate),
    /// To one performer.
    Performer(PerformerId),
}

/// What a director can want.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Change what is announced.
    PatchShow(ShowPatch),
    /// Let the audience in.
    Start,
    /// Show the audience the slate.
    Pause,
    /// Go on after a pause.
    Resume,
    /// End the show, for good.
    End,
    /// Invite somebody. The caller brings what must be random.
    AddPerformer {
        /// New.
        id: PerformerId,
        /// New.
        feed: FeedId,
        /// New, 128 random bits.
        invitation: Secret,
        /// What they are called.
        name: String,
        /// What they are first.
        role: Role,
    },
    /// Put on or off the stage, mute, hide, rename, ….
    PatchPerformer {
        /// Whom.
        performer: PerformerId,
        /// How.
        patch: PerformerPatch,
    },
    /// Out of the show: sessions closed, invitation and tokens dead.
    RemovePerformer {
        /// Whom.
        performer: PerformerId,
    },
    /// What the stage shows.
    SetScene(ScenePatch),
    /// A clip was uploaded and can be played.
    AddClip(Clip),
    /// Forget a clip and delete its file. Not while it is loaded.
    RemoveClip {
        /// Which.
        clip: ClipId,
    },
    /// Play a clip on the stage, from its beginning or from where it was paused.
    PlayClip {
        /// Which.
        clip: ClipId,
        /// How.
        options: PlayOptions,
        /// Show it: the scene becomes `ClipFull`, unless it shows a clip already, and goes back
        /// to what it was when the clip stops or ends.
        take: bool,
    },
    /// Let the clip on the stage stand still.
    PauseClip {
        /// Which.
        clip: ClipId,
    },
    /// Go to a place in the clip on the stage.
    SeekClip {
        /// Which.
        clip: ClipId,
        /// ms from its beginning.
        position: u64,
    },
    /// Unload the clip from the stage.
    StopClip {
        /// Which.
        clip: ClipId,
    },
    /// Change how the clip on the stage, or the audience's, is played.
    PatchPlayback {
        /// Which.
        clip: ClipId,
        /// How.
        options: PlayOptions,
    },
    /// Where the audience looks.
    SendAudience(Send),
}

/// What can happen.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    /// A performer's WHIP offer was answered. Replaces their earlier session.
    PublisherConnecting {
        /// Who.
        performer: PerformerId,
        /// The session.
        session: SessionId,
    },
    /// Their ICE and DTLS are up.
    PublisherConnected {
        /// Who.
        performer: PerformerId,
        /// The session.
        session: SessionId,
    },
    /// Their session is gone. One that was replaced before is of no interest.
    PublisherClosed {
        /// Who.
        performer: PerformerId,
        /// The session.
        session: SessionId,
        /// They left by themselves (WHIP DELETE, DTLS close), not by a lost network.
        left: bool,
    },
    /// What a performer's feed carries has changed.
    FeedChanged {
        /// Whose.
        feed: FeedId,
        /// Codec of the sound that flows.
        audio: Option<Codec>,
        /// Codec of the picture that flows.
        video: Option<Codec>,
    },
    /// The mixer is up and knows nothing yet.
    MixerStarted,
    /// The mixer is gone; if it is wanted, it is being brought back.
    MixerStopped,
    /// From the mixer: where a clip is.
    ClipState {
        /// Which playback.
        feed: FeedId,
        /// ms from its beginning.
        position: u64,
        /// ms.
        duration: Option<u64>,
        /// Whether it runs.
        playing: bool,
        /// Whether it came to its end.
        ended: bool,
    },
    /// From the mixer: a clip cannot be played.
    ClipFailed {
        /// Which playback.
        feed: FeedId,
        /// A sentence for the director.
        text: String,
    },
    /// How many are watching now.
    Viewers(u32),
    /// How many directors and performers play the Program or the stage's mix now.
    Previews(u32),
}

/// Why the audience is shown out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewersOut {
    /// The show has ended.
    ShowEnded,
    /// The door now asks for a grant; who has one may come back.
    DoorChanged,
}

/// What the stage wants done, in this order. Doing one twice does no harm.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Start (or go on keeping) a mixer process, or stop it.
    MixerWanted(bool),
    /// Tell the mixer. Only while it is up.
    MixerSay(ToMixer),
    /// Hand the mixer the clip's file under this feed, then tell it [`ToMixer::OpenClip`]. If the
    /// file cannot be opened, come back with [`Fact::ClipFailed`]. Only while the mixer is up.
    OpenClip {
        /// Which clip's file.
        clip: ClipId,
        /// What to say then.
        say: ToMixer,
    },
    /// Give, or no longer give, the frames of a performer's feed to the mixer.
    Tap {
        /// Which.
        feed: FeedId,
        /// Start or stop.
        on: bool,
    },
    /// Silence or blank a performer's feed for everybody.
    Mute {
        /// Which.
        feed: FeedId,
        /// Drop its sound.
        audio: bool,
        /// Drop its picture.
        video: bool,
    },
    /// Close every session of a performer who was removed, and their feed.
    PerformerRemoved {
        /// Who.
        performer: PerformerId,
        /// Their feed.
        feed: FeedId,
    },
    /// Close the sessions of all viewers.
    CloseViewers(ViewersOut),
    /// Delete the file of a clip.
    DeleteClip(ClipId),
    /// Store [`crate::Stage::record`].
    Persist,
    /// [`crate::Stage::snapshot`] shows something new.
    Changed,
}
