//! One turn, run again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use openclaw_guard::Redactor;
use openclaw_models::replay::{Difference, Exchange, Player, Script, Speed, with_sums};
use openclaw_models::{ChatModel, ModelError, ModelInfo, ModelRequest};
use openclaw_protocol::message::{AssistantMessage, Message, ToolResultMessage, text_of};
use openclaw_store::HistoryItem;
use serde::Deserialize as _;
use serde_json::Value;

use super::ending::{EndNow, EndThen};
use super::recorded::RecordedTurn;
use super::report::{CallReplay, Compared, Ended, ToolReplay, TurnReplay};
use super::scratch::{ScratchWorld, was_stopped};
use crate::budget;
use crate::driver::{AbortHandle, Finish, Limits, TurnObserver, drive};
use crate::session::speakable;
use crate::spending::Unpaid;
use crate::turn::{AbortReason, Input, Outcome, Turn, TurnEvent};
use crate::voice::Voice;

/// Nothing is waited for in a turn that is run again; this is only longer than any recording.
const NO_LIMIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The model of messages that came from outside and that no turn wrote.
const INJECTED: &str = "gateway-injected";

/// What turns are run again from.
pub struct Replay {
    /// The session's history, if its transcript is there.
    pub history: Option<Vec<Arc<HistoryItem>>>,
    /// What hides secrets: those of then are hidden in the recording, and must not differ because of that.
    pub redactor: Arc<Redactor>,
    /// How fast.
    pub speed: Speed,
    /// `agents.defaults.contextTokens`.
    pub context_tokens: Option<usize>,
}

impl Replay {
    /// Runs the turn of a number again. `turns` are all of them: one that was begun again later is not compared with
    /// what that wrote.
    pub async fn turn(&self, turns: &[RecordedTurn], at: usize) -> Option<TurnReplay> {
        let RecordedTurn { calls, missing } = turns.get(at)?;
        let first = calls.first()?;
        let mut report = TurnReplay {
            number: at + 1,
            at_ms: first.at_ms,
            said: question(first).map(|message| text(&message)).unwrap_or_default(),
            calls: calls.iter().map(CallReplay::of).collect(),
            tools: Vec::new(),
            outcome: Ended::NotRun,
            answer: String::new(),
            differences: Vec::new(),
            compared: Compared::Nothing,
            missing: *missing,
            remarks: missing.iter().map(|missing| missing.words().to_owned()).collect(),
        };
        if missing.is_none() {
            let next = turns.get(at + 1).and_then(|next| next.calls.first());
            let then = self.then(first, next, &mut report);
            let script = Arc::new(Script::new(Arc::clone(calls), Arc::clone(&self.redactor), self.speed));
            self.run(&script, &then, &mut report).await;
        }
        Some(report)
    }

    async fn run(&self, script: &Arc<Script>, then: &Then, report: &mut TurnReplay) {
        let Some(mut voice) = Playing::new(script) else { return };
        let results = then.results(script);
        report.tools = results.iter().map(|result| self.tool(result)).collect();
        let mut world = ScratchWorld::new(results, script, report.at_ms);
        let mut turn = Turn::new(self.request(then, voice.info()), voice.info().clone(), NO_LIMIT)
            .within(self.context_tokens);
        let abort = AbortHandle::default();
        let limits = Limits { abort: &abort, timeout: NO_LIMIT, wait: NO_LIMIT };
        let stop = async {
            script.stopped().cancelled().await;
            abort.abort(AbortReason::StopWord);
            std::future::pending::<()>().await;
        };
        let finish = tokio::select! {
            finish = drive(&mut turn, &mut voice, &mut world, &Deaf, limits) => finish,
            () = stop => return,
        };
        report.differences = script.differences();
        let (asked, all) = (script.asked(), script.exchanges().len());
        if !then.is_cut {
            report.differences.extend(world.unknown());
        }
        self.compare(then, (world.written, &finish), script, report);
        // Where the gateway stopped in the middle, nobody knows what it would have asked then.
        if asked < all || (asked > all && !then.is_cut) {
            let words = |count| format!("{count} calls of a model");
            report.differences.push(Difference::new("turn", words(all), words(asked)));
        }
        (report.outcome, report.answer) = told(finish.outcome);
    }

    /// A result to be shown: the transcript has it with what is secret.
    fn tool(&self, result: &ToolResultMessage) -> ToolReplay {
        let text = text_of(&result.content);
        let text = self.redactor.redact(&text).into_owned();
        ToolReplay { name: result.tool_name.clone(), is_error: result.is_error, text }
    }

