//! A backend in memory: real stages, made-up media.

use crate::client::ADMIN;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use palco_base::{Class, ClipId, Fault, MediaTime, Secret, SessionId, ShowId, TicketId, ViewerId};
use palco_hls::path::{Directives, Resource};
use palco_hls::{Body, Cache, Head};
use palco_stage::{Clip, Command, Fact, Now, Record, Snapshot, Stage, WallTime};
use palco_web::{
    Answer, Backend, Download, Health, HlsAnswer, HouseNow, Issued, Levels, Offer, Recording, Right, Seat,
    Session, Upload, Who, unknown_show,
};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{broadcast, watch};

pub(crate) const ANSWER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

struct House {
    stage: Stage,
    audience: palco_house::House,
    states: watch::Sender<Arc<Snapshot>>,
    levels: broadcast::Sender<Levels>,
}

#[derive(Default)]
struct World {
    shows: BTreeMap<ShowId, House>,
    tokens: BTreeMap<String, Result<Who, Fault>>,
    sessions: BTreeMap<SessionId, Session>,
    offers: Vec<Offer>,
    closed: Vec<SessionId>,
    next: u64,
    health: Health,
    full: bool,
    recording: Option<Recording>,
    /// The opening of the one seat that counts, and whose it is.
    sits: Option<(u32, ViewerId)>,
    warns: bool,
}

/// The code of the one ticket there is.
pub(crate) const TICKET: &str = "0123456789abcdef0123456789abcdef";

pub(crate) struct Fake {
    world: Mutex<World>,
    rights: watch::Sender<u64>,
}

impl Default for Fake {
    fn default() -> Self {
        Self { world: Mutex::default(), rights: watch::channel(0).0 }
    }
}

fn now() -> Now {
    Now { media: MediaTime::from_millis(1_000), wall: WallTime::from_unix_seconds(1_800_000_000) }
}

impl Fake {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Makes a token mean something.
    pub(crate) fn token(&self, token: &str, who: Who) {
        self.world().tokens.insert(token.to_owned(), Ok(who));
    }

    pub(crate) fn expired(&self, token: &str) {
        let fault = Fault::new(Class::Unauthenticated, "token_expired", "This token has expired.");
        self.world().tokens.insert(token.to_owned(), Err(fault));
    }

    pub(crate) fn forget(&self, token: &str) {
        self.world().tokens.remove(token);
    }

    pub(crate) fn id(&self, slug: &str) -> ShowId {
        self.find(slug).unwrap().show.id
    }

    pub(crate) fn fact(&self, slug: &str, fact: Fact) {
        let show = self.id(slug);
        let mut world = self.world();
        let house = world.shows.get_mut(&show).unwrap();
        house.stage.handle(fact, now()).unwrap();
        house.said();
    }

    pub(crate) fn levels_of(&self, slug: &str, levels: Levels) -> usize {
        let show = self.id(slug);
        self.world().shows[&show].levels.send(levels).unwrap_or(0)
    }

    /// The feed of the clip on the stage.
    pub(crate) fn deck(&self, slug: &str) -> palco_base::FeedId {
        self.find(slug).unwrap().playback.as_ref().unwrap().feed
    }

    pub(crate) fn offers(&self) -> Vec<Offer> {
        self.world().offers.clone()
    }

    pub(crate) fn closed(&self) -> Vec<SessionId> {
        self.world().closed.clone()
    }

    pub(crate) fn set_health(&self, health: Health) {
        self.world().health = health;
    }

    pub(crate) fn set_recording(&self, recording: Recording) {
        self.world().recording = Some(recording);
    }

    pub(crate) fn warn(&self) {
        self.world().warns = true;
    }

    pub(crate) fn fill_house(&self) {
        self.world().full = true;
    }
}

impl House {
    /// Carries out what the stage wants, which here is to show what is new.
    fn said(&mut self) {
        while self.stage.poll().is_some() {}
        let open = self.stage.show().phase.open();
        self.audience.handle(palco_house::Input::Doors { open }, now());
        self.states.send_replace(Arc::new(self.stage.snapshot(now())));
    }
}

