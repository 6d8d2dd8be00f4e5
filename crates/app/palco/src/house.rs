//! All shows of this server, behind the web's [`Backend`].

use crate::clock;
use crate::live::{Live, Surroundings};
use crate::metrics::Metrics;
use crate::office::{Foyer, Seats, ticket_void};
use crate::recordings;
use crate::viewers::Viewers;
use futures_util::StreamExt;
use palco_base::{Class, Fault, FeedId, PerformerId, Secret, SessionId, ShowId, TicketId, ViewerId};
use palco_boxoffice::TicketState;
use palco_grant::{Grant, GrantFault, Key, KeyRing, Kind};
use palco_hls::path::{Directives, Resource};
use palco_mix::wire::Probe;
use palco_sfu::{CloseReason, Command as Sfu, Event, SfuStats};
use palco_stage::{Clip, Command, Fact, NewShow, Phase, Record, Snapshot, WallTime};
use palco_store::{Database, Kept, Store};
use palco_web::{
    Answer, Backend, Download, Health, HlsAnswer, HouseNow, Issued, Levels, Media, Offer, Recording, Right,
    Seat, Session, Upload, Who, unknown_show,
};
use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long an offer may wait for its answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a viewer's grant lives at most: it is renewed over the live session (DESIGN.md §4).
const WATCH: Duration = Duration::from_secs(5 * 60);
/// How long any other grant lives at most.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// All shows, and what they share.
pub(crate) struct House {
    around: Arc<Surroundings>,
    keys: KeyRing,
    admin: Secret,
    mixer_program: PathBuf,
    metrics: Metrics,
    lives: RwLock<HashMap<ShowId, Arc<Live>>>,
    /// One show is announced at a time, so that two cannot take the same slug.
    announcing: tokio::sync::Mutex<()>,
    /// Of each shard.
    shard_stats: Mutex<HashMap<u8, SfuStats>>,
    shards_up: AtomicBool,
    books: Database,
    foyer: Arc<Foyer>,
    seats: Seats,
}

impl House {
    /// The house with the shows it had before.
    ///
    /// # Errors
    /// When a show cannot be started.
    pub(crate) async fn open(
        around: Arc<Surroundings>,
        metrics: Metrics,
        books: Database,
        foyer: Arc<Foyer>,
    ) -> Result<Self, Fault> {
        let store = &around.store;
        let seats = Seats::default();
        seats.remember(books.seats().await?);
        let house = Self {
            books,
            foyer,
            seats,
            keys: key_ring(store)?,
            admin: store.admin_token()?,
            mixer_program: around.mixer.program.clone(),
            metrics,
            lives: RwLock::default(),
            announcing: tokio::sync::Mutex::new(()),
            shard_stats: Mutex::default(),
            shards_up: AtomicBool::new(true),
            around: Arc::clone(&around),
        };
        for record in store.load()?.records {
            house.admit(record)?;
        }
        Ok(house)
    }

    /// The token that may do everything.
    pub(crate) fn admin_token(&self) -> Secret {
        self.admin.clone()
    }

    /// Ends everything: records stored, sessions closed, mixers gone.
    pub(crate) async fn close(&self) {
        for live in self.lives() {
            live.stop().await;
            live.viewers.close(&self.around.store);
        }
    }

