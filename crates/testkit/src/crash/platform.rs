//! A platform as chat services are: it hands in each event until it is acknowledged, again after a break, sometimes
//! twice, sometimes out of order, and sometimes once more after it was told.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::dice::Dice;
use super::link::{Broken, Link};
use super::message::{Fact, Message, Method, Mix};

/// Events handed in and not yet acknowledged, as a service with a few connections does it.
const WINDOW: usize = 16;
/// How far apart events may overtake each other.
const REORDER: usize = 4;
/// Of a hundred events, those handed in twice at once, and those handed in again after they were acknowledged.
const TWICE_PERCENT: usize = 5;
const AGAIN_PERCENT: usize = 5;
/// The pause after a refusal that says "later".
const LATER: Duration = Duration::from_millis(10);
/// How long frames that were sent before a death may take to arrive.
const DRAIN: Duration = Duration::from_secs(2);

/// Until when to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Every event is acknowledged.
    Acknowledged,
    /// And the end of every one handed in over this connection was heard.
    Ended,
}

/// What others may watch while events are delivered.
#[derive(Debug, Default)]
pub struct Progress {
    acknowledged: AtomicUsize,
    ended: AtomicUsize,
}

impl Progress {
    /// Events acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Ends heard.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }
}

/// What the platform counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests made.
    pub sent: usize,
    /// Refusals that said "later".
    pub put_off: usize,
    /// Answers that took an event handed in again for a new one.
    pub restarted: usize,
}

/// The platform.
pub struct Platform {
    dice: Dice,
    sessions: usize,
    mix: Mix,
    messages: Vec<Message>,
    /// Where a message is, by its idempotency key.
    by_key: HashMap<String, usize>,
    /// Events to hand in.
    waiting: VecDeque<usize>,
    /// Requests without an answer yet, by id.
    asked: HashMap<String, usize>,
    /// `agent` requests that were accepted and will be answered again.
    accepted: HashMap<String, usize>,
    /// Refusals that no retry heals.
    refused: Vec<String>,
    tally: Tally,
    progress: Arc<Progress>,
}

impl Platform {
    /// A platform with this many conversations.
    #[must_use]
    pub fn new(dice: Dice, sessions: usize) -> Self {
        Self {
            dice,
            sessions,
            mix: Mix::default(),
            messages: Vec::new(),
            by_key: HashMap::new(),
            waiting: VecDeque::new(),
            asked: HashMap::new(),
            accepted: HashMap::new(),
            refused: Vec::new(),
            tally: Tally::default(),
            progress: Arc::default(),
        }
    }

    /// The same platform with other messages.
    #[must_use]
    pub fn with_mix(mut self, mix: Mix) -> Self {
        self.mix = mix;
        self
    }

