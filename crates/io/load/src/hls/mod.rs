//! LL-HLS viewers: playlists by blocking reload, and every part as soon as it is listed. Sound
//! and picture are fetched side by side, each over a connection that is kept.

mod playback;
mod playlist;
mod track;

use crate::http::{Connection, Door, Reply, new_viewer, resolve};
use palco_base::{Fault, MediaTime};
use playback::Playback;
use playlist::{Choice, Playlist};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep_until};
use track::{Piece, Track};

/// For one request; blocked ones wait up to three target durations.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// After something failed.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// A viewer that has no picture by then has failed.
const JOIN_WITHIN: Duration = Duration::from_secs(15);
/// Failures one after the other before a viewer gives up.
const PATIENCE: u32 = 5;

/// What a viewer has seen.
#[derive(Debug)]
struct Seen {
    playback: Option<Playback>,
    called: MediaTime,
    bytes: u64,
    requests: u64,
    faults: Vec<String>,
    end: Option<String>,
    over: bool,
}

/// A viewer.
#[derive(Clone)]
pub(crate) struct Viewer(Arc<Mutex<Seen>>);

/// What became of a viewer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Seconds from the call to media for sound and picture.
    pub(crate) joined: Option<f64>,
    /// Why it gave up.
    pub(crate) end: Option<String>,
    /// What was wrong, and did not end it.
    pub(crate) faults: Vec<String>,
    /// Seconds behind the Program, by `EXT-X-PROGRAM-DATE-TIME` and this computer's clock.
    pub(crate) latency: Vec<f64>,
    pub(crate) stalls: u64,
    pub(crate) stalled: f64,
    pub(crate) watched: f64,
    pub(crate) bytes: u64,
    pub(crate) requests: u64,
}

