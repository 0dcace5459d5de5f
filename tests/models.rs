//! `openclaw models`, credentials, failover and budgets, with the whole program against scripted providers on loopback.

use std::os::unix::fs::PermissionsExt as _;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply, ScriptedCall};
use serde_json::{Value, json};

use crate::support::{
    PATIENCE, chat, client, config, fed, gateway_in, merge, run, said, stdout, stdout_json, text,
};

/// Two providers: the one that is meant, and the one behind it.
fn two(first: &ModelServer, second: &ModelServer, extra: Value) -> Value {
    let provider = |server: &ModelServer| {
        json!({"baseUrl": server.base_url(), "apiKey": "k", "api": "openai-completions",
            "models": [{"id": "m", "name": "M", "contextWindow": 64_000, "maxTokens": 4096}]})
    };
    let mut all = config(json!({
        "models": {"providers": {"first": provider(first), "second": provider(second)}},
        "agents": {"defaults": {"model": {"primary": "first/m", "fallbacks": ["second/m"]}}},
    }));
    merge(&mut all, extra);
    all
}

const PROFILES: &str = ".openclaw/agents/main/agent/auth-profiles.json";

#[test]
fn choices_are_written_into_the_file_and_its_comments_stay() {
    let home = TempHome::new();
    home.write(".openclaw/openclaw.json", "{\n  // mine\n  gateway: { mode: 'local' }, // local\n}\n");
    stdout(&home, &["models", "set", "opus"]);
    stdout(&home, &["models", "fallbacks", "add", "z.ai/glm-4.7"]);
    stdout(&home, &["models", "fallbacks", "add", "zai/glm-4.7"]);
    stdout(&home, &["models", "fallbacks", "add", "gpt-mini"]);
    stdout(&home, &["models", "set-image", "google/gemini-3-flash"]);
    stdout(&home, &["models", "image-fallbacks", "add", "gpt"]);
    let file = home.read(".openclaw/openclaw.json").unwrap();
    assert!(file.contains("// mine") && file.contains("// local"), "{file}");
    let status = stdout_json(&home, &["models", "status", "--json"]);
    assert_eq!(status["resolvedDefault"], "anthropic/claude-opus-4-6");
    assert_eq!(status["fallbacks"], json!(["zai/glm-4.7", "openai/gpt-5-mini"]));
    assert_eq!(status["imageModel"], "google/gemini-3-flash-preview");
    assert_eq!(status["allowed"], json!([]), "to choose a model forbids no other");
    assert_eq!(status["auth"]["missingProvidersInUse"], json!(["anthropic", "google", "openai", "zai"]));
    assert_eq!(stdout(&home, &["models", "--status-plain"]), "anthropic/claude-opus-4-6\n");

    stdout(&home, &["models", "fallbacks", "remove", "zai/glm-4.7"]);
    assert_eq!(stdout(&home, &["models", "fallbacks", "list", "--plain"]), "openai/gpt-5-mini\n");
    stdout(&home, &["models", "fallbacks", "clear"]);
    assert_eq!(stdout_json(&home, &["models", "fallbacks", "list", "--json"]), json!({"fallbacks": []}));
    let listed = stdout(&home, &["models", "image-fallbacks", "list"]);
    assert_eq!(listed, "Image fallbacks (1):\n- openai/gpt-5.2\n");

    stdout(&home, &["models", "aliases", "add", "quick", "groq/openai/gpt-oss-20b"]);
    let taken = run(&home, &["models", "aliases", "add", "Quick", "opus"]);
    assert!(!taken.status.success() && said(&taken).contains("already points to groq/openai/gpt-oss-20b"));
    assert_eq!(stdout(&home, &["models", "aliases", "list", "--plain"]), "quick groq/openai/gpt-oss-20b\n");
    stdout(&home, &["models", "set", "quick"]);
    assert_eq!(stdout(&home, &["models", "status", "--plain"]), "groq/openai/gpt-oss-20b\n");
    stdout(&home, &["models", "aliases", "remove", "quick"]);
    assert_eq!(stdout_json(&home, &["models", "aliases", "list", "--json"]), json!({"aliases": {}}));
    let unknown = run(&home, &["models", "set", "nobody/m"]);
    assert!(!unknown.status.success() && said(&unknown).contains("is not configured"), "{}", said(&unknown));
}

