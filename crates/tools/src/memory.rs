//! `memory_search` and `memory_get`: the agent's notes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_memory::{
    Answer, Chat, ChatKind as ScopedKind, DEFAULT_RESULTS, Explaining, Hit, LineRange, MAX_RESULTS, Query,
    Scope, Verdict,
};
use serde_json::{Value, json};

use crate::arguments::{Arguments, param};
use crate::error::ToolError;
use crate::spec::{Need, Param, ParamKind, ToolSpec};
use crate::tool::{ChatKind, Tool, ToolCall, ToolContext, ToolOutcome, outcome};

/// Longest query: a question, with room for a pasted paragraph.
const MAX_QUERY_BYTES: usize = 16 * 1024;
/// The system's own bound of a path.
const MAX_PATH_BYTES: usize = 4096;

/// Whether snippets end with where they come from (`memory.citations`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Citations {
    /// In conversations with one person.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Citations {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// A session nobody knows gets none: citations name files of the owner.
    fn shown_to(self, chat: Option<ChatKind>) -> bool {
        match self {
            Self::Auto => chat == Some(ChatKind::Direct),
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// What a search returns when the model does not say (`memorySearch.query`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchDefaults {
    /// Most results.
    pub max_results: usize,
    /// Results with a lower score are left out; 0 keeps all.
    pub min_score: f64,
}

impl Default for SearchDefaults {
    fn default() -> Self {
        Self { max_results: DEFAULT_RESULTS, min_score: 0.0 }
    }
}

impl SearchDefaults {
    /// As it is configured; every score is good enough when no least one is named.
    #[must_use]
    pub fn of(max_results: u64, min_score: Option<f64>) -> Self {
        Self {
            max_results: usize::try_from(max_results).unwrap_or(MAX_RESULTS).min(MAX_RESULTS),
            min_score: min_score.unwrap_or(0.0),
        }
    }
}

static SEARCH_PARAMS: [Param; 3] = [
    param(
        "query",
        ParamKind::Text { max_bytes: MAX_QUERY_BYTES },
        Need::Required,
        "A question, or words to look for",
    ),
    param(
        "maxResults",
        ParamKind::Integer { min: 1, max: MAX_RESULTS as u64 },
        Need::Optional,
        "How many results; a handful when absent",
    ),
    param(
        "minScore",
        ParamKind::Number { min: 0.0, max: 1.0 },
        Need::Optional,
        "Leave out results that score lower, from 0 to 1",
    ),
];

static SEARCH: ToolSpec = ToolSpec {
    name: "memory_search",
    description: "Search the notes in MEMORY.md and memory/*.md. Do this before answering about earlier work, \
                  decisions, dates, people, preferences or tasks. Returns the matching lines with path and line \
                  numbers; no results and no note means that nothing was noted about it.",
    params: &SEARCH_PARAMS,
    label: Some("query"),
    timeout: Duration::from_secs(30),
};

static GET_PARAMS: [Param; 3] = [
    param(
        "path",
        ParamKind::Text { max_bytes: MAX_PATH_BYTES },
        Need::Required,
        "As memory_search returned it",
    ),
    param(
        "from",
        ParamKind::Integer { min: 1, max: u32::MAX as u64 },
        Need::Optional,
        "First line, counted from 1",
    ),
    param("lines", ParamKind::Integer { min: 1, max: u32::MAX as u64 }, Need::Optional, "How many lines"),
];

static GET: ToolSpec = ToolSpec {
    name: "memory_get",
    description: "Show lines of one note that memory_search found, when its snippet is not enough.",
    params: &GET_PARAMS,
    label: Some("path"),
    timeout: Duration::from_secs(30),
};

/// Searches the agent's notes.
#[derive(Debug, Clone, Default)]
pub struct MemorySearchTool {
    citations: Citations,
    defaults: SearchDefaults,
    scope: Option<Arc<Scope>>,
}

impl MemorySearchTool {
    /// With or without citations, and what is returned when the model does not say.
    #[must_use]
    pub fn new(citations: Citations, defaults: SearchDefaults) -> Self {
        Self { citations, defaults, scope: None }
    }

    /// The same, in some chats only.
    #[must_use]
    pub fn within(self, scope: Option<Arc<Scope>>) -> Self {
        Self { scope, ..self }
    }

    async fn search(&self, call: &ToolCall, cx: &ToolContext) -> Result<ToolOutcome, ToolError> {
        let arguments = Arguments::check(&SEARCH, &call.arguments)?;
        let max_results = arguments.integer("maxResults")?.and_then(|wanted| usize::try_from(wanted).ok());
        let query = Query {
            text: arguments.required_text("query")?.to_owned(),
            max_results: max_results.unwrap_or(self.defaults.max_results),
            min_score: arguments.number("minScore")?.unwrap_or(self.defaults.min_score),
            explain: Explaining::Off,
        };
        if let Err(error) = permitted(self.scope.as_deref(), cx) {
            return Ok(switched_off(&error));
        }
        let least = query.min_score;
        let answer = match cx.memory.search(query).await {
            Ok(answer) => answer,
            Err(error) => return Ok(switched_off(&error)),
        };
        let chat = cx.session.snapshot(&cx.session_key).map(|session| session.chat);
        let cited = self.citations.shown_to(chat);
        let results: Vec<Value> = answer.results.iter().map(|hit| result(hit, cited)).collect();
        let answer = Answer { note: note(&answer, least), ..answer };
        Ok(ToolOutcome::json(summary(results, &answer, self.citations)))
    }
}

/// The form of OpenClaw 2026.2.9: memory that fails is memory switched off, with the reason.
fn switched_off(error: &dyn std::error::Error) -> ToolOutcome {
    let value = json!({ "results": [], "disabled": true, "error": error.to_string() });
    ToolOutcome { is_error: true, ..ToolOutcome::json(value) }
}

/// Whether memory may be asked in the chat of a turn. One that nobody knows is none of those that rules name.
fn permitted(scope: Option<&Scope>, cx: &ToolContext) -> Result<(), ToolError> {
    let Some(scope) = scope else { return Ok(()) };
    let session = cx.session.snapshot(&cx.session_key);
    let kind = session.as_ref().map(|session| match session.chat {
        ChatKind::Direct => ScopedKind::Direct,
        ChatKind::Group => ScopedKind::Group,
        ChatKind::Channel => ScopedKind::Channel,
    });
    let channel = session.as_ref().map(|session| session.channel.as_str());
    match scope.verdict(&Chat { key: &cx.session_key, channel, kind }) {
        Verdict::Allow => Ok(()),
        Verdict::Deny => Err(ToolError::OutOfScope),
    }
}

impl Tool for MemorySearchTool {
    fn spec(&self) -> &'static ToolSpec {
        &SEARCH
    }

    fn run(&self, call: ToolCall, cx: ToolContext) -> BoxFuture<'_, ToolOutcome> {
        async move { outcome(&SEARCH, self.search(&call, &cx).await) }.boxed()
    }
}

