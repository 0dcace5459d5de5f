//! The gateway is killed, under load and in the middle of a change; what was accepted is answered, once.
//!
//! These few are for everyday; `cargo xtask torture` does it thousands of times and breaks the disk as well.

use std::time::{Duration, Instant};

use openclaw_testkit::crash::{Brain, Dice, Goal, Judge, Link, Platform, Site, Verdict};
use openclaw_testkit::process::GatewayProcess;
use serde_json::json;

use crate::support::{PATIENCE, binary};

/// Connects as soon as it listens.
async fn link(site: &Site) -> Link {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Link::open(site.port()).await {
            Ok(link) => return link,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Delivers what is left, hands in everything once more, waits until all have their ends, and judges what is on the disk.
async fn last_act(site: &Site, platform: &mut Platform) -> Verdict {
    let mut gateway = site.start(binary()).await;
    for _ in 0..2 {
        let mut link = link(site).await;
        platform.deliver(&mut link, Goal::Acknowledged).await.unwrap();
        settled(site, platform).await;
        platform.redeliver_all();
    }
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
    Judge::of(&site.state_dir(), &platform.facts()).judge()
}

async fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it takes too long");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn settled(site: &Site, platform: &Platform) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let verdict = Judge::of(&site.state_dir(), &platform.facts()).judge_messages();
        if (verdict.is_clean() && verdict.answered >= verdict.acknowledged) || Instant::now() > deadline {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_survives_kills_under_load() {
    let (brain, site, mut dice) = (Brain::start(), Site::new(), Dice::new(4));
    site.configure(&brain, &json!({}));
    let mut platform = Platform::new(dice.fork(1), 4);
    let progress = platform.progress();
    for _ in 0..8 {
        platform.write(12);
        let gateway: GatewayProcess = site.start(binary()).await;
        let mut link = link(&site).await;
        let enough = progress.acknowledged() + 1 + dice.below(12);
        let acknowledged = async {
            while progress.acknowledged() < enough {
                tokio::time::sleep(Duration::from_micros(300)).await;
            }
        };
        tokio::select! {
            delivered = platform.deliver(&mut link, Goal::Acknowledged) => delivered.unwrap(),
            () = acknowledged => {}
        }
        gateway.kill();
        platform.drain(&mut link).await;
    }
    let verdict = last_act(&site, &mut platform).await;
    assert!(verdict.is_clean(), "{}", verdict.describe(20));
    assert_eq!((verdict.acknowledged, verdict.answered), (96, 96));
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_breaks_off_leaves_old_or_new() {
    use openclaw_testkit::trace::{Plan, Traced, is_allowed};
    use std::collections::BTreeSet;

    if !is_allowed() {
        return;
    }
    let (mut killed_at, mut dice) = (BTreeSet::new(), Dice::new(5));
    for round in 0..6 {
        let (brain, site) = (Brain::start(), Site::new());
        site.configure(&brain, &json!({}));
        let mut platform = Platform::new(dice.fork(round), 1);
        platform.write(2);
        let step = 20 + 12 * usize::try_from(round).unwrap() + dice.below(12);
        let plan = if dice.chance(50) { Plan::kill_before(step) } else { Plan::kill_after(step) };
        let traced = Traced::start(binary(), site.home(), &Site::ARGS, plan);
        let deadline = Instant::now() + PATIENCE;
        // It dies at any moment, also before it listens.
        while traced.end().is_none() && Instant::now() < deadline {
            if let Ok(mut link) = Link::open(site.port()).await {
                platform.deliver(&mut link, Goal::Ended).await.ok();
                platform.write(1);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(traced.end().is_some_and(|end| end.is_kill()), "step {step}: {}", traced.output());
        killed_at.insert(step);
        let trace = traced.describe_last(5);
        drop(traced);
        let verdict = last_act(&site, &mut platform).await;
        assert!(verdict.is_clean(), "killed at step {step}, after\n{trace}\n{}", verdict.describe(20));
    }
    assert_eq!(killed_at.len(), 6);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[tokio::test(flavor = "multi_thread")]
async fn no_message_ends_without_a_record_when_the_disk_fails_behind_it() {
    use openclaw_testkit::crash::Mix;
    use openclaw_testkit::trace::{Fault, Plan, Refusal, StepKind, Traced, is_allowed};

    const SESSIONS: usize = 6;
    if !is_allowed() {
        return;
    }
    let (brain, site) = (Brain::start(), Site::new());
    site.configure(&brain, &json!({}));
    let mut platform = Platform::new(Dice::new(19), SESSIONS).with_mix(Mix { tools: 0, long: 0, agent: 0 });
    let traced = Traced::start(binary(), site.home(), &Site::ARGS, Plan::none());
    let mut link = link(&site).await;
    platform.write(2 * SESSIONS);
    platform.deliver(&mut link, Goal::Ended).await.unwrap();
    let refuse = |kind| Plan::from(1, Fault::Refuse(Refusal::Io)).only(kind, "jsonl");
    for round in 0..4 {
        // Accepted, and in no transcript: its end is tried again and again.
        traced.plan(refuse(StepKind::Write));
        platform.write(2 * SESSIONS);
        platform.deliver(&mut link, Goal::Acknowledged).await.unwrap();
        let wanted = traced.hits() + SESSIONS;
        until(|| traced.hits() >= wanted).await;
        // Now it can be written, and does not reach the disk.
        traced.plan(refuse(StepKind::Sync));
        let wanted = traced.hits() + 3 * SESSIONS;
        until(|| traced.hits() >= wanted).await;
        traced.plan(Plan::none());
        settled(&site, &platform).await;
        let verdict = Judge::of(&site.state_dir(), &platform.facts()).judge_messages();
        assert!(verdict.is_clean(), "round {round}: {}", verdict.describe(20));
    }
    drop(traced);
    let verdict = last_act(&site, &mut platform).await;
    assert!(verdict.is_clean(), "{}", verdict.describe(20));
    assert_eq!(verdict.answered, verdict.acknowledged);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_written_is_written_before_the_next_conversation_begins() {
    use openclaw_testkit::model_server::{ModelServer, Reply};
    use openclaw_testkit::trace::{Fault, Plan, Refusal, StepKind, Traced, is_allowed};

    if !is_allowed() {
        return;
    }
    let (brain, site, server) = (Brain::start(), Site::new(), ModelServer::start());
    site.configure(&brain, &json!({"models": {"providers": {"mock": {"baseUrl": server.base_url()}}}}));
    let traced = Traced::start(binary(), site.home(), &Site::ARGS, Plan::none());
    let mut link = link(&site).await;
    let send = |id: &str, text: &str| json!({"sessionKey": "main", "message": text, "idempotencyKey": id});
    let wait = |id: &str| json!({"runId": id, "timeoutMs": 15_000});
    server.push(Reply::slow_text("tea", Duration::from_millis(400)));
    link.call("chat.send", send("one", "what do I drink?")).await.unwrap().unwrap();
    server.wait_requests(1).await;
    // The question is written; its answer is committed and cannot be.
    let before = traced.hits();
    traced.plan(Plan::from(1, Fault::Refuse(Refusal::NoSpace)).only(StepKind::Write, "jsonl"));
    assert_eq!(link.call("agent.wait", wait("one")).await.unwrap().unwrap()["status"], "ok");
    until(|| traced.hits() > before).await;
    link.call("chat.send", send("two", "/new")).await.unwrap().unwrap();
    traced.plan(Plan::none());
    assert_eq!(link.call("agent.wait", wait("two")).await.unwrap().unwrap()["status"], "ok");
    let folder = site.state_dir().join("agents/main/sessions");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(texts.len(), 2);
    let first = texts.iter().find(|text| text.contains("what do I drink?")).unwrap();
    assert!(first.contains("\"tea\""), "{first}");
}
