//! Clips on the stage, in virtual time.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{World, clip, feed, heard, seen};
use palco_base::ClipId;
use palco_mix::wire::ToMixer;
use palco_stage::{Command, Effect, Fact, Layout, PlayOptions, PlayState, ScenePatch, Send, Target};

const ONE: ClipId = ClipId::new(1);
const TWO: ClipId = ClipId::new(2);

/// A live show with two hosts and two clips of ten seconds.
fn world() -> World {
    let mut world = World::live(2);
    world.act(Command::AddClip(clip(1)));
    world.act(Command::AddClip(clip(2)));
    world
}

/// Clip one on the stage, open and running.
fn playing() -> World {
    let mut world = world();
    world.play(1);
    let feed = world.clip_feed();
    world.report(feed, 0, false);
    world.pass(1_000);
    world.report(feed, 1_000, false);
    world
}

fn scene(layout: Layout) -> Command {
    Command::SetScene(ScenePatch { layout, focus: None, slate: None, transition: None })
}

fn layout(world: &World) -> Layout {
    world.snapshot().scene.layout
}

fn state(world: &World) -> (PlayState, u64) {
    let playback = world.snapshot().playback.unwrap();
    (playback.state, playback.position)
}

fn set_clips(effects: &[Effect]) -> Vec<(bool, Option<u64>)> {
    let set = effects.iter().filter_map(|effect| match effect {
        Effect::MixerSay(ToMixer::SetClip { playing, seek, .. }) => Some((*playing, *seek)),
        _ => None,
    });
    set.collect()
}

#[test]
fn a_clip_is_taken_and_its_end_returns_the_scene() {
    let mut world = world();
    let before = world.program().clone();
    let effects = world.play(1);
    assert!(effects.iter().any(|e| matches!(e, Effect::OpenClip { clip, .. } if *clip == ONE)));
    assert_eq!(layout(&world), Layout::ClipFull);
    assert_eq!(seen(world.program()), seen(&before), "not before there is a picture of it");
    let clip_feed = world.clip_feed();
    world.pass(150);
    world.report(clip_feed, 0, false);
    assert_eq!(seen(world.program()), [clip_feed]);
    assert_eq!(heard(world.program()), [feed(1), feed(2), clip_feed]);
    world.pass(9_850);
    world.report(clip_feed, 10_000, true);
    assert_eq!(layout(&world), Layout::Grid);
    assert_eq!(seen(world.program()), seen(&before));
    assert_eq!(state(&world), (PlayState::Ended, 10_000));
}

#[test]
fn a_clip_that_does_not_open_does_not_hold_the_scene_for_ever() {
    let mut world = world();
    world.play(1);
    let clip_feed = world.clip_feed();
    world.pass(999);
    assert_ne!(seen(world.program()), [clip_feed]);
    world.pass(1);
    assert_eq!(seen(world.program()), [clip_feed]);
}

#[test]
fn the_position_runs_with_the_clock() {
    let mut world = playing();
    assert_eq!(state(&world), (PlayState::Playing, 1_000));
    world.pass(2_500);
    assert_eq!(state(&world), (PlayState::Playing, 3_500));
    // Small differences are taken over silently, large ones are news.
    let clip_feed = world.clip_feed();
    assert_eq!(world.report(clip_feed, 3_300, false), []);
    assert_eq!(state(&world), (PlayState::Playing, 3_300));
    assert_eq!(world.report(clip_feed, 5_000, false), [Effect::Changed]);
    world.pass(60_000);
    assert_eq!(state(&world), (PlayState::Playing, 10_000), "not past the end");
}

#[test]
fn pause_resume_and_seek() {
    let mut world = playing();
    let effects = world.act(Command::PauseClip { clip: ONE });
    assert_eq!(set_clips(&effects), [(false, None)]);
    world.pass(5_000);
    assert_eq!(state(&world), (PlayState::Paused, 1_000));
    let effects = world.act(Command::SeekClip { clip: ONE, position: 7_000 });
    assert_eq!(set_clips(&effects), [(false, Some(7_000))]);
    let effects = world.play(1);
    assert_eq!(set_clips(&effects), [(true, None)]);
    // What the mixer said before it heard of that is not believed.
    let clip_feed = world.clip_feed();
    assert_eq!(world.report(clip_feed, 1_020, false), []);
    world.pass(500);
    assert_eq!(state(&world), (PlayState::Playing, 7_500));
    let effects = world.act(Command::SeekClip { clip: ONE, position: 99_000 });
    assert_eq!(set_clips(&effects), [(true, Some(10_000))], "not past the end");
}

