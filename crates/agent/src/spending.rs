//! What answers may cost: in tokens and dollars, per run, session, agent and day. Nothing is limited unless it is
//! configured; what is configured is hard.
//!
//! Before a model is asked, the most that the call can cost is set aside; when it is over, what it did cost is counted in
//! its place. Calls at the same time see what the others have set aside, so that together they stay within the limits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openclaw_guard::{FileError, create_private_dir, write_atomic};
use openclaw_models::{ModelInfo, ModelRequest};
use openclaw_protocol::message::Usage;
use serde::{Deserialize, Serialize};

use crate::budget;

/// Tokens of prompt and answer, and dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Amount {
    /// Tokens.
    pub tokens: u64,
    /// US dollars, at the prices that the catalog knows.
    pub usd: f64,
}

impl Amount {
    fn plus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_add(other.tokens), usd: self.usd + other.usd }
    }
}

/// The most of something. Nothing is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limit {
    /// Tokens.
    pub tokens: Option<u64>,
    /// US dollars.
    pub usd: Option<f64>,
}

/// `models.budgets`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budgets {
    /// One answer, with all its rounds.
    pub run: Limit,
    /// One session, until it starts over.
    pub session: Limit,
    /// One agent in a day.
    pub agent: Limit,
    /// All agents in a day.
    pub day: Limit,
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// One answer.
    Run,
    /// One session.
    Session,
    /// One agent in a day.
    Agent,
    /// All agents in a day.
    Day,
}

impl Span {
    fn key(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Session => "session",
            Self::Agent => "agent",
            Self::Day => "day",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Run => "this answer",
            Self::Session => "this session",
            Self::Agent => "this agent today",
            Self::Day => "today",
        }
    }
}

/// What is spent, by span.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// In this answer.
    pub run: Amount,
    /// In this session.
    pub session: Amount,
    /// By this agent today.
    pub agent: Amount,
    /// By all today.
    pub day: Amount,
}

/// A limit that does not allow another call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Over {
    /// Of tokens.
    Tokens {
        /// Whose limit.
        span: Span,
        /// The limit.
        limit: u64,
        /// What is spent.
        spent: u64,
    },
    /// Of dollars.
    Usd {
        /// Whose limit.
        span: Span,
        /// The limit.
        limit: f64,
        /// What is spent.
        spent: f64,
    },
}

impl Over {
    /// For the user: which budget, how far it is spent, and what to do.
    #[must_use]
    pub fn words(self) -> String {
        let (span, unit, spent) = match self {
            Self::Tokens { span, limit, spent } => {
                (span, "tokens", format!("{spent} of {limit} tokens are spent"))
            }
            Self::Usd { span, limit, spent } => {
                (span, "usd", format!("{spent:.4} of {limit} dollars are spent"))
            }
        };
        let key = format!("models.budgets.{}.{unit}", span.key());
        let next = match span {
            Span::Run => "Ask for less at once, or raise it.",
            Span::Session => "Send /new to start over, or raise it.",
            Span::Agent | Span::Day => "Wait until tomorrow, or raise it.",
        };
        format!("The budget for {} does not allow another model call: {spent} ({key}). {next}", span.words())
    }
}

/// The most tokens that an answer may have, so that with a prompt of `prompt` tokens no limit is passed.
///
/// # Errors
/// A limit does not allow even the prompt and one token of answer.
pub fn allowance(
    budgets: &Budgets,
    spent: &Spent,
    info: &ModelInfo,
    (prompt, wanted): (u64, u64),
) -> Result<u64, Over> {
    let rows = [
        (Span::Run, budgets.run, spent.run),
        (Span::Session, budgets.session, spent.session),
        (Span::Agent, budgets.agent, spent.agent),
        (Span::Day, budgets.day, spent.day),
    ];
    let mut most = wanted;
    for (span, limit, spent) in rows {
        if let Some(limit) = limit.tokens {
            let left = limit.saturating_sub(spent.tokens).saturating_sub(prompt);
            if left == 0 {
                return Err(Over::Tokens { span, limit, spent: spent.tokens });
            }
            most = most.min(left);
        }
        if let Some(limit) = limit.usd {
            let left = limit - spent.usd - dollars(prompt, info.prices.input.max(info.prices.cache_write));
            let affordable = tokens_for(left, info.prices.output);
            if affordable == 0 {
                return Err(Over::Usd { span, limit, spent: spent.usd });
            }
            most = most.min(affordable);
        }
    }
    Ok(most)
}

#[allow(clippy::cast_precision_loss, reason = "token counts stay far below 2^52")]
fn dollars(tokens: u64, price: f64) -> f64 {
    tokens as f64 * price / 1_000_000.0
}

