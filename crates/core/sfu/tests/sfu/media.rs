//! Media: join, leave, loss, switch, reconnect, key-frame storms.

use crate::client::Sending;
use crate::world::{KEY_INTERVAL, SMALL_PICTURE, World, millis};
use palco_base::{Codec, EncodedFrame, FeedId, Size};
use palco_netem::{Burst, Impairment};
use palco_sfu::{CloseReason, Command, Event};

const FEED: FeedId = FeedId::new(1);
const OTHER: FeedId = FeedId::new(2);
const PROGRAM: FeedId = FeedId::new(9);

fn sending(tag: u8) -> Sending {
    Sending {
        audio: true,
        video: true,
        tag,
        rtp_base: 3_000_000_000u32.wrapping_add(u32::from(tag) * 77_777_777),
    }
}

fn near() -> Impairment {
    Impairment { delay: millis(10), ..Impairment::default() }
}

fn changes(world: &World, feed: FeedId) -> Vec<(Option<Codec>, Option<Codec>)> {
    let of = |event: &Event| match event {
        Event::FeedChanged { feed: f, audio, video } if *f == feed => Some((*audio, *video)),
        _ => None,
    };
    world.events.iter().filter_map(|(_, event)| of(event)).collect()
}

#[test]
fn a_performer_is_seen_and_heard_and_leaves() {
    let mut world = World::new(1);
    let host = world.publish(FEED, sending(1), near());
    let viewer = world.play(FEED, near());
    world.run(millis(5_000));
    let pictures = world.clients[viewer].whole_pictures();
    assert!(pictures.len() > 120, "{}", pictures.len());
    assert!(pictures[0].2, "begins with a key frame");
    assert!(pictures.windows(2).all(|w| w[1].1 == w[0].1 + 1), "no picture is missing");
    assert!(world.clients[viewer].got.iter().filter(|g| !g.video).count() > 200);
    world.clients[viewer].check_continuity(false);
    assert!(world.clients[viewer].reports >= 4, "sender reports for lip sync");
    assert_eq!(changes(&world, FEED).last(), Some(&(Some(Codec::Opus), Some(Codec::Vp8))));

    let session = world.clients[host].session;
    world.command(Command::Close { session, reason: CloseReason::ByPeer });
    world.run(millis(500));
    assert!(world.clients[host].closed, "the peer is told");
    assert_eq!(world.closed(session), Some(CloseReason::ByPeer));
    assert_eq!(changes(&world, FEED).last(), Some(&(None, None)));
    let stats = world.stats();
    assert_eq!((stats.sessions, stats.playing, stats.panics), (1, 1, 0));
}

#[test]
fn first_picture_comes_soon_after_joining() {
    let mut world = World::new(2);
    world.publish(FEED, sending(1), near());
    world.run(millis(3_000));
    let viewer = world.play(FEED, near());
    let joined = world.now;
    world.run(millis(2_000));
    let client = &world.clients[viewer];
    let connected = client.connected.unwrap();
    let first = client.got.iter().find(|g| g.video).unwrap().at;
    assert!(first - connected < millis(150), "{:?} after connecting", first - connected);
    assert!(first - joined < millis(1_000), "{:?} after joining", first - joined);
}

#[test]
fn ten_percent_loss_both_ways_is_repaired() {
    for seed in [10, 11, 12] {
        let mut world = World::new(seed);
        let lossy = Impairment { loss: 0.1, delay: millis(20), jitter: millis(5), ..Impairment::default() };
        world.publish(FEED, sending(1), lossy);
        let viewer = world.play(FEED, lossy);
        world.run(millis(1_000));
        world.run_until(millis(10_000), |w| !w.clients[viewer].whole_pictures().is_empty());
        world.run(millis(20_000));
        let pictures = world.clients[viewer].whole_pictures();
        let span = pictures.last().unwrap().1 - pictures[0].1 + 1;
        assert!(span > 550, "{span} pictures were sent");
        let share = pictures.len() as f64 / span as f64;
        println!("{} of {span} pictures whole", pictures.len());
        assert!(share > 0.99, "{share}");
        world.clients[viewer].check_continuity(true);
    }
}

