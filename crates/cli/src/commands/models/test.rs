//! `openclaw models test`: one real request, and what its answer means.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use openclaw_credentials::{AuthError, Refresher};
use openclaw_models::catalog::{CatalogError, Key, KeyKind, KeySource, Keyed, Reference};
use openclaw_models::failover::{Asked, Candidate, candidates};
use openclaw_models::local::look_at;
use openclaw_models::oauth::TokenRefresher;
use openclaw_models::{ChatModel, ModelError, ModelEvent, ModelRequest};
use openclaw_protocol::message::{Content, Message, Usage, UserMessage};
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::view::ModelsView;
use crate::args::{InstanceArgs, ModelsTestArgs};
use crate::output::{self, AlreadyTold};
use crate::runtime;

/// What is asked. Any answer will do.
const PROMPT: &str = "Reply with OK.";
/// Enough for a model that thinks before it says two letters.
const MAX_TOKENS: u32 = 256;
/// As much of the answer as is worth showing, in characters.
const MAX_SHOWN: usize = 200;

/// Why a credential brought nothing, in words with the next step.
#[derive(Debug, thiserror::Error)]
enum Silence {
    #[error("{0}.")]
    Auth(#[from] AuthError),
    #[error("{}", .0.plain_words())]
    Catalog(#[from] CatalogError),
    #[error("{}", .0.plain_words())]
    Model(#[from] ModelError),
    #[error("No answer within {} s.", .0.as_secs())]
    Late(Duration),
}

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
    look_at(&view.catalog, &candidate.reference).await;
    let started = Instant::now();
    let outcome = match connect(view, candidate).await {
        Ok(model) => answer(&*model, (view.now_ms, limit)).await.map(|(text, usage)| {
            let cost = usage.map(|usage| model.describe().prices.cost_of(&usage).total);
            (text, usage, cost)
        }),
        Err(error) => Err(error),
    };
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

async fn connect(view: &ModelsView, candidate: &Candidate) -> Result<Arc<dyn ChatModel>, Silence> {
    let (catalog, reference) = (&view.catalog, &candidate.reference);
    let key = match &candidate.credential {
        None => None,
        Some(KeySource::Profile(id)) => {
            let refresher: Arc<dyn Refresher> = Arc::new(TokenRefresher::default());
            let usable = view.auth.usable(id, &refresher, view.now_ms).await?;
            let kind = if usable.is_token { KeyKind::Token } else { KeyKind::ApiKey };
            Some(Key { secret: usable.secret, kind, source: KeySource::Profile(id.clone()) })
        }
        Some(source @ (KeySource::Config | KeySource::Environment(_))) => {
            let keys =
                catalog.entry(&reference.provider).map(|entry| catalog.keys(entry)).unwrap_or_default();
            keys.into_iter().find(|key| key.source == *source)
        }
    };
    Ok(match &key {
        Some(key) => catalog.connect(reference, Keyed::With(key))?,
        None => catalog.connect(reference, Keyed::Without)?,
    })
}

async fn answer(
    model: &dyn ChatModel,
    (now_ms, limit): (i64, Duration),
) -> Result<(String, Option<Usage>), Silence> {
    let user = UserMessage { content: Content::Text(PROMPT.to_owned()), timestamp: now_ms };
    let request = ModelRequest {
        messages: vec![Arc::new(Message::User(user))],
        max_tokens: Some(model.describe().max_tokens.map_or(MAX_TOKENS, |most| most.min(MAX_TOKENS))),
        now_ms,
        ..ModelRequest::default()
    };
    let mut stream = model.stream(request, CancellationToken::new());
    let read = async {
        let (mut text, mut usage) = (String::new(), None);
        while let Some(event) = stream.next().await {
            match event? {
                ModelEvent::TextDelta(delta) => text.push_str(&delta),
                ModelEvent::Usage(seen) => usage = Some(seen),
                ModelEvent::Done(_) => break,
                ModelEvent::ThinkingDelta(_)
                | ModelEvent::ThinkingSignature(_)
                | ModelEvent::RedactedThinking(_)
                | ModelEvent::TextSignature(_)
                | ModelEvent::ToolCallStart { .. }
                | ModelEvent::ToolCallArguments { .. }
                | ModelEvent::ToolCallSignature { .. } => {}
            }
        }
        Ok::<_, Silence>((text, usage))
    };
    tokio::time::timeout(limit, read).await.unwrap_or(Err(Silence::Late(limit)))
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
