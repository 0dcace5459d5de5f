//! When the program fails: what to say, and when to start it again.

use std::collections::VecDeque;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::error::Failure;

/// How long a failure counts, and how many do: after six of them one start in ten minutes is left.
const MEMORY: Duration = Duration::from_secs(600);
const MAX_REMEMBERED: usize = 6;
/// The waits behind the first, second, … failure: the first is forgiven.
const WAITS: [u64; MAX_REMEMBERED] = [0, 4, 16, 64, 256, 600];

/// What a failure means for the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    /// It may have been bad luck.
    Uncertain,
    /// The same, and one call may have brought it about. It fails by itself, and says nothing about the calls of others.
    OneCall,
    /// The same will happen again, until somebody changes something.
    Hopeless,
    /// The network or the hub: it passes.
    Elsewhere,
}

impl Outlook {
    /// The failure that callers get.
    pub(super) fn failure(self, words: String) -> Failure {
        match self {
            Self::Uncertain | Self::OneCall | Self::Hopeless => Failure::Unavailable(words),
            Self::Elsewhere => Failure::Unreachable(words),
        }
    }

    /// The failure of those who come before it is tried again.
    fn refusal(self, words: String) -> Failure {
        match self {
            Self::OneCall => Failure::NotReady(words),
            Self::Uncertain | Self::Hopeless | Self::Elsewhere => self.failure(words),
        }
    }

    /// The same where a call was being worked on.
    pub(super) fn at_a_call(self) -> Self {
        match self {
            Self::Uncertain | Self::OneCall => Self::OneCall,
            Self::Hopeless => Self::Hopeless,
            Self::Elsewhere => Self::Elsewhere,
        }
    }
}

/// The failures of late.
#[derive(Debug, Default)]
pub(super) struct Failures {
    times: VecDeque<Instant>,
    last: Option<(String, Outlook)>,
}

impl Failures {
    /// Remembers one.
    pub(super) fn add(&mut self, now: Instant, words: String, outlook: Outlook) {
        while self.times.front().is_some_and(|time| now.duration_since(*time) >= MEMORY) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        if self.times.len() > MAX_REMEMBERED {
            self.times.pop_front();
        }
        self.last = Some((words, outlook));
    }

    /// Why the program must not be started now, with the time until it may.
    pub(super) fn obstacle(&self, now: Instant) -> Option<Failure> {
        let (words, outlook) = self.last.as_ref()?;
        let newest = self.times.back()?;
        let count = match outlook {
            Outlook::Uncertain | Outlook::OneCall | Outlook::Elsewhere => self.times.len(),
            // Not for ever: the owner may have repaired it.
            Outlook::Hopeless => 3.max(self.times.len()),
        };
        let wait = Duration::from_secs(WAITS[count.clamp(1, MAX_REMEMBERED) - 1]);
        let left = wait.checked_sub(now.duration_since(*newest)).filter(|left| !left.is_zero())?;
        Some(outlook.refusal(format!("{words}; it is tried again in {} s", left.as_secs_f64().ceil())))
    }
}

/// How the program ended, in words, with the next step.
pub(super) fn how_it_ended(status: Option<ExitStatus>) -> (String, Outlook) {
    let signal = status.and_then(signal_of);
    let words = match (signal, status) {
        (Some(ILLEGAL_INSTRUCTION), _) => {
            return (
                "openclaw-local was built for a newer processor than this one; build it again here \
                 (docs/local-models.md, \"Old processors\")"
                    .to_owned(),
                Outlook::Hopeless,
            );
        }
        (Some(KILL), _) => {
            "openclaw-local was killed, most likely because memory ran out; free memory or take a \
                            smaller model"
                .to_owned()
        }
        (Some(signal), _) => format!(
            "openclaw-local crashed (signal {signal}); the model's file may be damaged: download it again, or update \
             openclaw-local"
        ),
        (None, Some(status)) => format!(
            "openclaw-local ended without a word ({status}); run it by hand with the model's file to see why"
        ),
        (None, None) => "openclaw-local is gone".to_owned(),
    };
    (words, Outlook::Uncertain)
}

