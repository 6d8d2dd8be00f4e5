//! A show from its announcement to its end, in virtual time.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{World, card, clip, feed, heard, performer, seen, transition};
use palco_base::{ClipId, MediaTime, Secret, SessionId};
use palco_mix::wire::{Coding, Output, ToMixer, Transition};
use palco_stage::{
    Canvas, Command, Connection, Door, Effect, Fact, Layout, MixerState, PerformerPatch, Phase, Role,
    ScenePatch, Send, ShowPatch, Slate, ViewersOut,
};

fn role(n: u64, role: Role) -> Command {
    Command::PatchPerformer {
        performer: performer(n),
        patch: PerformerPatch { role: Some(role), ..Default::default() },
    }
}

fn layout(layout: Layout) -> ScenePatch {
    ScenePatch { layout, focus: None, slate: None, transition: None }
}

#[test]
fn a_live_show_wants_a_mixer_and_tells_it_everything() {
    let mut world = World::new();
    assert!(!world.wanted, "a scheduled show costs nothing");
    world.add(1, Role::Host);
    world.act(Command::Start);
    assert!(world.wanted);
    assert_eq!(world.snapshot().mixer, MixerState::Starting);
    world.start_mixer();
    assert_eq!(world.snapshot().mixer, MixerState::Up);
    let mixer = world.mixer.as_ref().unwrap();
    let Coding { frame_rate, large, small, .. } = mixer.outputs[&Output::Program];
    assert_eq!((large.width, large.height, frame_rate, mixer.outputs.len()), (1280, 720, 30, 1));
    assert_eq!(small.map(|it| (it.width, it.height)), Some((640, 360)));
    assert_eq!(seen(world.program()), [feed(1)]);
}

#[test]
fn performers_go_on_and_off_stage() {
    let mut world = World::live(1);
    world.add(2, Role::Backstage);
    world.connect(2);
    assert_eq!(world.taps, [feed(1)].into(), "backstage is not in the mix");
    world.act(role(2, Role::Host));
    assert_eq!(world.taps, [feed(1), feed(2)].into());
    assert_eq!(seen(world.program()), [feed(1), feed(2)]);
    assert_eq!(heard(world.program()), [feed(1), feed(2)]);
    world.act(role(1, Role::Backstage));
    assert_eq!(seen(world.program()), [feed(2)]);
    assert_eq!(world.taps, [feed(2)].into());
    let snapshot = world.snapshot();
    assert_eq!(snapshot.performer(performer(2)).unwrap().place, Some(0));
    assert_eq!(snapshot.performer(performer(1)).unwrap().place, None);
}

#[test]
fn the_fifth_host_finds_the_stage_full() {
    let mut world = World::live(4);
    world.add(5, Role::Backstage);
    assert_eq!(world.refused(role(5, Role::Host)), "stage_full");
    let sixth = Command::AddPerformer {
        id: performer(6),
        feed: feed(6),
        invitation: Secret::new("x"),
        name: "Sixth".into(),
        role: Role::Host,
    };
    assert_eq!(world.refused(sixth), "stage_full");
    assert_eq!(
        world.refused(Command::PatchShow(ShowPatch { max_on_air: Some(3), ..Default::default() })),
        "stage_full"
    );
    world.act(Command::PatchShow(ShowPatch { max_on_air: Some(5), ..Default::default() }));
    world.act(role(5, Role::Host));
    assert_eq!(seen(world.program()).len(), 5);
}

#[test]
fn who_comes_back_has_the_same_role_and_place() {
    let mut world = World::live(3);
    let session = world.connect(2);
    let shown = world.program().clone();
    world.close(2, session, false);
    let view = world.snapshot().performer(performer(2)).unwrap().clone();
    assert_eq!((view.connection, view.place), (Connection::Lost, Some(1)));
    assert_eq!(world.program(), &shown, "the picture keeps the place");
    world.pass(5_000);
    world.connect(2);
    let view = world.snapshot().performer(performer(2)).unwrap().clone();
    assert_eq!(
        (view.connection, view.place, view.performer.role),
        (Connection::Connected, Some(1), Role::Host)
    );
    assert_eq!(world.program(), &shown);
    assert_eq!(world.pass(60_000), [], "and nothing is left to do");
}