#[test]
fn the_list_has_what_is_configured_and_all_what_is_known() {
    let home = TempHome::new();
    home.write_config(&config(json!({
        "agents": {"defaults": {"model": {"primary": "zai/glm-4.7", "fallbacks": ["openai/gpt-5-mini"]},
            "models": {"zai/glm-4.7": {"alias": "glm"}, "openai/gpt-5-mini": {}}}},
        "models": {"providers": {"zai": {"baseUrl": "https://api.z.ai/api/paas/v4", "apiKey": "sk-secret-zai"}}},
    })));
    let list = stdout_json(&home, &["models", "list", "--json"]);
    assert_eq!(list["count"], 2);
    assert_eq!(
        list["models"][0],
        json!({"key": "zai/glm-4.7", "name": "GLM-4.7", "input": "text", "contextWindow": 204_800, "local": false,
            "available": true, "tags": ["default", "configured", "alias:glm"], "missing": false})
    );
    assert_eq!(list["models"][1]["available"], false, "there is no key for it");
    assert_eq!(list["models"][1]["tags"], json!(["fallback#1", "configured"]));
    let plain = stdout(&home, &["models", "list", "--all", "--provider", "z-ai", "--plain"]);
    assert!(plain.lines().count() >= 8 && plain.lines().all(|line| line.starts_with("zai/")), "{plain}");
    let table = stdout(&home, &["models", "list"]);
    assert!(table.starts_with("Model ") && table.contains("200k"), "{table}");
    for args in [&["models", "status"][..], &["models", "status", "--json"], &["models", "list", "--json"]] {
        assert!(!stdout(&home, args).contains("sk-secret"), "{args:?}");
    }
}

