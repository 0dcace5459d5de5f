//! What the turns of one agent share.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use jiff::tz::TimeZone;
use openclaw_credentials::{AuthStore, Refresher};
use openclaw_guard::{Clock, Root};
use openclaw_memory::MemoryBackend;
use openclaw_models::catalog::{Catalog, CatalogError, Reference};
use openclaw_models::failover::has_credential;
use openclaw_models::{ModelInfo, ThinkingLevel};
use openclaw_protocol::session_key::{SessionKey, SessionScope};
use openclaw_store::{SessionEntry, SessionIndex, field};
use openclaw_tools::Toolbox;

use crate::commands::ResetTriggers;
use crate::exchanges::ExchangeLog;
use crate::lifecycle::{Occasion, ResetPolicy, ResetRules};
use crate::prompt::Audience;
use crate::send_policy::{SendDecision, SendPolicy};
use crate::spending::{Budgets, Spending};

/// One agent: its folder, its sessions, its tools, its memory, its models.
pub struct AgentRuntime {
    /// Normalised id, `main` for the default agent.
    pub id: String,
    /// The assistant's name, for the prompt.
    pub name: String,
    /// Numbers and names from the config.
    pub settings: AgentSettings,
    /// The workspace folder; nothing outside it is reachable by file tools.
    pub workspace: Arc<Root>,
    /// The session index.
    pub sessions: Arc<SessionIndex>,
    /// Where transcripts live.
    pub sessions_dir: PathBuf,
    /// The tools of private sessions.
    pub toolbox: Arc<Toolbox>,
    /// The tools of groups: nothing in it reaches the owner's files (S-047).
    pub group_toolbox: Arc<Toolbox>,
    /// The memory.
    pub memory: Arc<dyn MemoryBackend>,
    /// The models.
    pub models: Arc<Catalog>,
    /// The credentials for them.
    pub auth: Arc<AuthStore>,
    /// Who renews tokens.
    pub refresher: Arc<dyn Refresher>,
    /// What all agents spend in a day.
    pub spending: Arc<Spending>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where this agent as it is configured now can be found.
    pub present: Arc<Present>,
}

/// An agent as it is configured now. All the values that one agent had share it, so that work that was accepted with an
/// earlier one can ask what may be done today.
#[derive(Default)]
pub struct Present(RwLock<Weak<AgentRuntime>>);

impl Present {
    /// From now on the agent is configured like this.
    pub fn set(&self, runtime: &Arc<AgentRuntime>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(runtime);
    }
}

/// Numbers and names from the config.
#[derive(Debug, Clone)]
pub struct AgentSettings {
    /// `session.mainKey`.
    pub main_key: String,
    /// `agents.defaults.timeoutSeconds`.
    pub timeout: Duration,
    /// `agents.defaults.bootstrapMaxChars`.
    pub bootstrap_max_chars: usize,
    /// `agents.defaults.contextTokens`: a lower limit than the model's own window.
    pub context_tokens: Option<usize>,
    /// `agents.defaults.thinkingDefault`.
    pub thinking_default: Option<ThinkingLevel>,
    /// `models.failover.waitSeconds`: how long a model may be silent while another one could answer.
    pub failover_wait: Duration,
    /// `models.budgets`.
    pub budgets: Budgets,
    /// `models.recording`: where model calls are written down, if they are.
    pub recording: Option<Arc<ExchangeLog>>,
    /// `agents.defaults.userTimezone`.
    pub zone: TimeZone,
    /// What `session` says of life cycle and sending.
    pub session: SessionRules,
}

/// What the configuration says of sessions.
#[derive(Debug, Clone)]
pub struct SessionRules {
    /// `session.scope`.
    pub scope: SessionScope,
    /// When sessions start afresh.
    pub resets: ResetRules,
    /// `session.resetTriggers`.
    pub triggers: ResetTriggers,
    /// `session.sendPolicy`.
    pub sending: SendPolicy,
    /// The zone of the daily reset: the machine's own.
    pub zone: TimeZone,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self {
            scope: SessionScope::default(),
            resets: ResetRules::default(),
            triggers: ResetTriggers::default(),
            sending: SendPolicy::default(),
            zone: TimeZone::system(),
        }
    }
}