#[test]
fn the_picture_of_who_is_lost_is_forgotten_after_a_while_and_of_who_left_at_once() {
    let reopened = |effects: &[Effect], n: u64| {
        let says: Vec<&ToMixer> = effects
            .iter()
            .filter_map(|e| match e {
                Effect::MixerSay(say @ (ToMixer::CloseFeed { .. } | ToMixer::OpenFeed { .. })) => Some(say),
                _ => None,
            })
            .collect();
        matches!(says[..], [ToMixer::CloseFeed { feed: a }, ToMixer::OpenFeed { feed: b, .. }] if *a == feed(n) && *b == feed(n))
    };
    let mut world = World::live(2);
    let session = world.connect(1);
    world.close(1, session, false);
    assert!(!reopened(&world.pass(9_900), 1));
    assert!(reopened(&world.pass(200), 1), "its placeholder is shown from now on");
    let session = world.connect(2);
    assert!(reopened(&world.close(2, session, true), 2));
    assert_eq!(world.snapshot().performer(performer(2)).unwrap().connection, Connection::Away);
    assert_eq!(seen(world.program()), [feed(1), feed(2)], "hosts keep their tiles");
}

#[test]
fn a_replaced_session_that_ends_is_of_no_interest() {
    let mut world = World::live(1);
    let old = world.connect(1);
    let new = world.connect(1);
    assert_eq!(world.fact(Fact::PublisherClosed { performer: performer(1), session: old, left: false }), []);
    assert_eq!(world.snapshot().performers[0].connection, Connection::Connected);
    world.close(1, new, false);
    assert_eq!(world.snapshot().performers[0].connection, Connection::Lost);
    // Facts about nobody are of no interest either.
    assert_eq!(
        world.fact(Fact::PublisherConnected { performer: performer(9), session: SessionId::new(9) }),
        []
    );
    assert_eq!(world.fact(Fact::FeedChanged { feed: feed(9), audio: None, video: None }), []);
}

#[test]
fn muting_hiding_and_volume() {
    let mut world = World::live(2);
    let fade = Some(Transition::Fade { millis: 500 });
    world.act(Command::SetScene(ScenePatch { transition: fade, ..layout(Layout::Grid) }));
    let patch = |patch| Command::PatchPerformer { performer: performer(1), patch };
    let effects = world.act(patch(PerformerPatch { muted: Some(true), ..Default::default() }));
    assert!(effects.contains(&Effect::Mute { feed: feed(1), audio: true, video: false }));
    assert_eq!(heard(world.program()), [feed(2)]);
    assert_eq!(
        transition(&effects, Output::Program),
        Some(Transition::Cut),
        "a sound does not fade the picture"
    );
    let effects = world.act(patch(PerformerPatch { hidden: Some(true), ..Default::default() }));
    assert!(effects.contains(&Effect::Mute { feed: feed(1), audio: true, video: true }));
    assert_eq!(seen(world.program()), [feed(2)]);
    assert_eq!(world.program().tiles.len(), 2, "a card stands in the place");
    assert_eq!(transition(&effects, Output::Program), fade);
    // Who publishes again is still muted: the SFU is told again.
    let effects = {
        let session = SessionId::new(99);
        world.fact(Fact::PublisherConnecting { performer: performer(1), session });
        world.fact(Fact::PublisherConnected { performer: performer(1), session })
    };
    assert!(effects.contains(&Effect::Mute { feed: feed(1), audio: true, video: true }));
    assert!(effects.contains(&Effect::Tap { feed: feed(1), on: true }));
    world.act(patch(PerformerPatch { muted: Some(false), volume: Some(0.5), ..Default::default() }));
    assert_eq!(world.program().sounds[0].gain, 0.5);
    let loud = PerformerPatch { volume: Some(2.5), name: Some("Loud".into()), ..Default::default() };
    assert_eq!(world.refused(patch(loud)), "volume_invalid");
}

