//! What can be chosen about how words and meaning are brought together.

use openclaw_config::{HybridFusion, MemorySearch};

use crate::time::Ageing;

/// A token stands for this many UTF-16 units.
const UNITS_PER_TOKEN: usize = 4;
/// No chunk is cut shorter than this.
const MIN_CHUNK_UNITS: usize = 32;
/// Each side hands in at most this many candidates per wanted result.
const MAX_MULTIPLIER: u64 = 20;
/// What the sides count when both weights are zero: the defaults.
const USUAL: (f64, f64) = (0.7, 0.3);

/// How words and meaning are brought together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fusion {
    /// In the way that measured best: lines, windows and deviations.
    Measured(Measured),
    /// As OpenClaw 2026.2.9 does it.
    Weighted(Weighted),
}

impl Default for Fusion {
    fn default() -> Self {
        Self::Measured(Measured::default())
    }
}

/// The choices of [`Fusion::Measured`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// What ranks.
    pub sides: Sides,
    /// What the age of a line is worth against another that fits nearly as well.
    pub ageing: Ageing,
}

/// What ranks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sides {
    /// Words and meaning.
    #[default]
    Both,
    /// Meaning alone, wherever there are vectors.
    Meaning,
}

/// The choices of [`Fusion::Weighted`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Weighted {
    /// How notes are cut.
    pub chunking: Chunking,
    /// What ranks.
    pub sides: Sides,
    /// What each side counts.
    pub weights: Weights,
    /// How many candidates each side hands in.
    pub multiplier: Multiplier,
}

/// How notes are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunking {
    tokens: u64,
    overlap: u64,
}

impl Chunking {
    /// Chunks of so many tokens, of which neighbours share so many. There is at least one token in a chunk and one that
    /// is new in each.
    #[must_use]
    pub fn new(tokens: u64, overlap: u64) -> Self {
        let tokens = tokens.max(1);
        Self { tokens, overlap: overlap.min(tokens - 1) }
    }

    /// Tokens of a chunk, and of what two neighbours share.
    pub(crate) fn tokens(self) -> (u64, u64) {
        (self.tokens, self.overlap)
    }

    /// UTF-16 units of a chunk at most, line ends included.
    pub(crate) fn chunk_units(self) -> usize {
        units(self.tokens).max(MIN_CHUNK_UNITS)
    }

    /// UTF-16 units that the lines taken over into the next chunk reach at least.
    pub(crate) fn overlap_units(self) -> usize {
        units(self.overlap)
    }
}

impl Default for Chunking {
    fn default() -> Self {
        Self::new(400, 80)
    }
}

/// What each side counts; the two add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    vector: f64,
    text: f64,
}

impl Weights {
    /// Scaled to a sum of 1; the defaults when both are zero.
    #[must_use]
    pub fn new(vector: f64, text: f64) -> Self {
        let (vector, text) = (vector.clamp(0.0, 1.0), text.clamp(0.0, 1.0));
        let sum = vector + text;
        let (vector, text) = if sum > 0.0 { (vector / sum, text / sum) } else { USUAL };
        Self { vector, text }
    }

    /// The score of a chunk.
    pub(crate) fn sum(self, vector_score: f64, text_score: f64) -> f64 {
        self.vector * vector_score + self.text * text_score
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self::new(USUAL.0, USUAL.1)
    }
}

/// Candidates per wanted result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Multiplier(usize);

impl Multiplier {
    /// Between 1 and 20.
    #[must_use]
    pub fn new(multiplier: u64) -> Self {
        Self(usize::try_from(multiplier.clamp(1, MAX_MULTIPLIER)).unwrap_or(1))
    }

    pub(crate) fn get(self) -> usize {
        self.0
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Self::new(4)
    }
}

