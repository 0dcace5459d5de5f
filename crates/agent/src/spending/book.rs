//! What is spent and set aside, as the file has it. Without I/O and without a clock.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::grant::{Aside, Part, Used};

/// Whose call it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Who {
    pub(super) agent: String,
    /// The session's id, where sessions are limited.
    pub(super) session: Option<String>,
    /// The turn's id in the ledger, where answers are limited.
    pub(super) run: Option<String>,
}

/// What an answer and its session have spent, as whoever answers knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Own {
    pub(super) run: Amount,
    pub(super) session: Amount,
}

/// A call that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Open {
    date: String,
    who: Who,
    own: Amount,
    shared: Amount,
}

/// What one session or one turn has spent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// When it was last spent.
    date: String,
    spent: Amount,
    /// Of that, for calls that ran when a gateway was killed.
    lost: Amount,
}

/// Calls that ran when a gateway was killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Lost {
    pub(super) calls: u64,
    pub(super) amount: Amount,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Book {
    /// The day, `2026-11-28`, in the user's zone.
    date: String,
    /// Spent in the day, by agent.
    agents: BTreeMap<String, Amount>,
    /// Of that, by agent.
    lost: BTreeMap<String, Lost>,
    calls: BTreeMap<u64, Open>,
    sessions: BTreeMap<String, Kept>,
    runs: BTreeMap<String, Kept>,
    #[serde(skip)]
    next: u64,
}

impl Book {
    /// Takes what was set aside for calls of a process that is gone as spent. Returns how many there were.
    pub(super) fn recover(&mut self) -> usize {
        let calls = std::mem::take(&mut self.calls);
        let count = calls.len();
        for Open { date, who, own, shared } in calls.into_values() {
            if date == self.date {
                let spent = self.agents.entry(who.agent.clone()).or_default();
                *spent = spent.plus(shared);
                let lost = self.lost.entry(who.agent).or_default();
                *lost = Lost { calls: lost.calls + 1, amount: lost.amount.plus(shared) };
            }
            let session = who.session.and_then(|id| self.sessions.get_mut(&id));
            let run = who.run.and_then(|id| self.runs.get_mut(&id));
            for kept in session.into_iter().chain(run) {
                kept.spent = kept.spent.plus(own);
                kept.lost = kept.lost.plus(own);
            }
        }
        count
    }

    /// A new day begins. Sessions and turns of days before the last are in the session index, or over for long; what no
    /// index can know stays.
    pub(super) fn turn_to(&mut self, date: &str) {
        if !is_later(&self.date, date) {
            return;
        }
        let last = std::mem::replace(&mut self.date, date.to_owned());
        self.agents.clear();
        self.lost.clear();
        self.sessions.retain(|_, kept| kept.date >= last || !kept.lost.is_nothing());
        self.runs.retain(|_, kept| kept.date >= last);
    }

    /// What the answer and its session have spent: what this book knows, or whoever asks, whichever is more.
    pub(super) fn own(&self, who: &Who, known: Own) -> Own {
        let kept = |map: &BTreeMap<String, Kept>, id: &Option<String>| {
            id.as_ref().and_then(|id| map.get(id)).map(|kept| kept.spent).unwrap_or_default()
        };
        Own {
            run: known.run.or_more(kept(&self.runs, &who.run)),
            session: known.session.or_more(kept(&self.sessions, &who.session)),
        }
    }