impl AgentRuntime {
    /// The agent as it is configured now; this very value when nobody has said otherwise.
    #[must_use]
    pub fn now(self: &Arc<Self>) -> Arc<Self> {
        let now = self.present.0.read().unwrap_or_else(PoisonError::into_inner).upgrade();
        now.unwrap_or_else(|| Arc::clone(self))
    }

    /// What is known of the model of a session: the user's choice for it, else the configured one.
    ///
    /// # Errors
    /// The model is not known, or not allowed any more.
    pub fn model_of(&self, entry: &SessionEntry) -> Result<ModelInfo, CatalogError> {
        match self.chosen_of(entry) {
            // It may have been taken off the list of allowed ones since.
            Some(text) => self.models.describe_found(&self.models.choose(&text)?),
            None => self.models.describe(&self.models.default_reference()),
        }
    }

    /// The model that somebody chose for a session.
    pub(crate) fn chosen_of(&self, entry: &SessionEntry) -> Option<String> {
        let model = entry.text(field::MODEL_OVERRIDE)?;
        let provider = entry.text(field::PROVIDER_OVERRIDE);
        Some(provider.map_or_else(|| model.to_owned(), |provider| format!("{provider}/{model}")))
    }

    /// A model that somebody chooses for a session. One that cannot run is refused now and not with the next message; what a
    /// profile lacks shows then only. Reads the credentials.
    ///
    /// # Errors
    /// It is not known, not allowed, or cannot run.
    pub fn choose_model(&self, text: &str) -> Result<Reference, CatalogError> {
        let chosen = self.models.choose(text)?;
        match self.models.resolve(&chosen.to_string()) {
            Ok(_) => Ok(chosen),
            Err(CatalogError::MissingKey { .. }) if self.has_credential(&chosen) => Ok(chosen),
            Err(error) => Err(error),
        }
    }

    /// Whether there is a credential that a model may be asked with. Damaged ones show with the next message.
    pub(crate) fn has_credential(&self, reference: &Reference) -> bool {
        let (settings, now_ms) = (self.auth.settings(), self.clock.now_ms());
        self.auth.view().is_ok_and(|view| has_credential(&self.models, &view, settings, (reference, now_ms)))
    }

    /// How hard the model of a session thinks: as somebody chose for it, as configured, or a little if it can.
    #[must_use]
    pub fn thinking_of(&self, entry: Option<&SessionEntry>) -> ThinkingLevel {
        let reasons = || {
            let info = match entry {
                Some(entry) => self.model_of(entry),
                None => self.models.describe(&self.models.default_reference()),
            };
            info.is_ok_and(|info| info.reasoning)
        };
        let chosen = self.chosen_thinking(entry);
        chosen.unwrap_or_else(|| if reasons() { ThinkingLevel::Low } else { ThinkingLevel::Off })
    }

    /// The level that a session has, or else the configured one.
    pub(crate) fn chosen_thinking(&self, entry: Option<&SessionEntry>) -> Option<ThinkingLevel> {
        let own = entry.and_then(|entry| entry.text(field::THINKING_LEVEL)).and_then(ThinkingLevel::parse);
        own.or(self.settings.thinking_default)
    }

    /// Whether a session may be written to.
    #[must_use]
    pub fn may_send(&self, key: &SessionKey) -> SendDecision {
        let entry = self.sessions.get(key.as_str());
        self.settings.session.sending.decide((key, &self.settings.main_key), entry.as_deref())
    }

    /// When a session starts afresh.
    #[must_use]
    pub fn reset_policy(&self, key: &SessionKey, entry: &SessionEntry, occasion: Occasion) -> ResetPolicy {
        self.settings.session.resets.policy_of((key, &self.settings.main_key), entry, occasion)
    }

    /// The tools an audience may use.
    #[must_use]
    pub fn toolbox_for(&self, audience: Audience) -> &Arc<Toolbox> {
        match audience {
            Audience::MainPrivate | Audience::Private => &self.toolbox,
            Audience::Group => &self.group_toolbox,
        }
    }
}