impl From<&MemorySearch> for Fusion {
    fn from(search: &MemorySearch) -> Self {
        let hybrid = &search.query.hybrid;
        let sides = if hybrid.enabled { Sides::Both } else { Sides::Meaning };
        match hybrid.fusion {
            HybridFusion::Measured => {
                Self::Measured(Measured { sides, ageing: Ageing::from(&hybrid.temporal_decay) })
            }
            HybridFusion::Weighted => Self::Weighted(Weighted {
                chunking: Chunking::new(search.chunking.tokens, search.chunking.overlap),
                sides,
                weights: Weights::new(hybrid.vector_weight, hybrid.text_weight),
                multiplier: Multiplier::new(hybrid.candidate_multiplier),
            }),
        }
    }
}

fn units(tokens: u64) -> usize {
    usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(UNITS_PER_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::{Ageing, Chunking, Fusion, Measured, Multiplier, Sides, Weighted, Weights};
    use openclaw_config::Env;

    #[test]
    fn sizes_are_clamped_as_openclaw_does() {
        for (given, units) in [
            ((400, 80), (1600, 320)),
            ((1, 0), (32, 0)),
            ((0, 9), (32, 0)),
            ((10, 10), (40, 36)),
            ((10, 4_000), (40, 36)),
            ((u64::MAX, 1), (usize::MAX, 4)),
        ] {
            let chunking = Chunking::new(given.0, given.1);
            assert_eq!((chunking.chunk_units(), chunking.overlap_units()), units, "{given:?}");
        }
        for (given, multiplier) in [(0, 1), (1, 1), (4, 4), (20, 20), (21, 20), (u64::MAX, 20)] {
            assert_eq!(Multiplier::new(given).get(), multiplier, "{given}");
        }
    }

    #[test]
    fn weights_add_up_to_one() {
        for (given, expected) in [
            ((0.7, 0.3), (0.7, 0.3)),
            ((1.0, 1.0), (0.5, 0.5)),
            ((0.2, 0.6), (0.25, 0.75)),
            ((0.0, 0.4), (0.0, 1.0)),
            ((0.0, 0.0), (0.7, 0.3)),
            ((-1.0, 9.0), (0.0, 1.0)),
        ] {
            let weights = Weights::new(given.0, given.1);
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            assert!(near(weights.vector, expected.0) && near(weights.text, expected.1), "{weights:?}");
        }
    }

    #[test]
    fn the_configuration_chooses() {
        let read = |query: &str, chunking: &str| {
            let text = format!(
                "{{agents: {{defaults: {{memorySearch: {{query: {query}, chunking: {chunking}}}}}}}}}"
            );
            let parsed = openclaw_config::parse(&text, "openclaw.json", &Env::from([])).unwrap();
            Fusion::from(&parsed.config.agents.defaults.memory_search)
        };
        assert_eq!(read("{}", "{tokens: 9}"), Fusion::default());
        let measured = |sides, ageing| Fusion::Measured(Measured { sides, ageing });
        assert_eq!(read("{hybrid: {enabled: false}}", "{}"), measured(Sides::Meaning, Ageing::Steady));
        for (decay, ageing) in [
            ("{enabled: true}", Ageing::HalfLife(30.0)),
            ("{enabled: true, halfLifeDays: 7}", Ageing::HalfLife(7.0)),
            ("{halfLifeDays: 7}", Ageing::Steady),
        ] {
            let query = format!("{{hybrid: {{temporalDecay: {decay}}}}}");
            assert_eq!(read(&query, "{}"), measured(Sides::Both, ageing), "{decay}");
        }
        let usual = Fusion::Weighted(Weighted::default());
        assert_eq!(read("{hybrid: {fusion: 'weighted'}}", "{}"), usual);
        let own = Weighted {
            chunking: Chunking::new(9, 3),
            sides: Sides::Meaning,
            weights: Weights::new(0.5, 0.5),
            multiplier: Multiplier::new(2),
        };
        let hybrid =
            "{enabled: false, fusion: 'weighted', vectorWeight: 1, textWeight: 1, candidateMultiplier: 2}";
        let asked = read(&format!("{{hybrid: {hybrid}}}"), "{tokens: 9, overlap: 3}");
        assert_eq!(asked, Fusion::Weighted(own));
    }
}
