//! Calls that are paid for, at once and one after the other, and processes that are killed.

use super::{CallEnd, Counted, Purse, Unpaid};
use crate::spending::book::Own;
use crate::spending::grant::{Part, Used};
use crate::spending::{Amount, Budgets, Limit, Spending};
use openclaw_models::cli::CliFault;
use openclaw_models::{ModelError, ModelInfo, ModelRequest, Prices, WireApi};
use openclaw_protocol::message::Usage;
use std::path::PathBuf;
use std::sync::Arc;

const TODAY: &str = "2026-11-28";

/// A thousand tokens cost a dollar, produced ones two.
fn info() -> ModelInfo {
    let prices = Prices { input: 1_000.0, output: 2_000.0, cache_read: 0.0, cache_write: 0.0 };
    ModelInfo { prices, max_tokens: Some(4_000), ..ModelInfo::new("p", "m", WireApi::OpenAiCompletions) }
}

fn program() -> ModelInfo {
    ModelInfo::new("claude-cli", "opus", WireApi::Cli)
}

fn tokens(tokens: u64) -> Limit {
    Limit { tokens: Some(tokens), usd: None }
}

fn day(most: u64) -> Budgets {
    Budgets { day: tokens(most), ..Budgets::default() }
}

struct Stage {
    _dir: tempfile::TempDir,
    file: PathBuf,
    spending: Arc<Spending>,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state/spending.json");
        Self { _dir: dir, spending: Arc::new(Spending::new(file.clone())), file }
    }

    /// The process is killed, and another one starts.
    fn restart(&mut self) {
        self.spending = Arc::new(Spending::new(self.file.clone()));
    }

    fn purse(&self, budgets: Budgets, agent: &str) -> Purse {
        let run = Some("run-1".to_owned());
        Purse::new((budgets, Arc::clone(&self.spending)), (agent, "session-1"), run, Amount::default())
    }

    fn used(&self, agent: &str, date: &str) -> Used {
        let who =
            super::Who { agent: agent.into(), session: Some("session-1".into()), run: Some("run-1".into()) };
        self.spending.standing(&who, Own::default(), date).used
    }
}

fn asking(max_tokens: Option<u32>) -> ModelRequest {
    ModelRequest { max_tokens, ..ModelRequest::default() }
}

async fn open(purse: &mut Purse, tokens: u32, info: &ModelInfo) -> Result<ModelRequest, Unpaid> {
    let mut request = asking(Some(tokens));
    purse.open(&mut request, info, TODAY.into()).await.map(|()| request)
}

fn used_up(output: u64) -> Usage {
    Usage { output, total_tokens: output, ..Usage::default() }
}

#[tokio::test]
async fn calls_at_the_same_time_stay_within_the_day_together() {
    let mut stage = Stage::new();
    let (mut one, mut two) = (stage.purse(day(1_000), "a"), stage.purse(day(1_000), "b"));
    assert_eq!(open(&mut one, 700, &info()).await.unwrap().max_tokens, Some(700));
    let second = open(&mut two, 700, &info()).await.unwrap();
    assert_eq!(second.max_tokens, Some(300), "what the other one has set aside is gone");
    let over = open(&mut stage.purse(day(1_000), "c"), 1, &info()).await.unwrap_err();
    assert_eq!(
        over.words(),
        "The budget for today does not allow another model call: 0 of 1000 tokens are spent, 1000 are set aside for answers that are being written (models.budgets.day.tokens). Ask again when they are done, or raise it."
    );
    let usage = Usage { input: 50, output: 50, total_tokens: 100, ..Usage::default() };
    assert_eq!(one.reported(&usage), Counted::Something);
    assert_eq!(one.close(CallEnd::Answered), Counted::Nothing, "it is counted already");
    assert_eq!(two.close(CallEnd::Refused), Counted::Something, "nothing is set aside any more");
    let Used { agent: own, day: all, .. } = stage.used("b", TODAY);
    assert_eq!((own, all.spent.tokens, all.aside), (Part::default(), 100, Amount::default()));
    assert!((all.spent.usd - 0.15).abs() < 1e-9, "{}", all.spent.usd);
    stage.spending.save_all().unwrap();
    stage.restart();
    assert_eq!(stage.used("a", TODAY).agent.spent.tokens, 100, "a restart is no way around");
    assert_eq!(stage.used("a", "2026-11-29").day.spent, Amount::default(), "a new day is");
}