    /// People write this many messages.
    pub fn write(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.messages.len();
            let session = format!("talk-{}", self.dice.below(self.sessions));
            let message = Message::compose(number, session, self.mix, &mut self.dice);
            self.push(message);
        }
    }

    /// Somebody writes in each conversation, and wants a plain answer.
    pub fn write_everywhere(&mut self) {
        let plain = Mix { tools: 0, long: 0, agent: 0 };
        for session in 0..self.sessions {
            let number = self.messages.len();
            let message = Message::compose(number, format!("talk-{session}"), plain, &mut self.dice);
            self.push(message);
        }
    }

    /// Somebody writes in this session.
    pub fn write_to(&mut self, session: &str) {
        let number = self.messages.len();
        let message = Message::compose(number, session.to_owned(), self.mix, &mut self.dice);
        self.push(message);
    }

    fn push(&mut self, message: Message) {
        self.waiting.push_back(self.messages.len());
        self.by_key.insert(message.key(), self.messages.len());
        self.messages.push(message);
    }

    /// Everything is handed in once more, as after a restart of the platform.
    pub fn redeliver_all(&mut self) {
        self.waiting = (0..self.messages.len()).collect();
    }

    /// Counters to watch.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// What it counted.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Refusals that no retry heals; there should be none.
    #[must_use]
    pub fn refused(&self) -> &[String] {
        &self.refused
    }

    /// Whether every event was acknowledged.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        self.messages.iter().all(|message| message.is_acknowledged)
    }

    /// What it knows of its messages.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let fact = |message: &Message| Fact {
            token: message.token.clone(),
            session: message.session.clone(),
            is_acknowledged: message.is_acknowledged,
        };
        self.messages.iter().map(fact).collect()
    }

    /// Hands in what is to be handed in. What an earlier connection left unanswered comes first.
    ///
    /// # Errors
    /// The connection ended; call again with another one.
    pub async fn deliver(&mut self, link: &mut Link, goal: Goal) -> Result<(), Broken> {
        self.take_back();
        let mut pause_until: Option<Instant> = None;
        loop {
            let may_send = pause_until.is_none_or(|until| until <= Instant::now());
            while may_send && self.asked.len() < WINDOW && !self.waiting.is_empty() {
                self.hand_in(link).await?;
            }
            let is_done = self.asked.is_empty() && self.waiting.is_empty();
            let must_hear = goal == Goal::Ended && self.messages.iter().any(|message| message.ends == 0);
            if is_done && !must_hear {
                return Ok(());
            }
            if self.asked.is_empty() && !self.waiting.is_empty() {
                sleep(LATER).await;
                pause_until = None;
                continue;
            }
            let frame = link.next().await?;
            if self.hear(&frame) {
                pause_until = Some(Instant::now() + LATER);
            } else if pause_until.is_some_and(|until| until <= Instant::now()) {
                pause_until = None;
            }
        }
    }

    /// Hears what was said before the gateway died.
    pub async fn drain(&mut self, link: &mut Link) {
        let rest = async {
            while let Ok(frame) = link.next().await {
                self.hear(&frame);
            }
        };
        // What has not arrived by then was not said.
        timeout(DRAIN, rest).await.ok();
    }

    fn take_back(&mut self) {
        let mut unanswered: Vec<usize> = self.asked.drain().map(|(_, index)| index).collect();
        unanswered.sort_unstable();
        unanswered.dedup();
        for index in unanswered.into_iter().rev() {
            if !self.waiting.contains(&index) {
                self.waiting.push_front(index);
            }
        }
        self.accepted.clear();
    }

    async fn hand_in(&mut self, link: &mut Link) -> Result<(), Broken> {
        let at = self.dice.below(self.waiting.len().min(REORDER));
        let Some(index) = self.waiting.remove(at) else { return Ok(()) };
        let times = 1 + usize::from(self.dice.chance(TWICE_PERCENT));
        for _ in 0..times {
            self.request(link, index).await?;
        }
        if self.dice.chance(AGAIN_PERCENT) {
            let old = self.dice.below(self.messages.len());
            if self.messages.get(old).is_some_and(|message| message.is_acknowledged) {
                self.request(link, old).await?;
            }
        }
        Ok(())
    }

    async fn request(&mut self, link: &mut Link, index: usize) -> Result<(), Broken> {
        let Some(message) = self.messages.get_mut(index) else { return Ok(()) };
        message.sent += 1;
        self.tally.sent += 1;
        let params = json!({
            "sessionKey": message.session, "message": message.text, "idempotencyKey": message.key(),
        });
        let method = match message.method {
            Method::Chat => "chat.send",
            Method::Agent => "agent",
        };
        // Noted first: a connection that breaks while it is written to may have said it all.
        let id = link.send(method, params).await;
        let key = id.as_ref().map_or_else(|_| format!("broken-{index}"), Clone::clone);
        self.asked.insert(key, index);
        id.map(drop)
    }

    /// Takes in a frame; `true` when it says "later".
    fn hear(&mut self, frame: &Value) -> bool {
        if frame["type"] == "res" {
            return self.hear_answer(frame);
        }
        let payload = &frame["payload"];
        let is_end = frame["event"] == "chat"
            && matches!(payload["state"].as_str(), Some("final" | "error" | "aborted"));
        if is_end && let Some(run) = payload["runId"].as_str() {
            let found = self.by_key.get(run).and_then(|index| self.messages.get_mut(*index));
            if let Some(message) = found {
                message.ends += 1;
                self.progress.ended.fetch_add(1, Ordering::Relaxed);
            }
        }
        false
    }

    fn hear_answer(&mut self, frame: &Value) -> bool {
        let id = frame["id"].as_str().unwrap_or_default();
        let Some(index) = self.asked.remove(id) else {
            self.accepted.remove(id);
            return false;
        };
        let Some(message) = self.messages.get_mut(index) else { return false };
        if frame["ok"] == true {
            let status = frame["payload"]["status"].as_str().unwrap_or_default();
            if status == "accepted" {
                self.accepted.insert(id.to_owned(), index);
            }
            self.tally.restarted += usize::from(message.is_acknowledged && status == "started");
            if !message.is_acknowledged {
                message.is_acknowledged = true;
                self.progress.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            return false;
        }
        let error = &frame["error"];
        // The second is the end of an `agent` run that was handed in again: nothing to retry.
        let is_later = error["code"] == "UNAVAILABLE" && error["retryable"] == true;
        if is_later || (error["code"] == "UNAVAILABLE" && !message.is_acknowledged) {
            self.tally.put_off += 1;
            self.waiting.push_back(index);
            return true;
        }
        if message.is_acknowledged {
            // It was asked for its state; a failed turn answers with its error.
            return false;
        }
        self.refused.push(format!("{}: {error}", message.token.as_str()));
        false
    }
}