    /// What the turn began with and led to.
    fn then(&self, first: &Exchange, next: Option<&Exchange>, report: &mut TurnReplay) -> Then {
        let mut then = Then { request: first.request.request(), expected: None, is_cut: false };
        let mut remark = |words: &str| report.remarks.push(words.to_owned());
        report.compared = Compared::Requests;
        let Some(history) = &self.history else {
            remark(
                "there is no transcript: the turn begins with the recorded request, and only what is asked is compared",
            );
            return then;
        };
        let Some(at) = self.place(history, first) else {
            remark(
                "its message is not in the transcript: it begins with the recorded request, and only what is asked is \
                 compared",
            );
            return then;
        };
        then.request.messages = speakable(history.get(..=at).unwrap_or_default());
        let is_again = next.is_some_and(|next| question(next) == question(first));
        if is_again {
            then.is_cut = true;
            remark("it was begun again later, so it is not compared with the transcript");
            return then;
        }
        let after = history.iter().skip(at + 1).filter_map(|item| item.message.clone());
        let own = after.take_while(|message| !matches!(**message, Message::User(_)));
        let own: Vec<_> = own.filter(|message| !is_injected(message)).collect();
        let end = EndThen::of(&own);
        report.compared = Compared::Whole;
        if end == EndThen::Cut {
            then.is_cut = true;
            report.compared = Compared::Beginning;
            remark("the gateway stopped in it, so it is compared as far as it came");
        }
        then.expected = Some((own, end));
        then
    }

    /// Where the message that the turn answers is in the history.
    fn place(&self, history: &[Arc<HistoryItem>], first: &Exchange) -> Option<usize> {
        let asked = question(first)?;
        history.iter().rposition(|item| match item.message.as_deref() {
            Some(message @ Message::User(user)) => {
                let is_then = matches!(&asked, Message::User(asked) if asked.timestamp == user.timestamp);
                is_then && Difference::between("", &value(&asked), &value(message), &self.redactor).is_none()
            }
            Some(Message::Assistant(_) | Message::ToolResult(_)) | None => false,
        })
    }

    /// The request as today's code makes it of the conversation.
    fn request(&self, then: &Then, info: &ModelInfo) -> ModelRequest {
        let request = then.request.clone();
        let room = budget::room(info, self.context_tokens, &request.system);
        ModelRequest {
            messages: budget::newest_that_fit(&request.messages, room).to_vec(),
            max_tokens: info.max_tokens,
            temperature: None,
            ..request
        }
    }

    /// Where what the turn writes today, and how it ends, differs from the transcript.
    fn compare(
        &self,
        then: &Then,
        (mut now, finish): (Vec<Message>, &Finish),
        script: &Script,
        report: &mut TurnReplay,
    ) {
        let Some((expected, end)) = &then.expected else { return };
        now.extend(finish.last.clone());
        let is_stopped = script.stopped().is_cancelled();
        let is_said = |message: &&Message| !is_empty(message);
        let own = expected.iter().map(Arc::as_ref).filter(|message| closing_words(message).is_none());
        let (own, now): (Vec<_>, Vec<_>) =
            (own.filter(is_said).collect(), now.iter().filter(is_said).collect());
        let differing = (1..).zip(own.iter().zip(&now)).find_map(|(number, (then, now))| {
            let (then, now) = (compared(then, is_stopped), compared(now, is_stopped));
            Difference::between(&format!("answer {number}"), &then, &now, &self.redactor)
        });
        let counts = || {
            let words = |count| format!("{count} messages written");
            (own.len() != now.len() && *end != EndThen::Cut)
                .then(|| Difference::new("turn", words(own.len()), words(now.len())))
        };
        if let Some(difference) = differing.or_else(counts) {
            report.differences.push(difference);
            return;
        }
        let (outcome, today) = told(finish.outcome.clone());
        match end.judge(outcome, &today, script) {
            EndNow::Same => {}
            EndNow::StoppedBetween => report.remarks.push(
                "it was stopped before another model was asked; who or what stops a turn is in no recording"
                    .to_owned(),
            ),
            EndNow::Other => {
                let today = format!("{outcome:?}: {}", self.redactor.redact(&today));
                report.differences.push(Difference::new("turn", end.words(), today));
            }
        }
    }
}

/// What is known of a turn.
struct Then {
    /// With every message of the conversation up to the one that was answered.
    request: ModelRequest,
    /// What the transcript has behind it, and how it ended by that.
    expected: Option<(Vec<Arc<Message>>, EndThen)>,
    /// Whether the gateway stopped in it.
    is_cut: bool,
}

