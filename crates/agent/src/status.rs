//! The status card: `/status` in the chat, and what the `session_status` tool returns.

use std::sync::Arc;

use openclaw_models::ModelInfo;
use openclaw_models::catalog::CatalogError;
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionEntry, SessionId, field};
use openclaw_tools::{ChatKind, SessionInfo, SessionSnapshot};

use crate::envelope::{date_of, local_time};
use crate::nature::{self, ChatType};
use crate::prompt::Audience;
use crate::runtime::AgentRuntime;
use crate::speaker::spent_by;
use crate::spending;

/// What may be set for one session and changes how it answers, in the order in which it is shown.
pub const OVERRIDES: &[&str] = &[
    "modelOverride",
    "thinkingLevel",
    "verboseLevel",
    "reasoningLevel",
    "elevatedLevel",
    "responseUsage",
    "sendPolicy",
    "groupActivation",
    "execHost",
    "execSecurity",
    "execAsk",
    "execNode",
];

/// The card of a session, as text.
#[must_use]
pub(crate) fn card(runtime: &AgentRuntime, key: &SessionKey) -> String {
    let entry = runtime.sessions.get(key.as_str());
    let model: Result<ModelInfo, CatalogError> = match &entry {
        Some(entry) => runtime.model_of(entry),
        None => runtime.models.describe(&runtime.models.default_reference()),
    };
    let window = model.as_ref().ok().map(|info| u64::from(info.context_window));
    let model = match model {
        Ok(info) => format!("{} (context {} tokens)", info.reference(), info.context_window),
        Err(error) => format!("none: {}", error.plain_words()),
    };
    let count = |which| entry.as_ref().and_then(|entry| entry.get(which)).unwrap_or(0u64);
    let time = local_time(runtime.clock.now_ms(), &runtime.settings.zone);
    let (input, output) = (count(field::INPUT_TOKENS), count(field::OUTPUT_TOKENS));
    let total = count(field::TOTAL_TOKENS);
    let used = window.filter(|window| *window > 0).map(|window| total.saturating_mul(100) / window);
    let mut lines = vec![
        format!("openclaw {}", env!("CARGO_PKG_VERSION")),
        format!("Time: {}", time.strftime("%a %Y-%m-%d %H:%M %Z")),
        format!(
            "Session: {key} ({})",
            entry.as_ref().map_or_else(|| "new".to_owned(), |entry| entry.session_id().to_string())
        ),
        format!("Model: {model}"),
        format!("Tokens of the last answer: {input} in, {output} out, {total} in all"),
        format!(
            "Context: {} used, {} compactions",
            used.map_or("unknown".to_owned(), |used| format!("{used} %")),
            count(field::COMPACTION_COUNT),
        ),
    ];
    let session = entry.as_ref().map(|entry| entry.session_id());
    let spent = entry.as_deref().map(spent_by).unwrap_or_default();
    let who = (runtime.id.as_str(), session.as_ref().map(SessionId::as_str));
    lines.extend(spending::lines(
        (&runtime.settings.budgets, &runtime.spending),
        who,
        spent,
        &date_of(&time),
    ));
    lines.extend(entry.as_deref().and_then(overrides).map(|words| format!("Set for this session: {words}")));
    lines.join("\n")
}

/// What is set for a session alone, in words.
fn overrides(entry: &SessionEntry) -> Option<String> {
    let own = OVERRIDES.iter().filter_map(|name| {
        let value = entry.json(name)?;
        Some(format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    let own: Vec<String> = own.collect();
    (!own.is_empty()).then(|| own.join(", "))
}

/// What the `session_status` tool knows of sessions.
pub(crate) struct StatusCard {
    runtime: Arc<AgentRuntime>,
}

impl StatusCard {
    pub(crate) fn new(runtime: Arc<AgentRuntime>) -> Self {
        Self { runtime }
    }
}

impl SessionInfo for StatusCard {
    fn snapshot(&self, session_key: &str) -> Option<SessionSnapshot> {
        let entry = self.runtime.sessions.get(session_key)?;
        let key = SessionKey::canonical(session_key, &self.runtime.id, &self.runtime.settings.main_key);
        let info = self.runtime.model_of(&entry).ok();
        let main_key = &self.runtime.settings.main_key;
        let chat = match self.runtime.audience(&key, &entry) {
            Audience::Group if nature::chat_type(&key, Some(&entry), main_key) == Some(ChatType::Channel) => {
                ChatKind::Channel
            }
            Audience::Group => ChatKind::Group,
            // A job or a sub-agent is no chat; it works for one person.
            Audience::MainPrivate | Audience::Private => ChatKind::Direct,
        };
        Some(SessionSnapshot {
            model: info.as_ref().map_or_else(|| "none".to_owned(), ModelInfo::reference),
            context_tokens: entry.get(field::TOTAL_TOKENS),
            context_window: info.as_ref().map(|info| u64::from(info.context_window)),
            chat,
            channel: nature::channel(&key, Some(&entry), main_key),
        })
    }
}