/// How many tokens so much money buys; any number of those that cost nothing.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn tokens_for(usd: f64, price: f64) -> u64 {
    if usd < 0.0 {
        0
    } else if price <= 0.0 {
        u64::MAX
    } else {
        (usd * 1_000_000.0 / price) as u64
    }
}

/// What the file keeps of a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Day {
    /// `2026-11-28`, in the user's zone.
    date: String,
    agents: BTreeMap<String, Amount>,
}

/// What all agents of this process spend in a day. Kept in a file, so that a restart is no way around a limit.
pub struct Spending {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Absent until somebody asked.
    day: Option<Day>,
    /// What calls that run have set aside, by agent.
    aside: BTreeMap<u64, (String, Amount)>,
    next: u64,
}

impl Spending {
    /// Kept in this file. Nothing is read before somebody asks.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file, state: Mutex::new(State::default()) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the file has, unless it was read before.
    fn load(&self, state: &mut State, date: &str) {
        if state.day.is_none() {
            // A file that cannot be read says nothing: a limit that nobody can lift would be worse than one that begins anew.
            let read = std::fs::read(&self.file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            state.day = Some(read.unwrap_or_default());
        }
        if let Some(day) = &mut state.day
            && day.date != date
        {
            *day = Day { date: date.to_owned(), agents: BTreeMap::new() };
        }
    }

    /// What an agent and all agents have spent on a day or set aside. Reads the file once.
    #[must_use]
    pub fn spent(&self, agent: &str, date: &str) -> (Amount, Amount) {
        let mut state = self.lock();
        self.load(&mut state, date);
        Self::totals(&state, agent)
    }

    fn totals(state: &State, agent: &str) -> (Amount, Amount) {
        let known =
            state.day.iter().flat_map(|day| day.agents.iter().map(|(id, amount)| (id.as_str(), *amount)));
        let aside = state.aside.values().map(|(id, amount)| (id.as_str(), *amount));
        let (mut own, mut all) = (Amount::default(), Amount::default());
        for (id, amount) in known.chain(aside) {
            all = all.plus(amount);
            if id == agent {
                own = own.plus(amount);
            }
        }
        (own, all)
    }

    fn set_aside(&self, agent: &str, amount: Amount) -> u64 {
        let mut state = self.lock();
        state.next += 1;
        let id = state.next;
        state.aside.insert(id, (agent.to_owned(), amount));
        id
    }

    /// Counts what a call cost in the place of what was set aside.
    fn settle(&self, id: u64, date: &str, cost: Amount) {
        let mut state = self.lock();
        let Some((agent, _)) = state.aside.remove(&id) else { return };
        self.load(&mut state, date);
        if let Some(day) = &mut state.day {
            let spent = day.agents.entry(agent).or_default();
            *spent = spent.plus(cost);
        }
    }

    /// Writes the day. Blocks.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self) -> Result<(), FileError> {
        let bytes = match &self.lock().day {
            Some(day) => serde_json::to_vec(day).unwrap_or_default(),
            None => return Ok(()),
        };
        if let Some(folder) = self.file.parent() {
            create_private_dir(folder)?;
        }
        write_atomic(&self.file, &bytes)
    }
}

/// Pays for the calls of one answer.
pub(crate) struct Purse {
    budgets: Budgets,
    spending: Arc<Spending>,
    agent: String,
    /// Today, in the user's zone.
    date: String,
    run: Amount,
    session: Amount,
    /// The call that runs: what was set aside, and its prompt.
    open: Option<Open>,
}

struct Open {
    id: u64,
    prompt: u64,
    reported: bool,
}

impl Purse {
    pub(crate) fn new(
        budgets: Budgets,
        spending: Arc<Spending>,
        (agent, date): (&str, String),
        session: Amount,
    ) -> Self {
        Self { budgets, spending, agent: agent.to_owned(), date, run: Amount::default(), session, open: None }
    }

    /// What the session has spent.
    pub(crate) fn session(&self) -> Amount {
        self.session
    }

    /// Sets aside what a call can cost, and shortens its answer to what is left.
    pub(crate) fn open(&mut self, request: &mut ModelRequest, info: &ModelInfo) -> Result<(), Over> {
        self.drop_open();
        let prompt = prompt_tokens(request);
        let wanted = u64::from(request.max_tokens.unwrap_or(info.context_window));
        let (agent, day) = self.spending.spent(&self.agent, &self.date);
        let spent = Spent { run: self.run, session: self.session, agent, day };
        let most = allowance(&self.budgets, &spent, info, (prompt, wanted))?;
        if most < wanted {
            request.max_tokens = Some(u32::try_from(most).unwrap_or(u32::MAX));
        }
        let usd = dollars(prompt, info.prices.input) + dollars(most, info.prices.output);
        let id = self.spending.set_aside(&self.agent, Amount { tokens: prompt.saturating_add(most), usd });
        self.open = Some(Open { id, prompt, reported: false });
        Ok(())
    }

