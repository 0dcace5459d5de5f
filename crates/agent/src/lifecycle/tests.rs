use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{SessionEntry, SessionId, field};

use super::{
    Freshness, Occasion, ResetMode, ResetPolicy, ResetRule, ResetRules, ResetType, judge, last_daily_reset,
    left_behind, transcript_of,
};

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn policy(at_hour: Option<i8>, idle_minutes: Option<u64>) -> ResetPolicy {
    ResetPolicy { at_hour, idle_minutes }
}

#[test]
fn the_hour_or_the_silence_whatever_comes_first() {
    let now = at("2026-11-20T10:00:00Z");
    let rows = [
        (policy(Some(4), None), "2026-11-20T04:00:00Z", Freshness::Fresh),
        (policy(Some(4), None), "2026-11-20T03:59:59.999Z", Freshness::PastTheHour),
        (policy(Some(11), None), "2026-11-19T11:00:00Z", Freshness::Fresh),
        (policy(Some(11), None), "2026-11-19T10:59:00Z", Freshness::PastTheHour),
        (policy(None, Some(60)), "2026-11-20T09:00:00Z", Freshness::Fresh),
        (policy(None, Some(60)), "2026-11-20T08:59:59.999Z", Freshness::Idle),
        (policy(None, Some(u64::MAX)), "1970-01-01T00:00:00Z", Freshness::Fresh),
        (policy(Some(4), Some(30)), "2026-11-20T09:30:00Z", Freshness::Fresh),
        (policy(Some(4), Some(30)), "2026-11-20T09:29:00Z", Freshness::Idle),
        (policy(Some(4), Some(30)), "2026-11-20T03:00:00Z", Freshness::PastTheHour),
        (policy(Some(4), Some(60)), "2026-11-21T00:00:00Z", Freshness::Fresh),
        (policy(None, None), "1970-01-01T00:00:00Z", Freshness::Fresh),
    ];
    for (policy, used, expected) in rows {
        assert_eq!(judge(at(used), policy, now, &TimeZone::UTC), expected, "{policy:?} {used}");
    }
}

#[test]
fn the_hour_is_that_of_the_host_also_when_clocks_change() {
    let rows = [
        ("Europe/Berlin", 4, "2026-11-20T10:00:00Z", "2026-11-20T03:00:00Z"),
        ("America/New_York", 4, "2026-11-20T08:59:00Z", "2026-11-19T09:00:00Z"),
        // Two o'clock does not exist on this day: clocks go from two to three.
        ("Europe/Berlin", 2, "2026-03-29T10:00:00Z", "2026-03-29T01:00:00Z"),
        // Two o'clock comes twice on this one.
        ("Europe/Berlin", 2, "2026-10-25T10:00:00Z", "2026-10-25T00:00:00Z"),
        ("Europe/Berlin", 2, "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z"),
        // Half an hour is skipped, and the hour begins in it.
        ("Australia/Lord_Howe", 2, "2026-10-04T00:00:00Z", "2026-10-03T15:30:00Z"),
        // A day was left out.
        ("Pacific/Apia", 4, "2011-12-30T11:00:00Z", "2011-12-30T10:00:00Z"),
        // A minute past midnight it was 23:01 again.
        ("America/St_Johns", 0, "2010-11-07T02:40:00Z", "2010-11-07T02:30:00Z"),
    ];
    for (name, hour, now, expected) in rows {
        let found = last_daily_reset(at(now), hour, &zone(name)).unwrap();
        assert_eq!(Timestamp::from_millisecond(found).unwrap().to_string(), expected, "{name} {hour} {now}");
    }
}