    pub(crate) fn mixer_program(&self) -> &std::path::Path {
        &self.mixer_program
    }

    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::clone(&self.around.store)
    }

    /// Does something with the house of each show.
    pub(crate) fn each_house(&self, mut what: impl FnMut(&Viewers, &Store)) {
        self.lives().iter().for_each(|live| what(&live.viewers, &self.around.store));
    }

    /// Deletes the recordings of shows that ended so many days ago. Blocks.
    pub(crate) fn delete_old_recordings(&self, days: u32) {
        let now = clock::now().wall;
        for live in self.lives() {
            let show = live.snapshot.borrow().show.clone();
            let old = show.ended_at.is_some_and(|ended| recordings::kept_long_enough(ended, now, days));
            if show.phase != Phase::Over || !old {
                continue;
            }
            match self.around.store.delete_recording(show.id) {
                Ok(true) => {
                    live.forget_replay();
                    tracing::info!(show = show.slug, days, "its recording was kept long enough: deleted");
                }
                Ok(false) => {}
                Err(fault) => tracing::error!(show = show.slug, ?fault, "a recording cannot be deleted"),
            }
        }
    }

    /// What the thread of a shard told; not frames, which never come here.
    pub(crate) fn hear(&self, shard: u8, event: &Event) {
        let noted = self.around.sessions.note(event);
        match event {
            Event::FeedChanged { feed, audio, video } => {
                if let Some(live) =
                    self.around.sessions.show_of_feed(*feed).and_then(|show| self.live(show).ok())
                {
                    live.fact(Fact::FeedChanged { feed: *feed, audio: *audio, video: *video });
                }
            }
            Event::Stats(stats) => {
                self.shard_stats.lock().unwrap_or_else(PoisonError::into_inner).insert(shard, **stats);
            }
            _ => {}
        }
        let Some((session, entry)) = noted else { return };
        let Ok(live) = self.live(entry.session.show) else { return };
        if entry.session.media == Media::Watch {
            let viewer = entry.viewer.unwrap_or(ViewerId::new(session.bits()));
            match event {
                Event::Connected { .. } => live.viewers.connected(session, viewer),
                Event::Closed { reason, .. } => live.viewers.closed(session, *reason),
                _ => {}
            }
        }
        match (entry.session.media, event) {
            (Media::Publish(performer), Event::Answered { answer: Ok(_), .. }) => {
                live.fact(Fact::PublisherConnecting { performer, session });
            }
            (Media::Publish(performer), Event::Connected { .. }) => {
                live.fact(Fact::PublisherConnected { performer, session });
            }
            // Another session of theirs took over; the feed goes on, and tells only if it falls silent.
            (Media::Publish(_), Event::Closed { reason: CloseReason::Replaced, .. }) => {}
            (Media::Publish(performer), Event::Closed { reason, .. }) => {
                let left = *reason == CloseReason::ByPeer;
                live.fact(Fact::PublisherClosed { performer, session, left });
            }
            (Media::Publish(_), _) => {}
            (_, Event::Connected { .. } | Event::Closed { .. }) => {
                let house = self.around.sessions.house(live.id);
                live.fact(Fact::Viewers(house.viewers));
                live.fact(Fact::Previews(house.previews));
            }
            _ => {}
        }
    }

    /// A shard has ended, which it must not.
    pub(crate) fn shard_ended(&self) {
        self.shards_up.store(false, Ordering::Relaxed);
    }

    fn admit(&self, record: Record) -> Result<Arc<Live>, Fault> {
        let feeds = [FeedId::new(random()?), FeedId::new(random()?)];
        let live = Live::open(record, Arc::clone(&self.around), feeds).map_err(|error| {
            Fault::unavailable("show_failed", "The show could not be opened.").internal(error)
        })?;
        let live = Arc::new(live);
        self.lives.write().unwrap_or_else(PoisonError::into_inner).insert(live.id, Arc::clone(&live));
        Ok(live)
    }

    fn lives(&self) -> Vec<Arc<Live>> {
        self.lives.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn live(&self, show: ShowId) -> Result<Arc<Live>, Fault> {
        let lives = self.lives.read().unwrap_or_else(PoisonError::into_inner);
        lives.get(&show).cloned().ok_or_else(unknown_show)
    }

    /// Which feed a session publishes into or plays.
    fn feed_of(&self, live: &Live, media: Media) -> Result<FeedId, Fault> {
        let snapshot = live.snapshot.borrow();
        let theirs =
            |id: PerformerId| snapshot.performer(id).map(|p| p.performer.feed).ok_or_else(unknown_performer);
        Ok(match media {
            Media::Publish(performer) | Media::Performer(performer) => theirs(performer)?,
            Media::Watch | Media::Preview => live.program,
            Media::Stage => live.stage_feed(),
        })
    }

    async fn open_session(&self, offer: Offer) -> Result<Answer, Fault> {
        let live = self.live(offer.show)?;
        let feed = self.feed_of(&live, offer.media)?;
        let id = SessionId::new(random()?);
        let session = Session { show: offer.show, who: offer.who, media: offer.media };
        let answer = self.around.sessions.expect(id, session, feed, offer.viewer);
        let command = match offer.media {
            Media::Publish(_) => Sfu::Publish { session: id, feed, offer: offer.sdp },
            media => Sfu::Play { session: id, source: feed, offer: offer.sdp, viewer: media == Media::Watch },
        };
        if self.around.shards.send(command).is_err() {
            self.around.sessions.forget(id);
            return Err(
                Fault::unavailable("busy", "The server has too much to do.").hint("Try again in a moment.")
            );
        }
        let late = || {
            Fault::unavailable("busy", "The server did not answer in time.").hint("Try again in a moment.")
        };
        match tokio::time::timeout(ANSWER, answer).await {
            Ok(Ok(sdp)) => Ok(Answer { session: id, sdp: sdp? }),
            Ok(Err(_)) => Err(late()),
            Err(_) => {
                // It may be answered yet: nobody will use it.
                let _ = self.around.shards.send(Sfu::Close { session: id, reason: CloseReason::TimedOut });
                Err(late())
            }
        }
    }

    async fn announce(&self, new: NewShow) -> Result<Arc<Snapshot>, Fault> {
        let _one_at_a_time = self.announcing.lock().await;
        let shows = self.shows();
        let record = Record::new(new, |slug| shows.iter().any(|s| s.show.slug == slug))?;
        self.around.store.save(&record)?;
        let live = self.admit(record)?;
        let snapshot = live.snapshot.borrow().clone();
        Ok(snapshot)
    }

    async fn do_command(&self, show: ShowId, command: Command) -> Result<Arc<Snapshot>, Fault> {
        let live = self.live(show)?;
        let Command::PatchShow(patch) = &command else { return live.command(command).await };
        let Some(slug) = patch.slug.clone() else { return live.command(command).await };
        let _one_at_a_time = self.announcing.lock().await;
        if self.shows().iter().any(|s| s.show.slug == slug && s.show.id != show) {
            return Err(Fault::conflict("slug_taken", "Another show has this name in its address.")
                .hint("Choose another slug."));
        }
        live.command(command).await
    }

    async fn remove(&self, show: ShowId) -> Result<(), Fault> {
        let live = self.live(show)?;
        if live.snapshot.borrow().show.phase.open() {
            return Err(Fault::conflict("show_live", "The show is live.").hint("End it first."));
        }
        let over = live.snapshot.borrow().show.phase == Phase::Over;
        if !over && self.foyer.rows(show).is_some_and(|rows| rows.listing.taken > 0) {
            return Err(Fault::conflict("show_sold", "Tickets to this show are sold.")
                .hint("Cancel it in the office: everybody gets their money back."));
        }
        self.lives.write().unwrap_or_else(PoisonError::into_inner).remove(&show);
        live.stop().await;
        self.around.store.delete(show)
    }

    async fn take_in(&self, show: ShowId, upload: Upload) -> Result<Clip, Fault> {
        let live = self.live(show)?;
        if live.snapshot.borrow().show.phase == Phase::Over {
            return Err(Fault::conflict("show_over", "The show is over."));
        }
        let Upload { name, length, mut bytes } = upload;
        let mut writer = self.around.store.new_clip(show, length).await?;
        while let Some(piece) = bytes.next().await {
            writer.write(&piece?).await?;
        }
        let received = writer.finish().await?;
        let (id, size) = (received.id(), received.size);
        let file = received.file.try_clone().map_err(|error| {
            Fault::new(Class::Internal, "store_failed", "The clip could not be read back.").internal(error)
        })?;
        let program = self.mixer_program.clone();
        let verdict = tokio::task::spawn_blocking(move || palco_worker::probe(&program, file)).await;
        let verdict = verdict.map_err(|error| {
            Fault::new(Class::Internal, "probe_failed", "The clip could not be checked.").internal(error)
        })??;
        let clip = clip(id, name, size, verdict)?;
        received.keep()?;
        let snapshot = live.command(Command::AddClip(clip)).await.inspect_err(|_| {
            forget_clip(&self.around.store, show, id);
        })?;
        snapshot
            .clips
            .iter()
            .find(|c| c.id == id)
            .cloned()
            .ok_or_else(|| Fault::conflict("clip_gone", "The clip was deleted while it was being added."))
    }
}

