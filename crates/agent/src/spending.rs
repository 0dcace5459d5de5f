//! What answers may cost: in tokens and dollars, per run, session, agent and day. Nothing is limited unless it is
//! configured; what is configured is hard.
//!
//! Before a model is asked, the most that the call can cost is set aside; when it is over, what it did cost is counted in
//! its place. Calls at the same time see what the others have set aside, so that together they stay within the limits. A call
//! that ends without a word of its price is counted as its prompt and as much of the answer as came.

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
    /// By agents today.
    pub today: Today,
}

/// What agents have spent in a day, and set aside for the calls that run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Today {
    /// Spent by this agent.
    pub agent: Amount,
    /// Spent by all.
    pub all: Amount,
    /// Set aside by this agent.
    pub agent_aside: Amount,
    /// Set aside by all.
    pub all_aside: Amount,
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
        /// What calls that run have set aside.
        aside: u64,
    },
    /// Of dollars.
    Usd {
        /// Whose limit.
        span: Span,
        /// The limit.
        limit: f64,
        /// What is spent.
        spent: f64,
        /// What calls that run have set aside.
        aside: f64,
    },
}

impl Over {
    /// For the user: which budget, how far it is spent, and what to do.
    #[must_use]
    pub fn words(self) -> String {
        let (span, unit, mut spent, aside) = match self {
            Self::Tokens { span, limit, spent, aside } => {
                let aside = (aside > 0).then(|| aside.to_string());
                (span, "tokens", format!("{spent} of {limit} tokens are spent"), aside)
            }
            Self::Usd { span, limit, spent, aside } => {
                let aside = (aside > 0.0).then(|| format!("{aside:.4}"));
                (span, "usd", format!("{spent:.4} of {limit} dollars are spent"), aside)
            }
        };
        let key = format!("models.budgets.{}.{unit}", span.key());
        if let Some(aside) = &aside {
            spent.push_str(&format!(", {aside} are set aside for answers that are being written"));
        }
        let next = match span {
            _ if aside.is_some() => "Ask again when they are done, or raise it.",
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
        (Span::Run, budgets.run, spent.run, Amount::default()),
        (Span::Session, budgets.session, spent.session, Amount::default()),
        (Span::Agent, budgets.agent, spent.today.agent, spent.today.agent_aside),
        (Span::Day, budgets.day, spent.today.all, spent.today.all_aside),
    ];
    let mut most = wanted;
    for (span, limit, spent, aside) in rows {
        if let Some(limit) = limit.tokens {
            let left = limit.saturating_sub(spent.tokens).saturating_sub(aside.tokens).saturating_sub(prompt);
            if left == 0 {
                return Err(Over::Tokens { span, limit, spent: spent.tokens, aside: aside.tokens });
            }
            most = most.min(left);
        }
        if let Some(limit) = limit.usd {
            let prompt = dollars(prompt, info.prices.input.max(info.prices.cache_write));
            let affordable = tokens_for(limit - spent.usd - aside.usd - prompt, info.prices.output);
            if affordable == 0 {
                return Err(Over::Usd { span, limit, spent: spent.usd, aside: aside.usd });
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
    /// Held while the file is written, so that an older state never replaces a newer one.
    writing: Mutex<()>,
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
        Self { file, state: Mutex::new(State::default()), writing: Mutex::new(()) }
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

    /// What an agent and all agents have spent on a day, and set aside.
    #[cfg(test)]
    fn spent(&self, agent: &str, date: &str) -> Today {
        let mut state = self.lock();
        self.load(&mut state, date);
        Self::totals(&state, agent)
    }

    fn totals(state: &State, agent: &str) -> Today {
        fn sum<'a>(all: impl Iterator<Item = (&'a String, &'a Amount)>, agent: &str) -> (Amount, Amount) {
            all.fold(Default::default(), |(own, all): (Amount, Amount), (id, amount)| {
                (if id == agent { own.plus(*amount) } else { own }, all.plus(*amount))
            })
        }
        let (own, all) = sum(state.day.iter().flat_map(|day| &day.agents), agent);
        let (agent_aside, all_aside) = sum(state.aside.values().map(|(id, amount)| (id, amount)), agent);
        Today { agent: own, all, agent_aside, all_aside }
    }

    /// Sets aside what `grant` allows; nobody else spends anything between the look and the answer.
    fn set_aside(
        &self,
        (agent, date): (&str, &str),
        grant: impl FnOnce(Today) -> Result<Amount, Over>,
    ) -> Result<u64, Over> {
        let mut state = self.lock();
        self.load(&mut state, date);
        let amount = grant(Self::totals(&state, agent))?;
        state.next += 1;
        let id = state.next;
        state.aside.insert(id, (agent.to_owned(), amount));
        Ok(id)
    }

    /// Counts what a call cost in the place of what was set aside: today, whenever it began.
    fn settle(&self, id: u64, cost: Amount) {
        let mut state = self.lock();
        let Some((agent, _)) = state.aside.remove(&id) else { return };
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
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
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
    run: Amount,
    session: Amount,
    /// The call that runs.
    open: Option<Open>,
}

struct Open {
    /// Of what was set aside.
    id: u64,
    /// Tokens.
    prompt: u64,
    /// Bytes of the answer so far.
    answer: usize,
    reported: bool,
}

impl Purse {
    pub(crate) fn new(budgets: Budgets, spending: Arc<Spending>, agent: &str, session: Amount) -> Self {
        Self { budgets, spending, agent: agent.to_owned(), run: Amount::default(), session, open: None }
    }

    /// What the session has spent.
    pub(crate) fn session(&self) -> Amount {
        self.session
    }

    /// Sets aside what a call can cost, and shortens its answer to what is left.
    /// `today` is in the user's zone.
    pub(crate) fn open(
        &mut self,
        request: &mut ModelRequest,
        info: &ModelInfo,
        today: &str,
    ) -> Result<(), Over> {
        self.drop_open();
        let prompt = prompt_tokens(request);
        // An answer of unknown length could not be paid for: where there is a limit, it gets one.
        let unsaid =
            u32::try_from(budget::ANSWER_RESERVE_TOKENS).unwrap_or(u32::MAX).min(info.context_window);
        let wanted = u64::from(request.max_tokens.unwrap_or(unsaid));
        let (run, session, budgets) = (self.run, self.session, &self.budgets);
        let id = self.spending.set_aside((&self.agent, today), |today| {
            let spent = Spent { run, session, today };
            let most = allowance(budgets, &spent, info, (prompt, wanted))?;
            if *budgets != Budgets::default() {
                request.max_tokens = Some(u32::try_from(most).unwrap_or(u32::MAX));
            }
            let usd = dollars(prompt, info.prices.input) + dollars(most, info.prices.output);
            Ok(Amount { tokens: prompt.saturating_add(most), usd })
        })?;
        self.open = Some(Open { id, prompt, answer: 0, reported: false });
        Ok(())
    }

    /// More of the answer came.
    pub(crate) fn streamed(&mut self, bytes: usize) {
        if let Some(open) = &mut self.open {
            open.answer = open.answer.saturating_add(bytes);
        }
    }

    /// Counts what the provider says that the call cost.
    pub(crate) fn reported(&mut self, usage: &Usage, info: &ModelInfo) -> Counted {
        let Some(open) = &mut self.open else { return Counted::Nothing };
        if std::mem::replace(&mut open.reported, true) {
            return Counted::Nothing;
        }
        let tokens = usage.input.saturating_add(usage.output).saturating_add(usage.cache_read);
        let tokens = tokens.saturating_add(usage.cache_write).max(usage.total_tokens);
        let cost = Amount { tokens, usd: info.prices.cost_of(usage).total };
        let id = open.id;
        self.count(id, cost)
    }

    /// The call is over. One that did something and said no price is counted as its prompt and what came of the answer.
    pub(crate) fn close(&mut self, end: CallEnd, info: &ModelInfo) -> Counted {
        let Some(open) = self.open.take().filter(|open| !open.reported) else { return Counted::Nothing };
        let is_billed = end == CallEnd::Answered || open.answer > 0;
        let cost = if is_billed {
            let answer = budget::byte_tokens(open.answer);
            let usd = dollars(open.prompt, info.prices.input) + dollars(answer, info.prices.output);
            Amount { tokens: open.prompt.saturating_add(answer), usd }
        } else {
            Amount::default()
        };
        self.count(open.id, cost)
    }

    fn count(&mut self, id: u64, cost: Amount) -> Counted {
        self.run = self.run.plus(cost);
        self.session = self.session.plus(cost);
        self.spending.settle(id, cost);
        if cost == Amount::default() { Counted::Nothing } else { Counted::Something }
    }

    fn drop_open(&mut self) {
        if let Some(open) = self.open.take()
            && !open.reported
        {
            self.spending.settle(open.id, Amount::default());
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

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// The model did its work, whatever came of it.
    Answered,
    /// It broke off, or was never begun.
    Broken,
}

/// Whether there is something new to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
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
    use super::{Amount, Budgets, Limit, Over, Purse, Span, Spending, Spent, Today, allowance};
    use super::{CallEnd, Counted};
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
        let today = Today { agent: spent, all: spent, ..Today::default() };
        let spent = Spent { run: Amount::default(), session: spent, today };
        let rows = [
            (Budgets::default(), Ok(4_000)),
            (Budgets { run: tokens(1_000), ..Budgets::default() }, Ok(900)),
            (Budgets { session: tokens(1_000), ..Budgets::default() }, Ok(300)),
            (
                Budgets { session: tokens(700), ..Budgets::default() },
                Err(Over::Tokens { span: Span::Session, limit: 700, spent: 600, aside: 0 }),
            ),
            (Budgets { day: usd(2.1), ..Budgets::default() }, Ok(500)),
            (
                Budgets { agent: usd(1.1), ..Budgets::default() },
                Err(Over::Usd { span: Span::Agent, limit: 1.1, spent: 1.0, aside: 0.0 }),
            ),
            (
                Budgets { day: usd(0.5), session: tokens(1_000), ..Budgets::default() },
                Err(Over::Usd { span: Span::Day, limit: 0.5, spent: 1.0, aside: 0.0 }),
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
        let over = Over::Tokens { span: Span::Session, limit: 700, spent: 600, aside: 0 };
        assert_eq!(
            over.words(),
            "The budget for this session does not allow another model call: 600 of 700 tokens are spent (models.budgets.session.tokens). Send /new to start over, or raise it."
        );
        let over = Over::Usd { span: Span::Day, limit: 1.5, spent: 1.49, aside: 0.0 };
        assert!(
            over.words().contains("1.4900 of 1.5 dollars are spent (models.budgets.day.usd)"),
            "{}",
            over.words()
        );
    }

    const TODAY: &str = "2026-11-28";

    fn purse(budgets: Budgets, spending: &Arc<Spending>, agent: &str) -> Purse {
        Purse::new(budgets, Arc::clone(spending), agent, Amount::default())
    }

    fn asking(max_tokens: Option<u32>) -> ModelRequest {
        ModelRequest { max_tokens, ..ModelRequest::default() }
    }

    #[test]
    fn calls_at_the_same_time_stay_within_the_day_together() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state/spending.json");
        let spending = Arc::new(Spending::new(file.clone()));
        let budgets = Budgets { day: tokens(1_000), ..Budgets::default() };
        let (mut one, mut two) = (purse(budgets, &spending, "a"), purse(budgets, &spending, "b"));
        let mut request = asking(Some(700));
        one.open(&mut request, &info(), TODAY).unwrap();
        assert_eq!(request.max_tokens, Some(700));
        let mut second = asking(Some(700));
        two.open(&mut second, &info(), TODAY).unwrap();
        assert_eq!(second.max_tokens, Some(300), "what the other one has set aside is gone");
        let over = purse(budgets, &spending, "c").open(&mut asking(Some(1)), &info(), TODAY).unwrap_err();
        assert_eq!(
            over.words(),
            "The budget for today does not allow another model call: 0 of 1000 tokens are spent, 1000 are set aside for answers that are being written (models.budgets.day.tokens). Ask again when they are done, or raise it."
        );
        let usage = Usage { input: 50, output: 50, total_tokens: 100, ..Usage::default() };
        assert_eq!(one.reported(&usage, &info()), Counted::Something);
        assert_eq!(one.close(CallEnd::Answered, &info()), Counted::Nothing, "it is counted already");
        assert_eq!(two.close(CallEnd::Broken, &info()), Counted::Nothing);
        let Today { agent: own, all, all_aside, .. } = spending.spent("b", TODAY);
        assert_eq!((own, all.tokens, all_aside), (Amount::default(), 100, Amount::default()));
        assert!((all.usd - 0.15).abs() < 1e-9, "{}", all.usd);
        spending.save().unwrap();
        let again = Spending::new(file);
        assert_eq!(again.spent("a", TODAY).agent.tokens, 100, "a restart is no way around");
        assert_eq!(again.spent("a", "2026-11-29").all, Amount::default(), "a new day is");
    }

    #[test]
    fn a_turn_that_is_dropped_sets_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let spending = Arc::new(Spending::new(dir.path().join("s.json")));
        let mut one = purse(Budgets::default(), &spending, "a");
        one.open(&mut asking(Some(7)), &info(), TODAY).unwrap();
        assert_eq!(spending.spent("a", TODAY).all_aside.tokens, 7);
        drop(one);
        assert_eq!(spending.spent("a", TODAY), Today::default());
    }

    #[test]
    fn an_answer_without_a_price_is_counted_as_what_came_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let spending = Arc::new(Spending::new(dir.path().join("s.json")));
        let mut one = purse(Budgets::default(), &spending, "a");
        for (bytes, end, expected) in
            [(4_000, CallEnd::Answered, 1_000), (400, CallEnd::Broken, 100), (0, CallEnd::Broken, 0)]
        {
            let before = spending.spent("a", TODAY).all;
            one.open(&mut asking(Some(7_000)), &info(), TODAY).unwrap();
            one.streamed(bytes / 2);
            one.streamed(bytes / 2);
            one.close(end, &info());
            let after = spending.spent("a", TODAY).all;
            assert_eq!(after.tokens - before.tokens, expected, "{end:?}");
            assert!(
                (after.usd - before.usd - f64::from(u32::try_from(expected).unwrap()) / 500.0).abs() < 1e-9
            );
        }
    }

    #[test]
    fn an_answer_of_unknown_length_gets_one_where_there_is_a_limit() {
        let dir = tempfile::tempdir().unwrap();
        let spending = Arc::new(Spending::new(dir.path().join("s.json")));
        let unknown = ModelInfo::new("p", "m", WireApi::OpenAiCompletions);
        for (budgets, expected) in [
            (Budgets::default(), None),
            (Budgets { day: tokens(50_000), ..Budgets::default() }, Some(4_096)),
            (Budgets { day: tokens(1_000), ..Budgets::default() }, Some(1_000)),
        ] {
            let mut request = asking(None);
            purse(budgets, &spending, "a").open(&mut request, &unknown, TODAY).unwrap();
            assert_eq!(request.max_tokens, expected, "{budgets:?}");
        }
    }

    #[test]
    fn a_call_that_ends_tomorrow_keeps_what_is_spent_tomorrow() {
        let dir = tempfile::tempdir().unwrap();
        let spending = Arc::new(Spending::new(dir.path().join("s.json")));
        let (mut late, mut early) =
            (purse(Budgets::default(), &spending, "a"), purse(Budgets::default(), &spending, "a"));
        late.open(&mut asking(Some(10)), &info(), TODAY).unwrap();
        early.open(&mut asking(Some(10)), &info(), "2026-11-29").unwrap();
        let usage = |output| Usage { output, total_tokens: output, ..Usage::default() };
        early.reported(&usage(5), &info());
        late.reported(&usage(7), &info());
        assert_eq!(spending.spent("a", "2026-11-29").all.tokens, 12);
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
            let today = Today { agent: amount(2), all: amount(3), ..Today::default() };
            let amounts = Spent { run: amount(0), session: amount(1), today };
            if let Ok(most) = allowance(&budgets, &amounts, &info(), (prompt, wanted)) {
                prop_assert!(most >= 1 && most <= wanted);
                for at in 0..4 {
                    prop_assert!(limits[at].is_none_or(|limit| spent[at] + prompt + most <= limit));
                }
            }
        }
    }
}