impl Backend for Fake {
    fn authenticate(&self, token: &str) -> Result<Who, Fault> {
        if token == ADMIN {
            return Ok(Who::Admin);
        }
        let world = self.world();
        if let Some(known) = world.tokens.get(token) {
            return known.clone();
        }
        let invited = world.shows.iter().find_map(|(show, house)| {
            let snapshot = house.states.borrow();
            Some(Who::Performer(*show, snapshot.invited(token)?.performer.id))
        });
        invited.ok_or_else(|| Fault::new(Class::Unauthenticated, "token_invalid", "This token is not valid."))
    }

    fn issue(&self, right: Right, lifetime: Duration) -> Result<Issued, Fault> {
        let who = match right {
            Right::Direct(show) => Who::Director(show),
            Right::Perform(show, performer) => Who::Performer(show, performer),
            Right::Watch(show) => Who::Viewer(show, None),
        };
        let mut world = self.world();
        world.next += 1;
        let token = format!("grant-{}", world.next);
        world.tokens.insert(token.clone(), Ok(who));
        let expires = now().wall.unix_seconds() + lifetime.as_secs();
        Ok(Issued { token: Secret::new(token), expires_at: WallTime::from_unix_seconds(expires) })
    }

    fn shows(&self) -> Vec<Arc<Snapshot>> {
        self.world().shows.values().map(|house| house.states.borrow().clone()).collect()
    }

    fn watch(&self, show: ShowId) -> Result<watch::Receiver<Arc<Snapshot>>, Fault> {
        self.world().shows.get(&show).map(|house| house.states.subscribe()).ok_or_else(unknown_show)
    }

    fn levels(&self, show: ShowId) -> Result<broadcast::Receiver<Levels>, Fault> {
        self.world().shows.get(&show).map(|house| house.levels.subscribe()).ok_or_else(unknown_show)
    }

