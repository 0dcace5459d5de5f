//! What is left, and that no limit is passed.

use super::{Amount, Budgets, Call, Grant, Length, Over, Part, Span, Unit, Used, grant};
use crate::spending::Limit;
use openclaw_models::{ModelInfo, Prices, WireApi};
use proptest::prelude::*;

/// A thousand tokens cost a dollar, produced ones two.
fn info() -> ModelInfo {
    let prices = Prices { input: 1_000.0, output: 2_000.0, cache_read: 0.0, cache_write: 0.0 };
    ModelInfo { prices, ..ModelInfo::new("p", "m", WireApi::OpenAiCompletions) }
}

fn tokens(tokens: u64) -> Limit {
    Limit { tokens: Some(tokens), usd: None }
}

fn usd(usd: f64) -> Limit {
    Limit { tokens: None, usd: Some(usd) }
}

fn used() -> Used {
    let part = Part { spent: Amount { tokens: 600, usd: 1.0 }, ..Part::default() };
    Used { run: Part::default(), session: part, agent: part, day: part }
}

#[test]
fn what_is_left_for_an_answer() {
    let (session, agent, day) = (Span::Session, Span::Agent, Span::Day);
    let rows = [
        (Budgets::default(), Ok((4_000, None))),
        (Budgets { run: tokens(1_000), ..Budgets::default() }, Ok((900, Some((Span::Run, Unit::Tokens))))),
        (Budgets { session: tokens(1_000), ..Budgets::default() }, Ok((300, Some((session, Unit::Tokens))))),
        (Budgets { session: tokens(700), ..Budgets::default() }, Err((session, Unit::Tokens))),
        (Budgets { day: usd(2.1), ..Budgets::default() }, Ok((500, Some((day, Unit::Usd))))),
        (Budgets { agent: usd(1.1), ..Budgets::default() }, Err((agent, Unit::Usd))),
        (Budgets { day: usd(0.5), session: tokens(1_000), ..Budgets::default() }, Err((day, Unit::Usd))),
    ];
    for (budgets, expected) in rows {
        let info = info();
        let call = Call { info: &info, prompt: 100, answer: Length::AtMost(4_000) };
        let granted = grant(&budgets, &used(), &call);
        let seen = granted.map(|it| (it.answer.unwrap(), it.bound)).map_err(|it| (it.span, it.unit));
        assert_eq!(seen, expected, "{budgets:?}");
    }
    let free = ModelInfo::new("p", "free", WireApi::OpenAiCompletions);
    let call = Call { info: &free, prompt: 9, answer: Length::AtMost(50) };
    let granted = grant(&Budgets { day: usd(2.0), ..Budgets::default() }, &used(), &call).unwrap();
    assert_eq!((granted.answer, granted.aside.shared.usd), (Some(50), 0.0));
}

#[test]
fn a_program_takes_all_that_is_left() {
    let ask = |info: &ModelInfo, budgets: Budgets| -> Grant {
        grant(&budgets, &used(), &Call { info, prompt: 100, answer: Length::Unknown }).unwrap()
    };
    let program = ModelInfo::new("claude-cli", "opus", WireApi::Cli);
    let budgets =
        Budgets { session: tokens(1_000), agent: tokens(5_000), day: tokens(9_000), ..Budgets::default() };
    let granted = ask(&program, budgets);
    assert_eq!((granted.answer, granted.bound), (Some(300), Some((Span::Session, Unit::Tokens))));
    assert_eq!((granted.aside.own.tokens, granted.aside.shared.tokens), (400, 8_400));
    let free = ask(&program, Budgets { day: usd(2.0), ..Budgets::default() });
    assert_eq!((free.answer, free.aside.shared), (None, Amount { tokens: 4_196, usd: 0.0 }));
    let priced = ModelInfo { api: WireApi::Cli, ..info() };
    let granted = ask(&priced, Budgets { day: usd(2.0), ..Budgets::default() });
    assert_eq!((granted.answer, granted.aside.shared.usd), (Some(450), 1.0));
}

#[test]
fn the_words_name_the_budget_and_the_next_step() {
    let over = |span, unit, limit, part| Over { span, unit, limit, part }.words();
    let part = Part { spent: Amount { tokens: 600, usd: 1.49 }, ..Part::default() };
    assert_eq!(
        over(Span::Session, Unit::Tokens, Amount { tokens: 700, usd: 0.0 }, part),
        "The budget for this session does not allow another model call: 600 of 700 tokens are spent (models.budgets.session.tokens). Send /new to start over, or raise it."
    );
    let lost = Part { lost: Amount { tokens: 500, usd: 0.25 }, ..part };
    assert_eq!(
        over(Span::Day, Unit::Usd, Amount { tokens: 0, usd: 1.5 }, lost),
        "The budget for today does not allow another model call: 1.4900 of 1.5 dollars are spent, 0.2500 of them counted in full for calls that ran when the gateway was killed (models.budgets.day.usd). Wait until tomorrow, or raise it."
    );
    let aside = Part { aside: Amount { tokens: 70, usd: 0.0 }, ..part };
    assert_eq!(
        over(Span::Agent, Unit::Tokens, Amount { tokens: 650, usd: 0.0 }, aside),
        "The budget for this agent today does not allow another model call: 600 of 650 tokens are spent, 70 are set aside for answers that are being written (models.budgets.agent.tokens). Ask again when they are done, or raise it."
    );
}

proptest! {
    /// Whatever is spent and allowed: what is granted with the prompt never passes a limit, and is set aside.
    #[test]
    fn nothing_passes_a_limit(
        limits in prop::array::uniform4(prop::option::of(0..5_000u64)),
        dollars in prop::array::uniform4(prop::option::of(0.0..9.0f64)),
        spent in prop::array::uniform4(0..5_000u64),
        aside in prop::array::uniform2(0..1_000u64),
        (prompt, wanted) in (0..3_000u64, 1..5_000u64),
    ) {
        let limit = |at: usize| Limit { tokens: limits[at], usd: dollars[at] };
        let budgets = Budgets { run: limit(0), session: limit(1), agent: limit(2), day: limit(3) };
        let part = |at: usize, aside: u64| Part {
            spent: Amount { tokens: spent[at], usd: 0.5 },
            aside: Amount { tokens: aside, usd: 0.25 },
            ..Part::default()
        };
        let used = Used { run: part(0, 0), session: part(1, 0), agent: part(2, aside[0]), day: part(3, aside[1]) };
        let info = info();
        let call = Call { info: &info, prompt, answer: Length::AtMost(wanted) };
        if let Ok(granted) = grant(&budgets, &used, &call) {
            let most = granted.answer.unwrap();
            prop_assert!(most >= 1 && most <= wanted);
            for (at, span) in Span::ALL.into_iter().enumerate() {
                let part = used.of(span);
                let sum = part.spent.plus(part.aside).plus(granted.aside.shared);
                prop_assert_eq!(granted.aside.shared.tokens, prompt + most);
                prop_assert!(limits[at].is_none_or(|limit| sum.tokens <= limit));
                prop_assert!(dollars[at].is_none_or(|limit| sum.usd <= limit + 1e-9));
            }
        }
    }
}
