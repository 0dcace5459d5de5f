//! Lanes: order, limits, aborts, and what an agent may do when its turn comes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at once when something is not as it should be"
)]

mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use openclaw_agent::prompt::Audience;
use openclaw_agent::spending::Limit;
use openclaw_agent::turn::{AbortReason, Outcome, TurnError, TurnEvent};
use openclaw_agent::{AgentRuntime, Ending, Job, Present, RunObserver, TurnObserver, TurnReport};
use openclaw_guard::write_atomic;
use openclaw_store::{SessionEntry, SessionId, field};
use openclaw_testkit::model_server::Reply;
use openclaw_tools::{Exec, Policy, Toolbox, ToolboxOptions};

use serde_json::Value;

use world::{Watcher, World, key_of, replied, world};

#[tokio::test]
async fn one_session_answers_in_order_and_others_do_not_wait() {
    let mut world = world(&[]);
    let lanes = world.lanes(8);
    world.server.push(Reply::slow_text("slow answer", Duration::from_millis(100)));
    let (first, _) = world.job("first", "a");
    lanes.submit(&world.runtime, &key_of("x"), first).unwrap();
    world.server.wait_requests(1).await;
    world.server.script([Reply::text("other"), Reply::text("second")]);
    let (other, _) = world.job("other", "c");
    lanes.submit(&world.runtime, &key_of("y"), other).unwrap();
    assert_eq!(world.end().await, ("other".into(), replied("other")));
    let (second, _) = world.job("second", "b");
    lanes.submit(&world.runtime, &key_of("x"), second).unwrap();
    assert_eq!(world.end().await, ("first".into(), replied("slow answer")));
    assert_eq!(world.end().await, ("second".into(), replied("second")));
}

#[tokio::test]
async fn a_full_session_says_so_and_everyone_who_was_accepted_gets_an_end() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.push(Reply::Silent);
    let (running, abort) = world.job("running", "a");
    lanes.submit(&world.runtime, &key_of("x"), running).unwrap();
    world.server.wait_requests(1).await;
    let mut handles = Vec::new();
    let mut refused = 0;
    for n in 0..40 {
        let (job, handle) = world.job(&format!("{n}"), "b");
        handles.push(handle);
        refused += usize::from(lanes.submit(&world.runtime, &key_of("x"), job).is_err());
    }
    assert_eq!(refused, 8);
    for handle in &handles {
        handle.abort(AbortReason::Rpc);
    }
    abort.abort(AbortReason::StopWord);
    let mut interrupted = 0;
    for _ in 0..41 {
        match world.end().await.1 {
            Outcome::Failed(TurnError::Interrupted) => interrupted += 1,
            Outcome::Aborted { .. } => {}
            other @ (Outcome::Replied { .. } | Outcome::Silent | Outcome::Failed(_)) => panic!("{other:?}"),
        }
    }
    assert_eq!(interrupted, 8, "a job that is not taken is told so");
    assert_eq!(world.server.requests().len(), 1, "an aborted message never reaches a provider");
}

#[tokio::test]
async fn a_panic_ends_its_run_and_not_the_session() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    let broken =
        Watcher { id: "broken".into(), ends: world.sender.clone(), panics: true, seen: Mutex::new(0) };
    let (job, _) = world.job_watched_by("a", broken);
    lanes.submit(&world.runtime, &key_of("x"), job).unwrap();
    assert_eq!(world.end().await, ("broken".into(), Outcome::Failed(TurnError::Interrupted)));
    world.server.push(Reply::text("fine"));
    assert_eq!(world.turn(&lanes, "x", "b").await, replied("fine"));
}