#[test]
fn a_credential_is_kept_privately_and_never_shown() {
    let home = TempHome::new();
    home.write_config(&config(json!({"agents": {"defaults": {"model": "zai/glm-4.7"}}})));
    let missing = run(&home, &["models", "status", "--check"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("openclaw models auth add --provider zai"), "{}", said(&missing));

    let added = fed(&home, &["models", "auth", "add", "--provider", "Z.AI"], "sk-canary-one\n");
    assert!(added.status.success(), "{}", said(&added));
    let id = ["--provider", "zai", "--profile-id", "zai:sub", "--expires-in", "12h"];
    let pasted = fed(&home, &[&["models", "auth", "paste-token"][..], &id].concat(), "tok-canary-two");
    assert!(pasted.status.success(), "{}", said(&pasted));
    let path = home.path().join(PROFILES);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let file: Value = serde_json::from_str(&home.read(PROFILES).unwrap()).unwrap();
    assert_eq!(
        file["profiles"]["zai:default"],
        json!({"type": "api_key", "provider": "zai", "key": "sk-canary-one"})
    );
    assert!(file["profiles"]["zai:sub"]["expires"].as_i64().unwrap() > 1_700_000_000_000);

    assert_eq!(run(&home, &["models", "status", "--check"]).status.code(), Some(2), "one ends within a day");
    let status = stdout_json(&home, &["models", "status", "--json"]);
    assert_eq!(status["auth"]["oauth"]["profiles"][0]["status"], "expiring");
    assert_eq!(status["auth"]["providers"][0]["profiles"]["count"], 2);
    assert_eq!(stdout_json(&home, &["status", "--json"])["model"]["ok"], true);

    let order = ["models", "auth", "order"];
    stdout(&home, &[&order[..], &["set", "--provider", "zai", "zai:default", "zai:sub"]].concat());
    let got = stdout_json(&home, &[&order[..], &["get", "--provider", "z.ai", "--json"]].concat());
    assert_eq!(got["order"], json!(["zai:default", "zai:sub"]));
    stdout(&home, &[&order[..], &["clear", "--provider", "zai"]].concat());
    let cleared = stdout(&home, &[&order[..], &["get", "--provider", "zai"]].concat());
    assert!(cleared.contains("Order override: (none)"), "{cleared}");
    let unknown = run(&home, &[&order[..], &["set", "--provider", "zai", "zai:none"]].concat());
    assert!(!unknown.status.success() && said(&unknown).contains("zai:none"));

    let several = fed(&home, &["models", "auth", "add", "--provider", "zai"], "one two");
    assert!(!several.status.success() && !said(&several).contains("one two"));
    for args in
        [&["models", "status"][..], &["models", "status", "--json"], &["status", "--json"], &["doctor"]]
    {
        let shown = said(&run(&home, args));
        assert!(!shown.contains("canary"), "{args:?}: {shown}");
    }
}

#[test]
fn a_test_sends_one_real_request_and_explains_the_answer() {
    let server = ModelServer::builder().require_key("sk-good").start();
    let home = TempHome::new();
    home.write_config(&config(json!({
        "models": {"providers": {"mine": {"baseUrl": server.base_url(), "apiKey": "sk-old", "api": "openai-completions",
            "models": [{"id": "m", "name": "M", "cost": {"input": 1, "output": 2}}]}}},
    })));
    let refused = run(&home, &["models", "test"]);
    assert_eq!(refused.status.code(), Some(1));
    let words = said(&refused);
    assert!(words.contains("mine/m with models.providers.mine.apiKey fails"), "{words}");
    assert!(words.contains("mine answered 401: the API key was refused"), "{words}");

    fed(&home, &["models", "auth", "add", "--provider", "mine"], "sk-bad");
    fed(&home, &["models", "auth", "add", "--provider", "mine", "--profile-id", "mine:good"], "sk-good");
    let tested = stdout_json(&home, &["models", "test", "mine/m", "--json"]);
    assert_eq!((&tested["ok"], &tested["model"]), (&json!(true), &json!("mine/m")));
    let attempts = tested["attempts"].as_array().unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|it| (&it["credential"], &it["ok"])).collect();
    assert_eq!(
        outcomes,
        [
            (&json!("the profile mine:default"), &json!(false)),
            (&json!("the profile mine:good"), &json!(true))
        ]
    );
    assert!(attempts[1]["answer"].as_str().unwrap().contains("Reply with OK."), "{tested}");
    assert!(attempts[1]["costUsd"].as_f64().unwrap() > 0.0, "{tested}");
    assert!(!home.read(PROFILES).unwrap().contains("usageStats"), "a test is held against nobody");
    let all = server.requests();
    assert_eq!(all.len(), 3);
    assert_eq!(all[2].header("authorization"), Some("Bearer sk-good"));
    assert!(!tested.to_string().contains("sk-"), "{tested}");
}

#[tokio::test]
async fn another_model_answers_and_the_user_hears_of_it_once() {
    let (first, second) = (ModelServer::start(), ModelServer::start());
    first.script([Reply::rate_limited(3_600)]);
    let home = TempHome::new();
    let all = two(&first, &second, json!({}));
    let mut process = gateway_in(&home, &all).await;
    let mut client_one = client(&process).await;
    let answer = chat(&mut client_one, "main", "hello").await;
    let notice = "_second/m answers in place of first/m: it is rate limited._";
    assert!(text(&answer).starts_with(&format!("{notice}\n\nMock reply to:")), "{answer}");
    let next = chat(&mut client_one, "main", "and now?").await;
    assert!(text(&next).starts_with("Mock reply to:"), "told once: {next}");
    assert_eq!((first.requests().len(), second.requests().len()), (1, 2), "who rests is not asked");

    let history = client_one.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    let messages = history["messages"].as_array().unwrap();
    assert_eq!((&messages[1]["provider"], &messages[1]["model"]), (&json!("second"), &json!("m")));
    assert!(text(&messages[1]).starts_with("Mock reply to:"), "the notice is no part of the conversation");
    let asked = second.requests()[1].body.to_string();
    assert!(!asked.contains("in place of"), "{asked}");

    drop(client_one);
    process.terminate();
    assert!(process.wait_exit(PATIENCE).await.success());
    let process = gateway_in(&home, &all).await;
    let mut client_two = client(&process).await;
    let again = chat(&mut client_two, "main", "after a restart").await;
    assert!(text(&again).starts_with("Mock reply to:"), "{again}");
    assert_eq!(first.requests().len(), 1, "the rest outlives the process");
    let stored: Value = serde_json::from_str(&home.read(PROFILES).unwrap()).unwrap();
    let rest = &stored["usageStats"]["first:config"]["models"]["m"]["rate_limit"];
    assert_eq!(rest["count"], 1, "{stored}");
    let called = stdout_json(&home, &["agent", "--message", "hi", "--session-key", "other", "--json"]);
    let payload = called["result"]["payloads"][0]["text"].as_str().unwrap();
    assert!(payload.starts_with(notice), "another session is told, too: {called}");
    assert_eq!(called["result"]["meta"]["agentMeta"]["provider"], "second");
}

