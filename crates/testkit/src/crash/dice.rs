//! Choices that a seed repeats.

/// A generator of choices (SplitMix64 of Steele, Lea and Flood 2014): small, and the same on every machine.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The choices of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Other choices that this seed repeats too, for a part of a run that others do not disturb.
    #[must_use]
    pub fn fork(&self, part: u64) -> Self {
        let mut other = Self(self.0 ^ part.wrapping_mul(0xd134_2543_de82_ef95));
        other.roll();
        other
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; zero when there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        usize::try_from(self.roll() % limit).expect("below a usize")
    }

    /// Whether something that happens this often of a hundred times happens now.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn a_seed_repeats_and_parts_differ() {
        let rolls = |mut dice: Dice| (0..20).map(|_| dice.below(1000)).collect::<Vec<_>>();
        assert_eq!(rolls(Dice::new(1)), rolls(Dice::new(1)));
        assert_ne!(rolls(Dice::new(1)), rolls(Dice::new(2)));
        assert_ne!(rolls(Dice::new(1).fork(1)), rolls(Dice::new(1).fork(2)));
        assert_eq!(Dice::new(3).below(0), 0);
        let mut dice = Dice::new(9);
        let heads = (0..10_000).filter(|_| dice.chance(30)).count();
        assert!((2_800..3_200).contains(&heads), "{heads}");
    }
}
