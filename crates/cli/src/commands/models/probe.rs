//! `openclaw models status --probe`: one tiny real request with each credential.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use openclaw_guard::{Clock as _, SystemClock};
use openclaw_models::catalog::{KeySource, Reference};
use openclaw_models::failover::{Candidate, Description};
use openclaw_models::probe::{Bounds, say_ok};
use serde_json::{Value, json};

use super::ask::{Silence, connect};
use super::view::ModelsView;
use crate::args::ProbeArgs;
use crate::output;

/// A credential that is asked, with the model that is asked for.
pub(super) struct Target {
    pub(super) provider: String,
    pub(super) source: KeySource,
    /// `api_key`, `token` or `oauth`.
    pub(super) mode: &'static str,
    pub(super) model: Option<Reference>,
}

/// What all of them brought.
pub(super) struct Report {
    began_ms: i64,
    ended_ms: i64,
    results: Vec<ProbeResult>,
}

struct ProbeResult {
    target: Target,
    status: &'static str,
    error: Option<String>,
    latency_ms: Option<u64>,
}

/// Asks with those that are wanted, some at a time.
pub(super) async fn run(view: &ModelsView, args: &ProbeArgs, targets: Vec<Target>) -> Report {
    let clock = SystemClock;
    let began_ms = clock.now_ms();
    let wanted: Vec<Target> = targets.into_iter().filter(|target| is_wanted(view, args, target)).collect();
    let asked = wanted.into_iter().map(|target| one(view, args, target));
    let results = stream::iter(asked).buffered(usize::from(args.probe_concurrency)).collect().await;
    Report { began_ms, ended_ms: clock.now_ms(), results }
}

fn is_wanted(view: &ModelsView, args: &ProbeArgs, target: &Target) -> bool {
    let settings = view.auth.settings();
    let by_provider =
        args.probe_provider.as_ref().is_none_or(|name| settings.same_provider(name, &target.provider));
    let by_profile = args.probe_profile.is_empty()
        || matches!(&target.source, KeySource::Profile(id) if args.probe_profile.contains(id));
    by_provider && by_profile
}

async fn one(view: &ModelsView, args: &ProbeArgs, target: Target) -> ProbeResult {
    let Some(model) = target.model.clone() else {
        let error =
            Some("No model of this provider is known; name one in agents.defaults.models.".to_owned());
        return ProbeResult { target, status: "no_model", error, latency_ms: None };
    };
    let time = Duration::from_millis(args.probe_timeout);
    let bounds =
        Bounds { time, tokens: args.probe_max_tokens, thinking: Some(view.thinking()), now_ms: view.now_ms };
    let ask = async {
        let candidate = Candidate { reference: model, credential: Some(target.source.clone()), rest: None };
        let connected = connect(view, &candidate, Description::Known).await?;
        Ok::<_, Silence>(say_ok(&*connected, bounds).await?)
    };
    let outcome = ask.await;
    match outcome {
        Ok(heard) => {
            let latency_ms = u64::try_from(heard.took.as_millis()).ok();
            ProbeResult { target, status: "ok", error: None, latency_ms }
        }
        Err(why) => {
            ProbeResult { target, status: why.status(), error: Some(why.to_string()), latency_ms: None }
        }
    }
}

impl Report {
    /// Whether there was nobody to ask.
    pub(super) fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    /// Whether every credential works.
    pub(super) fn all_work(&self) -> bool {
        self.results.iter().all(|result| result.status == "ok")
    }

    pub(super) fn json(&self, args: &ProbeArgs) -> Value {
        let results: Vec<Value> = self.results.iter().map(ProbeResult::json).collect();
        json!({
            "startedAt": self.began_ms, "finishedAt": self.ended_ms, "durationMs": self.ended_ms - self.began_ms,
            "totalTargets": self.results.len(),
            "options": {"provider": args.probe_provider, "profileIds": args.probe_profile,
                "timeoutMs": args.probe_timeout, "concurrency": args.probe_concurrency,
                "maxTokens": args.probe_max_tokens},
            "results": results,
        })
    }

    /// A line for each.
    pub(super) fn lines(&self) -> Vec<String> {
        self.results.iter().map(ProbeResult::words).collect()
    }
}

impl ProbeResult {
    fn label(&self) -> String {
        match &self.target.source {
            KeySource::Profile(id) => id.clone(),
            KeySource::Environment(name) => (*name).to_owned(),
            KeySource::Config => format!("models.providers.{}.apiKey", self.target.provider),
        }
    }

    fn json(&self) -> Value {
        let (source, profile) = match &self.target.source {
            KeySource::Profile(id) => ("profile", Some(id)),
            KeySource::Environment(_) => ("env", None),
            KeySource::Config => ("models.json", None),
        };
        json!({"provider": self.target.provider, "model": self.target.model.as_ref().map(ToString::to_string),
            "profileId": profile, "label": self.label(), "source": source, "mode": self.target.mode,
            "status": self.status, "error": self.error, "latencyMs": self.latency_ms})
    }

    fn words(&self) -> String {
        let model = self.target.model.as_ref().map_or_else(|| "no model".to_owned(), ToString::to_string);
        let outcome = match (&self.error, self.latency_ms) {
            (Some(error), _) => format!("{}: {error}", self.status),
            (None, latency) => format!("works, {} ms", latency.unwrap_or_default()),
        };
        output::printable(&format!("{} with {}: {outcome}", model, self.label()))
    }
}
