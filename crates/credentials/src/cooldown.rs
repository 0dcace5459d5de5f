//! How long a profile, or one model of it, rests after a failure. Pure: the clock is an argument.

use std::time::Duration;

use crate::usage::Usage;

/// A rest begins with a minute and grows fivefold, as in OpenClaw 2026.2.9.
const FIRST_REST_MS: i64 = 60_000;
/// The longest rest that is not about money.
const LONGEST_REST_MS: i64 = 3_600_000;
/// Longest pause that a provider can ask for: a day.
const LONGEST_ASKED_MS: i64 = 24 * 3_600_000;
const HOUR_MS: f64 = 3_600_000.0;

/// Why a request failed, as far as the choice of the next one goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The credential was refused.
    Auth,
    /// The account cannot pay.
    Billing,
    /// Too many requests for the moment.
    RateLimit,
    /// The provider has more work than it can take, or failed.
    Overloaded,
    /// Nothing came for too long, or no connection was made.
    Timeout,
    /// The provider does not know the model, or this account may not use it.
    NotFound,
    /// The provider does not accept the request, or its answer made no sense.
    Format,
}

/// What a failure says something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every model of the profile.
    Profile,
    /// The model that was asked.
    Model,
    /// Only this one request.
    Request,
}

impl Reason {
    /// The word for it in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Billing => "billing",
            Self::RateLimit => "rate_limit",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::NotFound => "model_not_found",
            Self::Format => "format",
        }
    }

    /// The reason of a word in the file.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        const ALL: [Reason; 7] = [
            Reason::Auth,
            Reason::Billing,
            Reason::RateLimit,
            Reason::Overloaded,
            Reason::Timeout,
            Reason::NotFound,
            Reason::Format,
        ];
        ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// What it says something about.
    #[must_use]
    pub fn scope(self) -> Scope {
        match self {
            Self::Auth | Self::Billing => Scope::Profile,
            Self::RateLimit | Self::Overloaded | Self::Timeout | Self::NotFound => Scope::Model,
            Self::Format => Scope::Request,
        }
    }

    /// For people: what happened to the one that was asked.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Auth => "its credential was refused",
            Self::Billing => "its account has no credit left",
            Self::RateLimit => "it is rate limited",
            Self::Overloaded => "it is overloaded or failing",
            Self::Timeout => "it did not answer in time",
            Self::NotFound => "it does not have the model",
            Self::Format => "it did not accept the request",
        }
    }
}

/// One failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure<'a> {
    /// Why.
    pub reason: Reason,
    /// The model that was asked.
    pub model: &'a str,
    /// How long the provider asked to wait.
    pub retry_after: Option<Duration>,
}

/// How long profiles rest (`auth.cooldowns`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CooldownRules {
    /// Hours after the first failure to pay.
    pub billing_hours: f64,
    /// Most hours after repeated ones.
    pub billing_max_hours: f64,
    /// Hours after which failures are forgotten.
    pub window_hours: f64,
}

impl Default for CooldownRules {
    fn default() -> Self {
        Self { billing_hours: 5.0, billing_max_hours: 24.0, window_hours: 24.0 }
    }
}

/// A rest, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Until when, in milliseconds since the epoch.
    pub until: i64,
    /// Why.
    pub reason: Reason,
}

/// Notes a failure. Returns the rest that follows from it, if one does.
pub fn failed(usage: &mut Usage, failure: Failure<'_>, rules: &CooldownRules, now_ms: i64) -> Option<Rest> {
    let reason = failure.reason;
    match reason.scope() {
        Scope::Request => None,
        Scope::Profile => {
            forget(usage, rules, now_ms);
            usage.error_count = usage.error_count.saturating_add(1);
            let count = usage.failure_counts.entry(reason.as_str().to_owned()).or_insert(0);
            *count = count.saturating_add(1);
            let count = *count;
            usage.last_failure_at = Some(now_ms);
            let until = if reason == Reason::Billing {
                let until = now_ms.saturating_add(billing_rest_ms(count, rules));
                usage.disabled_until = Some(until);
                usage.disabled_reason = Some(reason.as_str().to_owned());
                until
            } else {
                let until = now_ms.saturating_add(rest_ms(count));
                usage.cooldown_until = Some(until);
                until
            };
            Some(Rest { until, reason })
        }
        Scope::Model => {
            let rests = usage.models.entry(failure.model.to_owned()).or_default();
            let rest = rests.entry(reason.as_str().to_owned()).or_default();
            let fresh = now_ms.saturating_sub(rest.at) <= window_ms(rules);
            rest.count = if fresh { rest.count.saturating_add(1) } else { 1 };
            let asked = failure.retry_after.map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
            let asked = asked.map(|wait| wait.min(LONGEST_ASKED_MS));
            // What the provider asks for is believed once; who comes back too early grows like the others.
            let wait = match asked {
                Some(asked) if rest.count == 1 => asked,
                Some(asked) => asked.max(rest_ms(rest.count)),
                None => rest_ms(rest.count),
            };
            rest.until = rest.until.max(now_ms.saturating_add(wait));
            rest.at = now_ms;
            Some(Rest { until: rest.until, reason })
        }
    }
}