#[test]
fn bursts_reordering_and_duplicates_do_no_lasting_harm() {
    let mut world = World::new(20);
    let rough = Impairment {
        burst: Some(Burst { begin: 0.005, end: 0.2, loss: 0.8 }),
        delay: millis(30),
        jitter: millis(10),
        reorder: 0.05,
        reorder_by: millis(20),
        duplicate: 0.02,
        ..Impairment::default()
    };
    world.publish(FEED, sending(1), rough);
    let viewer = world.play(FEED, rough);
    world.command(Command::Tap { feed: FEED, on: true });
    world.run(millis(20_000));
    let pictures = world.clients[viewer].whole_pictures();
    let span = pictures.last().unwrap().1 - pictures[0].1 + 1;
    assert!(pictures.len() as f64 > span as f64 * 0.97, "{} of {span}", pictures.len());
    world.clients[viewer].check_continuity(true);
    check_frames(&world, FEED);
}

/// Frames for the mixer: whole, in order, and after a hole a key frame.
fn check_frames(world: &World, feed: FeedId) -> usize {
    let mut last: Option<(u8, u64)> = None;
    let mut count = 0;
    let mut last_time = None;
    for (_, frame) in world.frames(feed).iter().filter(|(_, f)| f.codec == Codec::Vp8) {
        // One byte of VP8 frame tag, then publisher and number; the other parts follow alike.
        let tag = frame.payload[1];
        let number = u64::from_be_bytes(frame.payload[2..10].try_into().unwrap());
        assert_eq!(frame.payload.len(), 3 * 499, "whole");
        if let Some((last_tag, last)) = last {
            assert!(tag != last_tag || number > last, "in order");
            assert!(frame.key || (tag, number) == (last_tag, last + 1), "key frame after a hole");
        } else {
            assert!(frame.key, "begins with a key frame");
        }
        assert!(last_time.is_none_or(|t| frame.time > t), "time goes on");
        last_time = Some(frame.time);
        last = Some((tag, number));
        count += 1;
    }
    count
}

#[test]
fn the_tap_gives_aligned_frames_with_little_delay() {
    let mut world = World::new(30);
    world.publish(FEED, sending(1), Impairment { loss: 0.05, ..near() });
    world.command(Command::Tap { feed: FEED, on: true });
    world.run(millis(15_000));
    assert!(check_frames(&world, FEED) > 400);
    let mut delays = (Vec::new(), Vec::new());
    for (at, frame) in world.frames(FEED).iter().skip(200) {
        let delay = (world.media(*at) - frame.time).millis();
        if frame.codec == Codec::Opus { delays.0.push(delay) } else { delays.1.push(delay) }
    }
    delays.0.sort_unstable();
    delays.1.sort_unstable();
    let median = |d: &[i64]| d[d.len() / 2];
    // Both were captured when sent and come by the same way.
    assert!(median(&delays.0).abs() <= 3 && median(&delays.1).abs() <= 3, "{delays:?}");
    assert!(*delays.1.last().unwrap() <= 400, "{:?}", delays.1.last());
}

#[test]
fn a_switch_goes_at_a_key_frame_and_the_stream_goes_on() {
    let mut world = World::new(40);
    world.publish(FEED, sending(1), near());
    world.publish(OTHER, sending(2), near());
    let viewer = world.play(FEED, near());
    world.run(millis(3_000));
    for source in [OTHER, FEED, OTHER, FEED] {
        let session = world.clients[viewer].session;
        world.command(Command::Switch { session, source });
        world.run(millis(1_500));
    }
    let pictures = world.clients[viewer].whole_pictures();
    let turns: Vec<_> = pictures.windows(2).filter(|w| w[0].0 != w[1].0).map(|w| w[1]).collect();
    assert_eq!(turns.iter().map(|t| t.0).collect::<Vec<_>>(), [2, 1, 2, 1]);
    assert!(turns.iter().all(|t| t.2), "each begins with a key frame");
    world.clients[viewer].check_continuity(false);
    // RTP time follows real time over all switches.
    let video: Vec<_> = world.clients[viewer].got.iter().filter(|g| g.video).collect();
    let (first, last) = (video[0], video[video.len() - 1]);
    let media = i64::from(last.timestamp.wrapping_sub(first.timestamp)) / 90;
    let real = (last.at - first.at).as_millis() as i64;
    assert!((media - real).abs() < 60, "{media} ms of media in {real} ms");
}