/// Deletes a clip's file; one that cannot be deleted is said in the log.
pub(crate) fn forget_clip(store: &Store, show: ShowId, clip: palco_base::ClipId) {
    if let Err(fault) = store.delete_clip(show, clip) {
        tracing::warn!(%show, ?fault, "a clip's file could not be deleted");
    }
}

fn key_ring(store: &Store) -> Result<KeyRing, Fault> {
    let keys = store.grant_keys()?;
    let key = |key: &palco_store::GrantKey| Key::new(key.id, key.bytes);
    Ok(KeyRing::new(key(&keys.current), keys.previous.as_ref().map(key)))
}

fn unknown_performer() -> Fault {
    Fault::not_found("unknown_performer", "There is no such performer in this show.")
}

/// What an accepted upload becomes; a refused one becomes the fault that says why.
fn clip(id: palco_base::ClipId, name: String, size: u64, verdict: Probe) -> Result<Clip, Fault> {
    match verdict {
        Probe::Playable { duration, picture, sound } => {
            Ok(Clip { id, name, size, duration, picture, sound, created_at: clock::now().wall })
        }
        Probe::Refused { code, text } => {
            const CODES: [&str; 5] = [
                "clip_empty",
                "clip_not_media",
                "clip_truncated",
                "clip_too_large_picture",
                "clip_undecodable",
            ];
            let known = CODES.into_iter().find(|known| *known == code);
            Err(Fault::unprocessable(known.unwrap_or("clip_undecodable"), text)
                .hint("MP4, MKV, WebM, MOV and most other videos, sounds and pictures work."))
        }
    }
}