#[test]
fn hosts_are_put_in_order() {
    let mut world = World::live(3);
    let to = |place| PerformerPatch { place: Some(place), ..Default::default() };
    world.act(Command::PatchPerformer { performer: performer(3), patch: to(0) });
    assert_eq!(seen(world.program()), [feed(3), feed(1), feed(2)]);
    world.act(Command::PatchPerformer { performer: performer(3), patch: to(99) });
    assert_eq!(seen(world.program()), [feed(1), feed(2), feed(3)]);
    world.add(4, Role::Crew);
    assert_eq!(
        world.refused(Command::PatchPerformer { performer: performer(4), patch: to(0) }),
        "not_on_air"
    );
}

#[test]
fn scenes() {
    let mut world = World::live(2);
    let focus = |n| ScenePatch { focus: Some(Some(performer(n))), ..layout(Layout::Solo) };
    world.act(Command::SetScene(focus(2)));
    assert_eq!(seen(world.program()), [feed(2)]);
    assert_eq!(heard(world.program()), [feed(1), feed(2)]);
    world.add(3, Role::Backstage);
    assert_eq!(world.refused(Command::SetScene(focus(3))), "unknown_performer");
    assert_eq!(world.refused(Command::SetScene(layout(Layout::ClipFull))), "no_clip");
    let slow = ScenePatch { transition: Some(Transition::Fade { millis: 5_001 }), ..layout(Layout::Grid) };
    assert_eq!(world.refused(Command::SetScene(slow)), "transition_invalid");
    // Whoever is large leaves the stage: the first one is, then.
    world.act(role(2, Role::Backstage));
    assert_eq!(seen(world.program()), [feed(1)]);
    assert_eq!(world.snapshot().scene.focus, None);
    world.act(Command::SetScene(layout(Layout::Slate)));
    assert_eq!(card(world.program()), Some("Friday Show"), "the card says the title until it says more");
    let slate = Slate { title: "Ten minutes".into(), text: String::new() };
    world.act(Command::SetScene(ScenePatch { slate: Some(slate), ..layout(Layout::Slate) }));
    assert_eq!(card(world.program()), Some("Ten minutes"));
    assert_eq!(heard(world.program()), []);
}

#[test]
fn a_pause_shows_the_audience_a_card_and_the_director_the_stage() {
    let mut world = World::live(2);
    let stage = world.program().clone();
    world.act(Command::Pause);
    assert_eq!(card(world.program()), Some("Friday Show"));
    assert_eq!(heard(world.program()), []);
    assert_eq!(world.mixer.as_ref().unwrap().shown[&Output::Stage], stage);
    assert_eq!(world.refused(Command::Pause), "show_not_live");
    world.act(Command::Resume);
    assert_eq!(world.program(), &stage);
    assert_eq!(world.mixer.as_ref().unwrap().outputs.len(), 1, "one picture is enough again");
    assert_eq!(world.refused(Command::Resume), "show_not_paused");
}

#[test]
fn the_audience_is_sent_elsewhere_and_the_stage_does_not_notice() {
    let mut world = World::live(2);
    world.act(Command::AddClip(clip(1)));
    let stage = world.program().clone();
    let on_stage = |world: &World| world.mixer.as_ref().unwrap().shown[&Output::Stage].clone();

    world.act(Command::SendAudience(Send::Slate(Slate { title: "Break".into(), text: String::new() })));
    assert_eq!((card(world.program()), on_stage(&world)), (Some("Break"), stage.clone()));

    world.add(3, Role::Backstage);
    world.act(Command::SendAudience(Send::Performer(performer(3))));
    assert_eq!((seen(world.program()), heard(world.program())), (vec![feed(3)], vec![feed(3)]));
    assert!(world.taps.contains(&feed(3)), "backstage, but in this picture");
    assert_eq!(on_stage(&world), stage);

    world.act(Command::SendAudience(Send::Clip { clip: ClipId::new(1), looped: false, return_at_end: true }));
    let snapshot = world.snapshot();
    assert_eq!(snapshot.playback, None, "the stage plays nothing");
    let deck = snapshot.audience_playback.unwrap().feed;
    // The old picture stays until the clip is open.
    world.report(deck, 0, false);
    assert_eq!((seen(world.program()), heard(world.program())), (vec![deck], vec![deck]));
    assert!(!world.taps.contains(&feed(3)));
    world.pass(10_000);
    world.report(deck, 10_000, true);
    assert_eq!(world.program(), &stage, "its end brings the audience back");
    assert_eq!(world.mixer.as_ref().unwrap().outputs.len(), 1);
    assert!(world.mixer.as_ref().unwrap().clips.is_empty());
}