#[tokio::test]
async fn the_prompt_of_a_session_never_changes_and_notes_come_before_the_first_message() {
    let mut world =
        world(&[("AGENTS.md", "be kind"), ("MEMORY.md", "likes tea"), ("memory/2026-11-19.md", "- rain")]);
    let lanes = world.lanes(1);
    world.server.script([Reply::text("one"), Reply::text("two"), Reply::text("three")]);
    world.turn(&lanes, "main", "first").await;
    world.clock.advance(Duration::from_secs(3_600));
    write_atomic(&world.dir.path().join("workspace/memory/2026-11-20.md"), b"- new\n").unwrap();
    world.turn(&lanes, "main", "second").await;
    let ((system, first), (later_system, later)) = (world.prompt(0), world.prompt(1));
    assert_eq!(system, later_system);
    assert!(later.starts_with(&first), "what was sent once is sent again unchanged");
    assert!(system.contains("be kind") && system.contains("likes tea") && !system.contains("rain"));
    assert!(!system.contains("2026"), "no time in the system prompt: {system}");
    assert!(first[0]["content"].to_string().contains("- rain"), "{first:?}");
    assert!(first[1]["content"].to_string().contains("[Fri 2026-11-20 10:27 UTC] first"), "{first:?}");

    // After a restart of the lane the conversation is read back from disk, the same.
    let lanes = world.lanes(1);
    world.turn(&lanes, "main", "third").await;
    assert!(world.prompt(2).1.starts_with(&later[..3]));
}

#[tokio::test]
async fn a_group_never_sees_what_is_private() {
    let secret = "canary-private";
    let mut world = world(&[
        ("USER.md", secret),
        ("MEMORY.md", secret),
        ("memory/2026-11-20.md", secret),
        ("AGENTS.md", "rules"),
    ]);
    let lanes = world.lanes(1);
    world.server.script([
        Reply::tool_call("memory_search", &serde_json::json!({"query": "canary"})),
        Reply::tool_call("read", &serde_json::json!({"path": "MEMORY.md"})),
        Reply::tool_call("write", &serde_json::json!({"path": "AGENTS.md", "content": "obey"})),
        Reply::text("done"),
    ]);
    world.turn(&lanes, "agent:main:slack:channel:c1", "what do you know?").await;
    for request in world.server.requests() {
        assert!(!request.body.to_string().contains(secret));
        for tool in ["memory_search", "read", "write"] {
            assert!(!request.body["tools"].to_string().contains(tool), "{tool}");
        }
    }
    let rules = std::fs::read_to_string(world.dir.path().join("workspace/AGENTS.md")).unwrap();
    assert_eq!(rules, "rules", "a group plants no instructions");
}

#[tokio::test]
async fn who_listens_is_known_of_every_kind_of_session() {
    let world = world(&[]);
    let rows = [
        ("main", Audience::MainPrivate),
        ("work", Audience::Private),
        ("slack:channel:c1", Audience::Group),
        ("telegram:direct:5", Audience::Group),
        ("hook:5", Audience::Group),
        ("subagent:5", Audience::Group),
        // Nobody can say who listens there.
        ("unknown", Audience::Group),
    ];
    for (key, expected) in rows {
        let key = key_of(key);
        // Before anybody has said a word, and with the entry that the first word makes.
        assert_eq!(world.runtime.audience_now(&key), expected, "{key}");
        let entry = world.runtime.new_entry(&key, &SessionId::random());
        assert_eq!(world.runtime.audience(&key, &entry), expected, "{key}");
    }
}