#[test]
fn a_switch_to_a_source_without_picture_does_not_hang() {
    let mut world = World::new(41);
    world.publish(FEED, sending(1), near());
    world.publish(OTHER, Sending { video: false, ..sending(2) }, near());
    let viewer = world.play(FEED, near());
    world.run(millis(2_000));
    let session = world.clients[viewer].session;
    world.command(Command::Switch { session, source: OTHER });
    world.run(millis(1_000));
    let client = &world.clients[viewer];
    let last = client.got.iter().rev().find(|g| !g.video).unwrap();
    assert_eq!(last.payload[0], 2, "the other's sound is heard");
}

#[test]
fn a_performer_comes_back_and_viewers_go_on() {
    let mut world = World::new(50);
    let first = world.publish(FEED, sending(1), near());
    let viewer = world.play(FEED, near());
    world.command(Command::Tap { feed: FEED, on: true });
    world.run(millis(3_000));
    // The network goes; the page is loaded again elsewhere.
    world.clients[first].up.cut(true);
    world.clients[first].down.cut(true);
    world.run(millis(1_000));
    world.publish(FEED, sending(2), near());
    world.run(millis(4_000));
    assert_eq!(world.closed(world.clients[first].session), Some(CloseReason::Replaced));
    let pictures = world.clients[viewer].whole_pictures();
    let turn = pictures.iter().position(|p| p.0 == 2).expect("the new publisher is seen");
    assert!(pictures[turn].2 && pictures.len() - turn > 90);
    world.clients[viewer].check_continuity(false);
    check_frames(&world, FEED);
    let told = changes(&world, FEED);
    assert!(told.iter().skip(1).all(|flows| *flows == (Some(Codec::Opus), Some(Codec::Vp8))), "{told:?}");
}

#[test]
fn a_publisher_that_freezes_stops_flowing_and_times_out() {
    let mut world = World::new(60);
    let host = world.publish(FEED, sending(1), near());
    world.run(millis(3_000));
    world.clients[host].up.cut(true);
    world.clients[host].gone = true;
    world.run(millis(2_500));
    assert_eq!(changes(&world, FEED).last(), Some(&(None, None)), "2 s of silence");
    world.run(millis(40_000));
    assert_eq!(world.closed(world.clients[host].session), Some(CloseReason::TimedOut));
    assert_eq!(world.stats().sessions, 0);
}

#[test]
fn a_session_that_never_connects_is_closed() {
    let mut world = World::new(61);
    let viewer = world.play(FEED, Impairment { loss: 1.0, ..Impairment::default() });
    world.run(millis(31_000));
    assert_eq!(world.closed(world.clients[viewer].session), Some(CloseReason::TimedOut));
}

#[test]
fn a_hundred_joins_ask_for_few_key_frames() {
    let mut world = World::new(70);
    let host = world.publish(FEED, sending(1), near());
    world.run(millis(2_000));
    let (asked_before, then) = (world.clients[host].key_requests.len(), world.now);
    let viewers: Vec<_> = (0..100).map(|_| world.play(FEED, near())).collect();
    world.run(millis(3_000));
    for viewer in &viewers {
        let pictures = world.clients[*viewer].whole_pictures();
        assert!(pictures.len() > 50 && pictures[0].2, "{}", pictures.len());
        world.clients[*viewer].check_continuity(false);
    }
    let asked = world.clients[host].key_requests.len() - asked_before;
    let most = (world.now - then).as_millis() / KEY_INTERVAL.as_millis() + 1;
    assert!((1..=most as usize).contains(&asked), "{asked} requests");
}

#[test]
fn a_program_goes_on_over_a_restart() {
    let mut world = World::new(80);
    world.open_program(PROGRAM);
    let viewer = world.play(PROGRAM, near());
    world.run(millis(3_000));
    let before = world.clients[viewer].got.len();
    assert!(before > 200, "{before}");
    world.programs[0].running = false;
    world.run(millis(900));
    world.programs[0].running = true;
    world.programs[0].next = world.now;
    world.programs[0].key_wanted = true;
    world.run(millis(3_000));
    let client = &world.clients[viewer];
    client.check_continuity(false);
    assert!(client.got.iter().all(|g| !g.video || g.codec == Codec::H264));
    let video: Vec<_> = client.got.iter().filter(|g| g.video).collect();
    let media = i64::from(video[video.len() - 1].timestamp.wrapping_sub(video[0].timestamp)) / 90;
    let real = (video[video.len() - 1].at - video[0].at).as_millis() as i64;
    assert!((media - real).abs() < 50, "{media} ms of media in {real} ms");
    assert!(video.iter().all(|g| g.payload.len() <= 1_150));
    // Sound and picture of one moment have the same time on both RTP clocks.
    let sound: Vec<_> = client.got.iter().filter(|g| !g.video).collect();
    let ms =
        |g: &crate::client::Got, rate: u32| i64::from(g.timestamp.cast_signed()) / i64::from(rate / 1_000);
    let apart = ms(video[video.len() - 1], 90_000) - ms(sound[sound.len() - 1], 48_000);
    assert!(apart.abs() <= 40, "{apart} ms apart");
}

