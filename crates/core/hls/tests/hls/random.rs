//! Any frames at any time, any questions: no panic, and every playlist keeps the rules. proptest
//! prints the smallest input that fails.

use crate::common::{NAMES, SOUND, World, ms, picture, sps};
use crate::m3u8::{self, Playlist, follows, merge};
use palco_base::MediaTime;
use palco_hls::path::{Directives, Resource};
use palco_hls::{Answer, Input, Request, RequestId, Resume, TrackId, WallClock};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Event {
    /// So many frames of a track; microseconds from one to the next.
    Frames {
        track: usize,
        count: usize,
        step: i64,
        key_every: usize,
        level: u8,
    },
    /// The source's clock of a track moves by so many milliseconds.
    Jump {
        track: usize,
        by: i64,
    },
    /// The same for all tracks.
    Silence {
        by: i64,
    },
    Ask {
        path: usize,
        msn: i64,
        part: Option<u64>,
        with_msn: bool,
        skip: bool,
    },
    Cancel(u64),
    Clock(i64),
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let step = prop_oneof![
        6 => Just(33_333i64), 2 => 1i64..60_000, 1 => 60_000i64..900_000, 1 => -50_000i64..1
    ];
    let far = prop_oneof![Just(i64::MAX / 2_000), Just(i64::MIN / 2_000), -5_000_000i64..5_000_000];
    prop_oneof![
        8 => (0usize..3, 1usize..90, step, 1usize..80, prop_oneof![9 => Just(31u8), 1 => 20u8..40])
            .prop_map(|(track, count, step, key_every, level)| Event::Frames { track, count, step, key_every, level }),
        1 => (0usize..3, prop_oneof![4 => -3_000i64..3_000, 1 => far.clone()]).prop_map(|(track, by)| Event::Jump { track, by }),
        1 => prop_oneof![4 => 0i64..5_000, 1 => far].prop_map(|by| Event::Silence { by }),
        6 => (0usize..6, prop_oneof![9 => -2i64..5, 1 => Just(i64::MAX / 2)], proptest::option::of(prop_oneof![0u64..12, Just(u64::MAX)]),
            any::<bool>(), any::<bool>())
            .prop_map(|(path, msn, part, with_msn, skip)| Event::Ask { path, msn, part, with_msn, skip }),
        1 => (0u64..40).prop_map(Event::Cancel),
        1 => any::<i64>().prop_map(Event::Clock),
        1 => (0i64..8_000).prop_map(Event::Wait),
    ]
}

struct Run {
    world: World,
    clocks: [MediaTime; 3],
    counts: [usize; 3],
    have: [Option<Playlist>; 3],
    asked: u64,
    answered: u64,
}

impl Run {
    fn event(&mut self, event: &Event) {
        match *event {
            Event::Frames { track, count, step, key_every, level } => {
                for _ in 0..count {
                    let key = self.counts[track].is_multiple_of(key_every);
                    self.counts[track] += 1;
                    let payload = match TrackId(track) {
                        SOUND => vec![0x21; 30],
                        _ => picture(key, &sps(640, 360, level), 60),
                    };
                    self.world.frame(TrackId(track), self.clocks[track], payload, key);
                    let step = if track == 2 && step > 20_000 { 21_333 } else { step };
                    self.clocks[track] += MediaTime::from_micros(step);
                    self.world.to(self.world.now + MediaTime::from_micros(step.max(0) / 3));
                }
            }
            Event::Jump { track, by } => self.clocks[track] += ms(by),
            Event::Silence { by } => {
                let latest = self.clocks.into_iter().max().unwrap() + ms(by);
                self.clocks = [latest; 3];
                self.world.to(self.world.now + ms(by.clamp(0, 10_000)));
            }
            Event::Ask { path, msn, part, with_msn, skip } => self.ask(path, msn, part, with_msn, skip),
            Event::Cancel(back) => {
                let id = RequestId(1_000_000 + self.asked.saturating_sub(back));
                let before = self.world.hls.counters().waiting;
                self.world.handle(Input::Cancel(id));
                // One who is gone gets no answer.
                self.answered += before - self.world.hls.counters().waiting;
            }
            Event::Clock(unix) => {
                let clock = WallClock { at: self.world.now, unix: MediaTime::from_micros(unix) };
                self.world.handle(Input::Clock(clock));
            }
            Event::Wait(by) => self.world.to(self.world.now + ms(by)),
        }
    }