/// A sub-agent knows what its parent knows, and no more.
#[tokio::test]
async fn sub_agents_have_the_audience_of_their_parent() {
    let world = world(&[]);
    let spawn = |child: &str, parent: &str| {
        let (key, id) = (key_of(child), SessionId::random());
        let mut entry = world.runtime.new_entry(&key, &id);
        entry.set_text(field::SPAWNED_BY, parent);
        world.runtime.sessions.get_or_create(key.as_str(), || entry).unwrap();
        world.runtime.audience_now(&key)
    };
    let rows = [
        ("subagent:1", "main", Audience::Private),
        ("subagent:2", "subagent:1", Audience::Private),
        ("subagent:3", "telegram:direct:5", Audience::Group),
        ("subagent:4", "subagent:3", Audience::Group),
        ("subagent:5", "slack:channel:c1", Audience::Group),
        // As somebody else may have written it down.
        ("subagent:9", "agent:main:main", Audience::Private),
        ("subagent:10", "agent:main:telegram:direct:5", Audience::Group),
        ("subagent:11", "voice:5", Audience::Group),
        ("subagent:12", "global", Audience::Private),
        ("subagent:13", "agent:other:main", Audience::Private),
        ("subagent:14", "agent:other:work", Audience::Group),
        ("subagent:15", ":", Audience::Group),
        // Nobody is at the top.
        ("subagent:6", "subagent:7", Audience::Group),
        ("subagent:7", "subagent:6", Audience::Group),
        ("subagent:8", "subagent:8", Audience::Group),
    ];
    for (child, parent, expected) in rows {
        assert_eq!(spawn(child, parent), expected, "{child}");
    }
}

#[tokio::test]
async fn a_turn_ends_in_the_folder_it_began_in_and_the_next_one_goes_on_in_the_new() {
    let mut world = world(&[("AGENTS.md", "the first folder")]);
    let with_exec = ToolboxOptions { exec: Exec::On, ..ToolboxOptions::default() };
    Arc::get_mut(&mut world.runtime).unwrap().toolbox = Arc::new(Toolbox::new(with_exec));
    let lanes = world.lanes(1);
    let write = |path: &str| Reply::tool_call("write", &serde_json::json!({"path": path, "content": "x"}));
    let swap = "mv ../workspace ../aside && mkdir ../workspace";
    world.server.script([
        write("before.md"),
        Reply::tool_call("exec", &serde_json::json!({"command": swap})),
        // Memory looks where the workspace is before it answers.
        Reply::tool_call("memory_search", &serde_json::json!({"query": "x"})),
        write("after.md"),
        Reply::text("done"),
        write("next.md"),
        Reply::text("done"),
    ]);
    assert_eq!(world.turn(&lanes, "main", "go").await, replied("done"));
    let there = |path: &str| world.dir.path().join(path).exists();
    assert_eq!(world.runtime.workspace.number(), 1, "memory went over");
    assert!(there("aside/before.md") && there("aside/after.md") && !there("workspace/after.md"));
    assert_eq!(world.turn(&lanes, "main", "go on").await, replied("done"));
    let there = |path: &str| world.dir.path().join(path).exists();
    assert!(there("workspace/next.md") && !there("aside/next.md"));
    let (system, _) = world.prompt(5);
    assert!(world.prompt(4).0.contains("the first folder") && !system.contains("the first folder"));
}

#[tokio::test]
async fn starting_over_keeps_the_old_conversation_on_disk() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.script([Reply::text("one"), Reply::text("two")]);
    world.turn(&lanes, "main", "first").await;
    let before = world.runtime.sessions.get("agent:main:main").unwrap().session_id();
    assert_eq!(world.turn(&lanes, "main", "/new and now?").await, replied("two"));
    let after = world.runtime.sessions.get("agent:main:main").unwrap().session_id();
    assert_ne!(before, after);
    assert!(world.runtime.sessions_dir.join(before.transcript_file_name()).exists());
    let messages = world.prompt(1).1;
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0]["content"].to_string().contains("and now?"));
}

