//! A conversation whose answers have costs is read as it was written, however many digits they have.

use std::sync::Arc;

use openclaw_protocol::message::{AssistantMessage, Message, Part, StopReason, Usage};
use proptest::prelude::*;

use super::{asking, done, recorded, text, written};
use crate::ModelRequest;
use crate::Prices;
use crate::replay::{Exchange, read};

/// An answer as the turn puts it into the next request.
fn answer(prices: &Prices, (input, output): (u64, u64)) -> Arc<Message> {
    let usage = Usage { input, output, total_tokens: input + output, ..Usage::default() };
    let usage = Usage { cost: prices.cost_of(&usage), ..usage };
    Arc::new(Message::Assistant(AssistantMessage {
        content: vec![Part::text("ok")],
        api: "openai-completions".into(),
        provider: "p".into(),
        model: "m".into(),
        usage,
        stop_reason: StopReason::Stop,
        error_message: None,
        timestamp: 1,
    }))
}

/// Calls of a conversation with these answers, each with all that was said before.
async fn conversation(prices: Prices, tokens: &[(u64, u64)]) -> Vec<Exchange> {
    let mut request = asking("hi");
    let mut exchanges = Vec::new();
    for used in tokens {
        exchanges.extend(recorded(vec![text("ok"), done()], request.clone()).await);
        let messages = [answer(&prices, *used), asking("and?").messages[0].clone()];
        request = ModelRequest { messages: [request.messages, messages.to_vec()].concat(), ..request };
    }
    exchanges.extend(recorded(vec![text("ok"), done()], request).await);
    exchanges
}

fn is_read(exchanges: Vec<Exchange>) {
    let file = written(exchanges.clone());
    let recording = read(file.as_bytes());
    assert_eq!(recording.remarks, []);
    assert_eq!(recording.exchanges, exchanges);
    // And a file whose lines are written from what was read is the same.
    assert_eq!(written(recording.exchanges), file);
}

#[tokio::test(start_paused = true)]
async fn costs_with_all_their_digits_do_not_end_a_recording() {
    let prices = Prices { input: 0.15, output: 0.6, ..Prices::default() };
    let tokens: Vec<(u64, u64)> = (1..40).map(|number| (number * 1237, number * 31)).collect();
    for three in tokens.chunks(3) {
        is_read(conversation(prices, three).await);
    }
}

proptest! {
    #[test]
    fn any_costs_are_read_as_they_were_written(
        (input, output) in (0.0..100.0f64, 0.0..100.0f64),
        tokens in prop::collection::vec((0..2_000_000u64, 0..100_000u64), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let prices = Prices { input, output, ..Prices::default() };
        is_read(runtime.block_on(conversation(prices, &tokens)));
    }
}
