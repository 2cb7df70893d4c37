//! Medians, slopes, and intervals by resampling.

/// Resamplings for an interval.
const RESAMPLES: usize = 4000;

/// A number and its 95 % confidence interval.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// A generator whose numbers are the same in every run (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A permutation.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// Of sorted numbers.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n => sorted[((n - 1) as f64 * q).round() as usize],
    }
}

/// The median.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 0 => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
        n => sorted[n / 2],
    }
}

/// The slope of the least-squares line through points.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let covariance: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    covariance / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

/// What `of` makes of rounds, with an interval from drawing whole rounds again and again: rounds are paired measurements, and stay so.
pub fn bootstrap(rounds: usize, seed: u64, of: impl Fn(&[usize]) -> f64) -> Estimate {
    let all: Vec<usize> = (0..rounds).collect();
    let mut random = Random::new(seed);
    let mut drawn = all.clone();
    let mut values: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            drawn.iter_mut().for_each(|round| *round = random.below(rounds));
            of(&drawn)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    Estimate { value: of(&all), low: quantile(&values, 0.025), high: quantile(&values, 0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_line() {
        assert_eq!(slope(&[(0.0, 10.0), (5.0, 20.0), (10.0, 30.0), (20.0, 50.0)]), 2.0);
    }

    #[test]
    fn medians_and_quantiles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 1.0), 3.0);
    }

    #[test]
    fn an_interval_holds_its_value_and_is_the_same_in_every_run() {
        let samples: Vec<f64> = (0..50).map(|n| f64::from(n % 7)).collect();
        let estimate =
            || bootstrap(50, 1, |rounds| median(&rounds.iter().map(|r| samples[*r]).collect::<Vec<_>>()));
        let first = estimate();
        assert!(first.low <= first.value && first.value <= first.high && first.low < first.high);
        assert_eq!((first.low, first.high), (estimate().low, estimate().high));
    }
}