#[test]
fn rules_of_channels_types_and_all() {
    let rule = |mode, at_hour, idle_minutes| ResetRule { mode, at_hour, idle_minutes };
    let daily = |hour| rule(Some(ResetMode::Daily), Some(hour), None);
    let idle = |minutes| rule(Some(ResetMode::Idle), None, Some(minutes));
    let none = ResetRules::default;
    let direct = ResetType::Direct;
    let rows = [
        ("nothing said", none(), direct, None, policy(Some(4), None)),
        ("legacy", ResetRules { idle_minutes: Some(90), ..none() }, direct, None, policy(None, Some(90))),
        (
            "legacy beside a rule",
            ResetRules { idle_minutes: Some(90), base: Some(daily(5)), ..none() },
            direct,
            None,
            policy(Some(5), Some(90)),
        ),
        (
            "legacy beside a rule for another type",
            ResetRules { idle_minutes: Some(90), group: Some(daily(5)), ..none() },
            direct,
            None,
            policy(Some(4), Some(90)),
        ),
        (
            "both",
            ResetRules { base: Some(rule(None, Some(6), Some(30))), ..none() },
            direct,
            None,
            policy(Some(6), Some(30)),
        ),
        (
            "idle without a length",
            ResetRules { base: Some(rule(Some(ResetMode::Idle), None, None)), ..none() },
            direct,
            None,
            policy(None, Some(60)),
        ),
        (
            "a type is filled up",
            ResetRules {
                base: Some(rule(None, Some(6), Some(30))),
                thread: Some(rule(None, None, Some(5))),
                ..none()
            },
            ResetType::Thread,
            None,
            policy(Some(6), Some(5)),
        ),
        (
            "another type is not",
            ResetRules { base: Some(daily(6)), thread: Some(idle(5)), ..none() },
            ResetType::Group,
            None,
            policy(Some(6), None),
        ),
        (
            "a channel stands alone",
            ResetRules {
                base: Some(rule(None, Some(6), Some(30))),
                direct: Some(idle(7)),
                idle_minutes: Some(9),
                by_channel: [("discord".to_owned(), rule(None, None, Some(10)))].into(),
                ..none()
            },
            direct,
            Some(" Discord "),
            policy(Some(4), Some(10)),
        ),
        (
            "another channel",
            ResetRules { by_channel: [("discord".to_owned(), idle(10))].into(), ..none() },
            direct,
            Some("slack"),
            policy(Some(4), None),
        ),
    ];
    for (name, rules, kind, channel, expected) in rows {
        assert_eq!(rules.policy(kind, channel, Occasion::Message), expected, "{name}");
        assert_eq!(rules.policy(kind, channel, Occasion::Heartbeat), expected, "{name}");
        let rules = ResetRules { heartbeat_idle_minutes: Some(1), ..rules };
        assert_eq!(rules.policy(kind, channel, Occasion::Message), expected, "{name}");
        let heartbeat = rules.policy(kind, channel, Occasion::Heartbeat);
        assert_eq!(heartbeat, ResetPolicy { idle_minutes: Some(1), ..expected }, "{name}");
    }
}

#[test]
fn types_and_channels_of_entries() {
    let entry = |chat_type: &str, channel: &str, last: &str| {
        let mut entry = SessionEntry::new(&SessionId::random(), 1);
        for (which, text) in
            [(field::CHAT_TYPE, chat_type), (field::CHANNEL, channel), (field::LAST_CHANNEL, last)]
        {
            if !text.is_empty() {
                entry.set_text(which, text);
            }
        }
        entry
    };
    let rows = [
        ("main", entry("direct", "", "webchat"), ResetType::Direct, 3),
        ("work", entry("channel", "slack", "webchat"), ResetType::Group, 2),
        ("slack:channel:c1", entry("", "", ""), ResetType::Group, 2),
        ("slack:channel:c1", entry("group", "", "webchat"), ResetType::Group, 2),
        ("slack:direct:5", entry("direct", "", "webchat"), ResetType::Direct, 2),
        ("discord:group:5", entry("group", "", "webchat"), ResetType::Group, 4),
        ("slack:channel:c1:thread:5", entry("group", "", "slack"), ResetType::Thread, 2),
        ("global", entry("", "", ""), ResetType::Direct, 3),
    ];
    let hour = |at_hour| ResetRule { at_hour: Some(at_hour), ..ResetRule::default() };
    let rules = ResetRules {
        by_channel: [("slack".to_owned(), hour(2)), ("webchat".to_owned(), hour(3))].into(),
        ..ResetRules::default()
    };
    for (key, entry, kind, at_hour) in rows {
        let key = SessionKey::canonical(key, "main", "main");
        assert_eq!(ResetType::of(&key, &entry), kind, "{key}");
        assert_eq!(
            rules.policy_of((&key, "main"), &entry, Occasion::Message).at_hour,
            Some(at_hour),
            "{key}"
        );
    }
}

