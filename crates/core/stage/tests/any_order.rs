//! Whatever happens in whatever order: the mixer is never told nonsense, and what it was told bit
//! by bit is what a new mixer, or a new server, would be told at once.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{World, clip, feed, performer};
use palco_base::{ClipId, Codec, Secret, SessionId};
use palco_mix::wire::Transition;
use palco_stage::{
    Canvas, Command, Door, Fact, Layout, PerformerPatch, PlayOptions, PlayState, Playback, Role, ScenePatch,
    Send, ShowPatch, Slate,
};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Do(Command),
    Happens(Fact),
    ClipReport { audience: bool, position: u64, ended: bool },
    ClipFails { audience: bool },
    Pass(i64),
    MixerDies,
    MixerComes,
}

fn any_role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Host, Role::Host, Role::Backstage, Role::Crew])
}

fn any_patch() -> impl Strategy<Value = PerformerPatch> {
    let bools = (prop::option::of(any::<bool>()), prop::option::of(any::<bool>()));
    let rest = (prop::option::of(any_role()), prop::option::of(0.0f32..2.5), prop::option::of(0usize..6));
    (bools, rest).prop_map(|((muted, hidden), (role, volume, place))| PerformerPatch {
        role,
        name: None,
        muted,
        hidden,
        volume,
        place,
    })
}

fn any_options() -> impl Strategy<Value = PlayOptions> {
    (prop::option::of(0u64..12_000), prop::option::of(any::<bool>()), prop::option::of(0.0f32..2.0))
        .prop_map(|(position, looped, volume)| PlayOptions { position, looped, volume })
}

