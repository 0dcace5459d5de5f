//! Who answers a turn: the models and credentials that could, one after the other until one does.

use std::sync::Arc;

use openclaw_credentials::{AuthError, Failure};
use openclaw_models::catalog::{CatalogError, KeySource, Patience, Reference};
use openclaw_models::cli::CliFault;
use openclaw_models::failover::{
    Asked, Connector, Description, Failover, Judgement, Pinned, Waiting, candidates,
};
use openclaw_models::{ChatModel, ModelError, ModelEvent, ModelInfo, ModelRequest, WireApi};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionEntry, field};

use crate::envelope::{date_of, local_time};
use crate::exchanges::Recorded;
use crate::runtime::AgentRuntime;
use crate::spending::{Amount, CallEnd, Counted, Purse, Unpaid};
use crate::turn::{Input, TurnError};

/// Whether the message has images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    Words,
    Images,
}

/// The model that is being asked, and those behind it.
pub(crate) struct Speaker {
    runtime: Arc<AgentRuntime>,
    key: SessionKey,
    failover: Failover,
    at: usize,
    model: Arc<dyn ChatModel>,
    /// What the user chose for the session.
    pinned_by_user: bool,
    told: Option<String>,
    recorded: Recorded,
    /// What the answer may cost.
    purse: Purse,
}

impl Speaker {
    /// Finds who is asked first.
    ///
    /// # Errors
    /// Nobody can be asked.
    pub(crate) async fn choose(
        runtime: &Arc<AgentRuntime>,
        (key, entry): (&SessionKey, &SessionEntry),
        sight: Sight,
        run: Option<String>,
    ) -> Result<Self, TurnError> {
        let words = |error: CatalogError| TurnError::Model { words: error.plain_words() };
        let models = models(runtime, entry, sight).map_err(words)?;
        let by_user = entry.text(field::AUTH_PROFILE_SOURCE) == Some("user");
        let pinned = entry.text(field::AUTH_PROFILE_OVERRIDE).map(str::to_owned);
        let (shared, auth) = (Arc::clone(runtime), Arc::clone(&runtime.auth));
        let found = tokio::task::spawn_blocking(move || {
            let view = auth.view()?;
            let pinned =
                pinned.as_deref().map(|id| if by_user { Pinned::ByUser(id) } else { Pinned::Before(id) });
            let asked = Asked { models: &models, pinned, now_ms: shared.clock.now_ms() };
            Ok::<_, AuthError>(candidates(&shared.models, &view, auth.settings(), &asked))
        });
        let found = found.await.unwrap_or(Err(AuthError::Interrupted));
        let found = found.map_err(|error| TurnError::Model { words: credential_words(&error) })?;
        let mut failover = Failover::new(found);
        let recorded = Recorded::turn(runtime.settings.recording.as_ref(), entry, runtime.clock.now_ms());
        let mut first_error = None;
        while let Some(at) = failover.next_candidate() {
            match connect(runtime, &failover, at).await {
                Ok(model) => {
                    let model = recorded.wrap(model);
                    let told = entry.text(field::MODEL_NOTICE).map(str::to_owned);
                    let (purse, runtime, key) =
                        (purse(runtime, entry, run), Arc::clone(runtime), key.clone());
                    let pinned_by_user = by_user;
                    let speaker =
                        Self { runtime, key, failover, at, model, pinned_by_user, told, recorded, purse };
                    return Ok(speaker);
                }
                Err(error) => {
                    note_failure(runtime, &mut failover, at, &error).await;
                    first_error.get_or_insert(error);
                }
            }
        }
        let error = first_error.unwrap_or(ModelError::Aborted);
        Err(TurnError::Model { words: words_of(&error, &failover) })
    }

    /// The model that is asked.
    pub(crate) fn model(&self) -> &Arc<dyn ChatModel> {
        &self.model
    }

    /// What it is.
    pub(crate) fn info(&self) -> &ModelInfo {
        self.model.describe()
    }

    /// Sets aside what a call can cost.
    ///
    /// # Errors
    /// A budget does not allow it.
    pub(crate) async fn pay_for(&mut self, request: &mut ModelRequest) -> Result<(), Unpaid> {
        let today = date_of(&local_time(self.runtime.clock.now_ms(), &self.runtime.settings.zone));
        self.purse.open(request, self.model.describe(), today).await
    }

