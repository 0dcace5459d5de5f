//! What became of a changed configuration, and how clients and the log hear of it.

use openclaw_config::ConfigError;
use openclaw_guard::Redactor;
use openclaw_protocol::methods::Scope;
use serde_json::{Map, Value, json};

use super::state::Standing;
use crate::core::Core;
use crate::ws::hub::Broadcast;
use crate::ws::outbox::IfSlow;

/// Problems told at once: enough to see what is wrong, few enough for one screen.
const MAX_PROBLEMS: usize = 10;
/// Changed keys named in an event.
const MAX_PATHS: usize = 50;

/// What became of a configuration. No value of it is in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `gateway.reload.mode` is `off`: it was not looked at.
    Ignored,
    /// It means what the running one means.
    Unchanged,
    /// The gateway works with it.
    Applied {
        /// The keys that changed.
        paths: Vec<String>,
    },
    /// The gateway works with it, but for keys that wait for a restart (mode `hot`).
    RestartNeeded {
        /// The keys that changed.
        paths: Vec<String>,
        /// Those that wait.
        pending: Vec<String>,
    },
    /// The gateway starts again with it, when the delay is over.
    Restarting {
        /// The keys that changed.
        paths: Vec<String>,
    },
    /// It lost so much that somebody has to confirm it.
    Staged {
        /// What it lost.
        reason: String,
    },
    /// It cannot be used; the running one stays.
    Invalid {
        /// What is wrong, one entry each.
        problems: Vec<String>,
    },
}

impl Outcome {
    /// What a configuration that cannot be loaded comes to.
    pub(super) fn invalid(error: &ConfigError) -> Self {
        let problems = match error.problems() {
            [] => vec![error.to_string()],
            problems => problems.iter().map(ToString::to_string).collect(),
        };
        Self::Invalid { problems }
    }

    /// The word for it in events.
    pub(crate) fn state(&self) -> &'static str {
        match self {
            Self::Ignored | Self::Unchanged | Self::Applied { .. } => "applied",
            Self::RestartNeeded { .. } => "restart-needed",
            Self::Restarting { .. } => "restarting",
            Self::Staged { .. } => "staged",
            Self::Invalid { .. } => "invalid",
        }
    }

    /// What keeps it from being in force, in one line.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Staged { reason } => staged_words(reason),
            Self::Invalid { problems } => shown(problems, MAX_PROBLEMS).join("; "),
            Self::Ignored
            | Self::Unchanged
            | Self::Applied { .. }
            | Self::RestartNeeded { .. }
            | Self::Restarting { .. } => "it was taken back before the gateway started again".to_owned(),
        }
    }

    /// The same without secrets: somebody may have pasted one as the name of a key.
    fn redacted(mut self, redactor: &Redactor) -> Self {
        match &mut self {
            Self::Invalid { problems } => {
                problems.iter_mut().for_each(|problem| *problem = redactor.redact(problem).into_owned());
            }
            Self::Staged { reason } => *reason = redactor.redact(reason).into_owned(),
            Self::Ignored
            | Self::Unchanged
            | Self::Applied { .. }
            | Self::RestartNeeded { .. }
            | Self::Restarting { .. } => {}
        }
        self
    }

    /// How things stand afterwards.
    fn standing(&self, before: &Standing) -> Standing {
        let (problems, pending) = match self {
            Self::Ignored => return before.clone(),
            Self::Unchanged | Self::Applied { .. } => (Vec::new(), Vec::new()),
            Self::RestartNeeded { pending, .. } => (Vec::new(), pending.clone()),
            Self::Restarting { paths } => (Vec::new(), paths.clone()),
            Self::Staged { reason } => (vec![staged_words(reason)], before.pending.clone()),
            Self::Invalid { problems } => (problems.clone(), before.pending.clone()),
        };
        Standing { problems, pending }
    }

    /// The payload of the event `config`.
    fn event(&self, hash: Option<&str>) -> Value {
        let mut event = Map::from_iter([("state".to_owned(), json!(self.state()))]);
        let mut list = |name: &str, items: &[String], max: usize| {
            event.insert(name.to_owned(), json!(items.iter().take(max).collect::<Vec<_>>()));
        };
        match self {
            Self::Ignored | Self::Unchanged => list("paths", &[], MAX_PATHS),
            Self::Applied { paths } | Self::Restarting { paths } => list("paths", paths, MAX_PATHS),
            Self::RestartNeeded { paths, pending } => {
                list("paths", paths, MAX_PATHS);
                list("pending", pending, MAX_PATHS);
            }
            Self::Staged { reason } => {
                event.insert("reason".to_owned(), json!(reason));
            }
            Self::Invalid { problems } => {
                list("problems", problems, MAX_PROBLEMS);
                event.insert("problemCount".to_owned(), json!(problems.len()));
            }
        }
        if let Some(hash) = hash {
            event.insert("hash".to_owned(), json!(hash));
        }
        Value::Object(event)
    }

    fn log(&self) {
        match self {
            Self::Ignored | Self::Unchanged => tracing::info!("configuration is in order"),
            Self::Applied { paths } => {
                tracing::info!(paths = ?shown(paths, MAX_PATHS), "configuration applied");
            }
            Self::RestartNeeded { pending, .. } => {
                tracing::warn!(pending = ?shown(pending, MAX_PATHS), "configuration applied but for keys that need a restart");
            }
            Self::Restarting { paths } => {
                tracing::info!(paths = ?shown(paths, MAX_PATHS), "configuration changed; the gateway restarts");
            }
            Self::Staged { reason } => tracing::error!("{}", staged_words(reason)),
            Self::Invalid { problems } => {
                for problem in shown(problems, MAX_PROBLEMS) {
                    tracing::error!(%problem, "configuration not applied");
                }
            }
        }
    }
}

