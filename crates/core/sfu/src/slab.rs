//! Sessions by small number, so that a ufrag can carry the number.

/// Where a session is kept. Reused after the session has gone.
pub(crate) type Slot = u32;

/// A vector with holes.
pub(crate) struct Slab<T> {
    items: Vec<Option<T>>,
    free: Vec<Slot>,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { items: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// The slot the next [`insert`](Self::insert) will use.
    pub(crate) fn next_slot(&self) -> Slot {
        self.free.last().copied().unwrap_or(self.items.len() as Slot)
    }

    pub(crate) fn insert(&mut self, item: T) -> Slot {
        let slot = self.next_slot();
        if self.free.pop().is_some() {
            self.items[slot as usize] = Some(item);
        } else {
            self.items.push(Some(item));
        }
        slot
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<T> {
        let item = self.items.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        Some(item)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        self.items.get(slot as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.items.get_mut(slot as usize)?.as_mut()
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.items.iter().enumerate().filter(|(_, item)| item.is_some()).map(|(slot, _)| slot as Slot)
    }
}
