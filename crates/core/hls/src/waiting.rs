//! Requests that wait for what is not there yet, grouped by what they wait for: a thousand of them
//! cost one look.

use crate::api::{RequestId, TrackId};
use palco_base::MediaTime;
use std::collections::{BTreeMap, BTreeSet};

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Want {
    /// The first multivariant playlist.
    Multivariant,
    /// A media playlist with this in it.
    Playlist {
        track: TrackId,
        /// Media sequence number and part; the first playlist at all if none.
        position: Option<(u64, Option<u64>)>,
        /// As a delta update.
        skip: bool,
    },
    /// The hinted part.
    Part { track: TrackId, msn: u64, part: u32 },
}

#[derive(Debug, Default)]
pub(crate) struct Waiting {
    groups: BTreeMap<Want, BTreeSet<RequestId>>,
    requests: BTreeMap<RequestId, (Want, MediaTime)>,
    deadlines: BTreeSet<(MediaTime, RequestId)>,
}

impl Waiting {
    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(crate) fn contains(&self, request: RequestId) -> bool {
        self.requests.contains_key(&request)
    }

    pub(crate) fn add(&mut self, request: RequestId, want: Want, deadline: MediaTime) {
        self.remove(request);
        self.groups.entry(want).or_default().insert(request);
        self.requests.insert(request, (want, deadline));
        self.deadlines.insert((deadline, request));
    }

    /// Forgets a request; says whether it was there.
    pub(crate) fn remove(&mut self, request: RequestId) -> bool {
        let Some((want, deadline)) = self.requests.remove(&request) else { return false };
        self.deadlines.remove(&(deadline, request));
        if let Some(group) = self.groups.get_mut(&want) {
            group.remove(&request);
            if group.is_empty() {
                self.groups.remove(&want);
            }
        }
        true
    }

    /// All that is waited for, each once.
    pub(crate) fn wants(&self) -> Vec<Want> {
        self.groups.keys().copied().collect()
    }

    /// Takes out all who want this.
    pub(crate) fn take(&mut self, want: Want) -> Vec<RequestId> {
        let group = self.groups.remove(&want).unwrap_or_default();
        for request in &group {
            if let Some((_, deadline)) = self.requests.remove(request) {
                self.deadlines.remove(&(deadline, *request));
            }
        }
        group.into_iter().collect()
    }

    /// Takes out all whose deadline has come.
    pub(crate) fn expired(&mut self, now: MediaTime) -> Vec<RequestId> {
        let mut gone = Vec::new();
        while let Some(&(deadline, request)) = self.deadlines.first()
            && deadline <= now
        {
            self.remove(request);
            gone.push(request);
        }
        gone
    }

    pub(crate) fn deadline(&self) -> Option<MediaTime> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }
}