/// The first record of a transcript.
fn header(runtime: &AgentRuntime, id: &SessionId) -> Value {
    let text = std::fs::read_to_string(runtime.sessions_dir.join(id.transcript_file_name())).unwrap();
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

#[tokio::test]
async fn a_stale_session_starts_over_and_names_the_one_before() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.script((0..4).map(|n| Reply::text(&format!("answer {n}"))));
    let entry = |world: &World| world.runtime.sessions.get("agent:main:main").unwrap();
    world.turn(&lanes, "main", "first").await;
    let first = entry(&world);
    world.runtime.sessions.update("agent:main:main", |entry| {
        entry.set_text(field::THINKING_LEVEL, "high");
        entry.set_text(field::LABEL, "mine");
        entry.set(field::COMPACTION_COUNT, &3);
        entry.set_json("systemPromptReport", serde_json::json!({}));
    });
    assert_eq!(header(&world.runtime, &first.session_id()).get("parentSession"), None);

    // Until four in the morning it is the same.
    world.clock.advance(Duration::from_secs(17 * 3_600 + 32 * 60));
    world.turn(&lanes, "main", "late").await;
    assert_eq!(entry(&world).session_id(), first.session_id());
    world.clock.advance(Duration::from_secs(120));
    world.turn(&lanes, "main", "early").await;
    let second = entry(&world);
    assert_ne!(second.session_id(), first.session_id());
    assert_eq!(world.prompt(2).1.len(), 1, "a new conversation");
    assert_eq!(
        (second.text(field::THINKING_LEVEL), second.text(field::LABEL), second.get(field::COMPACTION_COUNT)),
        (Some("high"), Some("mine"), Some(0))
    );
    assert_eq!(second.as_map().get("systemPromptReport"), None);
    assert_eq!(second.text(field::PREVIOUS_SESSION_ID), Some(first.session_id().as_str()));
    let parent = world.runtime.sessions_dir.join(first.session_id().transcript_file_name());
    let header_of = |entry: &SessionEntry| header(&world.runtime, &entry.session_id());
    assert_eq!(header_of(&second)["parentSession"], parent.to_str().unwrap());

    // Sessions in which nothing was said are passed over.
    for _ in 0..2 {
        let (done, reset) = tokio::sync::oneshot::channel();
        lanes.submit(&world.runtime, &key_of("main"), Job::Reset { done }).unwrap();
        reset.await.unwrap().unwrap();
    }
    // What is injected begins the next conversation, too.
    world.clock.advance(Duration::from_secs(30 * 3_600));
    let (done, written) = tokio::sync::oneshot::channel();
    lanes.submit(&world.runtime, &key_of("main"), Job::Inject { text: "hello".into(), done }).unwrap();
    written.await.unwrap().unwrap();
    let third = entry(&world);
    assert_eq!(third.text(field::PREVIOUS_SESSION_ID), Some(second.session_id().as_str()));
    world.turn(&lanes, "main", "and?").await;
    assert_eq!(entry(&world).session_id(), third.session_id());
}

#[tokio::test]
async fn a_session_that_is_asked_for_by_its_id_goes_on() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.script([Reply::text("one"), Reply::text("two")]);
    world.turn(&lanes, "main", "first").await;
    let id = world.runtime.sessions.get("agent:main:main").unwrap().session_id();
    world.clock.advance(Duration::from_secs(48 * 3_600));
    let (job, _) = world.job("run", "second");
    let Job::Turn(mut job) = job else { panic!("a turn") };
    job.session_id = Some(id.clone());
    lanes.submit(&world.runtime, &key_of("main"), Job::Turn(job)).unwrap();
    world.end().await;
    assert_eq!(world.runtime.sessions.get("agent:main:main").unwrap().session_id(), id);
}

/// The same agent under another name: what a change of the configuration makes of it.
fn renamed(runtime: &AgentRuntime, name: &str) -> Arc<AgentRuntime> {
    Arc::new(AgentRuntime {
        id: runtime.id.clone(),
        name: name.to_owned(),
        settings: runtime.settings.clone(),
        workspace: runtime.workspace.clone(),
        sessions: runtime.sessions.clone(),
        sessions_dir: runtime.sessions_dir.clone(),
        toolbox: runtime.toolbox.clone(),
        group_toolbox: runtime.group_toolbox.clone(),
        memory: runtime.memory.clone(),
        models: runtime.models.clone(),
        auth: runtime.auth.clone(),
        refresher: runtime.refresher.clone(),
        spending: runtime.spending.clone(),
        clock: runtime.clock.clone(),
        present: runtime.present.clone(),
    })
}

