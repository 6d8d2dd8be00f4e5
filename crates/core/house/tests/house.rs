//! Shows in virtual time: who is there, why they left, what is kept.

use palco_base::{MediaTime, Now, SessionId, ViewerId, WallTime};
use palco_house::{House, Input, MOST_SAMPLES, MOST_VIEWERS, Output, Report, SILENCE, Sighting, Way, Why};
use proptest::prelude::*;

/// A house and its clock.
struct World {
    house: House,
    at: MediaTime,
    kept: Vec<Report>,
}

impl World {
    fn new(kept: Option<Report>) -> Self {
        let mut world = Self { house: House::new(kept), at: MediaTime::from_millis(5_000), kept: Vec::new() };
        world.tell(Input::Doors { open: true });
        world
    }

    fn tell(&mut self, input: Input) {
        let wall = WallTime::from_unix_millis(1_800_000_000_000 + self.at.millis());
        self.house.handle(input, Now { media: self.at, wall });
        while let Some(Output::Keep(report)) = self.house.poll() {
            self.kept.push(*report);
        }
    }

    /// Lets time go by, deadline by deadline.
    fn wait(&mut self, seconds: i64) {
        let until = self.at + MediaTime::from_millis(seconds * 1_000);
        while let Some(due) = self.house.deadline().filter(|due| *due <= until) {
            self.at = due;
            self.tell(Input::Timeout);
            assert!(self.house.deadline().is_none_or(|next| next > due), "time goes on");
        }
        self.at = until;
    }

    fn says(&mut self, viewer: u64, sighting: Sighting) {
        self.tell(Input::Said { viewer: ViewerId::new(viewer), sighting });
    }

    fn connects(&mut self, viewer: u64) {
        let (session, viewer) = (SessionId::new(viewer), ViewerId::new(viewer));
        self.tell(Input::Connected { session, viewer });
    }

    fn closes(&mut self, viewer: u64, why: Why) {
        self.tell(Input::Closed { session: SessionId::new(viewer), why });
    }

    fn reads(&mut self, viewer: u64) {
        self.tell(Input::Read { viewer: ViewerId::new(viewer) });
    }

    fn present(&self) -> (u32, u32, u32) {
        let now = self.house.present();
        (now.webrtc, now.hls, now.audio)
    }

    fn report(&self) -> &Report {
        self.house.report()
    }
}

fn sighting(number: u32, way: Way) -> Sighting {
    Sighting {
        number,
        way,
        watched: MediaTime::ZERO,
        frozen: MediaTime::ZERO,
        freezes: 0,
        joined: None,
        delay: None,
        leaving: false,
    }
}

fn millis(millis: i64) -> MediaTime {
    MediaTime::from_millis(millis)
}

#[test]
fn a_viewer_known_from_all_sides_is_one_viewer() {
    let mut world = World::new(None);
    world.connects(7);
    world.says(7, Sighting { joined: Some(millis(640)), ..sighting(0, Way::Webrtc) });
    world.reads(7);
    assert_eq!(world.present(), (1, 0, 0));
    assert_eq!((world.report().came, world.report().peak), (1, 1));
    let p50 = world.report().join.webrtc.quantile(0.5).unwrap().millis();
    assert!((580..=700).contains(&p50), "{p50}");
    // Joining is told once, whatever a player says.
    world.says(7, Sighting { joined: Some(millis(9_000)), ..sighting(1, Way::Webrtc) });
    assert_eq!(world.report().joins().count(), 1);
}

#[test]
fn a_fall_to_hls_is_a_move_and_no_leaving() {
    let mut world = World::new(None);
    world.connects(1);
    world.says(1, sighting(0, Way::Webrtc));
    world.closes(1, Why::Lost);
    assert_eq!(world.present(), (1, 0, 0), "their player may go on");
    world.says(1, sighting(1, Way::Hls));
    world.wait(20);
    world.says(1, sighting(2, Way::Audio));
    assert_eq!(world.present(), (0, 0, 1));
    assert_eq!((world.report().moved.hls, world.report().moved.audio), (1, 1));
    assert_eq!(world.report().left.sum(), 0);
}

#[test]
fn only_a_player_knows_of_a_move() {
    let mut world = World::new(None);
    // A page whose session comes up after its playlist was read has not moved yet.
    world.reads(1);
    world.connects(1);
    assert_eq!(world.present(), (1, 0, 0));
    world.says(1, sighting(0, Way::Hls));
    assert_eq!((world.present(), world.report().moved), ((0, 1, 0), Default::default()));
    world.says(1, sighting(1, Way::Webrtc));
    assert_eq!(world.report().moved.webrtc, 1);
}

