//! The properties of fuzz targets on mutated seeds, without a fuzzer: cases made of seeds by changes that know what a format
//! is made of.

use std::fs::File;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

/// Where the committed seeds are, from the folder of a crate, in which its tests run.
const SEEDS: &str = "../../fuzz/seeds";
const SEED: u64 = 0x6f70_656e_636c_6177;
/// Changes that every format has.
const COMMON: usize = 9;

/// A change of a case that one format has; it gets a stretch of the case.
pub type Change = fn(&mut Mutator<'_>, &mut Vec<u8>, (usize, usize));

/// What a format is made of.
pub struct Format {
    /// What is put in anywhere: its syntax, what looks like it, and what has a meaning.
    pub tokens: &'static [&'static str],
    /// Changes of one case at most.
    pub max_changes: usize,
    /// A stretch that is moved, doubled or taken out.
    pub max_stretch: usize,
    /// A case stays below this.
    pub max_case: usize,
    /// Its own changes.
    pub own: &'static [Change],
}

/// Makes the cases; the same number and seeds make the same ones.
pub struct Mutator<'s> {
    state: u64,
    seeds: &'s [Vec<u8>],
    format: &'s Format,
}

impl<'s> Mutator<'s> {
    /// Of these seeds.
    #[must_use]
    pub fn new(state: u64, seeds: &'s [Vec<u8>], format: &'s Format) -> Self {
        Self { state: state | 1, seeds, format }
    }

    /// The next case.
    pub fn case(&mut self) -> Vec<u8> {
        let mut case = self.seed().to_vec();
        for _ in 0..=self.below(self.format.max_changes) {
            self.change(&mut case);
            case.truncate(self.format.max_case);
        }
        case
    }

    fn seed(&mut self) -> &'s [u8] {
        let seeds = self.seeds;
        seeds.get(self.below(seeds.len())).map_or(&[], Vec::as_slice)
    }

    fn change(&mut self, case: &mut Vec<u8>) {
        let (start, end) = self.stretch(case.len());
        let own = self.format.own;
        let kind = self.below(COMMON + own.len());
        match kind {
            0 => case.truncate(start),
            1 => drop(case.drain(start..end)),
            2 => {
                let doubled = case[start..end].to_vec();
                self.put(case, &doubled);
            }
            3 => {
                let moved: Vec<u8> = case.drain(start..end).collect();
                self.put(case, &moved);
            }
            4 => {
                let other = self.seed();
                let (start, end) = self.stretch(other.len());
                self.put(case, &other[start..end]);
            }
            5 => {
                let bit = self.below(8);
                if let Some(byte) = case.get_mut(start) {
                    *byte ^= 1 << bit;
                }
            }
            _ => match kind.checked_sub(COMMON).and_then(|own_kind| own.get(own_kind)) {
                Some(change) => change(self, case, (start, end)),
                // Tokens are the likeliest change.
                None => {
                    let token = self.token();
                    self.put(case, token.as_bytes());
                }
            },
        }
    }

    /// One of the format's tokens.
    pub fn token(&mut self) -> &'static str {
        let tokens = self.format.tokens;
        tokens.get(self.below(tokens.len())).copied().unwrap_or_default()
    }

    /// Puts bytes in somewhere.
    pub fn put(&mut self, case: &mut Vec<u8>, bytes: &[u8]) {
        let at = self.below(case.len() + 1);
        drop(case.splice(at..at, bytes.iter().copied()));
    }

    fn stretch(&mut self, len: usize) -> (usize, usize) {
        let start = self.below(len + 1);
        (start, (start + self.below(self.format.max_stretch)).min(len))
    }

    /// Below `limit`, which is 0 only where nothing can be chosen. xorshift64* (Vigna 2016).
    pub fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).map_or(0, |number| number % limit.max(1))
    }
}

/// A fuzz target as an ordinary test runs it.
pub struct Target<'t> {
    /// Its name, and that of the folder with its seeds.
    pub name: &'t str,
    /// Executions unless `OPENCLAW_FUZZ_RUNS` says more. `OPENCLAW_FUZZ_SEED` gives other cases.
    pub usual_runs: usize,
    /// Where a case that fails is kept, so that it can be made a seed.
    pub kept_in: &'t str,
}

/// Every seed as it is, then mutations of seeds.
#[allow(clippy::print_stderr, reason = "whoever runs it looks for the case")]
pub fn run(target: &Target<'_>, format: &Format, mut once: impl FnMut(&[u8])) {
    let seeds = seeds(target.name);
    let mut attempt = |case: &[u8]| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| once(case))) {
            let kept = Path::new(target.kept_in).join(format!("{}.case", target.name));
            File::create(&kept).and_then(|mut file| file.write_all(case)).unwrap();
            eprintln!("the case is kept in {}", kept.display());
            resume_unwind(panic);
        }
    };
    seeds.iter().for_each(|seed| attempt(seed));
    let runs = number("OPENCLAW_FUZZ_RUNS");
    let runs = runs.map_or(target.usual_runs, |runs| usize::try_from(runs).unwrap());
    let mut mutator = Mutator::new(number("OPENCLAW_FUZZ_SEED").unwrap_or(SEED), &seeds, format);
    for _ in 0..runs {
        attempt(&mutator.case());
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?; // not set: the usual number
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")))
}

/// The committed cases of a target, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(SEEDS).join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "only {} seeds in {}", paths.len(), folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Format, Mutator};

    #[test]
    fn the_same_number_makes_the_same_cases_and_every_change_comes() {
        let format = Format {
            tokens: &["<token>"],
            max_changes: 3,
            max_stretch: 5,
            max_case: 64,
            own: &[|_, case, (start, _)| drop(case.splice(start..start, *b"<own>"))],
        };
        let seeds = [b"seed one".to_vec(), b"seed two".to_vec()];
        let cases = |state| {
            let mut mutator = Mutator::new(state, &seeds, &format);
            (0..200).map(|_| mutator.case()).collect::<Vec<_>>()
        };
        assert_eq!(cases(7), cases(7));
        assert_ne!(cases(7), cases(9));
        let has = |words: &str| cases(7).iter().any(|case| String::from_utf8_lossy(case).contains(words));
        assert!(has("<token>") && has("<own>") && has("seed one"));
        assert!(cases(7).iter().all(|case| case.len() <= 64));
    }
}