    /// How all spans stand.
    pub(super) fn used(&self, who: &Who, known: Own) -> Used {
        let own = self.own(who, known);
        let lost = |map: &BTreeMap<String, Kept>, id: &Option<String>| {
            id.as_ref().and_then(|id| map.get(id)).map(|kept| kept.lost).unwrap_or_default()
        };
        // Runs and sessions have one call at a time.
        let mut used = Used {
            run: Part { spent: own.run, lost: lost(&self.runs, &who.run), ..Part::default() },
            session: Part { spent: own.session, lost: lost(&self.sessions, &who.session), ..Part::default() },
            ..Used::default()
        };
        let mut add = |agent: &str, change: &dyn Fn(&mut Part)| {
            change(&mut used.day);
            if agent == who.agent {
                change(&mut used.agent);
            }
        };
        for (agent, amount) in &self.agents {
            add(agent, &|part| part.spent = part.spent.plus(*amount));
        }
        for (agent, lost) in &self.lost {
            add(agent, &|part| part.lost = part.lost.plus(lost.amount));
        }
        for open in self.calls.values() {
            add(&open.who.agent, &|part| part.aside = part.aside.plus(open.shared));
        }
        used
    }

    /// The calls of all agents that were lost today.
    pub(super) fn lost_today(&self) -> Lost {
        self.lost.values().fold(Lost::default(), |sum, lost| Lost {
            calls: sum.calls + lost.calls,
            amount: sum.amount.plus(lost.amount),
        })
    }

    /// Sets aside what a call can cost.
    pub(super) fn set_aside(&mut self, who: &Who, known: Own, aside: Aside) -> u64 {
        let own = self.own(who, known);
        let date = &self.date;
        let keep = |map: &mut BTreeMap<String, Kept>, id: &Option<String>, spent: Amount| {
            if let Some(id) = id {
                let kept = map.entry(id.clone()).or_default();
                kept.date.clone_from(date);
                kept.spent = spent;
            }
        };
        keep(&mut self.sessions, &who.session, own.session);
        keep(&mut self.runs, &who.run, own.run);
        self.next += 1;
        let open = Open { date: self.date.clone(), who: who.clone(), own: aside.own, shared: aside.shared };
        self.calls.insert(self.next, open);
        self.next
    }

    /// Counts what a call cost in the place of what was set aside: today, whenever it began.
    pub(super) fn settle(&mut self, id: u64, cost: Amount) {
        let Some(Open { who, .. }) = self.calls.remove(&id) else { return };
        let spent = self.agents.entry(who.agent).or_default();
        *spent = spent.plus(cost);
        let session = who.session.and_then(|id| self.sessions.get_mut(&id));
        let run = who.run.and_then(|id| self.runs.get_mut(&id));
        for kept in session.into_iter().chain(run) {
            kept.spent = kept.spent.plus(cost);
            kept.date.clone_from(&self.date);
        }
    }

    /// The turn is over for good.
    pub(super) fn end_run(&mut self, run: &str) {
        self.runs.remove(run);
    }
}