    fn ask(&mut self, path: usize, msn: i64, part: Option<u64>, with_msn: bool, skip: bool) {
        let name = NAMES[path % 3];
        let last = self.have[path % 3].as_ref().map_or(0, Playlist::last);
        let msn = last.saturating_add_signed(msn);
        let path = match path {
            0 => "index.m3u8".to_owned(),
            1 | 2 => format!("{name}.m3u8"),
            3 => format!("{name}/{msn}.m4s"),
            4 => format!("{name}/{msn}.{}.m4s", part.unwrap_or(0).min(9)),
            _ => format!("{name}/init-{}.mp4", msn % 4),
        };
        self.asked += 1;
        let id = RequestId(1_000_000 + self.asked);
        let directives = Directives { msn: with_msn.then_some(msn), part, skip };
        let resource = Resource::parse(&path).unwrap();
        self.world.handle(Input::Request(Request { id, resource, directives }));
    }

    /// Every rendition as a viewer with delta updates has it, and as one without.
    fn look(&mut self) {
        for (index, name) in NAMES.into_iter().enumerate() {
            let id = self.world.ask(&format!("{name}.m3u8"), "");
            let Some(Answer::Found { body, .. }) = self.world.answers.remove(&id) else {
                self.world.answers.remove(&id);
                self.world.handle(Input::Cancel(id));
                continue;
            };
            let whole = m3u8::parse(std::str::from_utf8(body.bytes()).unwrap());
            let delta = m3u8::parse(&self.world.text(&format!("{name}.m3u8"), "_HLS_skip=YES"));
            if let Some(have) = &self.have[index] {
                follows(have, &whole);
                // A client that has not looked for so long must not ask for a delta (§6.3.7).
                if delta.skipped <= have.segments.len() as u64 {
                    assert_eq!(merge(have, delta).segments, whole.segments);
                }
            }
            self.have[index] = Some(whole);
        }
        self.answered += self.world.answers.len() as u64;
        self.world.answers.clear();
    }
}

fn run(world: World, events: &[Event], start: MediaTime) -> World {
    let mut run =
        Run { world, clocks: [start; 3], counts: [0; 3], have: [None, None, None], asked: 0, answered: 0 };
    for event in events {
        run.event(event);
        run.look();
    }
    run.world.to(run.world.now + ms(6_000));
    assert_eq!(run.world.hls.counters().waiting, 0, "nobody waits for ever");
    run.world.handle(Input::End);
    run.look();
    assert_eq!(run.answered, run.asked, "each is answered once, or gone");
    let counters = run.world.hls.counters();
    let gaps = run.world.segments.iter().filter(|(segment, _)| segment.gap).count() as u64;
    assert_eq!(counters.segments + counters.gaps, run.world.segments.len() as u64);
    assert_eq!(counters.gaps, gaps);
    // Numbers of a track go on one by one.
    for track in 0..3 {
        let numbers: Vec<u64> =
            run.world.segments.iter().filter(|(s, _)| s.track.0 == track).map(|(s, _)| s.sequence).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
    }
    run.world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_the_playlists_keep_the_rules(events in prop::collection::vec(event(), 1..60)) {
        run(World::new(), &events, ms(1_000_000));
    }

    #[test]
    fn whatever_came_it_goes_on_after_a_crash(
        events in prop::collection::vec(event(), 1..30),
        lost in any::<u64>(),
    ) {
        let before = run(World::new(), &events, ms(1_000_000));
        let kept = before.segments.iter().enumerate();
        let kept = kept.filter(|(index, _)| lost >> (index % 64) & 1 == 0);
        let segments: Vec<_> = kept.map(|(_, (segment, _))| segment.clone()).collect();
        let used = segments.iter().map(|segment| segment.sequence).max();
        let resume = Resume { segments, unrecorded: 2, inits: Vec::new() };
        let after = run(World::with(crate::common::settings(), Some(resume)), &events, ms(2_000_000));
        for (segment, _) in &after.segments {
            prop_assert!(used.is_none_or(|used| segment.sequence > used + 2));
        }
    }
}
