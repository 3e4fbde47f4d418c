//! Allotting: what the lock holds stays, what is new takes the first free slot.

use std::collections::{BTreeMap, BTreeSet};

/// What was allotted, and which names found no slot.
pub(crate) struct Allotted<T> {
    pub(crate) given: BTreeMap<String, T>,
    pub(crate) unplaced: Vec<String>,
}

/// Gives every name a value of its own.
///
/// A name keeps what the lock holds for it as long as it `fits`; then the others take, in their order, the first of
/// their `candidates` that nobody has. Candidates may look at what is given so far.
pub(crate) fn allot<T, F, C, I>(
    names: &[String],
    held: &BTreeMap<String, T>,
    fits: F,
    candidates: C,
) -> Allotted<T>
where
    T: Copy + Ord,
    F: Fn(&str, &T) -> bool,
    C: Fn(&str, &BTreeMap<String, T>) -> I,
    I: Iterator<Item = T>,
{
    let mut given = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for name in names {
        if let Some(value) = held.get(name)
            && fits(name, value)
            && taken.insert(*value)
        {
            given.insert(name.clone(), *value);
        }
    }
    let mut unplaced = Vec::new();
    for name in names {
        if given.contains_key(name) {
            continue;
        }
        let free = candidates(name, &given).find(|value| !taken.contains(value));
        if let Some(value) = free {
            taken.insert(value);
            given.insert(name.clone(), value);
        } else {
            unplaced.push(name.clone());
        }
    }
    Allotted { given, unplaced }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], held: &[(&str, u8)], wanted: &[(&str, u8)], unplaced: &[&str]) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let held = held
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect();
        // Slots 1 to 3.
        let allotted = allot(&names, &held, |_, value| *value <= 3, |_, _| 1..=3);
        let given: Vec<(&str, u8)> = allotted
            .given
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        assert_eq!(given, wanted);
        assert_eq!(allotted.unplaced, unplaced);
    }

    #[test]
    fn keeps_what_is_held_and_fills_the_gaps() {
        check(&["a", "b"], &[], &[("a", 1), ("b", 2)], &[]);
        // The new one comes first in order, and still moves nobody.
        check(&["a", "b"], &[("b", 1)], &[("a", 2), ("b", 1)], &[]);
        // What is gone frees its slot.
        check(&["a"], &[("b", 1)], &[("a", 1)], &[]);
        // What no longer fits is allotted again.
        check(&["a"], &[("a", 9)], &[("a", 1)], &[]);
        // A lock that gives one slot to two keeps the first.
        check(
            &["a", "b"],
            &[("a", 2), ("b", 2)],
            &[("a", 2), ("b", 1)],
            &[],
        );
        // Too many for the slots.
        check(
            &["a", "b", "c", "d"],
            &[("d", 1)],
            &[("a", 2), ("b", 3), ("d", 1)],
            &["c"],
        );
    }
}