fn any_send() -> impl Strategy<Value = Send> {
    prop_oneof![
        Just(Send::Program),
        (1u64..4, any::<bool>(), any::<bool>()).prop_map(|(n, looped, return_at_end)| Send::Clip {
            clip: ClipId::new(n),
            looped,
            return_at_end
        }),
        Just(Send::Slate(Slate { title: "Break".into(), text: String::new() })),
        (1u64..8).prop_map(|n| Send::Performer(performer(n))),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    let n = 1u64..8;
    let c = 1u64..4;
    let layout = prop::sample::select(Layout::ALL.to_vec());
    let fade =
        prop::sample::select(vec![None, Some(Transition::Cut), Some(Transition::Fade { millis: 400 })]);
    prop_oneof![
        1 => prop::sample::select(vec![Command::Start, Command::Start, Command::Pause, Command::Resume]),
        3 => (n.clone(), any_role()).prop_map(|(n, role)| Command::AddPerformer {
            id: performer(n),
            feed: feed(n),
            invitation: Secret::new(n.to_string()),
            name: format!("P{n}"),
            role,
        }),
        4 => (n.clone(), any_patch())
            .prop_map(|(n, patch)| Command::PatchPerformer { performer: performer(n), patch }),
        1 => n.clone().prop_map(|n| Command::RemovePerformer { performer: performer(n) }),
        4 => (layout, prop::option::of(prop::option::of(n.prop_map(performer))), fade)
            .prop_map(|(layout, focus, transition)| Command::SetScene(ScenePatch { layout, focus, slate: None, transition })),
        2 => c.clone().prop_map(|n| Command::AddClip(clip(n))),
        1 => c.clone().prop_map(|n| Command::RemoveClip { clip: ClipId::new(n) }),
        4 => (c.clone(), any_options(), any::<bool>())
            .prop_map(|(n, options, take)| Command::PlayClip { clip: ClipId::new(n), options, take }),
        2 => c.clone().prop_map(|n| Command::PauseClip { clip: ClipId::new(n) }),
        2 => (c.clone(), 0u64..12_000)
            .prop_map(|(n, position)| Command::SeekClip { clip: ClipId::new(n), position }),
        1 => c.clone().prop_map(|n| Command::StopClip { clip: ClipId::new(n) }),
        2 => (c, any_options()).prop_map(|(n, options)| Command::PatchPlayback { clip: ClipId::new(n), options }),
        4 => any_send().prop_map(Command::SendAudience),
        1 => prop::sample::select(vec![Canvas::Wide, Canvas::Tall])
            .prop_map(|canvas| Command::PatchShow(ShowPatch { canvas: Some(canvas), door: Some(Door::Grant), ..Default::default() })),
    ]
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let (n, s) = (1u64..8, 1u64..4);
    let session = |s: u64| SessionId::new(s);
    prop_oneof![
        (n.clone(), s.clone()).prop_map(move |(n, s)| Fact::PublisherConnecting {
            performer: performer(n),
            session: session(s)
        }),
        (n.clone(), s.clone()).prop_map(move |(n, s)| Fact::PublisherConnected {
            performer: performer(n),
            session: session(s)
        }),
        (n.clone(), s, any::<bool>()).prop_map(move |(n, s, left)| Fact::PublisherClosed {
            performer: performer(n),
            session: session(s),
            left
        }),
        (n, any::<bool>(), any::<bool>()).prop_map(|(n, audio, video)| Fact::FeedChanged {
            feed: feed(n),
            audio: audio.then_some(Codec::Opus),
            video: video.then_some(Codec::Vp8),
        }),
        (0u32..3).prop_map(Fact::Previews),
        (0u32..3).prop_map(Fact::Viewers),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => any_command().prop_map(Step::Do),
        5 => any_fact().prop_map(Step::Happens),
        3 => (any::<bool>(), 0u64..11_000, any::<bool>())
            .prop_map(|(audience, position, ended)| Step::ClipReport { audience, position, ended }),
        1 => any::<bool>().prop_map(|audience| Step::ClipFails { audience }),
        4 => (0i64..4_000).prop_map(Step::Pass),
        1 => Just(Step::MixerDies),
        3 => Just(Step::MixerComes),
    ]
}

fn take(world: &mut World, step: Step) {
    let deck = |world: &World, audience: bool| {
        let snapshot = world.snapshot();
        let playback = if audience { snapshot.audience_playback } else { snapshot.playback };
        playback.map(|playback| playback.feed)
    };
    match step {
        Step::Do(command) => {
            let before = world.snapshot();
            if world.try_do(command).is_err() {
                assert_eq!(world.snapshot(), before, "a refused command changed something");
                assert!(world.drain().is_empty(), "a refused command wants something done");
            }
        }
        Step::Happens(fact) => {
            world.fact(fact);
        }
        Step::ClipReport { audience, position, ended } => {
            if let Some(feed) = deck(world, audience) {
                world.report(feed, position, ended);
            }
        }
        Step::ClipFails { audience } => {
            if let Some(feed) = deck(world, audience) {
                world.fact(Fact::ClipFailed { feed, text: "It broke.".into() });
            }
        }
        Step::Pass(millis) => {
            world.pass(millis);
        }
        Step::MixerDies => {
            if world.mixer.is_some() {
                world.stop_mixer();
            }
        }
        Step::MixerComes => {
            if world.wanted && world.mixer.is_none() {
                world.start_mixer();
            }
        }
    }
}

proptest! {
    #[test]
    fn a_new_mixer_learns_what_the_old_one_knew(steps in prop::collection::vec(any_step(), 1..80)) {
        let mut world = World::new();
        for step in steps {
            take(&mut world, step);
            let on_air = world.snapshot().performers.iter().filter(|view| view.place.is_some()).count();
            prop_assert!(on_air <= 4, "{on_air} on air");
        }
        if !world.wanted {
            return Ok(());
        }
        if world.mixer.is_none() {
            world.start_mixer();
        }
        // Scenes that wait for a clip to open have come; clips whose time is over have ended.
        world.pass(1_500);
        loop {
            let snapshot = world.snapshot();
            let decks = [snapshot.playback, snapshot.audience_playback].into_iter().flatten();
            let over = |p: &Playback| p.state == PlayState::Playing && !p.looped && p.position == 10_000;
            let Some(deck) = decks.into_iter().find(over) else { break };
            world.report(deck.feed, 10_000, true);
            world.pass(500);
        }
        if !world.wanted {
            return Ok(());
        }
        let bit_by_bit = world.mixer.clone();
        let (taps, mutes) = (world.taps.clone(), world.mutes.clone());
        world.stop_mixer();
        world.start_mixer();
        prop_assert_eq!(&world.mixer, &bit_by_bit);
        prop_assert_eq!(&world.taps, &taps);

        // And so does a mixer of a new server, if the show is such that it wants one.
        world.persisted = world.stage.record(world.now);
        let before = world.snapshot();
        world.restart(0);
        prop_assert_eq!(&world.snapshot().scene, &before.scene);
        prop_assert_eq!(&world.snapshot().target, &before.target);
        if world.wanted {
            world.start_mixer();
            prop_assert_eq!(&world.mixer, &bit_by_bit);
            let silenced = |mutes: &std::collections::BTreeMap<_, _>| -> Vec<_> {
                mutes.iter().filter(|(_, rule)| **rule != (false, false)).map(|(f, r)| (*f, *r)).collect()
            };
            prop_assert_eq!(silenced(&world.mutes), silenced(&mutes));
        }
    }
}