#[test]
fn removing_a_performer_ends_everything_of_theirs() {
    let mut world = World::live(2);
    world.act(Command::SendAudience(Send::Performer(performer(2))));
    let effects = world.act(Command::RemovePerformer { performer: performer(2) });
    assert!(effects.contains(&Effect::PerformerRemoved { performer: performer(2), feed: feed(2) }));
    assert_eq!(seen(world.program()), [feed(1)], "the audience is back");
    assert!(world.snapshot().invited("invitation 2").is_none());
    assert!(world.snapshot().invited("invitation 1").is_some());
    assert_eq!(world.refused(Command::RemovePerformer { performer: performer(2) }), "unknown_performer");
}

#[test]
fn a_mixer_that_died_is_told_everything_again() {
    let mut world = World::live(3);
    world.act(Command::SendAudience(Send::Slate(Slate { title: "Break".into(), text: String::new() })));
    let before = world.mixer.clone().unwrap();
    assert_eq!(world.stop_mixer().iter().filter(|e| matches!(e, Effect::MixerSay(_))).count(), 0);
    assert_eq!(world.snapshot().mixer, MixerState::Restarting);
    world.act(role(3, Role::Backstage));
    world.act(role(3, Role::Host));
    let effects = world.start_mixer();
    assert_eq!(world.mixer.as_ref(), Some(&before));
    for n in 1..=3 {
        assert!(effects.contains(&Effect::Tap { feed: feed(n), on: true }), "a key frame of each is needed");
    }
}

#[test]
fn the_mixer_stays_a_while_for_a_preview_that_reloads() {
    let mut world = World::new();
    world.fact(Fact::Previews(1));
    assert!(world.wanted);
    world.start_mixer();
    world.fact(Fact::Previews(0));
    assert!(world.wanted, "it may be a reload");
    world.pass(9_000);
    world.fact(Fact::Previews(1));
    world.pass(60_000);
    assert!(world.wanted);
    world.fact(Fact::Previews(0));
    world.pass(10_001);
    assert!(!world.wanted);
    assert_eq!(world.snapshot().mixer, MixerState::Off);
    world.add(1, Role::Backstage);
    world.connect(1);
    assert!(world.wanted, "somebody is here");
}

#[test]
fn the_end_is_the_end() {
    let mut world = World::live(2);
    world.act(Command::AddClip(clip(1)));
    world.play(1);
    let effects = world.act(Command::End);
    assert!(effects.contains(&Effect::CloseViewers(ViewersOut::ShowEnded)));
    assert!(!world.wanted && world.taps.is_empty(), "at once");
    let snapshot = world.snapshot();
    assert_eq!(
        (snapshot.show.phase, snapshot.playback, snapshot.mixer),
        (Phase::Over, None, MixerState::Off)
    );
    assert!(snapshot.show.ended_at.is_some());
    for command in [
        Command::Start,
        Command::Pause,
        Command::Resume,
        Command::End,
        Command::SetScene(layout(Layout::Solo)),
    ] {
        assert_eq!(world.refused(command), "show_over");
    }
    world.connect(1);
    assert!(!world.wanted, "never for a show that is over");
    world.restart(1_000);
    assert_eq!(world.snapshot().show.phase, Phase::Over);
    assert!(!world.wanted);
}

#[test]
fn phases_in_the_wrong_order_are_refused() {
    let mut world = World::new();
    assert_eq!(world.refused(Command::Pause), "show_not_live");
    assert_eq!(world.refused(Command::End), "show_not_live");
    assert_eq!(world.refused(Command::Resume), "show_not_paused");
    world.act(Command::Start);
    assert_eq!(world.refused(Command::Start), "show_live");
}

