//! What an agent remembers while its gateway runs: notes as they are written, and conversations where that is configured.

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::support::{
    binary, chat, client, config, config_with_model, gateway_in, stdout, stdout_json, text,
};

/// Looks like a key of a provider.
const KEY: &str = "sk-ant-api03-Zk3vQ9xW7mT2bL8cR5nD4fH6jP1sG0yA";

fn with_conversations() -> Value {
    json!({"agents": {"defaults": {"memorySearch": {
        "sources": ["memory", "sessions"],
        "experimental": {"sessionMemory": true},
    }}}})
}

/// What the tool gave the model.
fn result(server: &ModelServer) -> Value {
    let requests = server.requests();
    let messages = requests.last().unwrap().body["messages"].as_array().unwrap();
    serde_json::from_str(messages.last().unwrap()["content"].as_str().unwrap()).unwrap()
}

fn paths(answer: &Value) -> Vec<&str> {
    answer["results"].as_array().unwrap().iter().map(|hit| hit["path"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_note_written_while_the_gateway_runs_is_found_at_once() {
    let server = ModelServer::start();
    let home = TempHome::new();
    home.write(".openclaw/workspace/memory/2024-05-01.md", "- The spare key hangs in the barn.\n");
    let gateway = gateway_in(&home, &config_with_model(&server.base_url(), json!({}))).await;
    let mut client = client(&gateway).await;
    let call = || [Reply::tool_call("memory_search", &json!({"query": "spare key"})), Reply::text("there")];
    server.script(call());
    chat(&mut client, "main", "where is the spare key?").await;
    assert_eq!(paths(&result(&server)), ["memory/2024-05-01.md"]);

    home.write(
        ".openclaw/workspace/memory/house/2024-05-02.md",
        "- The spare key lies under the blue pot.\n",
    );
    std::fs::remove_file(home.path().join(".openclaw/workspace/memory/2024-05-01.md")).unwrap();
    server.script(call());
    chat(&mut client, "main", "and now?").await;
    let answer = result(&server);
    assert_eq!(paths(&answer), ["memory/house/2024-05-02.md"], "{answer:#}");
    assert!(answer["results"][0]["snippet"].as_str().unwrap().contains("blue pot"), "{answer:#}");
}

#[tokio::test]
async fn a_conversation_is_found_where_that_is_configured_and_its_secrets_are_not_shown() {
    let server = ModelServer::start();
    let home = TempHome::new();
    home.write(".openclaw/workspace/MEMORY.md", "- Likes tea.\n");
    let configured = config_with_model(&server.base_url(), with_conversations());
    let gateway = gateway_in(&home, &configured).await;
    let mut client = client(&gateway).await;
    server.script([Reply::text("The ferry leaves at noon, I noted it.")]);
    chat(&mut client, "agent:main:webchat:direct:one", &format!("When leaves the ferry? My key is {KEY}"))
        .await;
    // The command and the gateway have one index.
    stdout(&home, &["memory", "index"]);
    let ask = json!({"query": "when does the ferry leave"});
    server.script([Reply::tool_call("memory_search", &ask), Reply::text("at noon")]);
    let end = chat(&mut client, "agent:main:webchat:direct:two", "when?").await;
    assert_eq!(text(&end), "at noon");
    let answer = result(&server);
    let hit = &answer["results"][0];
    assert_eq!(hit["source"], "sessions", "{answer:#}");
    assert!(hit["snippet"].as_str().unwrap().contains("Assistant: The ferry leaves at noon"), "{answer:#}");
    let path = hit["path"].as_str().unwrap().to_owned();

    server.script([Reply::tool_call("memory_get", &json!({"path": path})), Reply::text("read")]);
    chat(&mut client, "agent:main:webchat:direct:two", "read it").await;
    let read = result(&server);
    let said = read["text"].as_str().unwrap();
    assert!(said.contains("\nUser: When leaves the ferry?") && !said.contains("message_id"), "{read:#}");
    assert!(!answer.to_string().contains(KEY) && !read.to_string().contains(KEY), "{answer:#} {read:#}");

    // A group has no tools of memory, and other agents have other conversations.
    server.script([Reply::tool_call("memory_get", &json!({"path": path})), Reply::text("nothing")]);
    chat(&mut client, "agent:main:telegram:group:1", "read it").await;
    let refused = server.requests().last().unwrap().body.to_string();
    assert!(!refused.contains("The ferry leaves at noon"), "{refused}");

    drop(gateway);
    let found = || stdout_json(&home, &["memory", "search", "ferry noon", "--json"]);
    // The other conversation speaks of it, too.
    assert_eq!(paths(&found()).first(), Some(&path.as_str()));
    assert!(!found().to_string().contains(KEY));
    // The experiment alone, or the source alone, is not enough.
    for search in
        [json!({"sources": ["memory", "sessions"]}), json!({"experimental": {"sessionMemory": true}})]
    {
        home.write_config(&config(json!({"agents": {"defaults": {"memorySearch": search}}})));
        assert_eq!(paths(&found()), [""; 0]);
    }
}

#[test]
fn an_index_in_another_place_is_one_for_each_agent_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = TempHome::new();
    let elsewhere = home.path().join("elsewhere");
    let rows = [
        ("{agentId}/index.sqlite", ["main/index.sqlite", "ops/index.sqlite"]),
        ("index.sqlite", ["index.sqlite", "index.ops.sqlite"]),
    ];
    for (path, expected) in rows {
        home.write_config(&config(json!({"agents": {
            "defaults": {"memorySearch": {"store": {"path": elsewhere.join(path)}}},
            "list": [{"id": "main", "default": true}, {"id": "ops"}],
        }})));
        home.write(".openclaw/workspace/MEMORY.md", "- The gazebo is green.\n");
        home.write(".openclaw/workspace-ops/MEMORY.md", "- The pagoda is red.\n");
        for (agent, file) in ["main", "ops"].into_iter().zip(expected) {
            stdout(&home, &["memory", "index", "--agent", agent]);
            let status = stdout_json(&home, &["memory", "status", "--agent", agent, "--json"]);
            assert_eq!(status["database"], json!(elsewhere.join(file)), "{status:#}");
            let mode = elsewhere.join(file).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let other = stdout_json(&home, &["memory", "search", "gazebo", "--agent", "ops", "--json"]);
        assert_eq!(paths(&other), [""; 0]);
    }
    assert!(!home.state_dir().join("memory").exists());
}

/// P-18: killed at a change of the disk, in the middle of indexing and of building anew.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn an_index_that_broke_off_anywhere_is_correct_afterwards() {
    use openclaw_testkit::trace::{Plan, Traced, is_allowed};
    use std::time::Duration;

    if !is_allowed() {
        return;
    }
    let patience = Duration::from_secs(60);
    let make = || {
        let home = TempHome::new();
        home.write_config(&config(json!({})));
        for name in ["a", "b", "c", "d"] {
            let text = format!("# {name}\n- The code of {name} is needle-{name}.\n");
            home.write(format!(".openclaw/workspace/memory/{name}.md"), &text);
        }
        home
    };
    let notes = |home: &TempHome| {
        ["a", "b", "c", "d"].map(|name| home.read(format!(".openclaw/workspace/memory/{name}.md")))
    };
    for args in [&["memory", "index"][..], &["memory", "index", "--force"]] {
        let prepared = || {
            let home = make();
            if args.contains(&"--force") {
                stdout(&home, &["memory", "index"]);
                // What is there is old in part.
                home.write(".openclaw/workspace/memory/d.md", "# d\n- The code of d is needle-d, truly.\n");
            }
            home
        };
        let whole = prepared();
        let traced = Traced::start(binary(), &whole, args, Plan::none());
        assert!(traced.wait_end(patience).is_some(), "{}", traced.output());
        let steps = traced.count();
        assert!(steps > 20, "{steps}");
        let mut killed = 0;
        for step in (1..=steps).step_by((steps / 12).max(1)) {
            let home = prepared();
            let before = notes(&home);
            let traced = Traced::start(binary(), &home, args, Plan::kill_before(step));
            let end = traced.wait_end(patience);
            killed += usize::from(end.is_some_and(|end| end.is_kill()));
            let trace = traced.describe_last(5);
            let query = "needle-a needle-b needle-c needle-d";
            let found = stdout_json(&home, &["memory", "search", query, "--json"]);
            let mut found_in = paths(&found);
            found_in.sort_unstable();
            let expected = ["a", "b", "c", "d"].map(|name| format!("memory/{name}.md"));
            assert_eq!(found_in, expected, "step {step} of {args:?}\n{trace}\n{found:#}");
            assert_eq!(found["stale"], json!(false), "step {step} of {args:?}\n{found:#}");
            assert_eq!(notes(&home), before);
        }
        // The last steps may come in another order.
        assert!(killed >= 8, "{killed} of {steps}");
    }
}