    /// Counts what a call cost, when it says so and when it is over, and keeps that at once: a gateway that is killed in
    /// the next call has not forgotten this one.
    ///
    /// # Errors
    /// The answer is longer than what was set aside for it, and is to be stopped.
    pub(crate) fn count(&mut self, input: &Input) -> Result<(), Unpaid> {
        let mut within = Ok(());
        let mut counted = match input {
            Input::Model(event) => match event {
                ModelEvent::Usage(usage) => self.purse.reported(usage),
                ModelEvent::Done(_) => self.purse.close(CallEnd::Answered),
                ModelEvent::TextDelta(delta)
                | ModelEvent::ThinkingDelta(delta)
                | ModelEvent::ToolCallArguments { delta, .. } => {
                    within = self.purse.streamed(delta.len());
                    Counted::Nothing
                }
                ModelEvent::RedactedThinking(data) => {
                    self.purse.sealed(data.len());
                    Counted::Nothing
                }
                ModelEvent::ThinkingSignature(_)
                | ModelEvent::TextSignature(_)
                | ModelEvent::ToolCallStart { .. }
                | ModelEvent::ToolCallSignature { .. } => Counted::Nothing,
            },
            Input::ModelFailed(error) => {
                within = self.purse.failed(error);
                self.purse.close(CallEnd::of(error))
            }
            Input::Abort(_) | Input::Deadline => self.purse.close(CallEnd::Stopped),
            Input::Begin
            | Input::ModelReplaced(_)
            | Input::NobodyAnswers { .. }
            | Input::OverBudget { .. }
            | Input::ToolDone { .. } => Counted::Nothing,
        };
        if within.is_err() && counted == Counted::Nothing {
            counted = self.purse.close(CallEnd::Stopped);
        }
        if counted == Counted::Something {
            self.keep_spent();
        }
        within
    }

    fn keep_spent(&self) {
        self.purse.save();
        let spent = self.purse.session();
        if spent != Amount::default() {
            self.runtime.sessions.update(self.key.as_str(), |entry| {
                entry.set(field::SPENT_TOKENS, &spent.tokens);
                entry.set(field::SPENT_USD, &spent.usd);
            });
        }
    }

    /// Whether somebody else could be asked.
    pub(crate) fn has_others(&self) -> bool {
        self.failover.has_others()
    }

    /// Notes that the model failed in the middle of its answer: nobody else is asked, but it rests.
    pub(crate) async fn broke_off(&mut self, error: &ModelError) {
        note_failure(&self.runtime, &mut self.failover, self.at, error).await;
    }

    /// The model failed before it said anything. Returns the one to ask now, if there is one.
    pub(crate) async fn next_after(&mut self, error: &ModelError) -> Option<ModelInfo> {
        note_failure(&self.runtime, &mut self.failover, self.at, error).await;
        while let Some(at) = self.failover.next_candidate() {
            match connect(&self.runtime, &self.failover, at).await {
                Ok(model) => {
                    tracing::info!(%error, next = %model.describe().reference(), "the model did not answer, asking another");
                    self.at = at;
                    self.model = self.recorded.wrap(model);
                    return Some(self.info().clone());
                }
                Err(error) => note_failure(&self.runtime, &mut self.failover, at, &error).await,
            }
        }
        None
    }

    /// The error of a turn that nobody answered.
    pub(crate) fn words(&self, error: &ModelError) -> String {
        words_of(error, &self.failover)
    }

    /// The model said something. Returns what the user has to hear of it, once.
    pub(crate) fn notice(&mut self) -> Option<String> {
        let mut words = self.failover.notice(self.at).map(|notice| notice.to_string());
        let info = self.model.describe();
        if !info.calls_tools {
            let plain = format!("{} cannot call tools, so it answers without them.", info.reference());
            words = Some(words.map_or_else(|| plain.clone(), |words| format!("{words} {plain}")));
        }
        let is_new = words.is_some() && words != self.told;
        self.told.clone_from(&words);
        words.filter(|_| is_new)
    }

    /// What the session was told last.
    pub(crate) fn told(&self) -> Option<&str> {
        self.told.as_deref()
    }

    /// The profile that answers, for the session to keep to.
    pub(crate) fn profile(&self) -> Option<&str> {
        if self.pinned_by_user {
            return None;
        }
        match &self.failover.candidate(self.at)?.credential {
            Some(KeySource::Profile(id)) => Some(id),
            Some(KeySource::Config | KeySource::Environment(_)) | None => None,
        }
    }

    /// The model answered: what was held against it is forgotten. The answer does not wait for the disk.
    pub(crate) fn answered(&self) {
        let Some(candidate) = self.failover.candidate(self.at) else { return };
        if self.info().api == WireApi::Offline {
            return;
        }
        let (auth, now_ms) = (Arc::clone(&self.runtime.auth), self.runtime.clock.now_ms());
        let (name, Reference { provider, model }) = (candidate.name(), candidate.reference.clone());
        drop(tokio::task::spawn_blocking(move || {
            if let Err(error) = auth.note_answer(&provider, &name, &model, now_ms) {
                tracing::warn!(%error, "cannot note which credential answered");
            }
        }));
    }
}