    fn create(&self, new: palco_stage::NewShow) -> BoxFuture<'_, Result<Arc<Snapshot>, Fault>> {
        Box::pin(async move {
            let record = Record::new(new, |slug| self.find(slug).is_some())?;
            let id = record.show.id;
            let stage = Stage::new(record, now());
            let (states, _) = watch::channel(Arc::new(stage.snapshot(now())));
            let audience = palco_house::House::new(None);
            let mut house = House { stage, audience, states, levels: broadcast::channel(8).0 };
            house.said();
            let snapshot = house.states.borrow().clone();
            self.world().shows.insert(id, house);
            Ok(snapshot)
        })
    }

    fn delete(&self, show: ShowId) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            let mut world = self.world();
            let house = world.shows.get(&show).ok_or_else(unknown_show)?;
            if house.stage.show().phase.open() {
                return Err(Fault::conflict("show_live", "The show is live.").hint("End it first."));
            }
            world.shows.remove(&show);
            Ok(())
        })
    }

    fn command(&self, show: ShowId, command: Command) -> BoxFuture<'_, Result<Arc<Snapshot>, Fault>> {
        Box::pin(async move {
            let mut world = self.world();
            let house = world.shows.get_mut(&show).ok_or_else(unknown_show)?;
            house.stage.handle(command, now())?;
            house.said();
            let snapshot = house.states.borrow().clone();
            Ok(snapshot)
        })
    }

    fn upload(&self, show: ShowId, mut upload: Upload) -> BoxFuture<'_, Result<Clip, Fault>> {
        Box::pin(async move {
            let mut bytes = Vec::new();
            while let Some(chunk) = upload.bytes.next().await {
                bytes.extend_from_slice(&chunk?);
            }
            if upload.length.is_some_and(|length| length > 1_000_000) {
                return Err(Fault::new(Class::TooLarge, "clip_too_large", "A clip can have 1 MB at most."));
            }
            if bytes.is_empty() {
                return Err(Fault::unprocessable("clip_empty", "The file is empty."));
            }
            let clip = Clip {
                id: ClipId::new({
                    let mut world = self.world();
                    world.next += 1;
                    world.next
                }),
                name: upload.name,
                size: bytes.len() as u64,
                duration: Some(60_000),
                picture: Some((1920, 1080)),
                sound: true,
                created_at: now().wall,
            };
            self.command(show, Command::AddClip(clip.clone())).await?;
            Ok(clip)
        })
    }

    fn open(&self, offer: Offer) -> BoxFuture<'_, Result<Answer, Fault>> {
        Box::pin(async move {
            let mut world = self.world();
            if world.full {
                return Err(Fault::unavailable("house_full", "The house is full."));
            }
            world.next += 1;
            let session = SessionId::new(0xabc0_0000_0000_0000 + world.next);
            let kept = Session { show: offer.show, who: offer.who, media: offer.media };
            world.sessions.insert(session, kept);
            world.offers.push(offer);
            Ok(Answer { session, sdp: ANSWER.to_owned() })
        })
    }

    fn hls(
        &self,
        _: ShowId,
        resource: Resource,
        directives: Directives,
    ) -> BoxFuture<'_, Result<HlsAnswer, Fault>> {
        Box::pin(async move {
            let (content_type, cache) = match resource {
                Resource::Segment(_, 9) => {
                    return Err(Fault::not_found("unknown_segment", "There is no such segment."));
                }
                Resource::Segment(..) => ("video/mp4", Cache::Immutable),
                _ => ("application/vnd.apple.mpegurl", Cache::No),
            };
            let head = Head { content_type, cache, etag: "\"tag\"".to_owned() };
            let text = format!("{resource} {:?}", directives.msn);
            let body = if cache == Cache::No { Body::text(text) } else { bytes::Bytes::from(text).into() };
            Ok(HlsAnswer { head, body })
        })
    }

    fn tell_house(&self, show: ShowId, input: palco_house::Input) {
        self.world().shows.get_mut(&show).unwrap().audience.handle(input, now());
    }

    fn house(&self, show: ShowId) -> Result<HouseNow, Fault> {
        let world = self.world();
        let audience = &world.shows.get(&show).ok_or_else(unknown_show)?.audience;
        Ok(HouseNow { present: audience.present(), report: audience.report().clone() })
    }

    fn recording(&self, _: ShowId) -> Recording {
        self.world().recording.unwrap_or(Recording::Ready(None))
    }

    fn film(&self, _: ShowId) -> BoxFuture<'_, Result<Download, Fault>> {
        let read = |range: Range<u64>| {
            let text = &"onetwothree"[range.start as usize..range.end as usize];
            let pieces: Vec<_> = text.as_bytes().chunks(3).map(|piece| Ok(piece.into())).collect();
            futures_util::stream::iter(pieces).boxed()
        };
        let download = Download { length: 11, tag: "\"film\"".to_owned(), read: Box::new(read) };
        Box::pin(async move { Ok(download) })
    }

    fn take_seat<'a>(
        &'a self,
        show: ShowId,
        code: &'a str,
        viewer: ViewerId,
        take: bool,
    ) -> BoxFuture<'a, Result<Issued, Fault>> {
        Box::pin(async move {
            if code != TICKET {
                return Err(Fault::not_found("ticket_unknown", "There is no such ticket."));
            }
            let sits = self.world().sits;
            if sits.is_some_and(|(_, sits)| sits != viewer) && !take {
                return Err(Fault::conflict("seat_open", "Your seat is open on another screen."));
            }
            let version = sits.map_or(1, |(version, sits)| version + u32::from(sits != viewer));
            self.world().sits = Some((version, viewer));
            self.rights.send_modify(|rights| *rights += 1);
            self.renew_seat(show, Seat { ticket: TicketId::new(7), version, replay: false }, viewer)
        })
    }

    fn renew_seat(&self, show: ShowId, seat: Seat, viewer: ViewerId) -> Result<Issued, Fault> {
        if self.world().sits != Some((seat.version, viewer)) {
            return Err(Fault::conflict("seat_taken", "Your seat was taken on another screen."));
        }
        let token = format!("seat-{}", seat.version);
        self.token(&token, Who::Viewer(show, Some(seat)));
        Ok(Issued { token: Secret::new(token), expires_at: now().wall })
    }

    fn leave_seat(&self, _: Seat, _: ViewerId) {
        self.world().sits = None;
    }

    fn rights(&self) -> watch::Receiver<u64> {
        self.rights.subscribe()
    }

    fn warns(&self, _: ShowId) -> bool {
        self.world().warns
    }

    fn session(&self, session: SessionId) -> Option<Session> {
        self.world().sessions.get(&session).copied()
    }

    fn close(&self, session: SessionId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut world = self.world();
            world.sessions.remove(&session);
            world.closed.push(session);
        })
    }

    fn health(&self) -> Health {
        self.world().health.clone()
    }

    fn metrics(&self) -> String {
        "# TYPE palco_viewers gauge\npalco_viewers 3\n".to_owned()
    }
}