#[test]
fn a_program_viewer_asks_the_mixer_and_is_repaired() {
    let mut world = World::new(81);
    world.open_program(PROGRAM);
    world.run(millis(500));
    let wanted =
        |w: &World| w.events.iter().filter(|(_, e)| matches!(e, Event::KeyFrameWanted { .. })).count();
    assert_eq!(wanted(&world), 0);
    let viewer = world.play(PROGRAM, Impairment { loss: 0.1, delay: millis(20), ..Impairment::default() });
    world.run(millis(15_000));
    assert!(wanted(&world) >= 1);
    let client = &world.clients[viewer];
    let mut seqs: Vec<u64> = client.got.iter().filter(|g| g.video).map(|g| g.seq).collect();
    seqs.sort_unstable();
    let span = seqs[seqs.len() - 1] - seqs[0] + 1;
    println!("{} of {span} packets", seqs.len());
    assert!(seqs.len() as f64 > span as f64 * 0.995, "{} of {span}", seqs.len());
}

#[test]
fn mute_is_for_all_and_ends_with_a_key_frame() {
    let mut world = World::new(90);
    world.publish(FEED, sending(1), near());
    let viewer = world.play(FEED, near());
    world.command(Command::Tap { feed: FEED, on: true });
    world.run(millis(2_000));
    world.command(Command::Mute { feed: FEED, audio: true, video: true });
    world.run(millis(200));
    let (packets, frames) = (world.clients[viewer].got.len(), world.frames(FEED).len());
    world.run(millis(1_000));
    assert_eq!((world.clients[viewer].got.len(), world.frames(FEED).len()), (packets, frames));
    assert_eq!(changes(&world, FEED).last(), Some(&(None, None)));
    world.command(Command::Mute { feed: FEED, audio: false, video: false });
    world.run(millis(1_000));
    assert!(world.clients[viewer].got.len() > packets + 50);
    world.clients[viewer].check_continuity(false);
    check_frames(&world, FEED);
}

#[test]
fn a_peer_that_changes_its_address_goes_on() {
    let mut world = World::new(100);
    let host = world.publish(FEED, sending(1), near());
    let viewer = world.play(FEED, near());
    world.run(millis(3_000));
    world.clients[viewer].outside = "10.7.7.7:7777".parse().unwrap();
    world.clients[host].outside = "10.7.7.8:7778".parse().unwrap();
    world.run(millis(8_000));
    let before = world.clients[viewer].whole_pictures().len();
    world.run(millis(3_000));
    let after = world.clients[viewer].whole_pictures().len();
    assert!(after > before + 80, "{before} then {after}");
}

#[test]
fn closing_a_feed_leaves_its_viewers_alone() {
    let mut world = World::new(110);
    let host = world.publish(FEED, sending(1), near());
    world.publish(OTHER, sending(2), near());
    let viewer = world.play(FEED, near());
    world.run(millis(2_000));
    world.command(Command::CloseFeed { feed: FEED });
    assert_eq!(world.closed(world.clients[host].session), Some(CloseReason::Removed));
    world.run(millis(1_000));
    let session = world.clients[viewer].session;
    assert_eq!(world.closed(session), None);
    world.command(Command::Switch { session, source: OTHER });
    world.run(millis(1_000));
    assert_eq!(world.clients[viewer].whole_pictures().last().unwrap().0, 2);
    world.clients[viewer].check_continuity(false);
}

