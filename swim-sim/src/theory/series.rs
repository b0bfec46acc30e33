//! What was measured: how often, how much in all, and the most.

/// A series of measurements. Series that were measured apart are added up, always in the same order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Series {
    count: u64,
    sum: f64,
    max: f64,
}

impl Series {
    /// `sum` events in `count` trials.
    pub fn of_events(count: u64, sum: u64) -> Self {
        Self { count, sum: sum as f64, max: 0.0 }
    }

    /// Adds one measurement.
    pub fn add(&mut self, value: f64) {
        *self += Self { count: 1, sum: value, max: value };
    }

    /// How many measurements there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// All of them together.
    pub const fn sum(&self) -> f64 {
        self.sum
    }

    /// The mean; 0 where there are none.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// The largest.
    pub const fn max(&self) -> f64 {
        self.max
    }
}

impl std::ops::AddAssign for Series {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_that_are_added_up_are_as_if_they_were_one() {
        let (mut one, mut other) = (Series::default(), Series::default());
        [1.0, 4.0].into_iter().for_each(|value| one.add(value));
        other.add(1.0);
        one += other;
        assert_eq!((one.count(), one.sum(), one.mean(), one.max()), (3, 6.0, 2.0, 4.0));
    }
}