#[tokio::test]
async fn a_changed_agent_answers_the_next_message_of_a_session_that_is_awake() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.script([Reply::text("one"), Reply::text("two")]);
    world.turn(&lanes, "main", "first").await;
    world.runtime = renamed(&world.runtime, "Vesper");
    world.turn(&lanes, "main", "second").await;
    let (before, _) = world.prompt(0);
    let (after, messages) = world.prompt(1);
    assert!(!before.contains("Vesper") && after.contains("Vesper"), "{after}");
    assert_eq!(messages.len(), 3, "the conversation goes on: {messages:?}");
}

#[tokio::test]
async fn the_limit_over_all_sessions_moves_while_turns_run() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.script([Reply::Silent, Reply::Silent]);
    let (first, stop_first) = world.job("first", "a");
    lanes.submit(&world.runtime, &key_of("x"), first).unwrap();
    world.server.wait_requests(1).await;
    let (second, stop_second) = world.job("second", "b");
    lanes.submit(&world.runtime, &key_of("y"), second).unwrap();
    lanes.set_max_turns(2);
    world.server.wait_requests(2).await;
    lanes.set_max_turns(1);
    stop_first.abort(AbortReason::Rpc);
    assert_eq!(world.end().await.0, "first");
    world.server.push(Reply::text("third"));
    let (third, _) = world.job("third", "c");
    lanes.submit(&world.runtime, &key_of("z"), third).unwrap();
    stop_second.abort(AbortReason::Rpc);
    assert_eq!(world.end().await.0, "second", "the third waits: one turn at a time again");
    assert_eq!(world.end().await, ("third".into(), replied("third")));
}

#[tokio::test]
async fn a_shut_down_ends_every_turn_and_tells() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    world.server.push(Reply::Silent);
    let (job, _) = world.job("run", "a");
    lanes.submit(&world.runtime, &key_of("x"), job).unwrap();
    world.server.wait_requests(1).await;
    lanes.shut_down(Duration::from_secs(5)).await;
    assert_eq!(world.end().await, ("run".into(), Outcome::Failed(TurnError::Interrupted)));
    assert_eq!(lanes.active(), 0);
}

/// The same agent without tools that change anything.
fn narrowed(runtime: &AgentRuntime) -> Arc<AgentRuntime> {
    let deny = vec!["write".to_owned(), "edit".to_owned()];
    let policy = Policy { allow: Vec::new(), deny };
    let toolbox = Toolbox::new(ToolboxOptions { policy, ..ToolboxOptions::default() });
    let mut same = Arc::into_inner(renamed(runtime, "Claw")).unwrap();
    same.toolbox = Arc::new(toolbox);
    Arc::new(same)
}

#[tokio::test]
async fn a_tool_that_is_taken_away_is_gone_for_turns_that_run_and_messages_that_wait() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    let write = serde_json::json!({"path": "notes.md", "content": "x"});
    world.server.script([Reply::slow_text("slow", Duration::from_millis(50))]);
    let (first, _) = world.job("first", "a");
    lanes.submit(&world.runtime, &key_of("x"), first).unwrap();
    world.server.wait_requests(1).await;
    // One waits behind it in the session, one for its turn.
    for (id, key) in [("second", "x"), ("third", "y")] {
        let (job, _) = world.job(id, "b");
        lanes.submit(&world.runtime, &key_of(key), job).unwrap();
    }
    world.server.script([
        Reply::tool_call("write", &write),
        Reply::text("done"),
        Reply::tool_call("write", &write),
        Reply::text("done"),
    ]);
    let narrow = narrowed(&world.runtime);
    world.runtime.present.set(&narrow);
    for _ in 0..3 {
        world.end().await;
    }
    let requests = world.server.requests();
    let offers = |at: usize| requests[at].body["tools"].to_string().contains("\"write\"");
    assert!(offers(0), "it was there when the first turn began");
    assert!((1..requests.len()).all(|at| !offers(at)), "the others begin without it");
    assert!(!world.dir.path().join("workspace/notes.md").exists());
}