#[test]
fn a_publisher_changes_its_codec_and_back() {
    let mut world = World::new(120);
    let host = world.publish(FEED, sending(1), near());
    let viewer = world.play(FEED, near());
    world.command(Command::Tap { feed: FEED, on: true });
    for h264 in [false, true, false] {
        world.clients[host].h264 = h264;
        world.clients[host].key_wanted = true;
        world.run(millis(2_000));
    }
    world.clients[viewer].check_continuity(false);
    let mut codecs: Vec<Codec> =
        world.clients[viewer].got.iter().filter(|g| g.video).map(|g| g.codec).collect();
    codecs.dedup();
    assert_eq!(codecs, [Codec::Vp8, Codec::H264, Codec::Vp8]);
    let frames: Vec<_> = world.frames(FEED).into_iter().filter(|(_, f)| f.codec != Codec::Opus).collect();
    assert!(frames.len() > 150, "{}", frames.len());
    for pair in frames.windows(2) {
        assert!(pair[1].1.key || pair[0].1.codec == pair[1].1.codec, "another codec begins with a key frame");
    }
    let seen: Vec<_> = changes(&world, FEED).iter().filter_map(|c| c.1).collect();
    assert_eq!(seen.iter().filter(|c| **c == Codec::H264).count(), 1);
}

#[test]
fn two_seconds_of_nothing_do_not_end_a_viewer() {
    let mut world = World::new(130);
    let host = world.publish(FEED, Sending { audio: false, ..sending(1) }, near());
    let viewer = world.play(FEED, near());
    world.run(millis(2_000));
    world.clients[host].sending = None;
    world.run(millis(20_000));
    assert_eq!(changes(&world, FEED).last(), Some(&(None, None)));
    world.clients[host].sending = Some(Sending { audio: false, ..sending(1) });
    world.run(millis(2_000));
    assert!(world.clients[viewer].whole_pictures().len() > 100);
    world.clients[viewer].check_continuity(false);
    assert_eq!(world.stats().sessions, 2);
}

/// When a viewer of a Program got which Rendition: the time each of its pictures ended, and
/// whether it was the large one.
fn seen(world: &World, viewer: usize) -> Vec<(std::time::Instant, bool)> {
    let pictures = world.clients[viewer].got.iter().filter(|g| g.video && g.payload.len() > 100);
    let mut all: Vec<_> =
        pictures.map(|g| (g.timestamp, g.at, g.payload.len() > SMALL_PICTURE + 100)).collect();
    all.dedup_by_key(|(timestamp, ..)| *timestamp);
    all.into_iter().map(|(_, at, large)| (at, large)).collect()
}

#[test]
fn a_viewer_whose_network_shrinks_gets_the_small_picture_and_later_the_large_again() {
    let mut world = World::new(60);
    world.open_program(PROGRAM);
    world.programs[0].small = true;
    let wide = Impairment { delay: millis(20), ..Impairment::default() };
    let viewer = world.play(PROGRAM, wide);
    world.run(millis(3_000));
    for _ in 0..4 {
        let now = world.now;
        world.clients[viewer].estimate(now, 1_100_000);
        world.run(millis(1_000));
    }
    assert!(seen(&world, viewer).iter().all(|(_, large)| *large));

    let shrunk = world.now;
    let narrow = Impairment { rate: Some(400_000), queue: 60_000, ..wide };
    world.clients[viewer].down.set(narrow);
    world.run(millis(400));
    // The queue grows, which libwebrtc notices within some hundred ms.
    world.clients[viewer].estimate(world.now, 340_000);
    world.run(millis(4_000));
    let after: Vec<_> = seen(&world, viewer).into_iter().filter(|(at, _)| *at > shrunk).collect();
    let first_small = after.iter().find(|(_, large)| !large).expect("the small picture").0;
    println!("small after {:?}", first_small - shrunk);
    assert!(first_small - shrunk < millis(1_600));
    let gap = after.windows(2).map(|w| w[1].0 - w[0].0).max().unwrap();
    println!("longest gap {gap:?}");
    assert!(gap < millis(1_000), "no freeze over a second: {gap:?}");
    assert!(after.iter().skip_while(|(_, large)| *large).all(|(_, large)| !large), "and it stays");
    assert_eq!(world.stats().playing_small, 1);

    world.clients[viewer].down.set(wide);
    let healed = world.now;
    for second in 0..20 {
        let now = world.now;
        world.clients[viewer].estimate(now, 400_000 + 30_000 * second);
        world.run(millis(1_000));
    }
    let back =
        seen(&world, viewer).into_iter().find(|(at, large)| *at > healed && *large).expect("large again");
    println!("large again after {:?}", back.0 - healed);
    assert!(back.0 - healed < millis(15_000));
    assert_eq!(world.stats().playing_small, 0);
    world.clients[viewer].check_continuity(true);
}