/// Minutes since the epoch as clocks show them: the zone's offset, and nothing else of what is tested.
fn wall_minute(zone: &TimeZone, second: i64) -> i64 {
    let at = Timestamp::from_second(second).unwrap();
    (second + i64::from(zone.to_offset(at).seconds())).div_euclid(60)
}

/// The offset changes of a zone between two seconds.
fn changes(zone: &TimeZone, from: i64, to: i64) -> Vec<(i64, i32)> {
    let start = Timestamp::from_second(from).unwrap();
    let mut last = zone.to_offset(start).seconds();
    let mut found = Vec::new();
    for change in zone.following(start) {
        let (second, offset) = (change.timestamp().as_second(), change.offset().seconds());
        if second >= to {
            break;
        }
        if offset != last {
            found.push((second, offset));
        }
        last = offset;
    }
    found
}

/// Walks along the clocks of a zone and notes when they first show each hour of each day; compares after every step.
fn walk(name: &str, zone: &TimeZone, (from, to): (i64, i64), step: i64) -> u64 {
    let mut highest = wall_minute(zone, from);
    let mut shown = [None; 24];
    let (mut second, mut compared) = (from + step, 0_u64);
    while second < to {
        let wall = wall_minute(zone, second);
        let mut hours = vec![usize::try_from(second / step % 24).unwrap()];
        for hour in (highest + 1..=wall).filter(|minute| minute % 60 == 0) {
            let hour = usize::try_from((hour / 60).rem_euclid(24)).unwrap();
            shown[hour] = Some(second * 1000);
            hours.push(hour);
        }
        highest = highest.max(wall);
        for hour in hours {
            if let Some(expected) = shown[hour] {
                let found = last_daily_reset(second * 1000, i8::try_from(hour).unwrap(), zone);
                assert_eq!(found, Some(expected), "{name}, {hour} o'clock, at second {second}");
                compared += 1;
            }
        }
        second += step;
    }
    compared
}

/// Every zone of the system whose clocks change: the days around each change, or with `OPENCLAW_EVERY_DAY=1` every
/// quarter of an hour of all those years.
#[test]
fn resets_come_when_a_walk_along_the_clocks_says() {
    const DAY: i64 = 24 * 60 * 60;
    let (from, to) = (at("2010-01-01T00:00:00Z") / 1000, at("2031-01-01T00:00:00Z") / 1000);
    let every_day = std::env::var_os("OPENCLAW_EVERY_DAY").is_some();
    let (mut walked, mut zones, mut compared) = (HashSet::new(), 0, 0);
    for name in jiff::tz::db().available() {
        let Ok(zone) = TimeZone::get(name.as_str()) else { continue };
        let changes = changes(&zone, from, to);
        // Zones with the same changes are one zone here.
        if changes.is_empty() || !walked.insert(changes.clone()) {
            continue;
        }
        zones += 1;
        // Clocks change at a quarter of an hour, but for one zone of the past.
        let odd = changes.iter().any(|(second, _)| second % 900 != 0);
        let step = if odd { 60 } else { 900 };
        if every_day {
            compared += walk(name.as_str(), &zone, (from, to), step);
            continue;
        }
        for (change, _) in changes {
            let start = (change - change.rem_euclid(DAY)) - DAY;
            compared += walk(name.as_str(), &zone, (start, change + DAY + DAY / 4), step);
        }
    }
    eprintln!("{zones} zones, {compared} comparisons");
    assert!(zones > 30, "the system knows time zones");
}

#[test]
fn a_session_is_left_behind_whatever_its_transcript_is_called() {
    for name in ["abc.jsonl", "abc-topic-77.jsonl", "2026-02-14T10-00-00-000Z_abc.jsonl"] {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        let id = SessionId::parse("abc").unwrap();
        let mut entry = SessionEntry::new(&id, 1);
        entry.set_text(field::SESSION_FILE, &format!("/old/{name}"));
        assert_eq!(left_behind(dir, &entry), None, "{name}: nothing was ever said in it");
        assert_eq!(transcript_of(dir, &id), dir.join("abc.jsonl"));
        openclaw_guard::write_atomic(&dir.join("other-topic-77.jsonl"), b"").unwrap();
        openclaw_guard::write_atomic(&dir.join(name), b"").unwrap();
        assert_eq!(left_behind(dir, &entry), Some(id.clone()), "{name}");
        assert_eq!(transcript_of(dir, &id), dir.join(name));
    }
}
