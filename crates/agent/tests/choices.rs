//! What is chosen for a session: how hard its model thinks, and which model that is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at once when something is not as it should be"
)]

mod world;

use std::sync::Arc;

use openclaw_agent::turn::Outcome;
use openclaw_agent::{AgentRuntime, AskedThinking, Job};
use openclaw_models::ThinkingLevel;
use openclaw_models::catalog::{Catalog, Choice, Environment, ModelEntry, ProviderEntry, Providers};

use world::{World, key_of, world};

/// The world's agent with a model that thinks and one that does not.
fn thinker(world: &World) -> Arc<AgentRuntime> {
    let mut provider = ProviderEntry::new("zai", &world.server.base_url());
    provider.models =
        vec![ModelEntry { reasoning: true, ..ModelEntry::new("deep") }, ModelEntry::new("plain")];
    let providers =
        Providers { model: Choice::only("zai/deep"), entries: vec![provider], ..Providers::default() };
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