/// 64 bits of the system's randomness.
pub(crate) fn random() -> Result<u64, Fault> {
    getrandom::u64().map_err(|error| {
        Fault::new(Class::Internal, "no_randomness", "The system gives no random numbers.").internal(error)
    })
}

impl Backend for House {
    fn authenticate(&self, token: &str) -> Result<Who, Fault> {
        if self.admin.matches(token) {
            return Ok(Who::Admin);
        }
        if let Some((show, performer)) =
            self.shows().iter().find_map(|s| s.invited(token).map(|p| (s.show.id, p.performer.id)))
        {
            return Ok(Who::Performer(show, performer));
        }
        let grant =
            self.keys.verify(token, clock::now().wall.unix_seconds()).map_err(|fault| match fault {
                GrantFault::Expired => {
                    Fault::new(Class::Unauthenticated, "token_expired", "This link or token has expired.")
                        .hint("Ask for a new one.")
                }
                _ => Fault::new(Class::Unauthenticated, "token_invalid", "This link or token is not valid.")
                    .hint("Check that all of it was copied, or ask for a new one."),
            })?;
        self.holder(&grant)
    }

    fn issue(&self, right: Right, lifetime: Duration) -> Result<Issued, Fault> {
        let (kind, show, subject, longest) = match right {
            Right::Direct(show) => (Kind::Director, show, None, LONGEST),
            Right::Perform(show, performer) => (Kind::Performer, show, Some(performer), LONGEST),
            Right::Watch(show) => (Kind::Viewer, show, None, WATCH),
        };
        let live = self.live(show)?;
        if let Some(performer) = subject
            && live.snapshot.borrow().performer(performer).is_none()
        {
            return Err(unknown_performer());
        }
        let now = clock::now().wall.unix_seconds();
        let expires = now + lifetime.min(longest).as_secs();
        let grant = Grant { kind, show, subject, seat: None, iat: now, exp: expires, id: random()? };
        Ok(Issued { token: self.keys.issue(&grant), expires_at: WallTime::from_unix_seconds(expires) })
    }

    fn shows(&self) -> Vec<Arc<Snapshot>> {
        self.lives().iter().map(|live| live.snapshot.borrow().clone()).collect()
    }

    fn watch(&self, show: ShowId) -> Result<watch::Receiver<Arc<Snapshot>>, Fault> {
        Ok(self.live(show)?.snapshot.clone())
    }

    fn levels(&self, show: ShowId) -> Result<broadcast::Receiver<Levels>, Fault> {
        Ok(self.live(show)?.levels.subscribe())
    }

