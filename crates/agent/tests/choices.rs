//! What is chosen for a session: how hard its model thinks, and which model that is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at once when something is not as it should be"
)]

mod world;

use std::sync::Arc;

use openclaw_agent::turn::Outcome;
use openclaw_agent::{AgentRuntime, AskedThinking, Job, SenderMay};
use openclaw_models::Compat;
use openclaw_models::catalog::{
    AllowedModel, Catalog, Choice, Environment, ModelEntry, ProviderEntry, Providers,
};
use openclaw_models::{ThinkingLevel, WireApi};

use world::{World, key_of, world};

/// The world's agent with a model that thinks and one that does not.
fn thinker(world: &World) -> Arc<AgentRuntime> {
    let thinks = |id: &str| ModelEntry { reasoning: true, ..ModelEntry::new(id) };
    let url = world.server.base_url();
    let mut zai = ProviderEntry::new("zai", &url);
    zai.models = vec![thinks("deep"), ModelEntry::new("plain")];
    let mut mine = ProviderEntry::new("mine", &url);
    mine.api = Some(WireApi::OpenAiCompletions);
    let untold = Compat { supports_reasoning_effort: Some(false), ..Compat::default() };
    mine.models = vec![
        thinks("gpt-5-pro"),
        thinks("gpt-5.2"),
        ModelEntry { compat: untold, ..thinks("untold") },
        thinks("set"),
    ];
    let mut params = serde_json::Map::new();
    params.insert("reasoning_effort".to_owned(), "low".into());
    let allowed = ["zai/deep", "zai/plain", "mine/gpt-5-pro", "mine/gpt-5.2", "mine/untold", "mine/set"];
    let allowed = allowed.map(|reference| AllowedModel {
        reference: reference.to_owned(),
        alias: None,
        params: if reference == "mine/set" { params.clone() } else { serde_json::Map::new() },
    });
    let providers = Providers {
        model: Choice::only("zai/deep"),
        allowed: allowed.to_vec(),
        entries: vec![zai, mine],
        ..Providers::default()
    };
    let models = Arc::new(Catalog::new(providers, Environment::default()));
    let mut settings = world.runtime.settings.clone();
    settings.thinking_default = Some(ThinkingLevel::Off);
    let runtime = &world.runtime;
    Arc::new(AgentRuntime {
        id: runtime.id.clone(),
        name: runtime.name.clone(),
        settings,
        workspace: runtime.workspace.clone(),
        sessions: runtime.sessions.clone(),
        sessions_dir: runtime.sessions_dir.clone(),
        toolbox: runtime.toolbox.clone(),
        group_toolbox: runtime.group_toolbox.clone(),
        memory: runtime.memory.clone(),
        models,
        auth: runtime.auth.clone(),
        refresher: runtime.refresher.clone(),
        spending: runtime.spending.clone(),
        clock: runtime.clock.clone(),
        present: runtime.present.clone(),
    })
}

#[tokio::test]
async fn a_level_of_thinking_is_for_a_session_or_for_one_message() {
    let mut world = world(&[]);
    world.runtime = thinker(&world);
    let lanes = world.lanes(2);
    let rows = [
        ("one", "disabled"),
        ("/think high two", "enabled"),
        ("three /t:off", "disabled"),
        ("/think:medium", "Thinking level set to medium."),
        ("four", "enabled"),
        ("/think", "Current thinking level: medium. Levels: off, minimal, low, medium, high, xhigh."),
        (
            "/think big",
            "Unrecognized thinking level \"big\". Levels: off, minimal, low, medium, high, xhigh.",
        ),
        ("/think off", "Thinking disabled."),
        ("five", "disabled"),
        ("/think default", "Thinking level is the configured one again: off."),
        ("/model plain", "Model set to plain (zai/plain)."),
        (
            "/think high",
            "Thinking level set to high. zai/plain does not think, so its answers stay as they are.",
        ),
        ("six", "null"),
        ("/model 1", "Model set to zai/deep."),
        ("seven", "enabled"),
        ("/model nobody/x", "Unknown"),
        ("/model 99", "There are"),
        ("/model default", "Model reset to default (zai/deep)."),
    ];
    for (text, expected) in rows {
        let before = world.server.requests().len();
        let outcome = world.turn(&lanes, "main", text).await;
        let Outcome::Replied { text: said } = outcome else { panic!("{text}: {outcome:?}") };
        let asked = world.server.requests().split_off(before);
        match asked.last().map(|request| &request.body) {
            Some(body) => {
                let kind = &body["thinking"]["type"];
                assert_eq!(kind.as_str().unwrap_or("null"), expected, "{text}");
                let last = body["messages"].as_array().unwrap().last().unwrap().to_string();
                assert!(!last.contains("/t"), "{last}");
            }
            None if expected == "Unknown" => assert!(said.contains("nobody"), "{said}"),
            None => assert!(said.starts_with(expected), "{text}: {said}"),
        }
    }
    let listed = world.turn(&lanes, "main", "/model").await;
    let Outcome::Replied { text } = listed else { panic!("{listed:?}") };
    assert!(text.starts_with("Current: zai/deep\n1. zai/deep\n") && text.contains("zai/plain"), "{text}");
}