/// Notes an answer: the profile and this model of it are well; what is known of its other models stays.
pub fn succeeded(usage: &mut Usage, model: &str, now_ms: i64) {
    usage.last_used = Some(now_ms);
    usage.error_count = 0;
    usage.failure_counts.clear();
    usage.cooldown_until = None;
    usage.disabled_until = None;
    usage.disabled_reason = None;
    usage.models.remove(model);
    usage.models.retain(|_, rests| rests.values().any(|rest| rest.until > now_ms));
}

/// The longest rest that a model of a profile has left.
#[must_use]
pub fn rest_of(usage: &Usage, model: &str, now_ms: i64) -> Option<Rest> {
    let profile = usage.cooldown_until.map(|until| Rest { until, reason: last_reason(usage) });
    let disabled = usage.disabled_until.map(|until| Rest { until, reason: Reason::Billing });
    let of_model = usage
        .models
        .get(model)
        .into_iter()
        .flatten()
        .filter_map(|(word, rest)| Some(Rest { until: rest.until, reason: Reason::parse(word)? }));
    let all = profile.into_iter().chain(disabled).chain(of_model);
    all.filter(|rest| rest.until > now_ms).max_by_key(|rest| rest.until)
}

/// What a cooldown of the whole profile is about: the release writes all reasons but money there.
fn last_reason(usage: &Usage) -> Reason {
    let mut known = usage.failure_counts.keys().rev().filter_map(|word| Reason::parse(word));
    known.find(|reason| *reason != Reason::Billing).unwrap_or(Reason::Auth)
}

/// Failures that are long ago count no more.
fn forget(usage: &mut Usage, rules: &CooldownRules, now_ms: i64) {
    let stale = usage.last_failure_at.is_some_and(|at| now_ms.saturating_sub(at) > window_ms(rules));
    if stale {
        usage.error_count = 0;
        usage.failure_counts.clear();
    }
}

fn rest_ms(count: u32) -> i64 {
    let steps = count.saturating_sub(1).min(3);
    (FIRST_REST_MS * 5_i64.pow(steps)).min(LONGEST_REST_MS)
}

fn billing_rest_ms(count: u32, rules: &CooldownRules) -> i64 {
    let doublings = f64::from(count.saturating_sub(1).min(10));
    hours_ms((rules.billing_hours * doublings.exp2()).min(rules.billing_max_hours.max(rules.billing_hours)))
}

fn window_ms(rules: &CooldownRules) -> i64 {
    hours_ms(rules.window_hours)
}

#[allow(clippy::cast_possible_truncation, reason = "hours of a person's configuration; the cast saturates")]
fn hours_ms(hours: f64) -> i64 {
    (hours * HOUR_MS) as i64
}

#[cfg(test)]
mod tests {
    use super::{CooldownRules, Failure, Reason, Rest, Scope, failed, rest_of, succeeded};
    use crate::usage::Usage;
    use proptest::prelude::*;
    use std::time::Duration;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    fn fail(usage: &mut Usage, reason: Reason, model: &str, now: i64) -> Option<i64> {
        let failure = Failure { reason, model, retry_after: None };
        failed(usage, failure, &CooldownRules::default(), now).map(|rest| rest.until - now)
    }

    #[test]
    fn rests_grow_and_stop_growing() {
        for (reason, rests) in [
            (Reason::Auth, [MINUTE, 5 * MINUTE, 25 * MINUTE, HOUR, HOUR]),
            (Reason::RateLimit, [MINUTE, 5 * MINUTE, 25 * MINUTE, HOUR, HOUR]),
            (Reason::Billing, [5 * HOUR, 10 * HOUR, 20 * HOUR, 24 * HOUR, 24 * HOUR]),
        ] {
            let mut usage = Usage::default();
            let seen: Vec<_> = (0..5).map(|n| fail(&mut usage, reason, "m", 1_000 + n).unwrap()).collect();
            assert_eq!(seen, rests, "{reason:?}");
        }
        assert_eq!(fail(&mut Usage::default(), Reason::Format, "m", 0), None);
    }

