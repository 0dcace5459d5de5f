//! Who is asked next.

use std::fmt;

use openclaw_credentials::{Reason, Rest};

use super::judge::{Judgement, Reach, judge};
use crate::ModelError;
use crate::catalog::{KeySource, Reference};

/// Most candidates that are asked for one answer: with four models of two credentials each, everybody had a turn.
pub const MAX_ATTEMPTS: usize = 8;

/// Somebody who can answer: a model with a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The model.
    pub reference: Reference,
    /// Who has the credential; nobody where none is needed.
    pub credential: Option<KeySource>,
    /// How long it rests.
    pub rest: Option<Rest>,
}

impl Candidate {
    /// The name under which its failures are remembered.
    #[must_use]
    pub fn name(&self) -> String {
        let provider = &self.reference.provider;
        self.credential.as_ref().map_or_else(|| format!("{provider}:none"), |source| source.id(provider))
    }
}

/// Why one that was preferred did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It failed now.
    Failed(Reason),
    /// It failed earlier and rests.
    Rests(Reason),
}

impl Why {
    /// What happened.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::Failed(reason) | Self::Rests(reason) => reason,
        }
    }
}

/// What the user is told, once, when another model answers than the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The model that was meant.
    pub meant: Reference,
    /// The model that answers.
    pub answers: Reference,
    /// Why.
    pub why: Why,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answers in place of {}: {}.", self.answers, self.meant, self.why.reason().words())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody asked it yet.
    Waiting,
    /// It is being asked.
    Asked,
    /// It failed, or would fail like one that did.
    Out(Why),
}

/// Decides who is asked next. It is given everybody who could answer, the preferred ones first, and told of each failure.
#[derive(Debug, Clone)]
pub struct Failover {
    candidates: Vec<Candidate>,
    states: Vec<State>,
    attempts: usize,
    /// Whether one that rests was asked after all others failed.
    went_on_with_resting: bool,
}

impl Failover {
    /// Over these candidates.
    #[must_use]
    pub fn new(candidates: Vec<Candidate>) -> Self {
        let states = vec![State::Waiting; candidates.len()];
        Self { candidates, states, attempts: 0, went_on_with_resting: false }
    }

    /// The one to ask next: the first that does not rest; of those that rest, when nobody else is left, the one whose rest
    /// ends first, and only that one.
    pub fn next_candidate(&mut self) -> Option<usize> {
        if self.attempts >= MAX_ATTEMPTS {
            return None;
        }
        let waiting = |(at, state): (usize, &State)| (*state == State::Waiting).then_some(at);
        let mut left = self.states.iter().enumerate().filter_map(waiting);
        let rested = left.clone().find(|at| self.candidates[*at].rest.is_none());
        let chosen = match rested {
            Some(at) => Some(at),
            None if self.went_on_with_resting => None,
            None => left.by_ref().min_by_key(|at| self.candidates[*at].rest.map(|rest| rest.until)),
        }?;
        self.went_on_with_resting |= self.candidates[chosen].rest.is_some();
        self.attempts += 1;
        self.states[chosen] = State::Asked;
        Some(chosen)
    }

    /// A candidate.
    #[must_use]
    pub fn candidate(&self, at: usize) -> Option<&Candidate> {
        self.candidates.get(at)
    }