    fn create(&self, new: NewShow) -> Boxed<'_, Result<Arc<Snapshot>, Fault>> {
        Box::pin(self.announce(new))
    }

    fn delete(&self, show: ShowId) -> Boxed<'_, Result<(), Fault>> {
        Box::pin(self.remove(show))
    }

    fn command(&self, show: ShowId, command: Command) -> Boxed<'_, Result<Arc<Snapshot>, Fault>> {
        Box::pin(self.do_command(show, command))
    }

    fn upload(&self, show: ShowId, upload: Upload) -> Boxed<'_, Result<Clip, Fault>> {
        Box::pin(self.take_in(show, upload))
    }

    fn open(&self, offer: Offer) -> Boxed<'_, Result<Answer, Fault>> {
        Box::pin(self.open_session(offer))
    }

    fn hls(
        &self,
        show: ShowId,
        resource: Resource,
        directives: Directives,
    ) -> Boxed<'_, Result<HlsAnswer, Fault>> {
        Box::pin(async move { self.live(show)?.broadcast()?.request(resource, directives).await })
    }

    fn tell_house(&self, show: ShowId, input: palco_house::Input) {
        if let Ok(live) = self.live(show) {
            live.viewers.tell(input);
        }
    }

    fn house(&self, show: ShowId) -> Result<HouseNow, Fault> {
        let (present, report) = self.live(show)?.viewers.now();
        Ok(HouseNow { present, report })
    }

    fn recording(&self, show: ShowId) -> Recording {
        let kept = self.around.store.kept(show);
        let Ok(live) = self.live(show) else { return Recording::None };
        let open = live.snapshot.borrow().show.phase.open();
        let on_air = live.on_air();
        let failed = on_air.as_ref().and_then(|on_air| on_air.recording_failed());
        match kept {
            Kept::Gone => Recording::Gone,
            _ if open && on_air.is_none() => Recording::Stopped("store_failed"),
            _ if open => failed.map_or(Recording::Running, Recording::Stopped),
            Kept::There => Recording::Ready(failed),
            Kept::Nothing => Recording::None,
        }
    }

    fn film(&self, show: ShowId) -> Boxed<'_, Result<Download, Fault>> {
        Box::pin(recordings::film(self, show))
    }

    fn take_seat<'a>(
        &'a self,
        show: ShowId,
        code: &'a str,
        viewer: ViewerId,
        take: bool,
    ) -> Boxed<'a, Result<Issued, Fault>> {
        Box::pin(self.open_seat(show, code, viewer, take))
    }

    fn renew_seat(&self, show: ShowId, seat: Seat, viewer: ViewerId) -> Result<Issued, Fault> {
        self.seats.seen(seat.ticket, seat.version, viewer, Instant::now())?;
        self.issue_seat(show, seat)
    }

    fn leave_seat(&self, seat: Seat, viewer: ViewerId) {
        self.seats.left(seat.ticket, seat.version, viewer);
    }

    fn rights(&self) -> watch::Receiver<u64> {
        self.seats.rights()
    }

    fn warns(&self, show: ShowId) -> bool {
        self.foyer.rows(show).is_some_and(|rows| rows.listing.warning.asks())
    }

    fn session(&self, session: SessionId) -> Option<Session> {
        self.around.sessions.get(session).map(|entry| entry.session)
    }

    fn close(&self, session: SessionId) -> Boxed<'_, ()> {
        self.around.sessions.leave(session);
        // A full queue leaves it to consent expiry.
        let _ = self.around.shards.send(Sfu::Close { session, reason: CloseReason::ByPeer });
        Box::pin(std::future::ready(()))
    }

    fn health(&self) -> Health {
        let media = if self.shards_up.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err("a media thread has ended".to_owned())
        };
        let mixer = if self.mixer_program.is_file() {
            Ok(())
        } else {
            Err("the palco-mixer executable is missing".to_owned())
        };
        let store = std::fs::metadata(self.around.store.dir()).map(drop).map_err(|error| error.to_string());
        Health { checks: vec![("media", media), ("mixer", mixer), ("store", store)] }
    }

    fn metrics(&self) -> String {
        let stats: SfuStats =
            self.shard_stats.lock().unwrap_or_else(PoisonError::into_inner).values().copied().sum();
        let lives = self.lives();
        self.metrics.text(&stats, self.around.shards.stats(), lives.iter().map(AsRef::as_ref))
    }
}