#[tokio::test]
async fn what_runs_when_the_process_is_killed_counts_in_full() {
    let mut stage = Stage::new();
    let limit = tokens(2_000);
    let budgets = Budgets { run: limit, session: limit, agent: limit, day: limit };
    let mut purse = stage.purse(budgets, "a");
    open(&mut purse, 500, &info()).await.unwrap();
    purse.reported(&used_up(200));
    purse.close(CallEnd::Answered);
    open(&mut purse, 700, &info()).await.unwrap();
    // Its end is not saved.
    purse.reported(&used_up(10));
    stage.restart();
    let used = stage.used("a", TODAY);
    let seen =
        [used.run, used.session, used.agent, used.day].map(|part| (part.spent.tokens, part.lost.tokens));
    assert_eq!(seen, [(900, 700); 4]);
    let mut resumed = stage.purse(budgets, "a");
    assert_eq!(open(&mut resumed, 4_000, &info()).await.unwrap().max_tokens, Some(1_100));
    resumed.close(CallEnd::Refused);
    assert_eq!(resumed.session().tokens, 900, "the session's entry learns of it");
    stage.spending.end_run("run-1");
    assert_eq!(stage.used("a", TODAY).run.spent.tokens, 0);
}

#[tokio::test]
async fn nothing_is_written_without_a_budget_and_nothing_asked_that_cannot_be_written() {
    let stage = Stage::new();
    let mut free = stage.purse(Budgets::default(), "a");
    let request = open(&mut free, 7, &info()).await.unwrap();
    assert_eq!((request.max_tokens, request.max_bytes), (Some(7), None));
    assert_eq!(free.streamed(1_000_000), Ok(()));
    free.close(CallEnd::Answered);
    free.save();
    assert!(!stage.file.exists());

    // A file where the folder should be.
    openclaw_guard::write_atomic(stage.file.parent().unwrap(), b"").unwrap();
    let refused = open(&mut stage.purse(day(1_000_000), "a"), 7, &info()).await.unwrap_err();
    assert!(matches!(refused, Unpaid::NotKept { .. }), "{refused:?}");
    assert!(refused.words().starts_with("No model is asked, because what it costs could not be kept"));
    assert_eq!(stage.used("a", TODAY).day.aside, Amount::default(), "nothing was sent");
}

#[tokio::test]
async fn an_answer_without_a_price_is_counted_as_what_came_of_it() {
    let stage = Stage::new();
    let mut one = stage.purse(Budgets::default(), "a");
    for (bytes, end, expected) in [
        (4_000, CallEnd::Answered, 1_000),
        (400, CallEnd::Stopped, 100),
        (400, CallEnd::Refused, 100),
        (0, CallEnd::Refused, 0),
    ] {
        let before = stage.used("a", TODAY).day.spent;
        open(&mut one, 7_000, &info()).await.unwrap();
        one.streamed(bytes / 2).unwrap();
        one.sealed(bytes / 2);
        one.close(end);
        let after = stage.used("a", TODAY).day.spent;
        assert_eq!(after.tokens - before.tokens, expected, "{end:?}");
        let usd = f64::from(u32::try_from(expected).unwrap()) / 500.0;
        assert!((after.usd - before.usd - usd).abs() < 1e-9);
    }
    let message = serde_json::json!({"role": "user", "content": "x".repeat(384)});
    let message = Arc::new(serde_json::from_value(message).unwrap());
    for (end, expected) in [(CallEnd::Stopped, 100), (CallEnd::Refused, 0)] {
        let before = stage.used("a", TODAY).day.spent;
        let mut request = ModelRequest { messages: vec![Arc::clone(&message)], ..asking(Some(7)) };
        one.open(&mut request, &info(), TODAY.into()).await.unwrap();
        one.close(end);
        assert_eq!(stage.used("a", TODAY).day.spent.tokens - before.tokens, expected, "{end:?}");
    }
}

#[tokio::test]
async fn a_turn_that_is_dropped_sets_nothing_aside() {
    let stage = Stage::new();
    let mut one = stage.purse(day(1_000), "a");
    open(&mut one, 7, &info()).await.unwrap();
    one.streamed(8).unwrap();
    assert_eq!(stage.used("a", TODAY).day.aside.tokens, 7);
    drop(one);
    let day = stage.used("a", TODAY).day;
    assert_eq!((day.spent.tokens, day.aside), (2, Amount::default()));
}

