//! What the web needs of the rest of the server: one trait, in the stage's own types.
//!
//! The web layer checks *who may ask what* (with [`Backend::authenticate`]) before it calls
//! anything else; an implementation need not check again. Show ids it hands over come from
//! [`Backend::shows`], but the show may be gone by then: answer with [`unknown_show`].

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use palco_base::{Fault, FeedId, PerformerId, Secret, SessionId, ShowId, TicketId, ViewerId};
use palco_hls::path::{Directives, Resource};
use palco_stage::{Clip, Command, NewShow, Snapshot, WallTime};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// Who is asking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// Has the admin token: everything.
    Admin,
    /// Has a director's grant: everything of one show.
    Director(ShowId),
    /// Has a performer's invitation or WHIP token.
    Performer(ShowId, PerformerId),
    /// Has a viewer's grant; with a seat if a ticket is behind it.
    Viewer(ShowId, Option<Seat>),
}

impl Who {
    /// The one show the right is for; none for the admin.
    #[must_use]
    pub fn show(&self) -> Option<ShowId> {
        match self {
            Self::Admin => None,
            Self::Director(show) | Self::Performer(show, _) | Self::Viewer(show, _) => Some(*show),
        }
    }
}

/// The seat of a ticket, as a grant names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seat {
    /// Whose.
    pub ticket: TicketId,
    /// Which opening of it: only the newest counts.
    pub version: u32,
    /// Whether it lets one see the replay.
    pub replay: bool,
}

/// A right to be written into a grant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// To direct the show.
    Direct(ShowId),
    /// To publish as this performer (the WHIP token).
    Perform(ShowId, PerformerId),
    /// To watch the show.
    Watch(ShowId),
}

/// A signed grant.
#[derive(Clone, Debug)]
pub struct Issued {
    /// What is sent as the bearer token.
    pub token: Secret,
    /// Until when.
    pub expires_at: WallTime,
}

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Media {
    /// WHIP: publish as this performer.
    Publish(PerformerId),
    /// WHEP: play the Program, as a viewer.
    Watch,
    /// WHEP: play the Program before or beside the audience, as a director or performer.
    Preview,
    /// WHEP: play the stage's own mix; it is the Program unless the audience is elsewhere.
    Stage,
    /// WHEP: play what a performer publishes, as it comes.
    Performer(PerformerId),
}

/// A session that is asked for.
#[derive(Clone, Debug)]
pub struct Offer {
    /// On which show.
    pub show: ShowId,
    /// By whom; none for a viewer without a grant.
    pub who: Option<Who>,
    /// For what.
    pub media: Media,
    /// For which viewer, if their player said so.
    pub viewer: Option<ViewerId>,
    /// The SDP offer, at most 64 kB, UTF-8.
    pub sdp: String,
}

/// A session that was opened.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its id, random.
    pub session: SessionId,
    /// The SDP answer.
    pub sdp: String,
}

/// A session as far as the web must know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    /// On which show.
    pub show: ShowId,
    /// Who opened it.
    pub who: Option<Who>,
    /// For what.
    pub media: Media,
}

/// A clip that is being uploaded.
pub struct Upload {
    /// What it is called.
    pub name: String,
    /// Its length if the client said so.
    pub length: Option<u64>,
    /// The bytes as they come. A fault in it ends the upload; the answer is that fault.
    pub bytes: Bytestream,
}

/// What an HLS request gets: a head, and a body that all who get it share.
#[derive(Clone, Debug)]
pub struct HlsAnswer {
    /// The head.
    pub head: palco_hls::Head,
    /// The whole body.
    pub body: palco_hls::Body,
}

/// The house of a show: who is there, and all numbers so far.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HouseNow {
    /// Who is there now.
    pub present: palco_house::ByWay<u32>,
    /// All numbers so far.
    pub report: palco_house::Report,
}