    /// Whether anybody could be asked after the present one.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.clone().next_candidate().is_some()
    }

    /// The candidate failed. Returns what follows: nothing when nobody else should be asked.
    pub fn failed(&mut self, at: usize, error: &ModelError) -> Judgement {
        let judgement = judge(error);
        match judgement {
            Judgement::Final => {
                // Nobody else: the error stands.
                self.attempts = MAX_ATTEMPTS;
            }
            Judgement::Another { reason, reach, .. } => {
                let Some(failed) = self.candidates.get(at).cloned() else { return judgement };
                for (candidate, state) in self.candidates.iter().zip(&mut self.states) {
                    if *state == State::Waiting && fails_too(candidate, &failed, reach) {
                        *state = State::Out(Why::Failed(reason));
                    }
                }
                if let Some(state) = self.states.get_mut(at) {
                    *state = State::Out(Why::Failed(reason));
                }
            }
        }
        judgement
    }

    /// What the user should hear when this candidate answers: nothing when it is the model that was meant.
    #[must_use]
    pub fn notice(&self, at: usize) -> Option<Notice> {
        let (meant, answers) = (self.candidates.first()?, self.candidates.get(at)?);
        if meant.reference == answers.reference {
            return None;
        }
        // The last thing that kept the meant model from answering.
        let of_meant =
            self.candidates.iter().zip(&self.states).rev().filter(|(it, _)| it.reference == meant.reference);
        let mut why = of_meant.filter_map(|(candidate, state)| match (state, candidate.rest) {
            (State::Out(why), _) => Some(*why),
            (State::Waiting | State::Asked, Some(rest)) => Some(Why::Rests(rest.reason)),
            (State::Waiting | State::Asked, None) => None,
        });
        let why = why.next()?;
        Some(Notice { meant: meant.reference.clone(), answers: answers.reference.clone(), why })
    }

    /// Everybody who failed, and why, for the message when nobody is left.
    #[must_use]
    pub fn failures(&self) -> Vec<(Reference, Reason)> {
        let mut all: Vec<(Reference, Reason)> = Vec::new();
        for (candidate, state) in self.candidates.iter().zip(&self.states) {
            if let State::Out(why) = state
                && all.iter().all(|(known, _)| *known != candidate.reference)
            {
                all.push((candidate.reference.clone(), why.reason()));
            }
        }
        all
    }
}

