//! Closed intervals of whole numbers: the sides of header boxes.

/// A whole number with a predecessor and a successor, up to its ends.
pub trait Whole: Copy + Ord {
    /// The smallest number.
    const MIN: Self;
    /// The largest number.
    const MAX: Self;
    /// The number below; none at the end.
    fn below(self) -> Option<Self>;
    /// The number above; none at the end.
    fn above(self) -> Option<Self>;
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Whole for $number {
            const MIN: Self = <$number>::MIN;
            const MAX: Self = <$number>::MAX;
            fn below(self) -> Option<Self> {
                self.checked_sub(1)
            }
            fn above(self) -> Option<Self> {
                self.checked_add(1)
            }
        }
    )*};
}

whole!(u8, u16, u128);

/// The numbers from `first` to `last`, both included; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval<T> {
    first: T,
    last: T,
}

impl<T: Whole> Interval<T> {
    /// Every number.
    pub const ALL: Self = Self {
        first: T::MIN,
        last: T::MAX,
    };

    /// The numbers between two, both included; none when they are the wrong way round.
    pub fn between(first: T, last: T) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// A single number.
    pub const fn one(number: T) -> Self {
        Self {
            first: number,
            last: number,
        }
    }

    /// The smallest number.
    pub const fn first(self) -> T {
        self.first
    }

    /// The largest number.
    pub const fn last(self) -> T {
        self.last
    }

    /// Whether the number is one of them.
    pub fn contains(self, number: T) -> bool {
        self.first <= number && number <= self.last
    }

    /// Whether every number of the other is one of them.
    pub fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// The numbers in both; none when there is none.
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::between(self.first.max(other.first), self.last.min(other.last))
    }

    /// The numbers smaller than all of the other's.
    pub fn before(self, other: Self) -> Option<Self> {
        Self::between(self.first, self.last.min(other.first.below()?))
    }

    /// The numbers larger than all of the other's.
    pub fn after(self, other: Self) -> Option<Self> {
        Self::between(self.first.max(other.last.above()?), self.last)
    }

    /// Both as one interval, when they overlap or touch.
    pub fn join(self, other: Self) -> Option<Self> {
        let (low, high) = if self.first <= other.first {
            (self, other)
        } else {
            (other, self)
        };
        let touching = low.last >= high.first || low.last.above() == Some(high.first);
        touching.then(|| Self {
            first: low.first,
            last: low.last.max(high.last),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(first: u8, last: u8) -> Interval<u8> {
        Interval::between(first, last).expect("in order")
    }

    #[test]
    fn nothing_lies_beyond_the_ends() {
        assert_eq!(Interval::between(2_u8, 1), None);
        assert_eq!(Interval::<u8>::ALL.before(of(0, 9)), None);
        assert_eq!(Interval::<u8>::ALL.after(of(9, 255)), None);
        assert_eq!(of(4, 6).before(of(1, 2)), None);
        assert_eq!(of(4, 6).after(of(7, 9)), None);
        assert_eq!(of(4, 6).intersect(of(7, 9)), None);
    }

    #[test]
    fn an_interval_falls_into_before_within_and_after() {
        let (all, middle) = (of(3, 200), of(10, 20));
        assert_eq!(all.before(middle), Some(of(3, 9)));
        assert_eq!(all.intersect(middle), Some(middle));
        assert_eq!(all.after(middle), Some(of(21, 200)));
    }

    #[test]
    fn only_touching_intervals_join() {
        assert_eq!(of(1, 2).join(of(3, 4)), Some(of(1, 4)));
        assert_eq!(of(3, 9).join(of(1, 4)), Some(of(1, 9)));
        assert_eq!(of(1, 2).join(of(4, 5)), None);
        assert_eq!(of(0, 255).join(of(4, 5)), Some(of(0, 255)));
    }
}
