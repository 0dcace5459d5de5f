//! When a session starts afresh: pure decisions over when it was last used, the rules, and the clock.
//!
//! A session goes stale at an hour of the day, after a silence, or at whatever of the two comes first (OpenClaw
//! 2026.2.9, `session.reset` and its relatives). Nothing happens at that moment: the next message finds it stale and
//! begins a new one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};
use openclaw_protocol::session_key::{SessionKey, SessionKind};
use openclaw_store::{SessionEntry, SessionId, field};

use crate::{cli_session, nature};

/// The hour of the daily reset when nothing is said.
const DEFAULT_HOUR: i8 = 4;
/// Minutes of silence when a silence is wanted and its length not said (release: 60).
const DEFAULT_IDLE_MINUTES: u64 = 60;
const MINUTE_MS: i64 = 60_000;

/// What makes sessions stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetMode {
    /// An hour of the day, and a silence if one is named.
    Daily,
    /// A silence.
    Idle,
}

/// One rule as configured; what is absent is taken from the next wider one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResetRule {
    /// Hour or silence.
    pub mode: Option<ResetMode>,
    /// The hour, 0 to 23.
    pub at_hour: Option<i8>,
    /// Minutes of silence.
    pub idle_minutes: Option<u64>,
}

/// All rules as configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResetRules {
    /// `session.reset`.
    pub base: Option<ResetRule>,
    /// `session.resetByType.direct`, or `dm`.
    pub direct: Option<ResetRule>,
    /// `session.resetByType.group`.
    pub group: Option<ResetRule>,
    /// `session.resetByType.thread`.
    pub thread: Option<ResetRule>,
    /// `session.resetByChannel`, channels in lower case.
    pub by_channel: BTreeMap<String, ResetRule>,
    /// `session.idleMinutes`.
    pub idle_minutes: Option<u64>,
    /// `session.heartbeatIdleMinutes`.
    pub heartbeat_idle_minutes: Option<u64>,
}

/// The kinds of sessions that rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetType {
    /// One person, or a program.
    Direct,
    /// A group or a channel.
    Group,
    /// A thread or a topic of either.
    Thread,
}

/// What asks whether a session is fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// A message.
    Message,
    /// A heartbeat.
    Heartbeat,
}

/// What holds for one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetPolicy {
    /// The hour of the daily reset, if there is one.
    pub at_hour: Option<i8>,
    /// The longest silence, if there is one.
    pub idle_minutes: Option<u64>,
}

/// How a session was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It goes on.
    Fresh,
    /// The hour of the daily reset has passed since its last use.
    PastTheHour,
    /// Nobody has used it for too long.
    Idle,
}

impl ResetType {
    /// The type of a session. An entry that says it is a group is one, whatever its key looks like.
    #[must_use]
    pub fn of(key: &SessionKey, entry: &SessionEntry) -> Self {
        match nature::kind(key, Some(entry)) {
            _ if key.is_thread() => Self::Thread,
            SessionKind::Group => Self::Group,
            SessionKind::Direct | SessionKind::Global | SessionKind::Unknown => Self::Direct,
        }
    }
}

impl ResetRules {
    /// What holds for a session of a type on a channel. A rule for the channel stands alone; one for the type is
    /// filled up from the rule for all; `idleMinutes` without any other rule means silence only.
    #[must_use]
    pub fn policy(&self, kind: ResetType, channel: Option<&str>, occasion: Occasion) -> ResetPolicy {
        let of_channel = channel.and_then(|channel| self.by_channel.get(&channel.trim().to_lowercase()));
        let of_type = match kind {
            ResetType::Direct => self.direct,
            ResetType::Group => self.group,
            ResetType::Thread => self.thread,
        };
        let (first, second, third) = match of_channel {
            Some(rule) => (*rule, ResetRule::default(), None),
            None => (of_type.unwrap_or_default(), self.base.unwrap_or_default(), self.idle_minutes),
        };
        let has_rules = [self.base, self.direct, self.group, self.thread].iter().any(Option::is_some);
        let unsaid = if !has_rules && third.is_some() { ResetMode::Idle } else { ResetMode::Daily };
        let mode = first.mode.or(second.mode).unwrap_or(unsaid);
        let idle = first.idle_minutes.or(second.idle_minutes).or(third);
        let idle = match (occasion, self.heartbeat_idle_minutes) {
            (Occasion::Heartbeat, Some(minutes)) => Some(minutes),
            (Occasion::Heartbeat, None) | (Occasion::Message, _) => idle,
        };
        match mode {
            ResetMode::Daily => ResetPolicy {
                at_hour: Some(first.at_hour.or(second.at_hour).unwrap_or(DEFAULT_HOUR)),
                idle_minutes: idle,
            },
            ResetMode::Idle => {
                ResetPolicy { at_hour: None, idle_minutes: Some(idle.unwrap_or(DEFAULT_IDLE_MINUTES)) }
            }
        }
    }

