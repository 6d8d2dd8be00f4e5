//! What the public pages show, in memory: the stage's side of each show and the books', put together
//! a few times a second and not for every reader.

use crate::house::House;
use arc_swap::ArcSwap;
use palco_base::{Fault, ShowId};
use palco_site::{Reputation, ShowCard};
use palco_store::{Database, ShowRows};
use palco_web::{Backend as _, Recording};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A card is no older than this.
const FRESH: Duration = Duration::from_millis(250);

type Rows = HashMap<ShowId, Arc<ShowRows>>;

/// All cards, as they were at one moment.
pub(crate) struct Cards {
    made: Instant,
    change: u64,
    pub(crate) all: Arc<[Arc<ShowCard>]>,
    by_slug: HashMap<String, Arc<ShowCard>>,
    by_show: HashMap<ShowId, Arc<ShowCard>>,
}

impl Cards {
    pub(crate) fn slug(&self, slug: &str) -> Option<Arc<ShowCard>> {
        self.by_slug.get(slug).cloned()
    }

    pub(crate) fn show(&self, show: ShowId) -> Option<Arc<ShowCard>> {
        self.by_show.get(&show).cloned()
    }
}

/// The books' side of the cards, and looks that are not in the books yet.
pub(crate) struct Foyer {
    rows: ArcSwap<Rows>,
    /// Grows with each change of the rows.
    change: AtomicU64,
    cards: ArcSwap<Cards>,
    /// One makes the cards anew; the others go on with those that are there.
    making: Mutex<()>,
    looks: Mutex<HashMap<ShowId, u32>>,
}

impl Foyer {
    /// The foyer as the books have it.
    ///
    /// # Errors
    /// `store_failed`.
    pub(crate) async fn open(books: &Database) -> Result<Self, Fault> {
        let rows = books.all_shows().await?.into_iter().map(|(show, rows)| (show, Arc::new(rows))).collect();
        let none = Cards {
            made: Instant::now(),
            change: u64::MAX,
            all: Arc::from([]),
            by_slug: HashMap::new(),
            by_show: HashMap::new(),
        };
        Ok(Self {
            rows: ArcSwap::from_pointee(rows),
            change: AtomicU64::new(0),
            cards: ArcSwap::from_pointee(none),
            making: Mutex::default(),
            looks: Mutex::default(),
        })
    }

    /// What the books say of a show.
    pub(crate) fn rows(&self, show: ShowId) -> Option<Arc<ShowRows>> {
        self.rows.load().get(&show).cloned()
    }

    /// Reads a show from the books again: it was changed, or something of it was sold.
    ///
    /// # Errors
    /// `store_failed`.
    pub(crate) async fn read(&self, books: &Database, show: ShowId) -> Result<(), Fault> {
        let rows = books.show(show).await?.map(Arc::new);
        self.rows.rcu(|all| {
            let mut all = Rows::clone(all);
            match &rows {
                Some(rows) => drop(all.insert(show, Arc::clone(rows))),
                None => drop(all.remove(&show)),
            }
            all
        });
        self.change.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Counts a look at a show's page.
    pub(crate) fn looked(&self, show: ShowId) {
        *self.looks.lock().unwrap_or_else(PoisonError::into_inner).entry(show).or_default() += 1;
    }

    /// Looks that are not in the books yet.
    pub(crate) fn take_looks(&self) -> HashMap<ShowId, u32> {
        std::mem::take(&mut self.looks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The cards, no older than a moment.
    pub(crate) fn cards(&self, house: &House) -> Arc<Cards> {
        let cards = self.cards.load_full();
        let change = self.change.load(Ordering::Acquire);
        if cards.change == change && cards.made.elapsed() < FRESH {
            return cards;
        }
        let making = if cards.change == change {
            self.making.try_lock().ok()
        } else {
            // What was just changed must be seen by who changed it.
            Some(self.making.lock().unwrap_or_else(PoisonError::into_inner))
        };
        if making.is_none() {
            return cards;
        }
        let made = Arc::new(self.make(house, change));
        self.cards.store(Arc::clone(&made));
        made
    }

    fn make(&self, house: &House, change: u64) -> Cards {
        let rows = self.rows.load();
        let mut cards = Vec::new();
        for snapshot in house.shows() {
            let show = &snapshot.show;
            let of_books = rows.get(&show.id);
            let said = of_books.map_or_else(Default::default, |rows| rows.reputation);
            cards.push(Arc::new(ShowCard {
                show: show.clone(),
                listing: of_books.map(|rows| rows.listing.clone()),
                kinds: of_books.map_or_else(Vec::new, |rows| rows.kinds.clone()),
                reputation: Reputation {
                    stars: said.stars,
                    voices: said.voices,
                    likes: said.likes,
                    views: said.views,
                },
                viewers: snapshot.viewers,
                replay: matches!(house.recording(show.id), Recording::Ready(_)),
            }));
        }
        cards.sort_by_key(|card| (card.show.starts_at, card.show.id));
        Cards {
            made: Instant::now(),
            change,
            by_slug: cards.iter().map(|card| (card.show.slug.clone(), Arc::clone(card))).collect(),
            by_show: cards.iter().map(|card| (card.show.id, Arc::clone(card))).collect(),
            all: cards.into(),
        }
    }
}