/// `SIGILL` and `SIGKILL` of POSIX.
const ILLEGAL_INSTRUCTION: i32 = 4;
const KILL: i32 = 9;

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}

#[cfg(test)]
mod tests {
    use super::{Failures, Outlook};
    use crate::error::Failure;
    use std::time::{Duration, Instant};

    #[test]
    fn the_first_failure_is_forgiven_and_the_waits_grow() {
        let start = Instant::now();
        let mut now = start;
        let mut failures = Failures::default();
        assert_eq!(failures.obstacle(now), None);
        for wait in [0, 4, 16, 64, 256] {
            failures.add(now, "it crashed".to_owned(), Outlook::Uncertain);
            if wait > 0 {
                let words = format!("it crashed; it is tried again in {wait} s");
                assert_eq!(failures.obstacle(now), Some(Failure::Unavailable(words)));
                assert!(
                    failures.obstacle(now + Duration::from_secs(wait) - Duration::from_millis(1)).is_some()
                );
            }
            now += Duration::from_secs(wait);
            assert_eq!(failures.obstacle(now), None, "{wait}");
        }
        failures.add(now, "it crashed".to_owned(), Outlook::Uncertain);
        assert!(failures.obstacle(now + Duration::from_secs(599)).is_some());
        assert_eq!(failures.obstacle(now + Duration::from_secs(600)), None);
    }

    #[test]
    fn what_is_hopeless_is_not_tried_at_once_and_old_failures_are_forgotten() {
        let now = Instant::now();
        let mut failures = Failures::default();
        failures.add(now, "no such instruction".to_owned(), Outlook::Hopeless);
        assert!(failures.obstacle(now + Duration::from_secs(15)).is_some());
        assert_eq!(failures.obstacle(now + Duration::from_secs(16)), None);
        for _ in 0..9 {
            failures.add(now, "it crashed".to_owned(), Outlook::Uncertain);
        }
        let later = now + Duration::from_secs(601);
        failures.add(later, "it crashed".to_owned(), Outlook::Uncertain);
        assert_eq!(failures.obstacle(later), None, "the first of late");
    }

    #[test]
    fn what_one_call_brought_about_is_no_failure_of_the_others() {
        let now = Instant::now();
        let mut failures = Failures::default();
        for outlook in [Outlook::Uncertain, Outlook::Uncertain.at_a_call()] {
            failures.add(now, "it crashed".to_owned(), outlook);
        }
        let words = "it crashed; it is tried again in 4 s".to_owned();
        assert_eq!(failures.obstacle(now), Some(Failure::NotReady(words)));
        assert_eq!(
            Outlook::OneCall.failure("it crashed".to_owned()),
            Failure::Unavailable("it crashed".into())
        );
        assert_eq!(Outlook::Hopeless.at_a_call(), Outlook::Hopeless);
    }

    #[cfg(unix)]
    #[test]
    fn every_end_has_words_and_a_next_step() {
        use super::how_it_ended;
        use std::os::unix::process::ExitStatusExt as _;
        use std::process::ExitStatus;
        let table = [
            (Some(ExitStatus::from_raw(4)), "newer processor", Outlook::Hopeless),
            (Some(ExitStatus::from_raw(9)), "memory ran out", Outlook::Uncertain),
            (Some(ExitStatus::from_raw(6)), "signal 6", Outlook::Uncertain),
            (Some(ExitStatus::from_raw(0x300)), "exit status: 3", Outlook::Uncertain),
            (None, "gone", Outlook::Uncertain),
        ];
        for (status, words, outlook) in table {
            let (text, found) = how_it_ended(status);
            assert!(text.contains(words) && found == outlook, "{text}");
        }
    }
}
