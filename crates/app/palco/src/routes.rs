//! Where frames go, looked up without a lock: a performer's to the mixer that listens, a wish for
//! a key frame to the mixer that makes the Program.

use arc_swap::{ArcSwap, ArcSwapOption};
use palco_base::{EncodedFrame, FeedId};
use palco_mix::wire::{Output, ToMixer};
use palco_worker::Mixer;
use std::collections::HashMap;
use std::sync::Arc;

/// The mixer of a show, while there is one.
pub(crate) type Slot = ArcSwapOption<Mixer>;

#[derive(Clone)]
enum Route {
    /// A performer's feed that the mixer listens to.
    Tapped(Arc<Slot>),
    /// An output the mixer makes.
    Made(Arc<Slot>, Output),
}

/// All routes of this server.
#[derive(Default)]
pub(crate) struct Routes(ArcSwap<HashMap<FeedId, Route>>);

impl Routes {
    pub(crate) fn tap(&self, feed: FeedId, slot: &Arc<Slot>) {
        self.change(|routes| drop(routes.insert(feed, Route::Tapped(Arc::clone(slot)))));
    }

    pub(crate) fn make(&self, feed: FeedId, slot: &Arc<Slot>, output: Output) {
        self.change(|routes| drop(routes.insert(feed, Route::Made(Arc::clone(slot), output))));
    }

    pub(crate) fn forget(&self, feed: FeedId) {
        self.change(|routes| drop(routes.remove(&feed)));
    }

    /// Called on the shard's thread for each frame of a tapped feed.
    pub(crate) fn give(&self, feed: FeedId, frame: EncodedFrame) {
        if let Some(Route::Tapped(slot)) = self.0.load().get(&feed)
            && let Some(mixer) = slot.load().as_ref()
        {
            mixer.give(feed, frame);
        }
    }

    /// Called on the shard's thread when somebody who plays a Program needs a key frame.
    pub(crate) fn key_frame_wanted(&self, feed: FeedId) {
        if let Some(Route::Made(slot, output)) = self.0.load().get(&feed)
            && let Some(mixer) = slot.load().as_ref()
        {
            mixer.say(ToMixer::KeyFrame { output: *output });
        }
    }

    fn change(&self, change: impl Fn(&mut HashMap<FeedId, Route>)) {
        self.0.rcu(|routes| {
            let mut routes = HashMap::clone(routes);
            change(&mut routes);
            routes
        });
    }
}