impl House {
    /// Opens the seat of the ticket with this code.
    async fn open_seat(
        &self,
        show: ShowId,
        code: &str,
        viewer: ViewerId,
        take: bool,
    ) -> Result<Issued, Fault> {
        let found = self.books.ticket(code).await?;
        let ticket = &found.ticket;
        if ticket.show != show {
            return Err(Fault::new(
                Class::Forbidden,
                "ticket_other_show",
                "This ticket is for another show.",
            ));
        }
        match ticket.state {
            TicketState::Valid => {}
            TicketState::Void => return Err(ticket_void()),
            TicketState::Held => {
                return Err(Fault::new(Class::Forbidden, "ticket_unpaid", "This ticket is not paid yet.")
                    .hint("Open your order and finish paying."));
            }
        }
        let rows = self.foyer.rows(show);
        let kind = rows.as_ref().and_then(|rows| rows.kinds.iter().find(|kind| kind.id == ticket.kind));
        let replay = kind.is_some_and(|kind| kind.replay);
        if let Some(version) = self.seats.sit(ticket.id, viewer, take, Instant::now())? {
            return self.issue_seat(show, Seat { ticket: ticket.id, version, replay });
        }
        let version = self.books.take_seat(ticket.id).await?.ok_or_else(ticket_void)?;
        self.seats.opened(ticket.id, version, viewer, Instant::now());
        self.close_seats(show, |seat| seat.ticket == ticket.id && seat.version != version);
        self.issue_seat(show, Seat { ticket: ticket.id, version, replay })
    }

    fn issue_seat(&self, show: ShowId, seat: Seat) -> Result<Issued, Fault> {
        let now = clock::now().wall.unix_seconds();
        let expires = now + WATCH.as_secs();
        let seat = palco_grant::Seat { ticket: seat.ticket, version: seat.version, replay: seat.replay };
        let id = random()?;
        let grant =
            Grant { kind: Kind::Viewer, show, subject: None, seat: Some(seat), iat: now, exp: expires, id };
        Ok(Issued { token: self.keys.issue(&grant), expires_at: WallTime::from_unix_seconds(expires) })
    }

    /// These tickets let nobody in any longer: whoever sits there is out now.
    pub(crate) fn void(&self, show: ShowId, tickets: &[TicketId]) {
        if !tickets.is_empty() {
            self.seats.void(tickets);
            self.close_seats(show, |seat| tickets.contains(&seat.ticket));
        }
    }

    fn close_seats(&self, show: ShowId, which: impl Fn(&Seat) -> bool) {
        let picked = |session: &Session| match &session.who {
            Some(Who::Viewer(_, Some(seat))) => which(seat),
            _ => false,
        };
        for command in self.around.sessions.close(show, CloseReason::Replaced, picked) {
            // A full queue leaves it to the page, which is told too.
            let _ = self.around.shards.send(command);
        }
    }

    fn holder(&self, grant: &Grant) -> Result<Who, Fault> {
        let dead = || {
            Fault::new(Class::Unauthenticated, "token_invalid", "This link or token is no longer valid.")
                .hint("Ask for a new one.")
        };
        let live = self.live(grant.show).map_err(|_| dead())?;
        match (grant.kind, grant.subject) {
            (Kind::Director, _) => Ok(Who::Director(grant.show)),
            (Kind::Viewer, _) => {
                let Some(seat) = grant.seat else { return Ok(Who::Viewer(grant.show, None)) };
                self.seats.holds(seat.ticket, seat.version)?;
                let seat = Seat { ticket: seat.ticket, version: seat.version, replay: seat.replay };
                Ok(Who::Viewer(grant.show, Some(seat)))
            }
            (Kind::Performer, Some(performer)) if live.snapshot.borrow().performer(performer).is_some() => {
                Ok(Who::Performer(grant.show, performer))
            }
            (Kind::Performer, _) => Err(dead()),
        }
    }
}