#[test]
fn an_end_that_crosses_a_seek_is_not_believed_unless_it_stands() {
    let mut world = playing();
    let clip_feed = world.clip_feed();
    world.act(Command::SeekClip { clip: ONE, position: 0 });
    world.pass(50);
    world.report(clip_feed, 10_000, true);
    assert_eq!(state(&world).0, PlayState::Playing);
    world.pass(100);
    world.report(clip_feed, 100, false);
    world.pass(2_000);
    assert_eq!(state(&world).0, PlayState::Playing, "the end was of before the seek");
    // A seek to just before the end: the end comes at once, and is said only once.
    world.act(Command::SeekClip { clip: ONE, position: 9_950 });
    world.pass(60);
    world.report(clip_feed, 10_000, true);
    world.pass(1_000);
    assert_eq!(state(&world), (PlayState::Ended, 10_000));
    assert_eq!(layout(&world), Layout::Grid);
}

#[test]
fn an_ended_clip_plays_again_from_its_beginning() {
    let mut world = playing();
    let clip_feed = world.clip_feed();
    world.pass(9_000);
    world.report(clip_feed, 10_000, true);
    let effects = world.play(1);
    assert_eq!(set_clips(&effects), [(true, Some(0))]);
    assert_eq!(world.clip_feed(), clip_feed, "the same playback");
    assert_eq!(layout(&world), Layout::ClipFull, "taken again");
    world.pass(500);
    assert_eq!(state(&world), (PlayState::Playing, 500));
}

#[test]
fn a_looped_clip_goes_round() {
    let mut world = playing();
    world.act(Command::PatchPlayback {
        clip: ONE,
        options: PlayOptions { looped: Some(true), volume: Some(0.5), position: None },
    });
    assert_eq!(world.program().sounds.last().unwrap().gain, 0.5);
    world.pass(12_000);
    assert_eq!(state(&world), (PlayState::Playing, 3_000));
    let loud = PlayOptions { volume: Some(3.0), ..Default::default() };
    assert_eq!(world.refused(Command::PatchPlayback { clip: ONE, options: loud }), "volume_invalid");
}

#[test]
fn stopping_returns_the_scene_and_closes_the_clip() {
    let mut world = playing();
    let clip_feed = world.clip_feed();
    let effects = world.act(Command::StopClip { clip: ONE });
    assert!(effects.contains(&Effect::MixerSay(ToMixer::CloseFeed { feed: clip_feed })));
    assert_eq!((layout(&world), world.snapshot().playback), (Layout::Grid, None));
    for command in [
        Command::PauseClip { clip: ONE },
        Command::SeekClip { clip: ONE, position: 0 },
        Command::StopClip { clip: ONE },
        Command::PatchPlayback { clip: ONE, options: PlayOptions::default() },
    ] {
        assert_eq!(world.refused(command), "clip_not_loaded");
    }
}

#[test]
fn one_clip_after_another_returns_to_the_scene_before_the_first() {
    let mut world = world();
    world.act(scene(Layout::SideBySide));
    world.play(1);
    let first = world.clip_feed();
    world.report(first, 0, false);
    world.play(2);
    let second = world.clip_feed();
    assert_ne!(first, second);
    assert_eq!(seen(world.program()), [first], "the first stays until the second is open");
    world.report(second, 0, false);
    assert_eq!(seen(world.program()), [second]);
    assert!(!world.mixer.as_ref().unwrap().clips.contains_key(&first));
    world.pass(10_000);
    world.report(second, 10_000, true);
    assert_eq!(layout(&world), Layout::SideBySide);
    assert_eq!(world.report(first, 5_000, true), [], "what is said of an old playback is of no interest");
}

#[test]
fn what_the_director_chose_meanwhile_stays() {
    let mut world = playing();
    world.act(scene(Layout::Solo));
    assert!(heard(world.program()).contains(&world.clip_feed()), "unseen, but heard: it plays");
    let clip_feed = world.clip_feed();
    world.pass(9_000);
    world.report(clip_feed, 10_000, true);
    assert_eq!(layout(&world), Layout::Solo);
    // Another layout with the clip is a part of having it on: the scene before returns.
    let mut world = playing();
    world.act(scene(Layout::ClipWithHosts));
    world.act(Command::StopClip { clip: ONE });
    assert_eq!(layout(&world), Layout::Grid);
}