impl Then {
    /// The results of the tools, from the transcript, or from what was sent to the model afterwards.
    fn results(&self, script: &Script) -> Vec<ToolResultMessage> {
        let of = |message: &Message| match message {
            Message::ToolResult(result) => Some(result.clone()),
            Message::User(_) | Message::Assistant(_) => None,
        };
        if let Some((expected, _)) = &self.expected {
            return expected.iter().filter_map(|message| of(message)).collect();
        }
        let begun = script.exchanges().first().map_or(0, |first| first.request.messages.len());
        let Some(last) = script.exchanges().last() else { return Vec::new() };
        let later = last.request.request().messages;
        later.iter().skip(begun).filter_map(|message| of(message)).collect()
    }
}

/// The message that a turn answers.
fn question(first: &Exchange) -> Option<Message> {
    let message = Message::deserialize(first.request.messages.last()?.as_ref()).ok()?;
    matches!(message, Message::User(_)).then_some(message)
}

fn text(message: &Message) -> String {
    match message {
        Message::User(user) => user.content.text(),
        Message::Assistant(assistant) => text_of(&assistant.content),
        Message::ToolResult(result) => text_of(&result.content),
    }
}

fn value(message: &Message) -> Value {
    // No message fails to become JSON.
    serde_json::to_value(with_sums(message)).unwrap_or_default()
}

/// A message as it is compared. Who stopped a turn is in no recording.
fn compared(message: &Message, is_stopped: bool) -> Value {
    let mut value = value(message);
    let is_closed = matches!(message, Message::ToolResult(result) if was_stopped(result));
    if let Value::Object(fields) = &mut value
        && is_stopped
    {
        fields.shift_remove("stopReason");
        if is_closed {
            fields.shift_remove("content");
            fields.shift_remove("details");
        }
    }
    value
}

/// The words of a record that only says why there is no answer. The turn does not write it, its lane does.
fn closing_words(message: &Message) -> Option<&str> {
    match message {
        Message::Assistant(AssistantMessage { error_message, .. }) => error_message.as_deref(),
        Message::User(_) | Message::ToolResult(_) => None,
    }
}

fn is_empty(message: &Message) -> bool {
    matches!(message, Message::Assistant(assistant) if assistant.content.is_empty())
}

fn is_injected(message: &Message) -> bool {
    matches!(message, Message::Assistant(assistant) if assistant.model == INJECTED)
}

fn told(outcome: Outcome) -> (Ended, String) {
    match outcome {
        Outcome::Replied { text } => (Ended::Replied, text),
        Outcome::Silent => (Ended::Silent, String::new()),
        Outcome::Aborted { text, .. } => (Ended::Stopped, text),
        Outcome::Failed(error) => (Ended::Failed, error.to_string()),
    }
}

/// Nobody watches.
struct Deaf;

impl TurnObserver for Deaf {
    fn event(&self, _: &TurnEvent) {}
}

/// The recording in the place of the models.
struct Playing {
    script: Arc<Script>,
    model: Arc<dyn ChatModel>,
}

impl Playing {
    fn new(script: &Arc<Script>) -> Option<Self> {
        let model = Arc::new(Player::next(script)?);
        Some(Self { script: Arc::clone(script), model })
    }
}

impl Voice for Playing {
    fn model(&self) -> &Arc<dyn ChatModel> {
        &self.model
    }

    /// Nothing is paid. What a budget took off the answer's length then, it takes off today.
    fn pay_for<'a>(&'a mut self, request: &'a mut ModelRequest) -> BoxFuture<'a, Result<(), Unpaid>> {
        let then = self.script.next().and_then(|exchange| exchange.request.max_tokens);
        if let Some(then) = then {
            request.max_tokens = Some(request.max_tokens.map_or(then, |now| now.min(then)));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn count(&mut self, _: &Input) -> Result<(), Unpaid> {
        Ok(())
    }

    fn has_others(&self) -> bool {
        false
    }

    fn broke_off<'a>(&'a mut self, _: &'a ModelError) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn next_after<'a>(&'a mut self, _: &'a ModelError) -> BoxFuture<'a, Option<ModelInfo>> {
        let next = Player::next(&self.script).map(Arc::new);
        let info = next.map(|next| {
            let info = next.describe().clone();
            self.model = next;
            info
        });
        Box::pin(std::future::ready(info))
    }

    fn words(&self, error: &ModelError) -> String {
        error.plain_words()
    }

    fn notice(&mut self) -> Option<String> {
        None
    }
}
