//! `openclaw models test`: one real request, and what its answer means.

use std::time::{Duration, Instant};

use openclaw_models::catalog::Reference;
use openclaw_models::failover::{Asked, Candidate, Description, candidates};
use openclaw_models::probe::{Bounds, say_ok};
use openclaw_protocol::message::Usage;
use serde::Serialize;
use serde_json::json;

use super::ask::{Silence, connect};
use super::view::ModelsView;
use crate::args::{InstanceArgs, ModelsTestArgs};
use crate::output::{self, AlreadyTold};
use crate::runtime;

/// Enough for a model that thinks before it says two letters.
const MAX_TOKENS: u32 = 256;
/// As much of the answer as is worth showing, in characters.
const MAX_SHOWN: usize = 200;

/// What one credential brought.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    model: String,
    /// The credential's name and place, never itself.
    credential: String,
    ok: bool,
    latency_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn run(flags: &InstanceArgs, args: &ModelsTestArgs) -> anyhow::Result<()> {
    let view = ModelsView::open(flags, args.agent.as_deref())?;
    let written = args.model.clone().unwrap_or_else(|| view.catalog.default_reference());
    view.warn_of(&written);
    let (reference, _) = view.catalog.find(&written).map_err(|error| anyhow::anyhow!(error.plain_words()))?;
    let limit = Duration::from_secs(args.timeout);
    let attempts = runtime::block_on(async { Ok(ask_all(&view, &reference, limit).await) })?;
    let ok = attempts.last().is_some_and(|attempt| attempt.ok);
    if args.json {
        output::json(&json!({"ok": ok, "model": reference.to_string(), "attempts": attempts}))?;
    } else {
        for attempt in &attempts {
            output::line(&output::for_instance(&words(&view, attempt), flags))?;
        }
    }
    if ok { Ok(()) } else { Err(AlreadyTold.into()) }
}

async fn ask_all(view: &ModelsView, reference: &Reference, limit: Duration) -> Vec<Attempt> {
    let models = [reference.clone()];
    let asked = Asked { models: &models, pinned: None, now_ms: view.now_ms };
    let all = candidates(&view.catalog, &view.credentials, view.auth.settings(), &asked);
    let mut attempts = Vec::new();
    for candidate in all {
        let attempt = ask(view, &candidate, limit).await;
        let ok = attempt.ok;
        attempts.push(attempt);
        if ok {
            break;
        }
    }
    attempts
}

async fn ask(view: &ModelsView, candidate: &Candidate, limit: Duration) -> Attempt {
    let provider = &candidate.reference.provider;
    let credential = candidate.credential.as_ref();
    let mut attempt = Attempt {
        model: candidate.reference.to_string(),
        credential: credential
            .map_or_else(|| without_credential(view, provider), |source| source.words(provider)),
        ok: false,
        latency_ms: 0,
        answer: None,
        usage: None,
        cost_usd: None,
        error: None,
    };
    let started = Instant::now();
    let bounds =
        Bounds { time: limit, tokens: MAX_TOKENS, thinking: Some(view.thinking()), now_ms: view.now_ms };
    let asked = async {
        let model = connect(view, candidate, Description::Known).await?;
        let heard = say_ok(&*model, bounds).await?;
        let cost = heard.usage.map(|usage| model.describe().prices.cost_of(&usage).total);
        Ok::<_, Silence>((heard.text, heard.usage, cost))
    };
    let outcome = asked.await;
    attempt.latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok((text, usage, cost)) => {
            attempt.ok = true;
            attempt.answer = Some(text.trim().chars().take(MAX_SHOWN).collect());
            (attempt.usage, attempt.cost_usd) = (usage, cost);
        }
        Err(error) => attempt.error = Some(error.to_string()),
    }
    attempt
}

/// What stands for a credential where there is none.
fn without_credential(view: &ModelsView, provider: &str) -> String {
    let program = view.catalog.cli_backend(provider);
    program.map_or_else(
        || "no credential".to_owned(),
        |backend| format!("the program {}", backend.settings.command),
    )
}

/// Where it was asked.
fn place(view: &ModelsView, provider: &str) -> String {
    if let Some(backend) = view.catalog.cli_backend(provider) {
        return view
            .catalog
            .locate(backend)
            .map(|path| format!(" at {}", path.display()))
            .unwrap_or_default();
    }
    view.catalog.entry(provider).map(|entry| format!(" at {}", entry.base_url)).unwrap_or_default()
}

fn words(view: &ModelsView, attempt: &Attempt) -> String {
    let head = format!("{} with {}", attempt.model, attempt.credential);
    let seconds = format!("{}.{:03} s", attempt.latency_ms / 1_000, attempt.latency_ms % 1_000);
    let text = match (&attempt.answer, &attempt.error) {
        (Some(answer), _) => {
            let said = if answer.is_empty() { "an empty answer".to_owned() } else { format!("{answer:?}") };
            let usage =
                attempt.usage.map(|usage| format!(", {} tokens in, {} out", usage.input, usage.output));
            let cost = attempt.cost_usd.filter(|cost| *cost > 0.0).map(|cost| format!(", {cost:.6} dollars"));
            let at = place(view, attempt.model.split('/').next().unwrap_or_default());
            format!(
                "{head}{at} answers: {said} in {seconds}{}{}",
                usage.unwrap_or_default(),
                cost.unwrap_or_default()
            )
        }
        (None, Some(error)) => format!("{head} fails after {seconds}: {error}"),
        (None, None) => head,
    };
    output::printable(&text)
}
