//! Memory from the command line: what people see of it, what programs read, and what is kept from groups.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use openclaw_testkit::embeddings::{Api, EmbeddingServer, Trouble};
use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::support::{
    binary, chat, client, config, config_with_model, gateway_in, merge, run, stdout, stdout_json, text,
};

/// A home with notes in three languages.
fn notes(extra: Value) -> TempHome {
    let home = TempHome::new();
    home.write_config(&config(extra));
    for (name, text) in [
        (
            "2024-05-01.md",
            "# Garden\n\n- The apple trees were planted by Uncle Piet.\n- The pond is 80 cm deep.\n",
        ),
        (
            "2024-05-02.md",
            "# Arzt\n\n- Der Zahnarzttermin ist am Donnerstag um neun Uhr in der Lindenstraße.\n",
        ),
        ("2024-05-03.md", "# 会议\n\n- 明天下午在北京办公室讨论预算。\n- 发票号码 INV-2041 已付。\n"),
    ] {
        let name = format!(".openclaw/workspace/memory/{name}");
        home.write(&name, text);
    }
    home
}

fn search_config(search: Value) -> Value {
    json!({"agents": {"defaults": {"memorySearch": search}}})
}

fn openai(server: &EmbeddingServer) -> Value {
    search_config(json!({
        "provider": "openai", "model": "m", "remote": {"baseUrl": server.base_url(), "apiKey": "k"},
    }))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn notes_in_three_languages_are_found_shown_and_explained() {
    let home = notes(json!({}));
    for (query, part, citation) in [
        ("who planted the apple trees?", "Uncle Piet", "memory/2024-05-01.md#L3-L4"),
        ("Wann habe ich einen Termin beim Zahnarzt?", "Donnerstag", "memory/2024-05-02.md#L3"),
        ("在哪里讨论预算？", "北京", "memory/2024-05-03.md#L3-L4"),
        ("inv-2041", "已付", "memory/2024-05-03.md#L3-L4"),
    ] {
        let words = stdout(&home, &["memory", "search", query]);
        let first = words.split("\n\n").next().unwrap();
        assert!(first.contains(part) && first.contains(citation), "{query}: {words}");
        assert!(first.starts_with(" 1  0.") && first.contains("2024-05-0"), "{query}: {words}");
        assert!(!words.contains('\u{1b}'), "no marks where nobody looks: {words:?}");
    }
    let plain = stdout_json(&home, &["memory", "search", "apple trees", "--json"]);
    let answer = ["results", "provider", "model", "confidence", "stale"];
    assert!(answer.iter().all(|key| keys(&plain).contains(key)), "{plain}");
    let hit = &plain["results"][0];
    let expected =
        ["path", "startLine", "endLine", "score", "snippet", "source", "citation", "heading", "date"];
    assert_eq!(keys(hit), expected);
    assert_eq!((&hit["heading"], &hit["date"]), (&json!("Garden"), &json!("2024-05-01")));

    let explained = stdout_json(&home, &["memory", "search", "apple trees", "--explain", "--json"]);
    let explain = &explained["results"][0]["explain"];
    assert!(keys(explain).starts_with(&["fused", "words", "coverage"]), "{explain}");
    assert!(explain["coverage"].as_f64().unwrap() > 0.9, "{explain}");
    let words = stdout(&home, &["memory", "search", "apple trees", "--explain"]);
    assert!(words.contains("coverage 1.00, "), "{words}");

    let one = stdout_json(&home, &["memory", "search", "deep trees", "--max-results", "1", "--json"]);
    assert_eq!(one["results"].as_array().unwrap().len(), 1);
}

#[test]
fn nothing_found_says_why_and_what_helps() {
    let empty = TempHome::new();
    empty.write_config(&config(json!({})));
    let without = run(&empty, &["memory", "search", "x"]);
    assert_eq!(without.status.code(), Some(1));
    assert!(said(&without).contains("workspace") && said(&without).contains("`openclaw quickstart`"));
    empty.write(".openclaw/workspace/AGENTS.md", "no note");
    let words = stdout(&empty, &["memory", "search", "x"]);
    assert!(words.contains("there are no notes yet: write MEMORY.md"), "{words}");
    assert!(stdout(&empty, &["memory", "index"]).contains("there are no notes yet"));
    // Those that cannot be read are there.
    let note = empty.state_dir().join("workspace/MEMORY.md");
    std::os::unix::fs::symlink("AGENTS.md", note).unwrap();
    for args in [&["memory", "search", "x"][..], &["memory", "index"]] {
        let words = stdout(&empty, args);
        assert!(words.contains("no note can be read:\nMEMORY.md: a symbolic link"), "{words}");
        assert!(!words.contains("no notes yet") && !words.contains("skipped"), "{words}");
    }

    let home = notes(json!({}));
    stdout(&home, &["memory", "index"]);
    let words = stdout(&home, &["memory", "search", "zzyzx quorvle"]);
    assert_eq!(words.trim(), "nothing in the notes is about this; try other words");
    let cut = stdout(&home, &["memory", "search", "pond gravel liner pump", "--min-score", "1"]);
    assert!(cut.contains("nothing scores 1 or more") && cut.contains("--min-score 0"), "{cut}");
    assert_eq!(stdout_json(&home, &["memory", "search", "zzyzx", "--json"])["results"], json!([]));
}

#[test]
fn a_configured_least_score_is_followed_and_the_flag_wins() {
    let home = notes(search_config(json!({"query": {"minScore": 1, "maxResults": 1}})));
    let found = |args: &[&str]| {
        let all = [&["memory", "search", "the pond and the apple trees", "--json"], args].concat();
        stdout_json(&home, &all)["results"].as_array().unwrap().len()
    };
    assert_eq!(found(&[]), 0);
    assert_eq!(found(&["--min-score", "0"]), 1);
}

#[test]
fn index_and_status_say_what_there_is() {
    let home = notes(search_config(json!({"extraPaths": ["nowhere"]})));
    stdout(&home, &["memory", "status"]);
    stdout(&home, &["status"]);
    let before = stdout_json(&home, &["memory", "status", "--json"]);
    assert_eq!((&before["files"], &before["dirty"]), (&json!(0), &json!(true)));
    assert!(before["skipped"].to_string().contains("nowhere"), "known without indexing: {before}");
    assert!(!home.state_dir().join("memory").exists(), "a status makes no index");
    let indexed = run(&home, &["memory", "index"]);
    let words = String::from_utf8_lossy(&indexed.stdout).into_owned();
    assert!(words.starts_with("memory of main: 3 files, 3 indexed now, 0 gone"), "{words}");
    assert!(words.contains("vectors: 3 of 3 passages (100 %)") && words.contains("nowhere"), "{words}");
    assert!(indexed.stderr.is_empty(), "no bar where nobody looks: {}", said(&indexed));
    let again = stdout_json(&home, &["memory", "index", "--json"]);
    assert_eq!(
        (&again["agentId"], &again["files"], &again["indexed"], &again["removed"], &again["passages"]),
        (&json!("main"), &json!(3), &json!(0), &json!(0), &json!(3))
    );
    assert_eq!(stdout_json(&home, &["memory", "index", "--force", "--json"])["indexed"], 3);

    let status = stdout(&home, &["memory", "status"]);
    for part in [
        "3 files in ~/.openclaw/workspace",
        "by words and meaning (builtin/all-MiniLM-L6-v2)",
        "3 of 3 passages (100 %)",
        "nothing leaves this machine",
        "up to date",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
    assert!(!status.contains("Asked"), "{status}");
    let deep = stdout_json(&home, &["memory", "status", "--deep", "--json"]);
    let probe = &deep["probes"][0];
    assert_eq!(keys(probe), ["embedder", "role", "ms", "dimensions"]);
    assert_eq!((&probe["role"], &probe["dimensions"]), (&json!("primary"), &json!(384)));
    assert_eq!((&deep["embedder"], &deep["sentTo"]), (&json!("builtin/all-MiniLM-L6-v2"), &Value::Null));
    assert!(stdout(&home, &["memory", "status", "--deep"]).contains("answered in "));

    let row = &stdout_json(&home, &["status", "--json"])["memory"][0];
    assert_eq!(
        (&row["passages"], &row["embedded"], &row["model"]),
        (&json!(3), &json!(3), &json!("all-MiniLM-L6-v2"))
    );
    let words = stdout(&home, &["status"]);
    assert!(words.contains("3 notes, searched by words and meaning (builtin/"), "{words}");
}

#[tokio::test]
async fn a_provider_that_fails_is_told_everywhere_and_words_go_on() {
    let server = EmbeddingServer::with_key(Api::OpenAi, "another");
    let home = notes(openai(&server));
    let report = stdout_json(&home, &["memory", "index", "--json"]);
    assert!(report["degraded"].as_str().unwrap().contains("key was refused"), "{report}");
    let deep = stdout(&home, &["memory", "status", "--deep"]);
    assert!(deep.contains("openai/m: the key was refused"), "{deep}");
    let address = server.base_url();
    let address = address.trim_start_matches("http://").split('/').next().unwrap();
    let reader = format!("a server on this machine ({address}) gets the text of notes and questions");
    assert!(deep.contains(&reader), "{reader}: {deep}");
    let found = stdout_json(&home, &["memory", "search", "apple trees", "--json"]);
    assert_eq!((&found["provider"], &found["model"]), (&json!("none"), &json!("words")));
    assert!(found["degraded"].as_str().unwrap().starts_with("words only: "), "{found}");
    assert!(found["results"][0]["snippet"].to_string().contains("Uncle Piet"));
}

/// What a server on this machine does with the text nobody here knows, but it is no service elsewhere.
#[test]
fn who_sees_the_notes_is_told_truly() {
    for (base_url, words, sent_to) in [
        ("http://127.0.0.1:9/v1", "a server on this machine (127.0.0.1:9) gets", json!("127.0.0.1:9")),
        ("http://localhost:9/v1", "a server on this machine (localhost:9) gets", json!("localhost:9")),
        ("http://[::1]:9/v1", "a server on this machine ([::1]:9) gets", json!("[::1]:9")),
        ("https://embeddings.example/v1", "openai gets", json!("openai")),
        ("https://localhost.example/v1", "openai gets", json!("openai")),
    ] {
        let remote = json!({"baseUrl": base_url, "apiKey": "k"});
        let home = notes(search_config(json!({"provider": "openai", "model": "m", "remote": remote})));
        let shown = stdout(&home, &["memory", "status"]);
        assert!(shown.contains(&format!("{words} the text of notes and questions")), "{base_url}: {shown}");
        assert!(!shown.contains("nothing leaves this machine"), "{base_url}: {shown}");
        assert_eq!(stdout_json(&home, &["memory", "status", "--json"])["sentTo"], sent_to);
    }
    // A service that only steps in gets them too.
    let remote = json!({"baseUrl": "http://127.0.0.1:9/v1", "apiKey": "k"});
    let search = json!({"provider": "openai", "model": "m", "remote": remote, "fallback": "voyage"});
    let voyage = json!({"baseUrl": "https://api.voyageai.com/v1", "apiKey": "k", "models": []});
    let mut extra = search_config(search);
    merge(&mut extra, json!({"models": {"providers": {"voyage": voyage}}}));
    let shown = stdout(&notes(extra), &["memory", "status"]);
    assert!(shown.contains("voyage gets the text"), "{shown}");
}

#[test]
fn a_damaged_index_is_repaired_and_said() {
    let home = notes(json!({}));
    stdout(&home, &["memory", "index"]);
    home.write(".openclaw/memory/main.sqlite", &"this is no database ".repeat(500));
    for end in ["-wal", "-shm"] {
        std::fs::remove_file(home.state_dir().join(format!("memory/main.sqlite{end}"))).ok();
    }
    let status = stdout(&home, &["memory", "status"]);
    assert!(status.contains("Repaired") && status.contains("main.sqlite."), "{status}");
    let found = stdout(&home, &["memory", "search", "apple trees"]);
    assert!(found.contains("Uncle Piet"), "{found}");
}

/// The notes answer without it, and the place is named.
#[test]
fn an_index_that_cannot_be_used_costs_no_answer() {
    let home = notes(json!({}));
    home.write(".openclaw/memory/main.sqlite/in-the-way", "");
    let nothing = stdout(&home, &["memory", "search", "zzyzx"]);
    assert!(nothing.contains("nothing in the notes") && nothing.contains("memory/main.sqlite"), "{nothing}");
    let failed = run(&home, &["memory", "index"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(said(&failed).contains("memory/main.sqlite"), "{}", said(&failed));
    // More than is read before an answer: what was read answers.
    for year in 1..4 {
        let text = "nothing of any use is said in this line of a log\n".repeat(38_000);
        home.write(format!(".openclaw/workspace/memory/z{year}.md"), &text);
    }
    home.write(".openclaw/workspace/MEMORY.md", "- The newest is read first: the heat pump is by Hansen.\n");
    let found = stdout_json(&home, &["memory", "search", "heat pump", "--json"]);
    assert_eq!(found["stale"], true, "{found}");
    assert!(found["results"][0]["snippet"].as_str().unwrap().contains("Hansen"), "{found}");
    assert!(found["degraded"].as_str().unwrap().contains("memory/main.sqlite"), "{found}");
}

#[test]
fn what_is_turned_off_or_unknown_is_a_plain_answer() {
    for (extra, part) in [
        (search_config(json!({"enabled": false})), "memorySearch.enabled is false"),
        (search_config(json!({"provider": "none"})), "memorySearch.provider is \"none\""),
        (json!({"plugins": {"slots": {"memory": "none"}}}), "plugins.slots.memory is \"none\""),
    ] {
        let home = notes(extra);
        for args in [&["status"][..], &["index"], &["search", "x"], &["bench"]] {
            let output = run(&home, &[&["memory"], args].concat());
            assert_eq!(output.status.code(), Some(1), "{args:?}");
            assert!(said(&output).contains(part), "{args:?}: {}", said(&output));
        }
    }
    let home = notes(json!({}));
    for args in [&["status"][..], &["index"], &["search", "x"], &["bench"]] {
        let output = run(&home, &[&["memory"], args, &["--agent", "nobody"]].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(said(&output).contains("there is no agent \"nobody\"; there is main"), "{}", said(&output));
    }
}

/// Ctrl-C in the middle of embedding.
#[tokio::test]
async fn an_index_that_was_stopped_can_be_used_and_goes_on() {
    let server = EmbeddingServer::start(Api::OpenAi);
    server.push(Trouble::Silent);
    let home = notes(openai(&server));
    let mut command = Command::new(binary());
    command.args(["memory", "index"]).env_clear().envs(home.env()).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.wait_requests(1).await;
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.status.signal()), (Some(130), None), "{}", said(&ended));
    assert!(said(&ended).contains("stopped; what is indexed can be searched: 3 files"), "{}", said(&ended));
    let found = stdout(&home, &["memory", "search", "apple trees"]);
    assert!(found.contains("Uncle Piet"), "{found}");
    let report = stdout_json(&home, &["memory", "index", "--json"]);
    assert_eq!((&report["files"], &report["degraded"]), (&json!(3), &Value::Null), "{report}");
    assert_eq!(stdout_json(&home, &["memory", "status", "--json"])["embedded"], 3);
}

/// Every file below a folder, with its content.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn many_notes(home: &TempHome) {
    for day in 1..=12 {
        let line = |n: usize| {
            format!("- Person{day}x{n} repaired the gadget{day}x{n} beside tower{n} for order no-{day}{n}7\n")
        };
        let text: String = (1..=5).map(line).collect();
        let name = format!(".openclaw/workspace/memory/2024-06-{day:02}.md");
        home.write(&name, &text);
    }
}

#[tokio::test]
async fn a_measurement_is_repeatable_and_changes_no_note() {
    let home = notes(json!({}));
    many_notes(&home);
    let folder = home.state_dir().join("workspace/memory");
    let before = contents(&folder);
    let args = ["memory", "bench", "--questions", "50", "--seed", "3", "--json"];
    let report = stdout_json(&home, &args);
    let top = [
        "agentId",
        "seed",
        "notes",
        "lines",
        "provider",
        "model",
        "passages",
        "embedded",
        "configured",
        "words",
        "building",
    ];
    assert_eq!(keys(&report), top);
    let configured = &report["configured"];
    assert_eq!((&configured["questions"], &configured["nonsense"]), (&json!(40), &json!(10)));
    assert!(configured["found6"].as_f64().unwrap() > 0.9, "{report:#}");
    assert!(report["words"]["found6"].as_f64().unwrap() > 0.9, "{report:#}");
    assert!(configured["search"]["p95Ms"].as_f64() >= configured["search"]["p50Ms"].as_f64());
    assert_eq!(report["embedded"], report["passages"]);
    let again = stdout_json(&home, &args);
    assert_eq!(again["words"]["rows"], report["words"]["rows"]);
    assert_eq!(contents(&folder), before);
    let left: Vec<String> =
        contents(&home.state_dir().join("memory")).into_iter().map(|(name, _)| name).collect();
    assert!(left.iter().all(|name| !name.contains("bench")), "{left:?}");
    let words = stdout(&home, &["memory", "bench", "--questions", "20"]);
    for part in
        ["20 questions made of ", "a code alone", "all, by words alone", "Nonsense", "Confidence", "Vectors"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
    let few = TempHome::new();
    few.write_config(&config(json!({})));
    few.write(".openclaw/workspace/MEMORY.md", "tea\n");
    let output = run(&few, &["memory", "bench"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("too few to measure anything"), "{}", said(&output));
}

#[tokio::test]
async fn a_measurement_sends_nothing_to_a_provider_without_a_yes() {
    let server = EmbeddingServer::start(Api::OpenAi);
    let home = notes(openai(&server));
    many_notes(&home);
    let refused = run(&home, &["memory", "bench"]);
    assert_eq!(refused.status.code(), Some(1));
    let words = said(&refused);
    assert!(words.contains("a server on this machine (127.0.0.1:") && words.contains("--yes"), "{words}");
    assert!(server.asked().is_empty());
    let report = stdout_json(&home, &["memory", "bench", "--questions", "10", "--yes", "--json"]);
    assert_eq!(report["provider"], "openai");
    assert!(!server.asked().is_empty());
}

/// The days around now as files of notes are called, whatever the zone of the gateway.
fn days_around_now() -> [String; 3] {
    let days = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400;
    [days - 1, days, days + 1].map(|day| {
        // Days to a date, the year beginning in March (Howard Hinnant).
        let z = day + 719_468;
        let of_era = z % 146_097;
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let (day, month) =
            (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
        let year = year + z / 146_097 * 400 + u64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    })
}

/// S-047: what the owner noted is for the owner, whoever searches it, and whatever the scope of `qmd` says.
#[tokio::test]
async fn a_group_has_no_memory() {
    let scope = json!({"default": "allow"});
    for memory in [json!({}), json!({"backend": "qmd", "qmd": {"command": "/nowhere/qmd", "scope": scope}})] {
        without_memory(memory).await;
    }
}

/// MEM-02: with no plugin in the slot, the gateway offers the model nothing of memory.
#[tokio::test]
async fn with_the_slot_of_memory_empty_there_are_no_tools_of_memory() {
    for (slot, is_there) in [("none", false), ("memory-core", true)] {
        let server = ModelServer::start();
        let home = TempHome::new();
        home.write(".openclaw/workspace/MEMORY.md", "- likes tea\n");
        let extra = json!({"plugins": {"slots": {"memory": slot}}});
        let gateway = gateway_in(&home, &config_with_model(&server.base_url(), extra)).await;
        let mut client = client(&gateway).await;
        server.script([Reply::text("hello")]);
        chat(&mut client, "main", "what do I like?").await;
        let tools = server.requests().last().unwrap().body["tools"].to_string();
        assert_eq!(tools.contains("memory_search"), is_there, "{slot}: {tools}");
    }
}

async fn without_memory(memory: Value) {
    let server = ModelServer::start();
    let secret = "canary-owner";
    let mut extra = json!({"memory": {"citations": "auto"}});
    merge(&mut extra, json!({"memory": memory}));
    merge(&mut extra, search_config(json!({"query": {"maxResults": 2}})));
    let home = TempHome::new();
    home.write(".openclaw/workspace/MEMORY.md", &format!("# Owner\n- {secret} likes tea\n"));
    home.write(
        ".openclaw/workspace/memory/2024-05-01.md",
        &format!("# One\n- {secret} one\n# Two\n- {secret} two\n"),
    );
    for day in days_around_now() {
        home.write(format!(".openclaw/workspace/memory/{day}.md"), &format!("- {secret} of these days\n"));
    }
    home.write(".openclaw/workspace/USER.md", &format!("{secret} is the user\n"));
    let gateway = gateway_in(&home, &config_with_model(&server.base_url(), extra)).await;
    let mut client = client(&gateway).await;
    // A person that nobody has proven to be the owner gets no more than a group.
    for others in ["telegram:group:1", "telegram:direct:1", "hook:1", "subagent:1"] {
        server.script([
            Reply::tool_call("memory_search", &json!({"query": secret})),
            Reply::tool_call("memory_get", &json!({"path": "MEMORY.md"})),
            Reply::text("nothing"),
        ]);
        let end = chat(&mut client, &format!("agent:main:{others}"), "what do you know?").await;
        assert_eq!(text(&end), "nothing", "{others}");
    }
    assert_eq!(server.requests().len(), 12);
    for request in server.requests() {
        let body = request.body.to_string().replace(&format!("{{\\\"query\\\":\\\"{secret}\\\"}}"), "");
        assert!(!body.contains(&format!("{secret} ")), "{body}");
        assert!(!request.body["tools"].to_string().contains("memory"), "{}", request.body["tools"]);
        assert!(!body.contains("#L"), "no citation: {body}");
        let prompt = request.body["messages"][0]["content"].to_string();
        for part in ["memory_search", "memory_get", "MEMORY.md", ".openclaw/workspace", "USER.md"] {
            assert!(!prompt.contains(part), "{part}: {prompt}");
        }
    }
    // Called by their names all the same, they are refused.
    let last = server.requests().last().unwrap().body["messages"].to_string();
    for name in ["memory_search", "memory_get"] {
        assert!(last.contains(&format!("there is no tool {name}")), "{last}");
    }

    // The owner's own conversation has both, as many results as configured, and where they are from.
    let before = server.requests().len();
    server.script([Reply::tool_call("memory_search", &json!({"query": secret})), Reply::text("tea")]);
    chat(&mut client, "main", "what do you know?").await;
    let requests = server.requests();
    let begun = requests[before].body.to_string();
    for known in ["of these days", "likes tea", "is the user"] {
        assert!(begun.contains(&format!("{secret} {known}")), "{known}: {begun}");
    }
    let tools = requests[before].body["tools"].to_string();
    assert!(tools.contains("memory_search") && tools.contains("memory_get"), "{tools}");
    let messages = requests[before + 1].body["messages"].as_array().unwrap();
    let result: Value = serde_json::from_str(messages.last().unwrap()["content"].as_str().unwrap()).unwrap();
    assert_eq!(result["results"].as_array().unwrap().len(), 2, "{result:#}");
    assert!(result["results"][0]["snippet"].as_str().unwrap().contains("\n\nSource: "), "{result:#}");
}

/// MEM-15: sqlite-vec was measured to be slower, so that what is said of it has no effect, and that is said.
#[tokio::test]
async fn keys_of_sqlite_vec_are_told_to_have_no_effect() {
    let home = notes(json!({}));
    assert!(!stdout(&home, &["memory", "status"]).contains("Ignored"));
    let vector = json!({"extensionPath": "/usr/lib/vec0.so", "enabled": false});
    let extra = search_config(json!({"store": {"vector": vector}}));
    let home = notes(extra.clone());
    let status = stdout(&home, &["memory", "status"]);
    for part in [
        "memorySearch.store.vector.extensionPath is not loaded",
        "29 times as fast as sqlite-vec",
        "memorySearch.store.vector.enabled is false, and changes nothing",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
    assert_eq!(stdout_json(&home, &["memory", "status", "--json"])["ignored"].as_array().unwrap().len(), 2);
    let gateway = gateway_in(&home, &config(extra)).await;
    drop(client(&gateway).await);
    let log = stdout(&home, &["logs"]);
    assert_eq!(log.matches("extensionPath is not loaded").count(), 1, "{log}");
}