#[test]
fn music_needs_no_picture() {
    let mut world = world();
    let before = world.program().clone();
    let options = PlayOptions { volume: Some(0.3), ..Default::default() };
    world.act(Command::PlayClip { clip: ONE, options, take: false });
    assert_eq!(layout(&world), Layout::Grid);
    assert_eq!(seen(world.program()), seen(&before));
    assert!(heard(world.program()).contains(&world.clip_feed()));
}

#[test]
fn a_clip_that_fails_says_so_and_the_scene_returns() {
    let mut world = playing();
    let clip_feed = world.clip_feed();
    world.fact(Fact::ClipFailed { feed: clip_feed, text: "It broke.".into() });
    let playback = world.snapshot().playback.unwrap();
    assert_eq!((playback.state, playback.error.as_deref()), (PlayState::Failed, Some("It broke.")));
    assert_eq!(layout(&world), Layout::Grid);
    assert!(world.mixer.as_ref().unwrap().clips.is_empty());
    assert_eq!(world.refused(scene(Layout::ClipFull)), "no_clip");
    world.play(1);
    assert_ne!(world.clip_feed(), clip_feed, "another try is another playback");
    // The audience's own clip: it is brought back, whatever was asked.
    world.act(Command::SendAudience(Send::Clip { clip: TWO, looped: true, return_at_end: false }));
    let deck = world.snapshot().audience_playback.unwrap().feed;
    world.fact(Fact::ClipFailed { feed: deck, text: "It broke.".into() });
    assert_eq!(world.snapshot().target, Target::Program);
}

#[test]
fn a_clip_in_use_is_not_deleted() {
    let mut world = playing();
    assert_eq!(world.refused(Command::RemoveClip { clip: ONE }), "clip_on_air");
    world.act(Command::SendAudience(Send::Clip { clip: TWO, looped: false, return_at_end: true }));
    assert_eq!(world.refused(Command::RemoveClip { clip: TWO }), "clip_on_air");
    world.act(Command::SendAudience(Send::Program));
    assert!(world.act(Command::RemoveClip { clip: TWO }).contains(&Effect::DeleteClip(TWO)));
    let clip_feed = world.clip_feed();
    world.pass(9_000);
    world.report(clip_feed, 10_000, true);
    assert!(
        world.act(Command::RemoveClip { clip: ONE }).contains(&Effect::DeleteClip(ONE)),
        "ended is not in use"
    );
    assert_eq!((world.snapshot().playback, world.snapshot().clips.len()), (None, 0));
    assert_eq!(world.refused(Command::RemoveClip { clip: ONE }), "unknown_clip");
}

#[test]
fn a_mixer_that_died_plays_on_where_the_clip_is_by_now() {
    let mut world = playing();
    world.stop_mixer();
    world.pass(2_000);
    let effects = world.start_mixer();
    let opened = effects.iter().find_map(|effect| match effect {
        Effect::OpenClip { say: ToMixer::OpenClip { position, playing, .. }, .. } => {
            Some((*position, *playing))
        }
        _ => None,
    });
    assert_eq!(opened, Some((3_000, true)));
    assert_eq!(seen(world.program()), [world.clip_feed()], "a new mixer has no old picture to keep");
    // Longer away than the clip lasts: it is over.
    world.stop_mixer();
    world.pass(60_000);
    world.start_mixer();
    assert_eq!(state(&world), (PlayState::Ended, 10_000));
    assert_eq!(layout(&world), Layout::Grid);
}

#[test]
fn the_beginning_is_not_lost_while_the_mixer_starts() {
    let mut world = World::new();
    world.act(Command::AddClip(clip(1)));
    world.play(1);
    assert!(world.wanted, "a clip to look at needs a mixer");
    world.pass(1_500);
    assert_eq!(state(&world), (PlayState::Playing, 0));
    world.start_mixer();
    world.pass(500);
    assert_eq!(state(&world), (PlayState::Playing, 500));
}

#[test]
fn a_clip_goes_on_after_the_server_was_away() {
    let mut world = playing();
    world.act(Command::PatchPlayback { clip: ONE, options: PlayOptions::default() });
    world.restart(4_000);
    assert_eq!(state(&world), (PlayState::Playing, 5_000));
    world.start_mixer();
    assert_eq!(seen(world.program()), [world.clip_feed()]);
    world.restart(3_600_000);
    assert_eq!(state(&world), (PlayState::Ended, 10_000));
    assert_eq!(layout(&world), Layout::Grid, "the scene returned");
}