#[tokio::test]
async fn profiles_rotate_before_models_do_and_a_refused_one_rests() {
    let first = ModelServer::builder().require_key("sk-good").start();
    let second = ModelServer::start();
    let home = TempHome::new();
    let mut all = two(&first, &second, json!({"auth": {"order": {"first": ["first:bad", "first:good"]}}}));
    all["models"]["providers"]["first"].as_object_mut().unwrap().remove("apiKey");
    home.write_config(&all);
    fed(&home, &["models", "auth", "add", "--provider", "first", "--profile-id", "first:bad"], "sk-bad");
    fed(&home, &["models", "auth", "add", "--provider", "first", "--profile-id", "first:good"], "sk-good");
    let process = gateway_in(&home, &all).await;
    let mut client = client(&process).await;
    assert!(text(&chat(&mut client, "main", "hello").await).starts_with("Mock reply to:"));
    assert!(text(&chat(&mut client, "main", "again").await).starts_with("Mock reply to:"));
    let keys: Vec<_> =
        first.requests().iter().map(|it| it.header("authorization").unwrap_or_default().to_owned()).collect();
    assert_eq!(keys, ["Bearer sk-bad", "Bearer sk-good", "Bearer sk-good"]);
    assert_eq!(second.requests().len(), 0);
    let status = stdout_json(&home, &["models", "status", "--json"]);
    assert_eq!(status["auth"]["unusableProfiles"][0]["profileId"], "first:bad", "{status}");
    assert_eq!(status["auth"]["unusableProfiles"][0]["reason"], "auth");
}

#[tokio::test]
async fn a_silent_model_is_not_waited_for_while_another_could_answer() {
    let (first, second) = (ModelServer::start(), ModelServer::start());
    first.script([Reply::Silent]);
    let home = TempHome::new();
    let all = two(&first, &second, json!({"models": {"failover": {"waitSeconds": 1}}}));
    let process = gateway_in(&home, &all).await;
    let mut client = client(&process).await;
    let answer = chat(&mut client, "main", "hello").await;
    assert!(
        text(&answer).contains("second/m answers in place of first/m: it did not answer in time."),
        "{answer}"
    );
    first.wait_disconnects(1).await;
}

#[tokio::test]
async fn a_conversation_that_is_too_long_goes_to_nobody_else() {
    let (first, second) = (ModelServer::start(), ModelServer::start());
    first.script([Reply::context_overflow()]);
    let home = TempHome::new();
    let process = gateway_in(&home, &two(&first, &second, json!({}))).await;
    let mut client = client(&process).await;
    let end = chat(&mut client, "main", "hello").await;
    assert_eq!(end["state"], "error");
    assert!(end["errorMessage"].as_str().unwrap().contains("too long for first/m"), "{end}");
    assert_eq!(second.requests().len(), 0);
    assert!(home.read(PROFILES).is_none(), "and nobody rests for it");
}

