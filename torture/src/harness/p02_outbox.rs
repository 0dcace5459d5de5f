//! P-02: what is to be delivered is delivered, once, however often the gateway is killed meanwhile. The recipients are
//! conversations (`send` to the channel `webchat`), which know a message by its key. A reply to the conversation it
//! belongs to is judged under P-01; recipients that show what they get twice are a test of `openclaw-channels`.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use openclaw_testkit::crash::{Dice, Link, Mix, Verdict, Wrong};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::args::{Promise, Settings};
use super::report::Row;
use super::stage::{MAX_DRAIN, Stage};

/// Kills of one home.
const KILLS_PER_HOME: usize = 100;
/// Messages handed in between two kills.
const MESSAGES: usize = 6;
/// Requests that are open at once; a connection takes 128.
const MAX_OPEN: usize = 64;
/// Recipients.
const SESSIONS: usize = 5;
/// The latest kill after the first message of a life.
const MAX_LIFE: Duration = Duration::from_millis(25);
/// How long the rest may take when nobody kills any more.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// Runs all homes.
pub(crate) async fn run(settings: &Settings) -> Result<Vec<Row>> {
    let mut row = Row::new(Promise::P02, "SIGKILL while delivering", settings.kills);
    for number in 0..settings.kills.div_ceil(KILLS_PER_HOME) {
        let kills = KILLS_PER_HOME.min(settings.kills - number * KILLS_PER_HOME);
        match home(settings, number, kills).await {
            Ok(verdict) => {
                row.done += kills;
                row.judge(verdict, &format!("home {number}"));
            }
            Err(error) => row.fail(format!("home {number}: {error:#}")),
        }
    }
    Ok(vec![row.finish()])
}

/// Messages by their keys, and those that the gateway has said were delivered.
#[derive(Default)]
struct Parcels {
    /// Recipient of each; the number is the message.
    made: Vec<String>,
    delivered: BTreeSet<usize>,
    /// By the id of a request.
    asked: HashMap<String, usize>,
}

impl Parcels {
    fn make(&mut self, dice: &mut Dice) {
        for _ in 0..MESSAGES {
            self.made.push(format!("agent:main:parcel-{}", dice.below(SESSIONS)));
        }
    }

    /// Hands in everything that nobody has said was delivered, and waits until somebody has.
    async fn hand_in(&mut self, link: &mut Link) -> Result<()> {
        self.asked.clear();
        let mut missing: VecDeque<usize> =
            (0..self.made.len()).filter(|number| !self.delivered.contains(number)).collect();
        while self.delivered.len() < self.made.len() {
            while self.asked.len() < MAX_OPEN
                && let Some(number) = missing.pop_front()
            {
                let params = json!({
                    "to": self.made.get(number).context("a message of nobody")?, "channel": "webchat",
                    "message": text_of(number), "idempotencyKey": format!("parcel-{number}"),
                });
                self.asked.insert(link.send("send", params).await?, number);
            }
            let frame = link.next().await?;
            let Some(number) = frame["id"].as_str().and_then(|id| self.asked.remove(id)) else { continue };
            ensure!(frame["ok"] == true, "message {number} is refused: {}", frame["error"]);
            self.delivered.insert(number);
        }
        Ok(())
    }
}

fn text_of(number: usize) -> String {
    format!("parcel {number:06} is here")
}

async fn home(settings: &Settings, number: usize, kills: usize) -> Result<Verdict> {
    let mut dice = Dice::new(settings.seed).fork(10_000 + number as u64);
    let stage = Stage::new(settings, dice.fork(1), 1, Mix::default());
    let mut parcels = Parcels::default();
    for _ in 0..kills {
        parcels.make(&mut dice);
        let mut life = stage.life();
        let mut link = life.link(stage.site.port()).await?;
        let moment = Duration::from_micros(dice.below(MAX_LIFE.as_micros() as usize) as u64);
        // A time that is over, or a connection that the kill of an earlier life broke, is what is wanted here.
        tokio::time::timeout(moment, parcels.hand_in(&mut link)).await.ok();
        life.signal(Signal::KILL);
    }
    let mut life = stage.life();
    let mut link = life.link(stage.site.port()).await?;
    let rest = tokio::time::timeout(SETTLE_LIMIT, parcels.hand_in(&mut link)).await;
    rest.context("not everything is delivered in a minute")??;
    let began = Instant::now();
    while waiting(&mut link).await? > 0 {
        ensure!(began.elapsed() < SETTLE_LIMIT, "something waits for ever in the outbox");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    life.signal(Signal::TERM);
    life.wait_end(MAX_DRAIN).await.context("the gateway does not end")?;
    Ok(judge(&stage.site.state_dir().join("agents/main/sessions"), &parcels))
}

/// Deliveries that are not delivered.
async fn waiting(link: &mut Link) -> Result<u64> {
    let list = super::stage::ask(link, "outbox.list", json!({"limit": 1})).await?;
    let count =
        |name: &str| list["counts"][name].as_u64().with_context(|| format!("no count of {name}: {list}"));
    Ok(count("waiting")? + count("unknown")? + count("dead")?)
}

/// Every message must be in its conversation, once.
fn judge(sessions: &Path, parcels: &Parcels) -> Verdict {
    let mut found: HashMap<String, usize> = HashMap::new();
    let mut verdict = Verdict { acknowledged: parcels.delivered.len(), ..Verdict::default() };
    let files = std::fs::read_dir(sessions).into_iter().flatten().flatten().map(|entry| entry.path());
    for file in files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")) {
        for line in std::fs::read_to_string(&file).unwrap_or_default().lines() {
            let line: Option<Value> = serde_json::from_str(line).ok(); // torn lines are P-01's to judge
            let text =
                line.and_then(|line| line["message"]["content"][0]["text"].as_str().map(str::to_owned));
            *found.entry(text.unwrap_or_default()).or_default() += 1;
        }
    }
    for number in 0..parcels.made.len() {
        match found.get(&text_of(number)) {
            None => verdict.find(Wrong::Lost, text_of(number)),
            Some(1) => verdict.answered += 1,
            Some(times) => verdict.find(Wrong::Doubled, format!("{} {times} times", text_of(number))),
        }
    }
    verdict
}
