//! A home with everything that plays in it: platform, model, gateway. And the last act, in which all is delivered, waited
//! for, handed in once more, and judged.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use openclaw_guard::{child_command, create_private_dir};
use openclaw_testkit::crash::{Brain, Dice, Goal, Judge, Link, Mix, Platform, Site, Verdict, Wrong};
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::args::Settings;
use super::life::{Ended, Life};

/// How long everything that was accepted may take to end, once nobody kills any more.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// Nothing changes any more when nothing has changed for so long: what still misses its end will not get one.
const QUIET: Duration = Duration::from_millis(1_500);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// An orderly end takes at most this (P-16).
pub(crate) const MAX_DRAIN: Duration = Duration::from_secs(30);
/// Connections tried before a platform gives up on a gateway that nobody kills.
const MAX_LINKS: usize = 20;

/// A home with everything in it.
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) brain: Brain,
    pub(crate) platform: Platform,
    pub(crate) binary: PathBuf,
    pub(crate) keep: Option<PathBuf>,
}

impl Stage {
    /// A new home, whose platform has this many conversations.
    pub(crate) fn new(settings: &Settings, dice: Dice, sessions: usize, mix: Mix) -> Self {
        let (site, brain) = (Site::new(), Brain::start());
        site.configure(&brain, &json!({}));
        let platform = Platform::new(dice, sessions).with_mix(mix);
        Self { site, brain, platform, binary: settings.binary.clone(), keep: settings.keep.clone() }
    }

    /// Starts the gateway as people run it.
    pub(crate) fn life(&self) -> Life {
        Life::plain(&self.binary, &self.site)
    }

    /// Judges messages only, while a gateway runs.
    fn look(&self) -> Verdict {
        Judge::of(&self.site.state_dir(), &self.platform.facts()).judge_messages()
    }

    /// Hands in everything, over as many connections as it takes.
    ///
    /// # Errors
    /// The gateway does not stay.
    pub(crate) async fn deliver(&mut self, life: &mut Life) -> Result<()> {
        for _ in 0..MAX_LINKS {
            let mut link = life.link(self.site.port()).await?;
            if self.platform.deliver(&mut link, Goal::Acknowledged).await.is_ok() {
                return Ok(());
            }
        }
        bail!("{MAX_LINKS} connections broke, and nobody killed: {}", life.output().trim());
    }

    /// Waits until every acknowledged message has its end, or nothing changes any more.
    async fn settle(&self) -> Verdict {
        let limit = Instant::now() + SETTLE_LIMIT;
        let mut changed = Instant::now();
        let mut before = (0, 0, 0);
        loop {
            let verdict = self.look();
            let now = (verdict.answered, verdict.findings.len(), self.brain.requests());
            if verdict.is_clean() && verdict.answered >= verdict.acknowledged {
                return verdict;
            }
            if now != before {
                (before, changed) = (now, Instant::now());
            }
            if changed.elapsed() > QUIET || Instant::now() > limit {
                return verdict;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The last act: starts the gateway, delivers what is left, waits for the ends; hands in everything once more, which
    /// must change nothing; starts once more and says a word in each conversation, which must be answered; and judges.
    ///
    /// # Errors
    /// The gateway cannot be used any more.
    pub(crate) async fn finish(mut self) -> Result<Verdict> {
        let mut life = self.life();
        self.deliver(&mut life).await?;
        self.close(life).await
    }

    /// The same, with a gateway that runs and has everything.
    ///
    /// # Errors
    /// The gateway cannot be used any more.
    pub(crate) async fn close(mut self, mut life: Life) -> Result<Verdict> {
        self.deliver(&mut life).await?;
        let mut missing = self.settle().await;
        if !missing.is_clean() {
            // What comes back now was not lost, but it should not have taken a start.
            drop(life);
            life = self.life();
            life.link(self.site.port()).await?;
            missing = came_back(missing, self.settle().await);
        }
        self.platform.redeliver_all();
        self.deliver(&mut life).await?;
        self.settle().await;
        // Damage is found and marked when a conversation is opened, so each is opened once more.
        self.stop(&mut life).await?;
        life = self.life();
        self.platform.write_everywhere();
        self.deliver(&mut life).await?;
        self.settle().await;
        self.stop(&mut life).await?;
        let mut verdict = Judge::of(&self.site.state_dir(), &self.platform.facts()).judge();
        missing.findings.retain(|found| !verdict.findings.contains(found));
        verdict.findings.append(&mut missing.findings);
        for refusal in self.platform.refused() {
            verdict.find(Wrong::Lost, format!("refused for good: {refusal}"));
        }
        self.judge_files(&mut verdict);
        if !verdict.is_clean() {
            self.keep()?;
        }
        Ok(verdict)
    }

    async fn stop(&self, life: &mut Life) -> Result<()> {
        life.signal(Signal::TERM);
        let ended = life.wait_end(MAX_DRAIN).await;
        ensure!(ended == Some(Ended::Code(0)), "the gateway ends with {ended:?}: {}", life.output().trim());
        Ok(())
    }

    /// Copies the home, named as it is in findings, for somebody to look at.
    fn keep(&self) -> Result<()> {
        let Some(folder) = &self.keep else { return Ok(()) };
        create_private_dir(folder)?;
        let copied = child_command("cp").arg("-a").arg(self.site.home().path()).arg(folder).status()?;
        ensure!(copied.success(), "cannot copy a home to {}", folder.display());
        Ok(())
    }

    /// Files that are not transcripts.
    fn judge_files(&self, verdict: &mut Verdict) {
        let state = self.site.state_dir();
        let database = state.join("state/gateway.sqlite");
        if database.exists()
            && let Some(what) = damage(&database)
        {
            verdict.find(Wrong::Corrupt, format!("{}: {what}", database.display()));
        }
        let config = std::fs::read_to_string(state.join("openclaw.json"));
        let config: Option<Value> = config.ok().and_then(|text| serde_json::from_str(&text).ok());
        if config.is_none_or(|config| config["gateway"]["port"] != self.site.port()) {
            verdict.find(Wrong::Corrupt, "openclaw.json is not what it was");
        }
    }
}

/// What was missing before a start, named by what it is after it.
fn came_back(before: Verdict, after: Verdict) -> Verdict {
    let mut all = after;
    all.findings.retain(|found| matches!(found.wrong, Wrong::Lost | Wrong::Unanswered));
    for mut found in before.findings {
        let is_missing = matches!(found.wrong, Wrong::Lost | Wrong::Unanswered);
        if is_missing && !all.findings.iter().any(|still| still.token() == found.token()) {
            found.wrong = Wrong::Stuck;
            all.findings.push(found);
        }
    }
    all
}

/// What SQLite thinks of a database; nothing when it is whole.
fn damage(path: &std::path::Path) -> Option<String> {
    let check = || -> rusqlite::Result<String> {
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        database.query_row("PRAGMA integrity_check", [], |row| row.get(0))
    };
    match check() {
        Ok(said) if said == "ok" => None,
        Ok(said) => Some(said),
        Err(error) => Some(error.to_string()),
    }
}

/// One request over a connection that is not used for anything else meanwhile.
///
/// # Errors
/// The connection broke, or the gateway says no.
pub(crate) async fn ask(link: &mut Link, method: &str, params: Value) -> Result<Value> {
    match link.call(method, params).await? {
        Ok(payload) => Ok(payload),
        Err(error) => bail!("{method}: {error}"),
    }
}