#[tokio::test]
async fn when_nobody_answers_everybody_who_was_asked_is_named() {
    let (first, second) = (ModelServer::start(), ModelServer::start());
    first.script([Reply::out_of_credit()]);
    second.script([Reply::server_error(), Reply::server_error(), Reply::server_error()]);
    let home = TempHome::new();
    let process = gateway_in(&home, &two(&first, &second, json!({}))).await;
    let mut client = client(&process).await;
    let end = chat(&mut client, "main", "hello").await;
    let words = end["errorMessage"].as_str().unwrap();
    assert!(
        words.contains("first/m (its account has no credit left)")
            && words.contains("second/m (it is overloaded or failing)"),
        "{words}"
    );
    let stored: Value = serde_json::from_str(&home.read(PROFILES).unwrap()).unwrap();
    assert_eq!(stored["usageStats"]["first:config"]["disabledReason"], "billing");
}

#[tokio::test]
async fn a_budget_is_hard() {
    let (first, second) = (ModelServer::start(), ModelServer::start());
    let home = TempHome::new();
    let budgets = json!({"models": {"budgets": {"session": {"tokens": 6_000}}}});
    let process = gateway_in(&home, &two(&first, &second, budgets)).await;
    let mut client = client(&process).await;
    let mut ended = Value::Null;
    for round in 0..20 {
        ended = chat(&mut client, "main", &format!("message {round} {}", "word ".repeat(300))).await;
        if ended["state"] == "error" {
            break;
        }
    }
    let words = ended["errorMessage"].as_str().unwrap_or_default();
    assert!(words.contains("of 6000 tokens are spent (models.budgets.session.tokens)"), "{ended}");
    let asked = first.requests();
    let granted: Vec<_> = asked.iter().filter_map(|it| it.body["max_completion_tokens"].as_u64()).collect();
    assert!(
        granted.iter().all(|most| *most < 6_000) && granted.windows(2).all(|two| two[1] <= two[0]),
        "{granted:?}"
    );
    chat(&mut client, "main", "/new").await;
    assert_eq!(chat(&mut client, "main", "hello").await["state"], "final", "a new session has a new budget");
    assert_eq!(second.requests().len(), 0, "a budget is no reason to ask somebody else");
}

/// An Ollama on loopback with one model that calls no tools.
fn ollama() -> ModelServer {
    ModelServer::builder()
        .route("/api/tags", json!({"models": [{"name": "plain:1b"}]}))
        .route(
            "/api/show",
            json!({"capabilities": ["completion", "vision"], "parameters": "num_ctx 8192",
                "model_info": {"general.architecture": "a", "a.context_length": 32_768}}),
        )
        .route(
            "/api/chat",
            json!({"message": {"role": "assistant", "content": "I see."}, "done": true, "done_reason": "stop",
                "prompt_eval_count": 5, "eval_count": 2}),
        )
        .start()
}

#[tokio::test]
async fn a_local_model_is_asked_what_it_can_do_and_used_so() {
    let server = ollama();
    let home = TempHome::new();
    let all = config(json!({
        "models": {"providers": {"ollama": {"baseUrl": server.base_url()}}},
        "agents": {"defaults": {"model": "ollama/plain:1b"}},
    }));
    home.write_config(&all);
    let list = stdout_json(&home, &["models", "list", "--local", "--provider", "ollama", "--json"]);
    assert_eq!(list["models"][0]["key"], "ollama/plain:1b", "{list}");
    assert_eq!(
        (&list["models"][0]["input"], &list["models"][0]["contextWindow"]),
        (&json!("text+image"), &json!(8_192))
    );
    let scan = stdout_json(&home, &["models", "scan", "--local", "--json"]);
    assert_eq!(scan["local"][0]["models"][0]["tools"], false, "{scan}");
    assert_eq!(scan["local"][1]["problem"], "nobody answers there", "LM Studio is not there: {scan}");

    let process = gateway_in(&home, &all).await;
    let mut client = client(&process).await;
    let answer = chat(&mut client, "main", "hello").await;
    let notice = "ollama/plain:1b cannot call tools, so it answers without them.";
    assert!(text(&answer).contains(notice), "{answer}");
    let next = chat(&mut client, "main", "again").await;
    assert!(!text(&next).contains("cannot call tools"), "{next}");
    let asked: Vec<_> = server.requests().into_iter().filter(|it| it.path == "/api/chat").collect();
    assert_eq!(asked.len(), 2);
    for request in asked {
        assert!(request.body.get("tools").is_none(), "{}", request.body);
        assert_eq!(request.body["options"]["num_ctx"], 8_192);
    }
}

