//! How long to wait and how often to try: values only, the clock is the driver's.

use std::time::Duration;

use crate::{ModelError, TimeoutKind};

/// Time limits and retries of one model call.
#[derive(Debug, Clone)]
pub struct CallPolicy {
    /// Time limits.
    pub timeouts: Timeouts,
    /// Retries before the first piece of output.
    pub retries: Retries,
}

/// Time limits of one attempt. There is no limit on the whole answer: the turn has its own deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// From sending the request to the first byte of the body.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub idle: Duration,
}

impl Timeouts {
    /// For a provider on the network. Reasoning models are silent for up to two minutes before they speak.
    #[must_use]
    pub const fn remote() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(60),
        }
    }

    /// For a server on this machine: a model on a CPU reads a long prompt for minutes before the first token.
    #[must_use]
    pub const fn local() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(600),
            idle: Duration::from_secs(120),
        }
    }
}

/// When a failed attempt is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    /// The pause before each retry; its length is the number of retries.
    pub pauses: Vec<Duration>,
    /// The longest `Retry-After` worth waiting for while a person looks at the screen.
    pub max_retry_after: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            pauses: vec![Duration::from_millis(500), Duration::from_secs(1)],
            max_retry_after: Duration::from_secs(30),
        }
    }
}

impl Retries {
    /// For a model behind which another one could answer: a moment's trouble is waited for, and no more.
    #[must_use]
    pub fn impatient() -> Self {
        Self { pauses: vec![Duration::from_millis(500)], max_retry_after: Duration::from_secs(1) }
    }

    /// The pause before the next attempt after `failed` attempts, or nothing when `error` is final.
    #[must_use]
    pub fn pause(&self, failed: usize, error: &ModelError) -> Option<Duration> {
        let backoff = *self.pauses.get(failed.checked_sub(1)?)?;
        if !error.is_transient() {
            return None;
        }
        // A first-byte or idle limit was already a long wait; a second one would only double it.
        if matches!(error, ModelError::Timeout { kind: TimeoutKind::FirstByte | TimeoutKind::Idle, .. }) {
            return None;
        }
        if let ModelError::RateLimited { retry_after: Some(wait), .. }
        | ModelError::Overloaded { retry_after: Some(wait), .. } = error
        {
            return (*wait <= self.max_retry_after).then(|| (*wait).max(backoff));
        }
        Some(backoff)
    }
}

#[cfg(test)]
mod tests {
    use super::Retries;
    use crate::{ModelError, TimeoutKind};
    use std::sync::Arc;
    use std::time::Duration;

    fn limited(seconds: Option<u64>) -> ModelError {
        ModelError::RateLimited { provider: Arc::from("p"), retry_after: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn who_has_others_behind_it_is_not_waited_for() {
        let impatient = Retries::impatient();
        assert_eq!(impatient.pause(1, &limited(Some(2))), None);
        assert_eq!(impatient.pause(1, &limited(None)), Some(Duration::from_millis(500)));
        assert_eq!(impatient.pause(2, &limited(None)), None);
    }

    #[test]
    fn pauses_follow_the_table() {
        let server = ModelError::Server { provider: Arc::from("p"), status: 500 };
        let slow = ModelError::Timeout {
            provider: Arc::from("p"),
            kind: TimeoutKind::Idle,
            after: Duration::from_secs(1),
        };
        let rows = [
            (1, &server, Some(500)),
            (2, &server, Some(1000)),
            (3, &server, None),
            (1, &limited(Some(20)), Some(20_000)),
            (1, &limited(Some(0)), Some(500)),
            (1, &limited(Some(31)), None),
            (1, &limited(None), Some(500)),
            (1, &slow, None),
            (1, &ModelError::Aborted, None),
        ];
        for (failed, error, expected) in rows {
            assert_eq!(
                Retries::default().pause(failed, error),
                expected.map(Duration::from_millis),
                "{error} {failed}"
            );
        }
    }
}
