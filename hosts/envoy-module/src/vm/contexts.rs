//! The contexts of a VM by their numbers.

use crate::context::Owned;

/// Places at first.
const FEW: usize = 64;

/// Numbers count up, and a number's place is its low bits: one that is taken by a context that lives longer is left out. At most
/// half of the places are taken.
#[derive(Debug, Default)]
pub struct Contexts {
    /// As many as a power of two says.
    places: Vec<Place>,
    taken: usize,
    last: u32,
}

#[derive(Debug, Default)]
struct Place {
    id: u32,
    context: Option<Owned>,
}

impl Contexts {
    #[inline]
    fn at(&self, id: u32) -> usize {
        id as usize & self.places.len().wrapping_sub(1)
    }

    /// A context.
    #[inline]
    pub fn get(&self, id: u32) -> Option<&Owned> {
        match self.places.get(self.at(id)) {
            Some(place) if place.id == id => place.context.as_ref(),
            _ => None,
        }
    }

    /// Whether there is such a context.
    #[inline]
    pub fn contains(&self, id: u32) -> bool {
        self.get(id).is_some()
    }

    /// Gives a context a number that none has, nor had for long.
    #[inline]
    pub fn add(&mut self, context: Owned) -> u32 {
        if self.taken * 2 >= self.places.len() {
            self.grow();
        }
        loop {
            self.last = self.last.wrapping_add(1);
            let (id, at) = (self.last, self.at(self.last));
            match self.places.get_mut(at) {
                Some(place) if id != 0 && place.context.is_none() => {
                    *place = Place { id, context: Some(context) };
                    self.taken += 1;
                    return id;
                }
                _ => {}
            }
        }
    }

    /// Takes a context out.
    #[inline]
    pub fn remove(&mut self, id: u32) -> Option<Owned> {
        let at = self.at(id);
        let context = self.places.get_mut(at).filter(|place| place.id == id)?.context.take()?;
        self.taken -= 1;
        Some(context)
    }

    /// Numbers that differ in their low bits differ also with one bit more.
    #[cold]
    fn grow(&mut self) {
        let mut places = Vec::new();
        places.resize_with((self.places.len() * 2).max(FEW), Place::default);
        for place in std::mem::replace(&mut self.places, places) {
            let at = self.at(place.id);
            if let (Some(to), true) = (self.places.get_mut(at), place.context.is_some()) {
                *to = place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::tests::context;
    use std::collections::{BTreeMap, VecDeque};

    #[test]
    fn as_a_map_would() {
        let (mut contexts, mut model) = (Contexts::default(), BTreeMap::new());
        let mut short = VecDeque::new();
        let mut last = 0;
        for n in 0..20_000_u32 {
            let context = context(n);
            let at = context.as_ptr();
            let id = contexts.add(context);
            assert!(id > last, "numbers count up");
            last = id;
            assert!(model.insert(id, at).is_none());
            // A few live for long, some for a while.
            if n % 97 != 0 {
                short.push_back(id);
            }
            while short.len() > (n as usize % 300) {
                let id = short.pop_front().unwrap();
                let gone = contexts.remove(id).unwrap();
                assert_eq!(Some(gone.as_ptr()), model.remove(&id));
                assert!(contexts.get(id).is_none() && contexts.remove(id).is_none());
            }
            if n % 64 == 0 {
                assert!(model.iter().all(|(id, at)| contexts.get(*id).unwrap().as_ptr() == *at));
            }
        }
        assert_eq!(contexts.taken, model.len());
        assert!(!contexts.contains(0));
    }

    #[test]
    fn after_the_last_number_comes_the_first_that_is_free() {
        let mut contexts = Contexts { last: u32::MAX - 1, ..Contexts::default() };
        assert_eq!([0, 0, 0].map(|n| contexts.add(context(n))), [u32::MAX, 1, 2]);
    }
}