#[test]
fn what_is_announced_can_change() {
    let mut world = World::live(1);
    let patch = |patch| Command::PatchShow(patch);
    let door =
        ShowPatch { door: Some(Door::Grant), title: Some("Saturday Show".into()), ..Default::default() };
    let effects = world.act(patch(door.clone()));
    assert!(effects.contains(&Effect::CloseViewers(ViewersOut::DoorChanged)));
    assert!(
        !world.act(patch(door)).contains(&Effect::CloseViewers(ViewersOut::DoorChanged)),
        "it is that already"
    );
    assert_eq!(world.snapshot().scene.slate.title, "Saturday Show");
    assert_eq!(
        world.refused(patch(ShowPatch { canvas: Some(Canvas::Tall), ..Default::default() })),
        "show_live"
    );
    for (bad, code) in [
        (ShowPatch { title: Some(" ".into()), ..Default::default() }, "title_invalid"),
        (ShowPatch { slug: Some("A b".into()), ..Default::default() }, "slug_invalid"),
        (ShowPatch { max_on_air: Some(10), ..Default::default() }, "max_on_air_invalid"),
        (ShowPatch { description: Some("x".repeat(4_001)), ..Default::default() }, "description_invalid"),
    ] {
        assert_eq!(world.refused(patch(bad)), code);
    }
}

#[test]
fn the_shape_can_change_before_the_show() {
    let mut world = World::new();
    world.fact(Fact::Previews(1));
    world.start_mixer();
    world.act(Command::PatchShow(ShowPatch { canvas: Some(Canvas::Tall), ..Default::default() }));
    let Coding { large, .. } = world.mixer.as_ref().unwrap().outputs[&Output::Program];
    assert_eq!((large.width, large.height), (720, 1280));
    assert_eq!(world.program().tiles[0].rect.height, 1280);
}

#[test]
fn a_live_show_survives_the_server() {
    let mut world = World::live(3);
    world.act(role(2, Role::Backstage));
    world.act(Command::SetScene(ScenePatch {
        focus: Some(Some(performer(3))),
        ..layout(Layout::PictureInPicture)
    }));
    let mute = PerformerPatch { muted: Some(true), ..Default::default() };
    world.act(Command::PatchPerformer { performer: performer(3), patch: mute });
    let (before, shown) = (world.snapshot(), world.program().clone());
    world.restart(3_000);
    assert!(world.wanted, "live shows go on");
    assert_eq!(world.mutes[&feed(3)], (true, false));
    world.start_mixer();
    assert_eq!(world.program(), &shown);
    let after = world.snapshot();
    assert!(after.revision > before.revision, "nobody mistakes the new state for an old one");
    assert_eq!((&after.show, &after.scene), (&before.show, &before.scene));
    assert!(after.performers.iter().all(|view| view.connection == Connection::Away));
    assert_eq!(after.performer(performer(3)).unwrap().place, Some(1));
}

#[test]
fn names_that_are_none_and_too_many_people() {
    let mut world = World::new();
    let add = |n: u64, name: &str| Command::AddPerformer {
        id: performer(n),
        feed: feed(n),
        invitation: Secret::new("x"),
        name: name.into(),
        role: Role::Backstage,
    };
    for name in ["", "  ", &"x".repeat(61)] {
        assert_eq!(world.refused(add(1, name)), "name_invalid");
    }
    world.act(add(1, " Ana\u{7}  "));
    assert_eq!(world.snapshot().performers[0].performer.name, "Ana");
    assert_eq!(world.refused(add(1, "Ana")), "performer_exists");
    for n in 2..=64 {
        world.act(add(n, "Somebody"));
    }
    assert_eq!(world.refused(add(65, "One more")), "too_many_performers");
}

#[test]
fn time_that_does_not_pass_needs_nothing() {
    let mut world = World::live(4);
    assert_eq!(world.stage.deadline(), None::<MediaTime>);
    assert_eq!(world.pass(3_600_000), []);
    assert_eq!(world.fact(Fact::Viewers(0)), [], "the same number is no news");
    assert_eq!(world.fact(Fact::Viewers(7)), [Effect::Changed]);
    assert_eq!(world.snapshot().viewers, 7);
}