fn shown(items: &[String], max: usize) -> &[String] {
    items.get(..max).unwrap_or(items)
}

fn staged_words(reason: &str) -> String {
    format!(
        "the changed configuration is not applied: {reason}; run `openclaw config confirm` if that is meant"
    )
}

/// The field `config` of the health summary, for everybody: what a problem says may quote the file.
pub(super) fn summary(standing: &Standing, hash: Option<&str>) -> Value {
    let mut summary = json!({"ok": standing.problems.is_empty(), "problemCount": standing.problems.len()});
    if let Some(summary) = summary.as_object_mut() {
        if let Some(hash) = hash {
            summary.insert("hash".to_owned(), json!(hash));
        }
        if !standing.pending.is_empty() {
            summary.insert("pending".to_owned(), json!(shown(&standing.pending, MAX_PATHS)));
        }
    }
    summary
}

/// The problems that are shown, for clients that may administrate.
pub(super) fn problems(standing: &Standing) -> Value {
    json!(shown(&standing.problems, MAX_PROBLEMS))
}

/// Tells the log, the clients that may administrate, and everybody's health, if there is anything new.
pub(super) fn report(core: &Core, outcome: &Outcome) {
    let outcome = &outcome.clone().redacted(&core.log.redactor());
    let is_news = match outcome {
        Outcome::Ignored => return,
        Outcome::Applied { paths } | Outcome::RestartNeeded { paths, .. } => !paths.is_empty(),
        Outcome::Restarting { .. } => true,
        Outcome::Unchanged | Outcome::Staged { .. } | Outcome::Invalid { .. } => false,
    };
    let stands_otherwise = core.reload.stand(|before| outcome.standing(before));
    if !is_news && !stands_otherwise {
        return;
    }
    outcome.log();
    let now = core.snapshot();
    let payload = outcome.event(now.loaded.hash.as_deref());
    let event =
        Broadcast { only_for: Some(Scope::Admin), ..Broadcast::new("config", &payload, IfSlow::Close) };
    core.hub.broadcast(&event);
    core.health.renew(core);
}

#[cfg(test)]
mod tests {
    use super::{MAX_PROBLEMS, Outcome, summary};
    use crate::reload::state::Standing;
    use serde_json::json;

    #[test]
    fn an_event_holds_as_much_as_fits_one_screen() {
        let problems: Vec<String> = (0..30).map(|n| format!("p{n}")).collect();
        let outcome = Outcome::Invalid { problems };
        let event = outcome.event(Some("h"));
        assert_eq!(event["problems"].as_array().unwrap().len(), MAX_PROBLEMS);
        assert_eq!((&event["problemCount"], &event["hash"]), (&json!(30), &json!("h")));
        let standing =
            outcome.standing(&Standing { problems: Vec::new(), pending: vec!["gateway.port".into()] });
        let health = summary(&standing, None);
        assert_eq!((&health["ok"], &health["problemCount"]), (&json!(false), &json!(30)));
        assert_eq!(health["pending"], json!(["gateway.port"]), "what waited still waits");
    }

    #[test]
    fn a_correction_clears_everything() {
        let bad = Standing { problems: vec!["p".into()], pending: vec!["gateway.port".into()] };
        for outcome in [Outcome::Unchanged, Outcome::Applied { paths: vec!["ui".into()] }] {
            assert_eq!(summary(&outcome.standing(&bad), None), json!({"ok": true, "problemCount": 0}));
            assert_eq!(outcome.state(), "applied");
        }
    }
}