fn unix() -> MediaTime {
    MediaTime::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

impl Viewer {
    /// Somebody who has not called yet.
    pub(crate) fn new() -> Self {
        let seen = Seen {
            playback: None,
            called: unix(),
            bytes: 0,
            requests: 0,
            faults: Vec::new(),
            end: None,
            over: false,
        };
        Self(Arc::new(Mutex::new(seen)))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches until the show is over, or nothing works any more, or the task is aborted.
    pub(crate) async fn watch(self, door: Arc<Door>, show: Arc<str>) {
        self.seen().called = unix();
        let deadline = Instant::now() + JOIN_WITHIN;
        let played = self.play(&door, &show);
        let joined = async {
            sleep_until(deadline).await;
            // Past its time, a viewer that plays goes on, and one that does not has failed.
            if self.joined() {
                std::future::pending::<()>().await
            }
        };
        let fault = tokio::select! {
            played = played => played.err().map(|fault| fault.text),
            () = joined => Some("no picture".to_owned()),
        };
        let mut seen = self.seen();
        seen.end = fault;
        seen.over = true;
        drop(seen);
    }

    async fn play(&self, door: &Arc<Door>, show: &str) -> Result<(), Fault> {
        let index = format!("/hls/{show}/index.m3u8");
        let viewer = new_viewer();
        let mut connection = door.connection_of(viewer);
        let reply = self.get(&mut connection, &index).await?;
        let choice = Choice::read(&String::from_utf8_lossy(&reply.body))?;
        let video = resolve(&index, &choice.variant)?;
        let audio = choice.audio.map(|uri| resolve(&index, &uri)).transpose()?;
        let tracks = 1 + usize::from(audio.is_some());
        let called = self.seen().called;
        self.seen().playback = Some(Playback::new(tracks, called));
        let picture = self.follow(0, video, connection);
        match audio {
            None => picture.await,
            Some(audio) => {
                tokio::try_join!(picture, self.follow(1, audio, door.connection_of(viewer))).map(drop)
            }
        }
    }

    /// Follows a media playlist to the show's end.
    async fn follow(&self, number: usize, path: String, mut connection: Connection) -> Result<(), Fault> {
        let (mut track, mut failures) = (Track::default(), 0);
        let mut last: Option<Playlist> = None;
        loop {
            let asked = Instant::now();
            let step = self.step(number, &path, &mut connection, &mut track, last.as_ref()).await;
            match step {
                Ok(playlist) if playlist.ended => return Ok(()),
                Ok(playlist) => {
                    failures = 0;
                    if !playlist.can_block || playlist.next().is_none() {
                        sleep_until(asked + playlist.target.duration().max(AGAIN_AFTER) / 2).await;
                    }
                    last = Some(playlist);
                }
                Err(fault) => {
                    failures += 1;
                    if failures == PATIENCE || !self.joined() && fault.code == "refused" {
                        return Err(fault);
                    }
                    self.seen().faults.push(fault.text);
                    sleep_until(asked + AGAIN_AFTER).await;
                }
            }
        }
    }

    /// One playlist and what is new in it.
    async fn step(
        &self,
        number: usize,
        path: &str,
        connection: &mut Connection,
        track: &mut Track,
        last: Option<&Playlist>,
    ) -> Result<Playlist, Fault> {
        let asking = match last
            .and_then(|last| last.next().filter(|_| last.can_block).zip(Some(last.can_skip)))
        {
            Some(((msn, part), skip)) => {
                format!("{path}?_HLS_msn={msn}&_HLS_part={part}{}", if skip { "&_HLS_skip=YES" } else { "" })
            }
            None => path.to_owned(),
        };
        let reply = self.get(connection, &asking).await?;
        let playlist = Playlist::read(&String::from_utf8_lossy(&reply.body))?;
        let (init, pieces) = track.advance(&playlist);
        if let Some(wanted) = track.wanted
            && let Some(playback) = &mut self.seen().playback
        {
            playback.begin_at(number, wanted);
        }
        if let Some(init) = init {
            let body = self.get(connection, &resolve(path, &init)?).await?.body;
            whole_boxes(&body, &[b"ftyp", b"moov"])?;
        }
        for piece in pieces {
            self.fetch(number, path, connection, &piece).await?;
        }
        Ok(playlist)
    }

    async fn fetch(
        &self,
        number: usize,
        path: &str,
        connection: &mut Connection,
        piece: &Piece,
    ) -> Result<(), Fault> {
        let body = self.get(connection, &resolve(path, &piece.uri)?).await?.body;
        whole_boxes(&body, &[b"moof", b"mdat"])?;
        if let Some(playback) = &mut self.seen().playback {
            playback.fetched(number, piece.ends, unix());
        }
        Ok(())
    }

    async fn get(&self, connection: &mut Connection, path: &str) -> Result<Reply, Fault> {
        let reply = connection.get(path, ANSWER_WITHIN).await?.success()?;
        let mut seen = self.seen();
        seen.requests += 1;
        seen.bytes += reply.body.len() as u64;
        drop(seen);
        Ok(reply)
    }

    /// Whether sound and picture have been there.
    pub(crate) fn joined(&self) -> bool {
        self.seen().playback.as_ref().is_some_and(|playback| playback.joined().is_some())
    }

    /// Whether it has given up.
    pub(crate) fn ended(&self) -> bool {
        self.seen().end.is_some()
    }

    /// How often it stood still so far.
    pub(crate) fn stalls(&self) -> u64 {
        self.seen().playback.as_ref().map_or(0, |playback| playback.stalls().0)
    }

    /// What it has seen up to now.
    pub(crate) fn leave(&self) -> Outcome {
        let now = unix();
        let mut seen = self.seen();
        let over = seen.over;
        let (mut outcome, mut watched) = (Outcome::default(), 0.0);
        if let Some(playback) = &mut seen.playback {
            // After the end of the show nothing comes, and that is no stall.
            if !over {
                playback.finish(now);
            }
            (outcome.stalls, outcome.stalled) = playback.stalls();
            outcome.joined = playback.joined();
            outcome.latency = playback.latency.values().collect();
            watched = playback.watched(now);
        }
        Outcome {
            end: seen.end.clone(),
            faults: seen.faults.clone(),
            watched,
            bytes: seen.bytes,
            requests: seen.requests,
            ..outcome
        }
    }
}

/// Checks that the bytes are ISO base media boxes, each one whole, these among them.
fn whole_boxes(bytes: &[u8], wanted: &[&[u8; 4]]) -> Result<(), Fault> {
    let broken = || Fault::unavailable("media_broken", "A piece of media is not made of whole boxes.");
    let (mut rest, mut missing) = (bytes, wanted.to_vec());
    while !rest.is_empty() {
        let (head, _) = rest.split_first_chunk::<8>().ok_or_else(broken)?;
        let [a, b, c, d, name @ ..] = *head;
        let size = match u32::from_be_bytes([a, b, c, d]) {
            0 => rest.len(),
            1 => {
                let (_, large) = rest.get(..16).and_then(|h| h.split_last_chunk::<8>()).ok_or_else(broken)?;
                usize::try_from(u64::from_be_bytes(*large)).map_err(|_| broken())?
            }
            size => size as usize,
        };
        rest = rest.get(size..).filter(|_| size >= 8).ok_or_else(broken)?;
        missing.retain(|wanted| **wanted != name);
    }
    if missing.is_empty() { Ok(()) } else { Err(broken()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &[u8; 4], size: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(size).unwrap().to_be_bytes().to_vec();
        bytes.extend(name);
        bytes.resize(size, 0);
        bytes
    }

    #[test]
    fn boxes_are_whole_or_refused() {
        let good = [boxed(b"moof", 30), boxed(b"mdat", 9)].concat();
        assert!(whole_boxes(&good, &[b"moof", b"mdat"]).is_ok());
        assert!(whole_boxes(&good[..38], &[b"moof", b"mdat"]).is_err(), "cut off");
        assert!(whole_boxes(&good[..30], &[b"moof", b"mdat"]).is_err(), "one is missing");
        assert!(whole_boxes(b"", &[b"moof"]).is_err());
        assert!(whole_boxes(&[0, 0, 0, 3, 1, 2, 3, 4], &[]).is_err(), "smaller than its head");
        let large = [&[0, 0, 0, 1], &b"mdat"[..], &[0, 0, 0, 0, 0, 0, 0, 17], &[9]].concat();
        assert!(whole_boxes(&large, &[b"mdat"]).is_ok());
    }
}