#[test]
fn who_tells_nothing_leaves_with_the_session() {
    let mut world = World::new(None);
    for (viewer, why) in [(1, Why::Left), (2, Why::Lost), (3, Why::Removed)] {
        world.connects(viewer);
        world.closes(viewer, why);
    }
    let left = world.report().left;
    assert_eq!((left.left, left.lost, left.removed), (1, 1, 1));
    assert_eq!(world.present(), (0, 0, 0));
}

#[test]
fn who_says_goodbye_left_and_stays_away() {
    let mut world = World::new(None);
    world.connects(1);
    world.says(1, sighting(0, Way::Webrtc));
    let last = Sighting { leaving: true, ..sighting(1, Way::Webrtc) };
    world.says(1, last);
    // The goodbye of the session, and the same word again, come after it.
    world.closes(1, Why::Left);
    world.says(1, last);
    assert_eq!(world.present(), (0, 0, 0));
    assert_eq!((world.report().came, world.report().left.left, world.report().left.sum()), (1, 1, 1));
}

#[test]
fn silence_is_a_loss_after_45_seconds_and_not_before() {
    let mut world = World::new(None);
    world.says(1, sighting(0, Way::Hls));
    world.reads(2);
    world.wait(SILENCE.millis() / 1_000 - 1);
    assert_eq!(world.present(), (0, 2, 0));
    world.reads(2);
    world.wait(6);
    assert_eq!((world.present(), world.report().left.lost), ((0, 1, 0), 1));
    // They are heard again: the same viewer, returned.
    world.says(1, sighting(4, Way::Hls));
    assert_eq!((world.report().came, world.report().returned), (2, 1));
    // A session that is up needs no words.
    world.connects(9);
    world.wait(600);
    assert_eq!(world.present(), (1, 0, 0));
}

#[test]
fn who_ended_their_session_and_said_no_more_left() {
    let mut world = World::new(None);
    world.connects(1);
    world.says(1, sighting(0, Way::Webrtc));
    world.closes(1, Why::Left);
    world.wait(60);
    assert_eq!((world.report().left.left, world.report().left.lost), (1, 0));
}

#[test]
fn the_end_of_the_show_finds_who_is_there_and_lets_nobody_in() {
    let mut world = World::new(None);
    world.connects(1);
    world.reads(2);
    world.says(3, sighting(0, Way::Audio));
    world.tell(Input::Doors { open: false });
    assert_eq!((world.report().left.ended, world.present()), (3, (0, 0, 0)));
    world.connects(4);
    world.reads(5);
    world.says(6, sighting(0, Way::Hls));
    world.tell(Input::Doors { open: true });
    world.says(6, sighting(0, Way::Hls));
    assert_eq!((world.report().came, world.present()), (3, (0, 0, 0)));
    assert_eq!(world.kept.last(), Some(world.report()), "what is kept is the end");
    assert_eq!(world.house.deadline(), None);
    assert_eq!(world.report().timeline.samples().last().unwrap().viewers.sum(), 3);
}

#[test]
fn nobody_watches_longer_than_the_clock() {
    let mut world = World::new(None);
    world.says(1, sighting(0, Way::Webrtc));
    world.wait(15);
    let day = millis(86_400_000);
    world.says(1, Sighting { watched: day, frozen: day, freezes: 9_999, ..sighting(1, Way::Webrtc) });
    assert_eq!((world.report().watched_ms, world.report().frozen_ms), (20_000, 20_000));
    assert!(world.report().freezes < 1_000);
    world.says(1, Sighting { watched: -day, frozen: -day, ..sighting(2, Way::Webrtc) });
    assert_eq!(world.report().watched_ms, 20_000);
}

#[test]
fn freezes_are_a_share_of_watch_time() {
    let mut world = World::new(None);
    world.says(1, sighting(0, Way::Webrtc));
    for number in 1..=4 {
        world.wait(15);
        let frozen = if number == 1 { 3_000 } else { 0 };
        let told =
            Sighting { watched: millis(15_000), frozen: millis(frozen), ..sighting(number, Way::Webrtc) };
        world.says(1, told);
    }
    world.wait(10);
    assert_eq!(world.report().frozen_share(), Some(0.05));
    // The bad quarter was more than half a minute ago.
    assert_eq!(world.report().frozen_lately(millis(30_000)), Some(0.0));
    assert_eq!(Report::default().frozen_share(), None);
}