/// The result of OpenClaw 2026.2.9, and what it does not say: how sure the answer is and what it lacks.
fn summary(results: Vec<Value>, answer: &Answer, citations: Citations) -> Value {
    let mut value = json!({
        "results": results,
        "provider": answer.provider,
        "model": answer.model,
        "citations": citations.name(),
        "confidence": rounded(answer.confidence),
    });
    let mut add = |name: &str, extra: Option<Value>| {
        if let (Some(extra), Some(object)) = (extra, value.as_object_mut()) {
            object.insert(name.into(), extra);
        }
    };
    add("fallback", answer.fallback.as_ref().map(|fallback| json!(fallback)));
    add("degraded", answer.degraded.as_deref().map(Value::from));
    add("note", answer.note.as_deref().map(Value::from));
    add("days", answer.days.as_ref().map(|days| json!(days)));
    value
}

/// What is worth knowing: no results need not mean that nothing was noted.
fn note(answer: &Answer, least: f64) -> Option<String> {
    let left_out = answer.best_left_out(least).map(|best| {
        format!("results that score below minScore {least} are left out; the best of them scores {best}")
    });
    let notes: Vec<String> = answer.note.iter().cloned().chain(left_out).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// Three digits say all there is, and cost the model fewer tokens.
fn rounded(share: f64) -> f64 {
    (share * 1_000.0).round() / 1_000.0
}

fn result(hit: &Hit, cited: bool) -> Value {
    let mut value = json!({
        "path": hit.path,
        "startLine": hit.start_line,
        "endLine": hit.end_line,
        "score": rounded(hit.score),
        "snippet": hit.snippet,
        "source": hit.source,
    });
    let Some(object) = value.as_object_mut() else { return value };
    for (name, extra) in [("heading", &hit.heading), ("date", &hit.date)] {
        if let Some(extra) = extra {
            object.insert(name.into(), extra.as_str().into());
        }
    }
    if hit.repeated > 0 {
        object.insert("repeated".into(), hit.repeated.into());
    }
    if !hit.elsewhere.is_empty() {
        object.insert("elsewhere".into(), json!(hit.elsewhere));
    }
    if let Some(cut) = hit.cut {
        object.insert("cut".into(), json!(cut));
    }
    if cited {
        object.insert("snippet".into(), format!("{}\n\nSource: {}", hit.snippet, hit.citation).into());
        object.insert("citation".into(), hit.citation.as_str().into());
    }
    value
}

/// Shows lines of one note.
#[derive(Debug, Clone, Default)]
pub struct MemoryGetTool {
    scope: Option<Arc<Scope>>,
}

impl MemoryGetTool {
    /// The same, in some chats only.
    #[must_use]
    pub fn within(self, scope: Option<Arc<Scope>>) -> Self {
        Self { scope }
    }
}

impl Tool for MemoryGetTool {
    fn spec(&self) -> &'static ToolSpec {
        &GET
    }

    fn run(&self, call: ToolCall, cx: ToolContext) -> BoxFuture<'_, ToolOutcome> {
        async move { outcome(&GET, get(&call, &cx, self.scope.as_deref()).await) }.boxed()
    }
}

async fn get(call: &ToolCall, cx: &ToolContext, scope: Option<&Scope>) -> Result<ToolOutcome, ToolError> {
    let arguments = Arguments::check(&GET, &call.arguments)?;
    permitted(scope, cx)?;
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let range = LineRange {
        path: arguments.required_text("path")?.to_owned(),
        from: arguments.integer("from")?.map(number),
        lines: arguments.integer("lines")?.map(number),
    };
    let passage = cx.memory.read(range).await?;
    Ok(ToolOutcome::json(json!({ "path": passage.path, "text": passage.text })))
}