fn fails_too(candidate: &Candidate, failed: &Candidate, reach: Reach) -> bool {
    let same_provider = candidate.reference.provider == failed.reference.provider;
    match reach {
        Reach::Candidate => false,
        Reach::Credential => same_provider && candidate.credential == failed.credential,
        Reach::Model => candidate.reference == failed.reference,
        Reach::Provider => same_provider,
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Failover, MAX_ATTEMPTS, Why};
    use crate::catalog::{KeySource, Reference};
    use crate::{ModelError, TimeoutKind};
    use openclaw_credentials::{Reason, Rest};
    use openclaw_http::Unreachable;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    fn candidate(text: &str, credential: &str, rest: Option<(i64, Reason)>) -> Candidate {
        Candidate {
            reference: Reference::parse(text).unwrap(),
            credential: Some(KeySource::Profile(credential.into())),
            rest: rest.map(|(until, reason)| Rest { until, reason }),
        }
    }

    /// Two accounts at one provider, a second model there, and somebody else.
    fn crowd() -> Vec<Candidate> {
        vec![
            candidate("a/big", "a:1", None),
            candidate("a/big", "a:2", None),
            candidate("a/small", "a:1", None),
            candidate("a/small", "a:2", None),
            candidate("b/other", "b:1", None),
        ]
    }

    fn error(kind: usize) -> ModelError {
        let provider = || Arc::from("a");
        match kind {
            0 => ModelError::Auth { provider: provider(), status: 401 },
            1 => ModelError::RateLimited { provider: provider(), retry_after: None },
            2 => ModelError::Server { provider: provider(), status: 500 },
            3 => {
                ModelError::Unreachable { provider: provider(), host: "h".into(), why: Unreachable::Refused }
            }
            4 => ModelError::Billing { provider: provider() },
            5 => ModelError::Timeout { provider: provider(), kind: TimeoutKind::Idle, after: Duration::ZERO },
            6 => ModelError::BadRequest { provider: provider(), status: 400, message: String::new() },
            _ => ModelError::ContextOverflow { provider: provider(), model: "big".into() },
        }
    }

    /// The candidates that are asked when each of them fails in the same way.
    fn asked(candidates: Vec<Candidate>, kind: usize) -> Vec<usize> {
        let mut failover = Failover::new(candidates);
        let mut seen = Vec::new();
        while let Some(at) = failover.next_candidate() {
            seen.push(at);
            failover.failed(at, &error(kind));
        }
        seen
    }

    #[test]
    fn profiles_then_models_and_nobody_who_would_fail_in_the_same_way() {
        let rows: [(usize, &[usize]); 8] = [
            (0, &[0, 1, 4]),
            (1, &[0, 1, 2, 3, 4]),
            (2, &[0, 2, 4]),
            (3, &[0, 4]),
            (4, &[0, 1, 4]),
            (5, &[0, 2, 4]),
            (6, &[0, 2, 4]),
            (7, &[0]),
        ];
        for (kind, expected) in rows {
            assert_eq!(asked(crowd(), kind), expected, "{}", error(kind));
        }
    }

    #[test]
    fn who_rests_is_passed_over_and_asked_when_nobody_else_is_left() {
        let mut candidates = crowd();
        candidates[0].rest = Some(Rest { until: 90, reason: Reason::RateLimit });
        candidates[1].rest = Some(Rest { until: 50, reason: Reason::Auth });
        assert_eq!(asked(candidates.clone(), 1), [2, 3, 4, 1], "and only the one whose rest ends first");
        let mut failover = Failover::new(candidates);
        assert_eq!(failover.next_candidate(), Some(2));
        let notice = failover.notice(2).unwrap();
        assert_eq!(notice.why, Why::Rests(Reason::Auth));
        assert_eq!(notice.to_string(), "a/small answers in place of a/big: its credential was refused.");
    }

    #[test]
    fn the_user_hears_of_another_model_and_not_of_another_credential() {
        let mut failover = Failover::new(crowd());
        let first = failover.next_candidate().unwrap();
        assert_eq!(failover.notice(first), None);
        failover.failed(first, &error(1));
        let second = failover.next_candidate().unwrap();
        assert_eq!((second, failover.notice(second)), (1, None));
        failover.failed(second, &error(1));
        let third = failover.next_candidate().unwrap();
        assert_eq!(
            failover.notice(third).unwrap().to_string(),
            "a/small answers in place of a/big: it is rate limited."
        );
        failover.failed(third, &error(7));
        assert_eq!(failover.next_candidate(), None, "a conversation that is too long goes to nobody else");
        assert_eq!(failover.failures().len(), 1);
    }

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let one = ("[ab]", "[xy]", "[12]", prop::option::of(1..100i64)).prop_map(|(p, m, c, until)| {
            candidate(&format!("{p}/{m}"), &format!("{p}:{c}"), until.map(|until| (until, Reason::RateLimit)))
        });
        prop::collection::vec(one, 0..14)
    }

    proptest! {
        /// Whatever fails: it ends, nobody is asked twice, a refused credential is not used again, one that rests is asked
        /// only when all others had their turn, and then only one of them.
        #[test]
        fn it_ends_and_wastes_nothing(candidates in candidates(), kinds in prop::collection::vec(0..8usize, 14)) {
            let mut failover = Failover::new(candidates.clone());
            let (mut seen, mut refused, mut resting) = (BTreeSet::new(), BTreeSet::new(), 0);
            for kind in kinds {
                let others = failover.has_others();
                let next = failover.next_candidate();
                prop_assert_eq!(others, next.is_some());
                let Some(at) = next else { break };
                prop_assert!(seen.insert(at), "asked twice");
                let credential = candidates[at].name();
                prop_assert!(!refused.contains(&candidates[at].name()), "a refused credential");
                if candidates[at].rest.is_some() {
                    resting += 1;
                } else {
                    prop_assert_eq!(resting, 0, "one that rests before one that does not");
                }
                failover.failed(at, &error(kind));
                if matches!(kind, 0 | 4) {
                    refused.insert(credential);
                }
                if kind == 7 {
                    prop_assert_eq!(failover.next_candidate(), None);
                    break;
                }
            }
            prop_assert!(resting <= 1 && seen.len() <= MAX_ATTEMPTS);
        }
    }
}