    /// What holds for the session of an entry, where the main session has this key.
    #[must_use]
    pub fn policy_of(
        &self,
        (key, main_key): (&SessionKey, &str),
        entry: &SessionEntry,
        occasion: Occasion,
    ) -> ResetPolicy {
        let channel = nature::channel(key, Some(entry), main_key);
        self.policy(ResetType::of(key, entry), Some(&channel), occasion)
    }
}

/// Whether a session that was last used at a time is still the one to go on with.
#[must_use]
pub fn judge(updated_at_ms: i64, policy: ResetPolicy, now_ms: i64, zone: &TimeZone) -> Freshness {
    let reset = policy.at_hour.and_then(|hour| last_daily_reset(now_ms, hour, zone));
    if reset.is_some_and(|reset| updated_at_ms < reset) {
        return Freshness::PastTheHour;
    }
    let silence = |minutes| i64::try_from(minutes).unwrap_or(i64::MAX).saturating_mul(MINUTE_MS);
    match policy.idle_minutes {
        Some(minutes) if now_ms > updated_at_ms.saturating_add(silence(minutes)) => Freshness::Idle,
        Some(_) | None => Freshness::Fresh,
    }
}

/// The last time at which clocks showed the hour, in milliseconds since the epoch. On a day whose clocks skip the hour
/// it is the moment behind the gap; where they show it twice, the first time.
#[must_use]
pub fn last_daily_reset(now_ms: i64, hour: i8, zone: &TimeZone) -> Option<i64> {
    let now = Timestamp::from_millisecond(now_ms).ok()?;
    let today = now.to_zoned(zone.clone()).date();
    // Where clocks go back over midnight the hour of tomorrow may have been already, and days have been skipped whole.
    let days = (-2..=1).filter_map(|days| today.checked_add(days.days()).ok());
    let resets = days.filter_map(|day| reset_of(day, hour, zone)).filter(|reset| *reset <= now);
    resets.max().map(Timestamp::as_millisecond)
}

/// The reset of one day.
fn reset_of(day: Date, hour: i8, zone: &TimeZone) -> Option<Timestamp> {
    let wall = day.at(hour.clamp(0, 23), 0, 0, 0);
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
        AmbiguousOffset::Gap { .. } => {
            // The change itself lies between what the hour would be by the clocks after it and by those before it.
            let (before, behind) = (ambiguous.earlier().ok()?, ambiguous.later().ok()?);
            let changes = zone.preceding(behind.checked_add(1.nanosecond()).ok()?);
            let change = changes.map(|change| change.timestamp()).take_while(|at| *at > before).last();
            Some(change.unwrap_or(behind))
        }
    }
}

/// Fields that belong to one conversation and not to whom it was with.
const OF_ONE_CONVERSATION: &[&str] = &[
    cli_session::SESSION_IDS,
    cli_session::SESSION_MODELS,
    cli_session::CLAUDE_SESSION_ID,
    "memoryFlushAt",
    "memoryFlushCompactionCount",
    "systemPromptReport",
];

/// The session that is left when an entry starts over: its own, or when nothing was ever said in that, the one before.
pub(crate) fn left_behind(dir: &Path, entry: &SessionEntry) -> Option<SessionId> {
    let own = entry.session_id();
    if dir.join(entry.transcript_file_name()).exists() { Some(own) } else { previous(entry) }
}

/// Takes out of an entry what belongs to the conversation that it leaves, and notes which one that was.
pub(crate) fn leave(entry: &mut SessionEntry, left: Option<&SessionId>) {
    OF_ONE_CONVERSATION.iter().for_each(|name| entry.remove(name));
    match left {
        Some(id) => entry.set_text(field::PREVIOUS_SESSION_ID, id.as_str()),
        None => entry.clear(field::PREVIOUS_SESSION_ID),
    }
}

/// The session that an entry's was started over from.
pub(crate) fn previous(entry: &SessionEntry) -> Option<SessionId> {
    // A name that somebody wrote there and that is none names no file.
    entry.text(field::PREVIOUS_SESSION_ID).and_then(|id| SessionId::parse(id).ok())
}

/// The transcript of a session that an entry does not lead to any more: `<id>.jsonl`, or if there is none, the one of
/// another name that has the id, as those of topics and forks have. For files that are about to be made, as all names in
/// the folder may have to be read.
pub(crate) fn transcript_of(dir: &Path, id: &SessionId) -> PathBuf {
    let plain = dir.join(id.transcript_file_name());
    if plain.exists() {
        return plain;
    }
    let names = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let is_of = |name: &OsString| {
        name.to_str().and_then(SessionId::of_transcript_file).is_some_and(|found| found == *id)
    };
    names.into_iter().find(is_of).map_or(plain, |name| dir.join(name))
}

#[cfg(test)]
mod tests;