    #[test]
    fn a_rest_is_keyed_by_profile_model_and_reason() {
        let mut usage = Usage::default();
        fail(&mut usage, Reason::RateLimit, "m", 0);
        fail(&mut usage, Reason::RateLimit, "m", 0);
        assert_eq!(fail(&mut usage, Reason::Timeout, "m", 0), Some(MINUTE), "another reason begins anew");
        assert_eq!(fail(&mut usage, Reason::RateLimit, "n", 0), Some(MINUTE), "another model begins anew");
        assert_eq!(rest_of(&usage, "m", 0), Some(Rest { until: 5 * MINUTE, reason: Reason::RateLimit }));
        assert_eq!(rest_of(&usage, "other", 0), None);
        fail(&mut usage, Reason::Billing, "m", 0);
        assert_eq!(rest_of(&usage, "other", 0).map(|rest| rest.reason), Some(Reason::Billing));
        assert_eq!(usage.disabled_reason.as_deref(), Some("billing"));
    }

    #[test]
    fn an_answer_clears_the_profile_and_its_model_only() {
        let mut usage = Usage::default();
        fail(&mut usage, Reason::Auth, "m", 0);
        fail(&mut usage, Reason::RateLimit, "m", 0);
        fail(&mut usage, Reason::RateLimit, "n", 0);
        succeeded(&mut usage, "m", 10);
        assert_eq!((rest_of(&usage, "m", 10), usage.last_used, usage.error_count), (None, Some(10), 0));
        assert!(rest_of(&usage, "n", 10).is_some());
        succeeded(&mut usage, "m", 2 * MINUTE);
        assert!(usage.models.is_empty(), "what is over is not kept");
    }

    #[test]
    fn what_the_provider_asks_for_is_believed_once() {
        let mut usage = Usage::default();
        let rules = CooldownRules::default();
        let asked = |seconds| Failure {
            reason: Reason::RateLimit,
            model: "m",
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(failed(&mut usage, asked(7), &rules, 0).map(|rest| rest.until), Some(7_000));
        assert_eq!(
            failed(&mut usage, asked(7), &rules, 8_000).map(|rest| rest.until),
            Some(8_000 + 5 * MINUTE)
        );
        let forever = failed(&mut Usage::default(), asked(u64::MAX / 2), &rules, 0);
        assert_eq!(forever.map(|rest| rest.until), Some(24 * HOUR));
    }

    #[test]
    fn failures_of_yesterday_are_forgotten() {
        for reason in [Reason::Auth, Reason::Timeout] {
            let mut usage = Usage::default();
            fail(&mut usage, reason, "m", 0);
            fail(&mut usage, reason, "m", 0);
            assert_eq!(fail(&mut usage, reason, "m", 25 * HOUR), Some(MINUTE), "{reason:?}");
        }
    }

    #[test]
    fn what_the_release_wrote_holds() {
        let usage: Usage = serde_json::from_str(r#"{"cooldownUntil": 100, "disabledUntil": 50}"#).unwrap();
        assert_eq!(rest_of(&usage, "any", 40).map(|rest| rest.until), Some(100));
        assert_eq!(rest_of(&usage, "any", 100), None);
    }

    fn reasons() -> impl Strategy<Value = Reason> {
        prop::sample::select(vec![
            Reason::Auth,
            Reason::Billing,
            Reason::RateLimit,
            Reason::Overloaded,
            Reason::Timeout,
            Reason::NotFound,
            Reason::Format,
        ])
    }

    proptest! {
        /// Whatever fails in whatever order: nothing rests longer than a day, a failure never shortens a rest of its own
        /// kind within the window, what was written is read again, and an answer ends it.
        #[test]
        fn rests_are_bounded_and_end(
            failures in prop::collection::vec((reasons(), 0..3usize, 0..HOUR), 1..40)
        ) {
            let models = ["a", "b", "c"];
            let (mut usage, mut now) = (Usage::default(), 1_795_000_000_000_i64);
            for (reason, model, pause) in failures {
                now += pause;
                let before = rest_of(&usage, models[model], now);
                let rest = fail(&mut usage, reason, models[model], now);
                prop_assert_eq!(rest.is_none(), reason.scope() == Scope::Request);
                prop_assert!(rest.is_none_or(|rest| rest > 0 && rest <= 24 * HOUR));
                let after = rest_of(&usage, models[model], now);
                prop_assert!(after.map(|rest| rest.until) >= before.map(|rest| rest.until));
                let text = serde_json::to_string(&usage).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Usage>(&text).unwrap(), &usage);
            }
            for model in models {
                succeeded(&mut usage, model, now);
                prop_assert_eq!(rest_of(&usage, model, now), None);
            }
        }
    }
}