#[test]
fn memory_has_an_end_and_says_so() {
    let mut world = World::new(None);
    for viewer in 0..MOST_VIEWERS as u64 + 10 {
        world.reads(viewer);
    }
    assert_eq!(world.present().1, MOST_VIEWERS as u32);
    assert_eq!((world.report().came, world.report().uncounted), (MOST_VIEWERS as u64, 10));
    assert_eq!(world.report().peak, MOST_VIEWERS as u32);
}

#[test]
fn a_long_show_is_thinned_and_loses_no_watch_time_and_no_crowd() {
    let mut world = World::new(None);
    world.connects(1);
    world.wait(3_600);
    (2..50).for_each(|viewer| world.connects(viewer));
    world.wait(20);
    (2..50).for_each(|viewer| world.closes(viewer, Why::Left));
    world.says(1, sighting(0, Way::Webrtc));
    world.wait(10);
    world.says(1, Sighting { watched: millis(10_000), ..sighting(1, Way::Webrtc) });
    world.wait(12 * 3_600);
    let timeline = &world.report().timeline;
    let samples = timeline.samples();
    assert!(samples.len() <= MOST_SAMPLES && samples.len() > MOST_SAMPLES / 3, "{}", samples.len());
    assert_eq!(timeline.step(), millis(80_000));
    assert!(samples.windows(2).all(|pair| pair[0].at < pair[1].at));
    assert_eq!(samples.iter().map(|sample| sample.watched_ms).sum::<u64>(), 10_000);
    assert_eq!(samples.iter().map(|sample| sample.viewers.webrtc).max(), Some(49));
}

#[test]
fn it_is_kept_every_minute_and_goes_on_after_a_kill() {
    let mut world = World::new(None);
    world.connects(1);
    world.wait(125);
    // At the start, and after each minute.
    assert_eq!(world.kept.len(), 3);
    let text = serde_json::to_string(world.kept.last().unwrap()).unwrap();
    let mut again = World::new(Some(serde_json::from_str(&text).unwrap()));
    assert_eq!((again.report().came, again.report().left.stopped, again.present()), (1, 1, (0, 0, 0)));
    again.connects(2);
    again.wait(10);
    assert_eq!((again.report().came, again.report().peak), (2, 1));
    assert_eq!(again.report().began, world.report().began);
    assert_eq!(again.report().timeline.samples().len(), 13);
}

fn why() -> impl Strategy<Value = Why> {
    prop_oneof![Just(Why::Left), Just(Why::Lost), Just(Why::Ended), Just(Why::Removed)]
}

fn input() -> impl Strategy<Value = (i64, Input)> {
    let id = || 0..6u64;
    let way = prop_oneof![Just(Way::Webrtc), Just(Way::Hls), Just(Way::Audio)];
    let span = || prop_oneof![Just(MediaTime::ZERO), any::<i64>().prop_map(MediaTime::from_micros)];
    let told = (any::<u32>(), way, span(), span(), proptest::option::of(span()), any::<bool>());
    let said = (id(), told).prop_map(|(viewer, (number, way, watched, frozen, other, leaving))| {
        let sighting =
            Sighting { watched, frozen, joined: other, delay: other, leaving, ..sighting(number, way) };
        Input::Said { viewer: ViewerId::new(viewer), sighting }
    });
    let input = prop_oneof![
        (id(), id()).prop_map(|(session, viewer)| Input::Connected {
            session: SessionId::new(session),
            viewer: ViewerId::new(viewer)
        }),
        (id(), why()).prop_map(|(session, why)| Input::Closed { session: SessionId::new(session), why }),
        id().prop_map(|viewer| Input::Read { viewer: ViewerId::new(viewer) }),
        said,
        Just(Input::Timeout),
    ];
    (0..30i64, input)
}

proptest! {
    #[test]
    fn the_books_balance_whatever_happens(inputs in proptest::collection::vec(input(), 1..200)) {
        let mut world = World::new(None);
        for (seconds, input) in inputs {
            world.wait(seconds);
            world.tell(input);
            let report = world.report();
            prop_assert_eq!(report.present(), u64::from(world.house.present().sum()));
            prop_assert!(report.frozen_ms <= report.watched_ms);
            prop_assert!(report.peak >= world.house.present().sum());
            prop_assert!(report.watched_ms <= 6 * (world.at.millis() as u64 + 5_000 * report.sightings));
        }
        world.tell(Input::Doors { open: false });
        prop_assert_eq!(world.report().present(), 0);
    }
}