    /// Counts what the provider says that the call cost.
    pub(crate) fn reported(&mut self, usage: &Usage, info: &ModelInfo) {
        let Some(open) = &mut self.open else { return };
        if std::mem::replace(&mut open.reported, true) {
            return;
        }
        let tokens = usage.input.saturating_add(usage.output).saturating_add(usage.cache_read);
        let tokens = tokens.saturating_add(usage.cache_write).max(usage.total_tokens);
        let cost = Amount { tokens, usd: info.prices.cost_of(usage).total };
        let id = open.id;
        self.count(id, cost);
    }

    /// The call is over. One that said something and no price is counted as its prompt.
    pub(crate) fn close(&mut self, spoke: Spoke, info: &ModelInfo) {
        let Some(open) = self.open.take().filter(|open| !open.reported) else { return };
        let cost = match spoke {
            Spoke::Something => Amount { tokens: open.prompt, usd: dollars(open.prompt, info.prices.input) },
            Spoke::Nothing => Amount::default(),
        };
        self.count(open.id, cost);
    }

    fn count(&mut self, id: u64, cost: Amount) {
        self.run = self.run.plus(cost);
        self.session = self.session.plus(cost);
        self.spending.settle(id, &self.date, cost);
    }

    fn drop_open(&mut self) {
        if let Some(open) = self.open.take()
            && !open.reported
        {
            self.spending.settle(open.id, &self.date, Amount::default());
        }
    }

    /// Keeps what was spent, where a limit looks at it. The answer does not wait for the disk.
    pub(crate) fn save(&self) {
        if self.budgets.agent == Limit::default() && self.budgets.day == Limit::default() {
            return;
        }
        let spending = Arc::clone(&self.spending);
        drop(tokio::task::spawn_blocking(move || {
            if let Err(error) = spending.save() {
                tracing::warn!(%error, "cannot keep what was spent today");
            }
        }));
    }
}

impl Drop for Purse {
    /// A turn that is dropped in the middle sets nothing aside any more.
    fn drop(&mut self) {
        self.drop_open();
    }
}

/// Whether a call brought anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoke {
    Something,
    Nothing,
}