/// Whether another day has begun. Two turns at midnight may not agree on the day, and the one that still has yesterday must
/// not wipe out today; a clock that was far ahead and is right again begins a day.
fn is_later(kept: &str, now: &str) -> bool {
    match (kept.parse::<Date>(), now.parse::<Date>()) {
        (Ok(kept), Ok(now)) => kept < now || now.tomorrow().is_ok_and(|next| next < kept),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => kept != now,
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Book, Own, Who};
    use crate::spending::amount::{Budgets, Limit};
    use crate::spending::grant::{Call, Length, grant};
    use openclaw_models::{ModelInfo, Prices, WireApi};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const DAY: &str = "2026-11-28";

    /// What may happen.
    #[derive(Debug, Clone)]
    enum Step {
        /// A turn asks for a call with such a prompt and answer.
        Ask { turn: usize, prompt: u64, answer: Length },
        /// Its call ends, and used this part of what was granted. Perhaps that reaches the disk.
        End { turn: usize, percent: u64, is_saved: bool },
        /// The process is killed and started again; calls that ran used such a part.
        Kill { percent: u64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        let length = prop_oneof![4 => (1..900u64).prop_map(Length::AtMost), 1 => Just(Length::Unknown)];
        prop_oneof![
            4 => (0..4usize, 0..300u64, length).prop_map(|(turn, prompt, answer)| Step::Ask { turn, prompt, answer }),
            3 => (0..4usize, 0..=100u64, any::<bool>())
                .prop_map(|(turn, percent, is_saved)| Step::End { turn, percent, is_saved }),
            1 => (0..=100u64).prop_map(|percent| Step::Kill { percent }),
        ]
    }

    /// Four turns of two agents in three sessions.
    fn who(turn: usize) -> Who {
        let name = |kind: &str, number: usize| format!("{kind}{number}");
        Who {
            agent: name("a", turn % 2),
            // A session has one turn at a time, so the last one has none.
            session: (turn < 3).then(|| name("s", turn)),
            run: Some(name("r", turn)),
        }
    }

    /// What a call did cost, of what it could.
    #[derive(Debug, Clone, Copy)]
    struct Running {
        id: u64,
        prompt: u64,
        answer: u64,
    }

    #[derive(Default)]
    struct Real {
        spent: BTreeMap<String, u64>,
    }

    impl Real {
        fn add(&mut self, turn: usize, tokens: u64) {
            let Who { agent, session, run } = who(turn);
            for key in [Some(agent), session, run, Some("day".into())].into_iter().flatten() {
                *self.spent.entry(key).or_default() += tokens;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// No order of asking, ending and killing lets what was really used pass a limit, whatever is forgotten by the
        /// process that is killed: what is set aside was on the disk before the call was sent.
        #[test]
        fn no_interleaving_passes_a_limit(
            steps in prop::collection::vec(step(), 1..40),
            limits in prop::array::uniform4(prop::option::of(200..4_000u64)),
        ) {
            let limit = |at: usize| Limit { tokens: limits[at], usd: limits[at].map(|tokens| tokens as f64 / 1_000.0) };
            let budgets = Budgets { run: limit(0), session: limit(1), agent: limit(2), day: limit(3) };
            let prices = Prices { input: 1_000.0, output: 1_000.0, ..Prices::default() };
            let info = ModelInfo { prices, ..ModelInfo::new("p", "m", WireApi::OpenAiCompletions) };
            let mut book = Book { date: DAY.into(), ..Book::default() };
            let mut disk = serde_json::to_vec(&book).unwrap();
            let mut running: BTreeMap<usize, Running> = BTreeMap::new();
            let mut real = Real::default();
            let cost = |running: &Running, percent: u64| running.prompt + running.answer * percent / 100;
            for step in steps {
                match step {
                    Step::Ask { turn, .. } if running.contains_key(&turn) => {}
                    Step::Ask { turn, prompt, answer } => {
                        // What the index had may be gone with the process: nothing is known beside the book.
                        let used = book.used(&who(turn), Own::default());
                        let Ok(granted) = grant(&budgets, &used, &Call { info: &info, prompt, answer }) else { continue };
                        let id = book.set_aside(&who(turn), Own::default(), granted.aside);
                        disk = serde_json::to_vec(&book).unwrap();
                        let answer = granted.answer.unwrap_or(1_000);
                        running.insert(turn, Running { id, prompt, answer });
                    }
                    Step::End { turn, percent, is_saved } => {
                        let Some(call) = running.remove(&turn) else { continue };
                        let tokens = cost(&call, percent);
                        book.settle(call.id, Amount { tokens, usd: tokens as f64 / 1_000.0 });
                        real.add(turn, tokens);
                        if is_saved {
                            disk = serde_json::to_vec(&book).unwrap();
                        }
                    }
                    Step::Kill { percent } => {
                        for (turn, call) in std::mem::take(&mut running) {
                            real.add(turn, cost(&call, percent));
                        }
                        book = serde_json::from_slice(&disk).unwrap();
                        let open = book.calls.len();
                        prop_assert_eq!(book.recover(), open);
                    }
                }
                for (key, spent) in &real.spent {
                    let at = match key.chars().next() { Some('r') => 0, Some('s') => 1, Some('a') => 2, _ => 3 };
                    if let Some(limit) = limits[at] {
                        let all = running.iter().filter(|(turn, _)| {
                            let Who { agent, session, run } = who(**turn);
                            at == 3 || [Some(agent), session, run].contains(&Some(key.clone()))
                        });
                        let possible: u64 = all.map(|(_, call)| cost(call, 100)).sum();
                        prop_assert!(spent + possible <= limit, "{} spent {} and {} of {}", key, spent, possible, limit);
                    }
                }
            }
        }
    }

    #[test]
    fn what_was_open_when_the_process_was_killed_is_spent_and_told() {
        let mut book = Book::default();
        book.turn_to(DAY);
        let aside = |tokens| Amount { tokens, usd: 0.5 }.into();
        let known = Own { session: Amount { tokens: 10, usd: 0.0 }, ..Own::default() };
        let ended = book.set_aside(&who(0), known, aside(100));
        book.settle(ended, Amount { tokens: 40, usd: 0.1 });
        book.set_aside(&who(0), Own::default(), aside(200));
        let mut after: Book = serde_json::from_slice(&serde_json::to_vec(&book).unwrap()).unwrap();
        assert_eq!(after.recover(), 1);
        assert_eq!(after.recover(), 0, "once");
        let used = after.used(&who(0), Own::default());
        let seen =
            [used.run, used.session, used.agent, used.day].map(|part| (part.spent.tokens, part.lost.tokens));
        assert_eq!(seen, [(240, 200), (250, 200), (240, 200), (240, 200)]);
        assert_eq!(after.lost_today().calls, 1);
        assert_eq!(after.used(&who(1), Own::default()).agent.spent, Amount::default(), "of another agent");

        after.turn_to("2026-11-29");
        let used = after.used(&who(0), Own::default());
        assert_eq!(
            (used.day.spent, used.session.spent.tokens, used.run.spent.tokens),
            (Amount::default(), 250, 240)
        );
        after.turn_to("2026-11-30");
        let used = after.used(&who(0), Own::default());
        let kept = (used.session.spent.tokens, used.run.spent.tokens);
        assert_eq!(kept, (250, 0), "the session's index may not know of it; the turn is over for long");
    }

    #[test]
    fn days_go_forward() {
        let spend = |book: &mut Book| {
            let id = book.set_aside(&who(0), Own::default(), Amount { tokens: 9, usd: 0.0 }.into());
            book.settle(id, Amount { tokens: 5, usd: 0.0 });
        };
        let today = |book: &Book| book.used(&who(0), Own::default()).day.spent.tokens;
        for (then, now, kept) in [
            (DAY, DAY, 5),
            (DAY, "2026-11-29", 0),
            ("2026-11-29", DAY, 5),
            ("2099-01-01", DAY, 0),
            ("", DAY, 0),
        ] {
            let mut book = Book { date: then.into(), ..Book::default() };
            spend(&mut book);
            book.turn_to(now);
            assert_eq!(today(&book), kept, "{then} {now}");
        }
    }

    #[test]
    fn a_turn_that_is_over_is_forgotten() {
        let mut book = Book { date: DAY.into(), ..Book::default() };
        let id = book.set_aside(&who(0), Own::default(), Amount { tokens: 9, usd: 0.0 }.into());
        book.settle(id, Amount { tokens: 5, usd: 0.0 });
        book.end_run("r0");
        assert_eq!(book.used(&who(0), Own::default()).run.spent.tokens, 0);
        assert_eq!(book.used(&who(0), Own::default()).session.spent.tokens, 5);
    }

    #[test]
    fn the_file_of_earlier_versions_is_read() {
        let text = r#"{"date":"2026-11-28","agents":{"a0":{"tokens":7,"usd":0.5}}}"#;
        let book: Book = serde_json::from_str(text).unwrap();
        assert_eq!(book.used(&who(0), Own::default()).agent.spent, Amount { tokens: 7, usd: 0.5 });
    }
}