#[tokio::test]
async fn a_printed_call_of_a_local_model_is_made() {
    let server = ModelServer::start();
    server.script([
        Reply::text("I note it.\n<tool_call>\n{\"name\": \"write\", \"arguments\": {\"path\": \"a.md\", \"content\": \"tea\"}}\n</tool_call>"),
        Reply::text("Done."),
    ]);
    let home = TempHome::new();
    let all = config(json!({
        "models": {"providers": {"local": {"baseUrl": server.base_url(), "models": [{"id": "m", "name": "M"}]}}},
    }));
    let process = gateway_in(&home, &all).await;
    let mut client = client(&process).await;
    assert_eq!(text(&chat(&mut client, "main", "note tea").await), "Done.");
    assert_eq!(home.read(".openclaw/workspace/a.md").as_deref(), Some("tea"));
}

#[test]
fn free_models_are_listed_without_a_key() {
    let list = json!({"data": [
        {"id": "maker/small-7b:free", "name": "Small", "context_length": 32_768, "supported_parameters": ["tools"],
            "pricing": {"prompt": "0", "completion": "0"}, "architecture": {"input_modalities": ["text"]}},
        {"id": "maker/paid", "pricing": {"prompt": "0.1", "completion": "0.1"}}]});
    // The scripted server has a list of its own at /v1/models.
    let server = ModelServer::builder().route("/router/models", list).start();
    let home = TempHome::new();
    let url = format!("http://{}/router", server.address());
    home.write_config(&config(
        json!({"models": {"providers": {"openrouter": {"baseUrl": url, "apiKey": "sk-or"}}}}),
    ));
    let scan = stdout_json(&home, &["models", "scan", "--json"]);
    assert_eq!(scan["results"].as_array().unwrap().len(), 1, "{scan}");
    assert_eq!(scan["results"][0]["modelRef"], "openrouter/maker/small-7b:free");
    assert!(server.requests()[0].header("authorization").is_none(), "the list is public");
}

#[test]
fn each_credential_is_tried_with_one_tiny_request() {
    let first = ModelServer::builder().require_key("sk-good").start();
    let second = ModelServer::start();
    second.push(Reply::Silent);
    let home = TempHome::new();
    let mut all = two(&first, &second, json!({}));
    all["models"]["providers"]["first"].as_object_mut().unwrap().remove("apiKey");
    home.write_config(&all);
    fed(&home, &["models", "auth", "add", "--provider", "first", "--profile-id", "first:bad"], "sk-bad");
    fed(&home, &["models", "auth", "add", "--provider", "first", "--profile-id", "first:good"], "sk-good");
    let unprobed = stdout_json(&home, &["models", "status", "--json"]);
    assert_eq!((&unprobed["auth"]["probes"], first.requests().len()), (&Value::Null, 0));

    let args = ["models", "status", "--probe", "--probe-timeout", "1000", "--json"];
    let probes = stdout_json(&home, &args)["auth"]["probes"].take();
    let row = |label: &str| {
        let all = probes["results"].as_array().unwrap();
        all.iter().find(|row| row["label"] == label).unwrap_or_else(|| panic!("{label} in {probes}")).clone()
    };
    assert_eq!(probes["totalTargets"], 3, "{probes}");
    let (good, bad, late) = (row("first:good"), row("first:bad"), row("models.providers.second.apiKey"));
    assert_eq!(
        (&good["status"], &good["mode"], &good["model"]),
        (&json!("ok"), &json!("api_key"), &json!("first/m"))
    );
    assert!(good["latencyMs"].is_u64() && good["source"] == "profile", "{good}");
    assert_eq!(
        (&bad["status"], &late["status"], &late["source"]),
        (&json!("auth"), &json!("timeout"), &json!("models.json"))
    );
    assert_eq!(first.requests().len(), 2, "each credential asks once");
    assert!(
        first.requests().iter().all(|it| it.body["max_completion_tokens"] == 8),
        "{:?}",
        first.requests()
    );

    let one = ["models", "status", "--probe", "--probe-profile", "first:good", "--check"];
    assert!(run(&home, &one).status.success(), "{}", said(&run(&home, &one)));
    let two = run(&home, &["models", "status", "--probe", "--probe-provider", "first", "--check"]);
    assert_eq!(two.status.code(), Some(1));
    let told = said(&two);
    assert!(
        told.contains("first/m with first:good: works") && told.contains("first/m with first:bad: auth:"),
        "{told}"
    );
    assert!(!told.contains("sk-good") && !told.contains("sk-bad"), "{told}");
}

