/// So many items are held in place.
const ROOM: usize = 24;

/// A list that takes no memory of its own while it is short.
pub(crate) struct Few<T> {
    first: [Option<T>; ROOM],
    length: usize,
    more: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self {
            first: [const { None }; ROOM],
            length: 0,
            more: Vec::new(),
        }
    }
}

impl<T> Few<T> {
    pub(crate) fn push(&mut self, item: T) {
        match self.first.get_mut(self.length) {
            Some(place) => {
                *place = Some(item);
                self.length += 1;
            }
            None => self.more.push(item),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let first = self.first.iter().take(self.length).flatten();
        first.chain(&self.more)
    }
}

#[cfg(not(loom))]
#[cfg(test)]
mod tests {
    use super::{Few, ROOM};

    #[test]
    fn what_does_not_fit_is_kept_elsewhere() {
        let mut few = Few::default();
        (0..ROOM).for_each(|item| few.push(item));
        assert_eq!(few.more.capacity(), 0, "nothing was allocated");
        few.push(ROOM);
        few.push(ROOM + 1);
        assert!(few.iter().copied().eq(0..ROOM + 2));
        assert_eq!(Few::<u8>::default().iter().count(), 0);
    }
}