/// The same agent with a budget for a day.
fn limited(runtime: &AgentRuntime, tokens: u64) -> Arc<AgentRuntime> {
    let mut same = Arc::into_inner(renamed(runtime, "Claw")).unwrap();
    same.settings.budgets.day = Limit { tokens: Some(tokens), usd: None };
    Arc::new(same)
}

#[tokio::test]
async fn what_a_call_cost_is_kept_while_the_turn_goes_on() {
    let world = world(&[]);
    let lanes = world.lanes(1);
    let call = serde_json::json!({"path": "notes.md"});
    world.server.script([Reply::tool_call("read", &call), Reply::Silent]);
    let runtime = limited(&world.runtime, 1_000_000);
    let (job, stop) = world.job("run", "a");
    lanes.submit(&runtime, &key_of("x"), job).unwrap();
    world.server.wait_requests(2).await;
    // Another process that starts now, because this one was killed.
    let kept = async {
        loop {
            let file = std::fs::read(world.dir.path().join("spending.json")).unwrap_or_default();
            let file: Value = serde_json::from_slice(&file).unwrap_or_default();
            if let Some(tokens) = file["agents"]["main"]["tokens"].as_u64() {
                return tokens;
            }
            tokio::task::yield_now().await;
        }
    };
    let kept = tokio::time::timeout(Duration::from_secs(20), kept).await.unwrap();
    let entry = runtime.sessions.get(key_of("x").as_str()).unwrap();
    assert!(kept > 0);
    assert_eq!(entry.get::<u64>(field::SPENT_TOKENS), Some(kept), "the session knows it, too");
    stop.abort(AbortReason::Rpc);
}

/// Takes tools away when the turn has begun.
struct Narrowing {
    present: Arc<Present>,
    narrow: Arc<AgentRuntime>,
    inner: Watcher,
}

impl TurnObserver for Narrowing {
    fn event(&self, event: &TurnEvent) {
        if *event == TurnEvent::Started {
            self.present.set(&self.narrow);
        }
    }
}

impl RunObserver for Narrowing {
    fn ended(&self, report: &TurnReport) {
        self.inner.ended(report);
    }

    fn outcome(&self, report: &TurnReport) -> Vec<u8> {
        self.inner.outcome(report)
    }

    fn dropped(&self) {
        self.inner.dropped();
    }
}

#[tokio::test]
async fn a_running_turn_asks_what_is_allowed_now() {
    let mut world = world(&[]);
    let lanes = world.lanes(1);
    let write = serde_json::json!({"path": "notes.md", "content": "x"});
    world.server.script([Reply::tool_call("write", &write), Reply::text("done")]);
    let (job, _) = world.job("run", "a");
    let Job::Turn(mut job) = job else { panic!("a turn") };
    let inner = Watcher { id: "run".into(), ends: world.sender.clone(), panics: false, seen: Mutex::new(0) };
    let narrow = narrowed(&world.runtime);
    let observer = Narrowing { present: world.runtime.present.clone(), narrow, inner };
    std::mem::replace(&mut job.ending, Ending::new(Arc::new(observer))).discard();
    lanes.submit(&world.runtime, &key_of("x"), Job::Turn(job)).unwrap();
    assert_eq!(world.end().await.1, replied("done"));
    let requests = world.server.requests();
    assert!(requests[0].body["tools"].to_string().contains("\"write\""), "it was offered");
    assert!(!world.dir.path().join("workspace/notes.md").exists(), "and is not done");
}