#[tokio::test]
async fn an_answer_of_unknown_length_gets_one_where_there_is_a_limit() {
    let stage = Stage::new();
    let unknown = ModelInfo::new("p", "m", WireApi::OpenAiCompletions);
    for (budgets, expected) in
        [(Budgets::default(), None), (day(50_000), Some(4_096)), (day(1_000), Some(1_000))]
    {
        let mut request = asking(None);
        let mut purse = stage.purse(budgets, "a");
        purse.open(&mut request, &unknown, TODAY.into()).await.unwrap();
        assert_eq!(request.max_tokens, expected, "{budgets:?}");
        purse.close(CallEnd::Refused);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_not_replaced_and_what_says_nothing_is_put_aside() {
    let stage = Stage::new();
    openclaw_guard::create_private_dir(&stage.file).unwrap();
    let refused = open(&mut stage.purse(day(1_000_000), "a"), 7, &info()).await.unwrap_err();
    let Unpaid::NotKept { why } = refused else { panic!("{refused:?}") };
    assert!(why.contains("spending.json cannot be read"), "{why}");
    assert!(open(&mut stage.purse(Budgets::default(), "a"), 7, &info()).await.is_ok(), "nothing is limited");
    std::fs::remove_dir(&stage.file).unwrap();
    openclaw_guard::write_atomic(&stage.file, b"{ half").unwrap();
    assert!(open(&mut stage.purse(day(1_000_000), "a"), 7, &info()).await.is_ok(), "it is tried again");
    let aside = std::fs::read(stage.file.with_extension("json.damaged")).unwrap();
    assert_eq!(aside, b"{ half");
}

#[tokio::test]
async fn an_answer_longer_than_granted_is_stopped() {
    for (budgets, tokens, bound) in [
        (
            day(1_000),
            1_000,
            "the budget for today left for its answer (models.budgets.day.tokens). Wait until tomorrow, or raise it.",
        ),
        (
            day(100_000),
            4_000,
            "it was asked for, and where models.budgets limits anything no more than that is paid for. Ask for less at once, or raise its maxTokens.",
        ),
    ] {
        let stage = Stage::new();
        let mut purse = stage.purse(budgets, "a");
        let request = open(&mut purse, 4_000, &info()).await.unwrap();
        let most: usize = tokens * 5 + 256;
        assert_eq!(request.max_bytes, Some(u64::try_from(most).unwrap()));
        purse.sealed(10 * most);
        assert_eq!(purse.streamed(most - 1), Ok(()));
        assert_eq!(purse.streamed(1), Ok(()));
        let words = purse.streamed(1).unwrap_err().words();
        assert_eq!(words, format!("p/m was stopped: it wrote more than the {tokens} tokens that {bound}"));
    }
}

#[tokio::test]
async fn a_program_runs_alone_and_is_counted_when_it_is_stopped() {
    let stage = Stage::new();
    let (mut program_purse, mut other) = (stage.purse(day(1_000), "a"), stage.purse(day(1_000), "b"));
    let request = open(&mut program_purse, 10, &program()).await.unwrap();
    assert_eq!(request.max_bytes, Some(5_256), "all that is left, and what an estimate may be wrong");
    let beside = open(&mut other, 1, &info()).await.unwrap_err();
    assert!(beside.words().contains("1000 are set aside"), "{}", beside.words());
    let error =
        |fault| ModelError::Program { provider: Arc::from("claude-cli"), command: "claude".into(), fault };
    assert_eq!(program_purse.failed(&error(CliFault::Silent)), Ok(()));
    let stopped = error(CliFault::OverBudget { max_bytes: 5_256 });
    let words = program_purse.failed(&stopped).unwrap_err().words();
    assert!(words.starts_with("claude-cli/opus was stopped: it wrote more than the 1000 tokens"), "{words}");
    program_purse.close(CallEnd::of(&stopped));
    assert_eq!(stage.used("a", TODAY).day.spent.tokens, 1_314);

    let mut alone = stage.purse(day(5_000), "a");
    open(&mut alone, 10, &program()).await.unwrap();
    alone.reported(&used_up(2_000));
    assert_eq!(stage.used("a", TODAY).day.spent.tokens, 3_314, "what it says it used");
}

#[tokio::test]
async fn a_call_that_ends_tomorrow_keeps_what_is_spent_tomorrow() {
    let stage = Stage::new();
    let (mut late, mut early) = (stage.purse(Budgets::default(), "a"), stage.purse(Budgets::default(), "a"));
    late.open(&mut asking(Some(10)), &info(), TODAY.into()).await.unwrap();
    early.open(&mut asking(Some(10)), &info(), "2026-11-29".into()).await.unwrap();
    early.reported(&used_up(5));
    late.reported(&used_up(7));
    assert_eq!(stage.used("a", "2026-11-29").day.spent.tokens, 12);
}