#[tokio::test]
async fn a_level_beside_a_message_stays_if_it_is_meant_to() {
    let mut world = world(&[]);
    world.runtime = thinker(&world);
    let lanes = world.lanes(2);
    let rows = [
        (Some(AskedThinking::Once(ThinkingLevel::High)), "enabled"),
        (None, "disabled"),
        (Some(AskedThinking::FromNowOn(ThinkingLevel::Low)), "enabled"),
        (None, "enabled"),
    ];
    for (thinking, expected) in rows {
        let (job, _) = world.job("run", "hello");
        let Job::Turn(mut job) = job else { panic!("a turn was made") };
        job.thinking = thinking;
        lanes.submit(&world.runtime, &key_of("main"), Job::Turn(job)).unwrap();
        world.end().await;
        let body = world.server.requests().pop().unwrap().body;
        assert_eq!(body["thinking"]["type"], expected, "{thinking:?}");
    }
}

async fn says(world: &mut World, key: &str, text: &str, may: SenderMay) -> String {
    let lanes = world.lanes(2);
    let (job, _) = world.job("run", text);
    let Job::Turn(mut job) = job else { panic!("a turn was made") };
    job.may = may;
    lanes.submit(&world.runtime, &key_of(key), Job::Turn(job)).unwrap();
    let outcome = world.end().await.1;
    let Outcome::Replied { text: said } = outcome else { panic!("{text}: {outcome:?}") };
    said
}

/// Nobody is told that a level holds which changes nothing.
#[tokio::test]
async fn a_level_that_comes_to_something_else_is_said_so() {
    let mut world = world(&[]);
    world.runtime = thinker(&world);
    let rows = [
        ("mine/gpt-5-pro", "low", "mine/gpt-5-pro has no such level and thinks at high."),
        (
            "mine/gpt-5-pro",
            "off",
            "mine/gpt-5-pro cannot stop thinking, so it thinks as little as it can: high.",
        ),
        ("mine/gpt-5.2", "off", "Thinking disabled."),
        ("mine/gpt-5.2", "xhigh", "Thinking level set to xhigh."),
        (
            "mine/untold",
            "high",
            "mine/untold cannot be told how hard to think, so its answers stay as they are.",
        ),
        ("mine/set", "high", "decide how it thinks, so its answers stay as they are."),
        ("zai/deep", "high", "zai/deep only thinks or does not, so now it thinks."),
    ];
    for (model, level, expected) in rows {
        says(&mut world, "main", &format!("/model {model}"), SenderMay::Choose).await;
        let said = says(&mut world, "main", &format!("/think {level}"), SenderMay::Choose).await;
        assert!(said.ends_with(expected), "{model} {level}: {said}");
    }
}

/// What `sessions.patch` wants an administrator for.
#[tokio::test]
async fn only_who_may_chooses_for_a_session() {
    let mut world = world(&[]);
    world.runtime = thinker(&world);
    for refused in ["/think high", "/think default", "/model plain", "/model 2", "/model default"] {
        let said = says(&mut world, "main", refused, SenderMay::Look).await;
        assert!(said.contains("is for administrators"), "{refused}: {said}");
    }
    assert_eq!(world.server.requests().len(), 0);
    let shown = says(&mut world, "main", "/think", SenderMay::Look).await;
    assert!(shown.starts_with("Current thinking level: off."), "{shown}");
    assert!(says(&mut world, "main", "/model", SenderMay::Look).await.starts_with("Current: zai/deep"));
    let asked = |world: &World| world.server.requests().pop().unwrap().body["thinking"]["type"].clone();
    says(&mut world, "main", "/think high one", SenderMay::Look).await;
    assert_eq!(asked(&world), "enabled", "a level for the message is its sender's business");
    says(&mut world, "main", "two", SenderMay::Look).await;
    assert_eq!(asked(&world), "disabled");

    let lanes = world.lanes(2);
    for (text, expected) in [("three", "enabled"), ("four", "disabled")] {
        let (job, _) = world.job("run", text);
        let Job::Turn(mut job) = job else { panic!("a turn was made") };
        job.may = SenderMay::Look;
        job.thinking = (text == "three").then_some(AskedThinking::FromNowOn(ThinkingLevel::High));
        lanes.submit(&world.runtime, &key_of("main"), Job::Turn(job)).unwrap();
        world.end().await;
        assert_eq!(asked(&world), expected, "{text}");
    }
}

#[tokio::test]
async fn a_group_hears_neither_endpoint_nor_account() {
    let mut world = world(&[]);
    world.runtime = thinker(&world);
    for (key, is_told) in [("main", true), ("slack:channel:c1", false)] {
        says(&mut world, key, "/model status", SenderMay::Choose).await;
        world.runtime.sessions.update(key_of(key).as_str(), |entry| {
            entry.set_text(openclaw_store::field::AUTH_PROFILE_OVERRIDE, "zai:anna@example.org");
        });
        let said = says(&mut world, key, "/model status", SenderMay::Choose).await;
        assert_eq!(said.contains("zai:anna@example.org"), is_told, "{key}: {said}");
        assert_eq!(said.contains("Endpoint:"), is_told, "{key}: {said}");
    }
}