/// OpenRouter's list with one model that does everything, one that only talks, and one that costs money.
fn router() -> ModelServer {
    let free = |id: &str, window: u32, images: bool| {
        let input = if images { json!(["text", "image"]) } else { json!(["text"]) };
        json!({"id": id, "name": id, "context_length": window, "pricing": {"prompt": "0", "completion": "0"},
            "architecture": {"input_modalities": input}, "supported_parameters": ["tools"]})
    };
    let list = json!({"data": [free("a/talker-70b:free", 900_000, false), free("b/seer-7b:free", 32_000, true),
        {"id": "c/dear", "pricing": {"prompt": "1", "completion": "1"}}]});
    ModelServer::builder()
        .route("/api/v1/models", list)
        .fallback(|request| {
            let calls = request.body["model"] == "b/seer-7b:free" && request.body["tools"].is_array();
            if calls {
                let calls =
                    vec![ScriptedCall { id: "call_1".into(), name: "ping".into(), arguments: "{}".into() }];
                return Reply::ToolCalls { text: String::new(), calls };
            }
            Reply::text("OK")
        })
        .start()
}

#[test]
fn free_models_are_asked_to_call_a_tool_and_to_look_at_an_image() {
    let server = router();
    let home = TempHome::new();
    let base = server.base_url().replace("/v1", "/api/v1");
    home.write_config(&config(
        json!({"models": {"providers": {"openrouter": {"baseUrl": base, "models": []}}}}),
    ));
    let unkeyed = run(&home, &["models", "scan"]);
    assert!(unkeyed.status.success() && said(&unkeyed).contains("OPENROUTER_API_KEY"), "{}", said(&unkeyed));
    let asked =
        |server: &ModelServer| server.requests().iter().filter(|it| it.path != "/api/v1/models").count();
    assert_eq!(asked(&server), 0, "without a key nobody is asked");

    fed(&home, &["models", "auth", "add", "--provider", "openrouter"], "sk-or-1");
    let listed = stdout_json(&home, &["models", "scan", "--no-probe", "--json"]);
    assert_eq!((&listed["results"][0]["tool"]["skipped"], asked(&server)), (&json!(true), 0), "{listed}");

    let scan = stdout_json(&home, &["models", "scan", "--json", "--set-default", "--set-image"]);
    let (seer, talker) = (&scan["results"][0], &scan["results"][1]);
    assert_eq!(
        (&seer["id"], &seer["tool"]["ok"], &seer["image"]["ok"]),
        (&json!("b/seer-7b:free"), &json!(true), &json!(true)),
        "{scan}"
    );
    assert_eq!((&talker["tool"]["ok"], &talker["image"]["skipped"]), (&json!(false), &json!(true)), "{scan}");
    assert!(talker["tool"]["error"].as_str().unwrap().contains("without calling"), "{scan}");
    assert_eq!(asked(&server), 3, "two tools and one image");
    let asked: Vec<_> = server.requests().into_iter().filter(|it| it.path != "/api/v1/models").collect();
    assert!(asked.iter().all(|it| it.body["max_completion_tokens"] == 256), "each answer is bounded");
    assert!(asked.iter().any(|it| it.body.to_string().contains("image/png")), "the image is shown");
    assert_eq!(stdout(&home, &["models", "status", "--plain"]), "openrouter/b/seer-7b:free\n");
    let status = stdout_json(&home, &["models", "status", "--json"]);
    assert_eq!(status["imageModel"], "openrouter/b/seer-7b:free");
}