fn purse(runtime: &AgentRuntime, entry: &SessionEntry, run: Option<String>) -> Purse {
    let budgets = (runtime.settings.budgets, Arc::clone(&runtime.spending));
    let session = entry.session_id();
    Purse::new(budgets, (&runtime.id, session.as_str()), run, spent_by(entry))
}

/// What a session has spent, as its entry says.
pub(crate) fn spent_by(entry: &SessionEntry) -> Amount {
    Amount {
        tokens: entry.get(field::SPENT_TOKENS).unwrap_or(0),
        usd: entry.get(field::SPENT_USD).unwrap_or(0.0),
    }
}

/// The models that could answer, the one that is meant first: the session's or the agent's own, its fallbacks, and at the
/// end the agent's own again where the session chose another. For images those that can look at them come first.
fn models(
    runtime: &AgentRuntime,
    entry: &SessionEntry,
    sight: Sight,
) -> Result<Vec<Reference>, CatalogError> {
    let catalog = &runtime.models;
    let own = || catalog.find(&catalog.default_reference()).map(|(found, _)| found);
    let first = match runtime.chosen_of(entry) {
        Some(text) => catalog.choose(&text)?,
        None => own()?,
    };
    let find = |text: &String| match catalog.find(text) {
        Ok((found, _)) => Some(found),
        Err(error) => {
            tracing::warn!(%error, "a fallback is left out");
            None
        }
    };
    let image = catalog.image_model();
    let is_blind = catalog.describe_found(&first).is_ok_and(|info| !info.sees_images());
    let for_images: Vec<Reference> = if sight == Sight::Images && is_blind {
        image.primary.iter().chain(&image.fallbacks).filter_map(find).collect()
    } else {
        Vec::new()
    };
    let fallbacks = catalog.fallbacks().iter().filter_map(find);
    let mut all: Vec<Reference> = Vec::new();
    for reference in for_images.into_iter().chain([first]).chain(fallbacks).chain(own().ok()) {
        if !all.contains(&reference) {
            all.push(reference);
        }
    }
    Ok(all)
}

async fn connect(
    runtime: &AgentRuntime,
    failover: &Failover,
    at: usize,
) -> Result<Arc<dyn ChatModel>, ModelError> {
    let Some(candidate) = failover.candidate(at) else { return Err(ModelError::Aborted) };
    let (patience, renewal) = if failover.has_others() {
        (Patience::OthersWait, Some(runtime.settings.failover_wait))
    } else {
        (Patience::Alone, None)
    };
    let connector =
        Connector { catalog: &runtime.models, auth: &runtime.auth, refresher: &runtime.refresher };
    let waiting = Waiting { patience, renewal, now_ms: runtime.clock.now_ms() };
    Ok(connector.connect(candidate, Description::Known, waiting).await?)
}

async fn note_failure(runtime: &AgentRuntime, failover: &mut Failover, at: usize, error: &ModelError) {
    let Judgement::Another { reason, retry_after, .. } = failover.failed(at, error) else { return };
    if matches!(error, ModelError::Program { fault: CliFault::NotForGroups, .. }) {
        // That is so in this session and no failure.
        return;
    }
    let Some(candidate) = failover.candidate(at) else { return };
    let (auth, now_ms) = (Arc::clone(&runtime.auth), runtime.clock.now_ms());
    let (name, Reference { provider, model }) = (candidate.name(), candidate.reference.clone());
    let noted = tokio::task::spawn_blocking(move || {
        let failure = Failure { reason, model: &model, retry_after };
        auth.note_failure(&provider, &name, failure, now_ms)
    });
    if let Ok(Err(error)) = noted.await {
        tracing::warn!(%error, "cannot note that a credential failed");
    }
}

fn credential_words(error: &AuthError) -> String {
    format!("The credentials cannot be used: {error}.")
}

/// The error of the last one that was asked, and who else was.
fn words_of(error: &ModelError, failover: &Failover) -> String {
    let words = error.plain_words();
    let failures = failover.failures();
    if failures.len() < 2 {
        return words;
    }
    let all: Vec<String> =
        failures.iter().map(|(reference, reason)| format!("{reference} ({})", reason.words())).collect();
    format!("{words} Nobody else could answer: {}.", all.join("; "))
}