/// An estimate of a request's tokens, its tools included.
fn prompt_tokens(request: &ModelRequest) -> u64 {
    let messages: usize = request.messages.iter().map(|message| budget::tokens(message)).sum();
    let tools: usize = request
        .tools
        .iter()
        .map(|tool| {
            budget::text_tokens(&tool.description) + budget::text_tokens(&tool.parameters.to_string())
        })
        .sum();
    let all = messages + tools + budget::text_tokens(&request.system);
    u64::try_from(all).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Amount, Budgets, Limit, Over, Purse, Span, Spending, Spent, Spoke, allowance};
    use openclaw_models::{ModelInfo, ModelRequest, Prices, WireApi};
    use openclaw_protocol::message::Usage;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// A thousand tokens cost a dollar, produced ones two.
    fn info() -> ModelInfo {
        let prices = Prices { input: 1_000.0, output: 2_000.0, cache_read: 0.0, cache_write: 0.0 };
        ModelInfo { prices, max_tokens: Some(4_000), ..ModelInfo::new("p", "m", WireApi::OpenAiCompletions) }
    }

    fn tokens(tokens: u64) -> Limit {
        Limit { tokens: Some(tokens), usd: None }
    }

    fn usd(usd: f64) -> Limit {
        Limit { tokens: None, usd: Some(usd) }
    }

    #[test]
    fn what_is_left_for_an_answer() {
        let spent = Amount { tokens: 600, usd: 1.0 };
        let spent = Spent { run: Amount::default(), session: spent, agent: spent, day: spent };
        let rows = [
            (Budgets::default(), Ok(4_000)),
            (Budgets { run: tokens(1_000), ..Budgets::default() }, Ok(900)),
            (Budgets { session: tokens(1_000), ..Budgets::default() }, Ok(300)),
            (
                Budgets { session: tokens(700), ..Budgets::default() },
                Err(Over::Tokens { span: Span::Session, limit: 700, spent: 600 }),
            ),
            (Budgets { day: usd(2.1), ..Budgets::default() }, Ok(500)),
            (
                Budgets { agent: usd(1.1), ..Budgets::default() },
                Err(Over::Usd { span: Span::Agent, limit: 1.1, spent: 1.0 }),
            ),
            (
                Budgets { day: usd(0.5), session: tokens(1_000), ..Budgets::default() },
                Err(Over::Usd { span: Span::Day, limit: 0.5, spent: 1.0 }),
            ),
        ];
        for (budgets, expected) in rows {
            assert_eq!(allowance(&budgets, &spent, &info(), (100, 4_000)), expected, "{budgets:?}");
        }
        let free = ModelInfo::new("p", "free", WireApi::OpenAiCompletions);
        assert_eq!(
            allowance(&Budgets { day: usd(2.0), ..Budgets::default() }, &spent, &free, (9, 50)),
            Ok(50)
        );
    }

    #[test]
    fn the_words_name_the_budget_and_the_next_step() {
        let over = Over::Tokens { span: Span::Session, limit: 700, spent: 600 };
        assert_eq!(
            over.words(),
            "The budget for this session does not allow another model call: 600 of 700 tokens are spent (models.budgets.session.tokens). Send /new to start over, or raise it."
        );
        let over = Over::Usd { span: Span::Day, limit: 1.5, spent: 1.49 };
        assert!(
            over.words().contains("1.4900 of 1.5 dollars are spent (models.budgets.day.usd)"),
            "{}",
            over.words()
        );
    }

    fn purse(budgets: Budgets, spending: &Arc<Spending>, agent: &str) -> Purse {
        Purse::new(budgets, Arc::clone(spending), (agent, "2026-11-28".to_owned()), Amount::default())
    }

    #[test]
    fn calls_at_the_same_time_stay_within_the_day_together() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state/spending.json");
        let spending = Arc::new(Spending::new(file.clone()));
        let budgets = Budgets { day: tokens(1_000), ..Budgets::default() };
        let (mut one, mut two) = (purse(budgets, &spending, "a"), purse(budgets, &spending, "b"));
        let mut request = ModelRequest { max_tokens: Some(700), ..ModelRequest::default() };
        one.open(&mut request, &info()).unwrap();
        assert_eq!(request.max_tokens, Some(700));
        let mut second = ModelRequest { max_tokens: Some(700), ..ModelRequest::default() };
        two.open(&mut second, &info()).unwrap();
        assert_eq!(second.max_tokens, Some(300), "what the other one has set aside is gone");
        one.reported(&Usage { input: 50, output: 50, total_tokens: 100, ..Usage::default() }, &info());
        one.close(Spoke::Something, &info());
        two.close(Spoke::Nothing, &info());
        let (own, all) = spending.spent("b", "2026-11-28");
        assert_eq!((own, all.tokens), (Amount::default(), 100));
        assert!((all.usd - 0.15).abs() < 1e-9, "{}", all.usd);
        spending.save().unwrap();
        let again = Spending::new(file);
        assert_eq!(again.spent("a", "2026-11-28").0.tokens, 100, "a restart is no way around");
        assert_eq!(again.spent("a", "2026-11-29").1, Amount::default(), "a new day is");
    }

    #[test]
    fn a_turn_that_is_dropped_sets_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let spending = Arc::new(Spending::new(dir.path().join("s.json")));
        let mut one = purse(Budgets::default(), &spending, "a");
        one.open(&mut ModelRequest { max_tokens: Some(7), ..ModelRequest::default() }, &info()).unwrap();
        assert_eq!(spending.spent("a", "2026-11-28").1.tokens, 7);
        drop(one);
        assert_eq!(spending.spent("a", "2026-11-28").1, Amount::default());
    }

    proptest! {
        /// Whatever is spent and allowed: what is granted with the prompt never passes a limit.
        #[test]
        fn nothing_passes_a_limit(
            limits in prop::array::uniform4(prop::option::of(0..5_000u64)),
            spent in prop::array::uniform4(0..5_000u64),
            prompt in 0..3_000u64,
            wanted in 1..5_000u64,
        ) {
            let limit = |at: usize| Limit { tokens: limits[at], usd: None };
            let budgets = Budgets { run: limit(0), session: limit(1), agent: limit(2), day: limit(3) };
            let amount = |at: usize| Amount { tokens: spent[at], usd: 0.0 };
            let amounts = Spent { run: amount(0), session: amount(1), agent: amount(2), day: amount(3) };
            if let Ok(most) = allowance(&budgets, &amounts, &info(), (prompt, wanted)) {
                prop_assert!(most >= 1 && most <= wanted);
                for at in 0..4 {
                    prop_assert!(limits[at].is_none_or(|limit| spent[at] + prompt + most <= limit));
                }
            }
        }
    }
}
