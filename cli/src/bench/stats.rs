//! Numbers about times. Intervals come from drawing whole rounds again (bootstrap), so that what slowed a while down counts as
//! what it is: one round.

/// The value below which this part of them lies; they are sorted. Linear between neighbours.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = part.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

/// The median.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// How often rounds are drawn again.
const DRAWS: usize = 1000;

/// The 95 % interval of the median of the rounds' values.
pub fn interval(rounds: &[f64]) -> (f64, f64) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut drawn = vec![0.0; rounds.len()];
    let mut medians: Vec<f64> = (0..DRAWS)
        .map(|_| {
            for value in &mut drawn {
                *value = rounds[random.below(rounds.len())];
            }
            median(&drawn)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    (quantile(&medians, 0.025), quantile(&medians, 0.975))
}

/// xorshift64*: the same draws at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

/// Nanoseconds with a unit that suits.
pub fn time(ns: f64) -> String {
    match ns {
        n if !n.is_finite() => "-".to_owned(),
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.2} us", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let sorted = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(quantile(&sorted, 0.5), 3.0);
        assert_eq!(quantile(&sorted, 0.0), 1.0);
        assert_eq!(quantile(&sorted, 1.0), 5.0);
        assert_eq!(quantile(&sorted, 0.9), 4.6);
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(median(&[9.0, 1.0, 5.0]), 5.0);
    }

    #[test]
    fn intervals_hold_the_median_and_tell_noise() {
        let quiet: Vec<f64> = (0..100).map(|i| 100.0 + f64::from(i % 3)).collect();
        let noisy: Vec<f64> = (0..100).map(|i| 100.0 + f64::from(i * 37 % 100)).collect();
        let width = |rounds: &[f64]| {
            let (low, high) = interval(rounds);
            let median = median(rounds);
            assert!(low <= median && median <= high, "{low} {median} {high}");
            high - low
        };
        assert!(width(&quiet) <= 2.0);
        assert!(width(&noisy) > 5.0);
    }

    #[test]
    fn units() {
        assert_eq!(time(12.3), "12 ns");
        assert_eq!(time(1234.0), "1.23 us");
        assert_eq!(time(2.5e9), "2.50 s");
    }
}