/// Whether there is a recording of a show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recording {
    /// Nothing was recorded, so far.
    None,
    /// The show is being recorded.
    Running,
    /// The recording had to end before the show, for the fault with this code.
    Stopped(&'static str),
    /// There is one of a show that is over; it may have had to end before the show.
    Ready(Option<&'static str>),
    /// There was one; it was not kept any longer.
    Gone,
}

/// Bytes as they are read.
pub type Bytestream = BoxStream<'static, Result<Bytes, Fault>>;

/// A file on its way out.
pub struct Download {
    /// Bytes in it.
    pub length: u64,
    /// Its entity tag, with the quotes.
    pub tag: String,
    /// Gives the bytes of a range as they are read. A fault in it breaks the download off.
    pub read: Box<dyn FnOnce(Range<u64>) -> Bytestream + Send>,
}

/// Loudness of the sources in the mix, peak in dBFS; every 200 ms.
pub type Levels = Arc<[(FeedId, f32)]>;

/// Whether the server can do its work.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Health {
    /// One per part: its name, and what is wrong if something is.
    pub checks: Vec<(&'static str, Result<(), String>)>,
}

/// The rest of the server.
pub trait Backend: Send + Sync + 'static {
    /// Who sends this bearer token.
    ///
    /// # Errors
    /// `token_invalid` or `token_expired`, [`palco_base::Class::Unauthenticated`].
    fn authenticate(&self, token: &str) -> Result<Who, Fault>;

    /// Signs a right. How long at most is for the implementation to know; longer is cut.
    ///
    /// # Errors
    /// When show or performer are gone.
    fn issue(&self, right: Right, lifetime: Duration) -> Result<Issued, Fault>;

    /// All shows as they are now.
    fn shows(&self) -> Vec<Arc<Snapshot>>;

    /// The show with this id or slug.
    fn find(&self, key: &str) -> Option<Arc<Snapshot>> {
        let id = key.parse::<ShowId>().ok();
        self.shows().into_iter().find(|s| s.show.slug == key || Some(s.show.id) == id)
    }

    /// The show as it is now, and each change of it. Ends when the show is deleted.
    ///
    /// # Errors
    /// [`unknown_show`].
    fn watch(&self, show: ShowId) -> Result<watch::Receiver<Arc<Snapshot>>, Fault>;

    /// What is heard in the show's mix.
    ///
    /// # Errors
    /// [`unknown_show`].
    fn levels(&self, show: ShowId) -> Result<broadcast::Receiver<Levels>, Fault>;

    /// Announces a show.
    fn create(&self, new: NewShow) -> BoxFuture<'_, Result<Arc<Snapshot>, Fault>>;

    /// Deletes a show with all it has. `show_live` while it is live or paused.
    fn delete(&self, show: ShowId) -> BoxFuture<'_, Result<(), Fault>>;

    /// Has a command done; gives the show as it is then, with everything of it visible.
    fn command(&self, show: ShowId, command: Command) -> BoxFuture<'_, Result<Arc<Snapshot>, Fault>>;

    /// Takes a clip in: stores it, probes it, adds it to the show.
    fn upload(&self, show: ShowId, upload: Upload) -> BoxFuture<'_, Result<Clip, Fault>>;

    /// Opens a media session. Whether the show is live and who may play what was checked.
    fn open(&self, offer: Offer) -> BoxFuture<'_, Result<Answer, Fault>>;

    /// Answers a viewer's HLS request; waits for what is not there yet. Who may watch was checked.
    fn hls(
        &self,
        show: ShowId,
        resource: Resource,
        directives: Directives,
    ) -> BoxFuture<'_, Result<HlsAnswer, Fault>>;

    /// Tells the house what is known of a viewer. Who may watch was checked.
    fn tell_house(&self, show: ShowId, input: palco_house::Input);

    /// Who watches the show, and how well.
    ///
    /// # Errors
    /// [`unknown_show`].
    fn house(&self, show: ShowId) -> Result<HouseNow, Fault>;

    /// Whether there is a recording of the show.
    fn recording(&self, show: ShowId) -> Recording;

    /// The recording of a show that is over, as one MP4.
    fn film(&self, show: ShowId) -> BoxFuture<'_, Result<Download, Fault>>;

    /// Opens a ticket's seat for this viewer: a grant to watch. With `take`, also if the seat is open
    /// on another screen, which then loses it.
    ///
    /// # Errors
    /// `ticket_unknown`, `ticket_other_show`, `ticket_void`, `seat_open`.
    fn take_seat<'a>(
        &'a self,
        show: ShowId,
        code: &'a str,
        viewer: ViewerId,
        take: bool,
    ) -> BoxFuture<'a, Result<Issued, Fault>>;

    /// A new grant for who still has the seat.
    ///
    /// # Errors
    /// `seat_taken`, `ticket_void`.
    fn renew_seat(&self, show: ShowId, seat: Seat, viewer: ViewerId) -> Result<Issued, Fault>;

    /// The screen is closed: the seat can be opened elsewhere without asking.
    fn leave_seat(&self, seat: Seat, viewer: ViewerId);

    /// Grows whenever a right may have ended: whoever streams to somebody looks again.
    fn rights(&self) -> watch::Receiver<u64>;

    /// Whether a show asks something (a content warning, an age) before any picture.
    fn warns(&self, show: ShowId) -> bool;

    /// The session with this id, if it is open.
    fn session(&self, session: SessionId) -> Option<Session>;

    /// Ends a session at its owner's wish; one that is gone already is of no interest.
    fn close(&self, session: SessionId) -> BoxFuture<'_, ()>;

    /// Whether the server can do its work.
    fn health(&self) -> Health;

    /// The metrics in Prometheus' text format.
    fn metrics(&self) -> String;
}

/// There is no such show (any longer).
#[must_use]
pub fn unknown_show() -> Fault {
    Fault::not_found("unknown_show", "There is no such show.")
}