#[test]
fn a_line_too_thin_for_any_picture_is_left_to_the_sound_and_tried_again() {
    let mut world = World::new(61);
    world.open_program(PROGRAM);
    world.programs[0].small = true;
    let wide = Impairment { delay: millis(20), ..Impairment::default() };
    let viewer = world.play(PROGRAM, wide);
    world.run(millis(3_000));
    world.clients[viewer].estimate(world.now, 1_100_000);
    world.run(millis(500));
    let narrow = Impairment { rate: Some(100_000), queue: 20_000, ..wide };
    world.clients[viewer].down.set(narrow);
    for _ in 0..12 {
        world.clients[viewer].estimate(world.now, 80_000);
        world.run(millis(500));
    }
    assert_eq!(world.stats().playing_paused, 1, "no picture");
    // What the queue holds is under way for a while.
    world.run(millis(1_700));
    let paused = world.now;
    world.run(millis(2_000));
    let sound =
        |world: &World| world.clients[viewer].got.iter().filter(|g| !g.video && g.at > paused).count();
    assert!(seen(&world, viewer).iter().all(|(at, _)| *at < paused));
    assert!(sound(&world) > 55, "{} packets of sound in two seconds", sound(&world));

    world.clients[viewer].down.set(wide);
    world.run(millis(10_000));
    assert_eq!((world.stats().playing_paused, world.stats().playing_small), (0, 1));
    assert!(seen(&world, viewer).iter().any(|(at, large)| *at > paused && !large), "the small picture");
}

#[test]
fn a_large_picture_leaves_in_pieces_and_sound_goes_between_them() {
    let mut world = World::new(61);
    world.open_program(PROGRAM);
    let viewer = world.play(PROGRAM, near());
    world.run(millis(2_000));
    world.programs[0].running = false;
    world.run(millis(100));
    let before = world.clients[viewer].got.len();
    let time = world.media(world.now);
    let mut picture = vec![0, 0, 0, 1, 0x65];
    picture.resize(110_000, 0x77);
    for (codec, payload) in [(Codec::H264, picture), (Codec::Opus, vec![1; 80])] {
        let frame = EncodedFrame { codec, key: true, time, payload: payload.into() };
        world.command(Command::ProgramFrame { feed: PROGRAM, size: Size::Large, frame });
    }
    world.run(millis(100));
    let got = &world.clients[viewer].got[before..];
    let pieces: Vec<_> = got.iter().filter(|g| g.video).collect();
    assert_eq!(pieces.len(), 110_000 / 1_148 + 1, "all of it");
    let took = pieces[pieces.len() - 1].at - pieces[0].at;
    assert!(took > millis(12) && took < millis(30), "{took:?}");
    let at_once = |w: &&[&crate::client::Got]| w[16].at - w[0].at < millis(2);
    assert_eq!(pieces.windows(17).filter(at_once).count(), 0, "no more than a piece at once");
    let sound = got.iter().position(|g| !g.video).expect("the sound");
    assert!(sound < 20, "the sound does not wait for the picture: {sound}");
    world.clients[viewer].check_continuity(false);
}

#[test]
fn who_has_not_chosen_a_way_yet_is_answered_on_the_one_that_is_proved() {
    let mut world = World::new(31);
    let program = FeedId::new(1);
    world.open_program(program);
    let viewer = world.play(program, Impairment { delay: millis(10), ..Impairment::default() });
    // A browser that has asked in vain for seconds takes one more before it chooses.
    world.clients[viewer].chooses = false;
    world.run_until(millis(400), |world| world.clients[viewer].connected.is_some());
    world.run_until(millis(700), |world| !world.clients[viewer].got.is_empty());
    world.clients[viewer].chooses = true;
    world.run(millis(3_000));
    let last = world.clients[viewer].got.last().expect("it plays").at;
    assert!(world.now.duration_since(last) < millis(100), "it plays on when the peer chooses");
    assert_eq!(world.stats().panics, 0);
}
