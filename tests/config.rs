//! Changing the configuration: from the shell, over the gateway, in a chat. The file stays its owner's.

use std::time::Duration;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::process::{GatewayProcess, free_port};
use openclaw_testkit::ws::WsClient;
use serde_json::{Value, json};

use crate::support::{PATIENCE, TOKEN, binary, chat, client, config, run, stdout, stdout_json, text};

const CONFIG: &str = ".openclaw/openclaw.json";
const MARK: &str = "__OPENCLAW_REDACTED__";

/// A configuration as a person writes one.
fn handwritten(port: u16, extra: &str) -> String {
    format!(
        "// my gateway\n{{\n  gateway: {{\n    mode: 'local', // here\n    port: {port},\n    auth: {{ token: '${{TOK}}' }},\n    \
         reload: {{ debounceMs: 40 }},\n  }},\n{extra}}}\n"
    )
}

/// A gateway that runs with a handwritten configuration.
async fn handwritten_gateway(extra: &str) -> (TempHome, GatewayProcess, String) {
    let home = TempHome::new().with_env("TOK", TOKEN);
    let port = free_port();
    let written = handwritten(port, extra);
    home.write(CONFIG, &written);
    let gateway = GatewayProcess::start_with(binary(), &home, port, &["gateway", "run"]).await;
    (home, gateway, written)
}

fn file(home: &TempHome) -> String {
    home.read(CONFIG).unwrap()
}

async fn get(client: &mut WsClient) -> Value {
    client.call("config.get", json!({})).await.unwrap()
}

#[test]
fn the_shell_changes_one_value_and_not_a_byte_around_it() {
    let home = TempHome::new().with_env("TOK", TOKEN);
    let before = handwritten(1234, "  // nothing else\n");
    home.write(CONFIG, &before);
    let said = stdout(&home, &["config", "set", "gateway.port", "4321"]);
    assert!(
        said.starts_with("gateway.port is set in ") && said.trim_end().ends_with("openclaw.json"),
        "{said}"
    );
    assert_eq!(file(&home), before.replace("1234", "4321"));
    assert_eq!(home.read(".openclaw/openclaw.json.bak").unwrap(), before);
    stdout(&home, &["config", "unset", "gateway.port"]);
    assert_eq!(file(&home), before.replace("    port: 1234,\n", ""));
    assert_eq!(stdout(&home, &["config", "get", "gateway.auth.token"]).trim(), MARK);

    let refused = run(&home, &["config", "set", "gateway.prot", "1"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("did you mean \"port\"?"), "{words}");
    let refused = run(&home, &["config", "unset", "gateway"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("openclaw config confirm"), "{words}");
    assert_eq!(file(&home), before.replace("    port: 1234,\n", ""));
    stdout(&home, &["config", "confirm"]);
    assert!(!file(&home).contains("gateway:"), "{}", file(&home));
}

#[test]
fn variables_of_the_login_shell_stand_in_where_nobody_sets_one() {
    let home = TempHome::new();
    let shell = home.path().join("shell");
    home.write("shell", "#!/bin/sh\nFROM_SHELL=sekret-token; PORT_NAME=wrong; export FROM_SHELL PORT_NAME; exec /usr/bin/env -0\n");
    std::fs::set_permissions(&shell, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let home = home.with_env("SHELL", shell.to_str().unwrap()).with_env("PORT_NAME", "");
    let with = |on: bool| {
        format!(
            "{{ gateway: {{ auth: {{ token: '${{FROM_SHELL}}' }} }}, env: {{ shellEnv: {{ enabled: {on} }}, vars: {{ PORT_NAME: 'own' }} }}, ui: {{ assistant: {{ name: '${{PORT_NAME}}' }} }} }}"
        )
    };
    home.write(CONFIG, &with(false));
    assert!(!run(&home, &["config", "validate"]).status.success());
    home.write(CONFIG, &with(true));
    stdout(&home, &["config", "validate"]);
    stdout(&home, &["config", "set", "gateway.port", "4321"]);
    assert!(file(&home).contains("token: '${FROM_SHELL}'") && !file(&home).contains("sekret"));
    home.write("shell", "#!/bin/sh\nexit 1\n");
    let failed = run(&home, &["config", "validate"]);
    let words = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(!failed.status.success() && words.contains("FROM_SHELL"), "{words}");
}

#[test]
fn a_file_that_may_not_grow_keeps_its_old_content() {
    let home = TempHome::new().with_env("TOK", TOKEN);
    let long = format!("  // {}\n", "x".repeat(4096));
    let before = handwritten(1234, &long);
    home.write(CONFIG, &before);
    // 1 KiB is the most that this shell lets its children write into a file: a full disk, as far as they can tell.
    let limited = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" config set gateway.port 4321"])
        .arg(binary())
        .env_clear()
        .envs(home.env())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&limited.stderr).into_owned();
    assert!(!limited.status.success() && words.contains("openclaw.json"), "{words}");
    assert_eq!(file(&home), before);
    stdout(&home, &["config", "set", "gateway.port", "4321"]);
    assert_eq!(file(&home), before.replace("1234", "4321"));
}

#[test]
fn sixty_four_shells_at_once_lose_nothing() {
    let home = TempHome::new().with_env("TOK", TOKEN);
    home.write(CONFIG, &handwritten(1234, ""));
    std::thread::scope(|scope| {
        for n in 0..64 {
            let home = &home;
            scope.spawn(move || stdout(home, &["config", "set", &format!("env.vars.V{n}"), &n.to_string()]));
        }
    });
    let vars = stdout_json(&home, &["config", "get", "env.vars"]);
    assert_eq!(vars.as_object().unwrap().len(), 64);
    assert!(file(&home).starts_with("// my gateway\n") && file(&home).contains("// here"));
}

#[tokio::test]
async fn a_client_that_knows_no_comments_keeps_them() {
    let (home, gateway, before) = handwritten_gateway("  ui: { assistant: { name: 'Vesper' } },\n").await;
    let mut client = client(&gateway).await;
    let got = get(&mut client).await;
    assert_eq!((&got["valid"], &got["config"]["gateway"]["auth"]["token"]), (&json!(true), &json!(MARK)));
    assert!(got["raw"].as_str().unwrap().contains("// here"), "{got}");
    // A form sends strict JSON with the marks in it.
    let mut form = got["config"].clone();
    form["ui"]["assistant"]["name"] = json!("Aster");
    let params = json!({"raw": form.to_string(), "baseHash": got["hash"]});
    let set = client.call("config.set", params.clone()).await.unwrap();
    assert_eq!((&set["ok"], &set["config"]["ui"]["assistant"]["name"]), (&json!(true), &json!("Aster")));
    assert_eq!(file(&home), before.replace("Vesper", "Aster"));
    assert_eq!(
        client.call("agent.identity.get", json!({})).await.unwrap()["name"],
        "Aster",
        "in force at once"
    );

    let stale = client.call("config.set", params).await.unwrap_err();
    assert_eq!(stale["message"], "config changed since last load; re-run config.get and retry");
    let without = client.call("config.set", json!({"raw": "{}"})).await.unwrap_err();
    assert_eq!(without["message"], "config base hash required; re-run config.get and retry");
    let got = get(&mut client).await;
    let mut wrong = got["config"].clone();
    wrong["gateway"]["prot"] = json!(1);
    let params = json!({"raw": wrong.to_string(), "baseHash": got["hash"]});
    let refused = client.call("config.set", params).await.unwrap_err();
    assert_eq!(refused["code"], "INVALID_REQUEST");
    let words = refused["message"].as_str().unwrap();
    assert!(words.starts_with("invalid config: ") && words.contains("did you mean"), "{words}");
    assert_eq!(refused["details"]["issues"][0]["path"], "gateway.prot");
    assert_eq!(file(&home), before.replace("Vesper", "Aster"));

    let stub = client.call("config.set", json!({"raw": "{}", "baseHash": got["hash"]})).await.unwrap_err();
    assert!(stub["message"].as_str().unwrap().contains("nothing is left of gateway"), "{stub}");
    let staged = home.read(".openclaw/openclaw.json.staged").unwrap();
    assert!(staged.contains("// my gateway") && !staged.contains("gateway:"), "{staged}");

    // An editor in the browser sends the text with its comments, which become the file.
    let typed = got["raw"].as_str().unwrap().replace("// here", "// there");
    client.call("config.set", json!({"raw": typed, "baseHash": got["hash"]})).await.unwrap();
    assert_eq!(file(&home), before.replace("Vesper", "Aster").replace("// here", "// there"));
}

#[tokio::test]
async fn a_patch_that_can_be_applied_restarts_nothing_and_wakes_the_session() {
    let (home, gateway, before) = handwritten_gateway("  ui: { assistant: { name: 'Vesper' } },\n").await;
    let mut client = client(&gateway).await;
    let hash = get(&mut client).await["hash"].clone();
    let params = json!({
        "raw": "{ui: {assistant: {name: 'Aster'}, seamColor: null}}", "baseHash": hash, "sessionKey": "errands",
        "note": "a new name", "restartDelayMs": 0,
    });
    let patched = client.call("config.patch", params).await.unwrap();
    assert_eq!(patched["restart"]["mode"], "none", "{patched}");
    assert_eq!(patched["sentinel"]["payload"]["message"], "a new name");
    assert_eq!(file(&home), before.replace("Vesper", "Aster"));
    let wanted = |frame: &Value| {
        frame["event"] == "chat"
            && frame["payload"]["state"] == "final"
            && frame["payload"]["sessionKey"] == "agent:main:errands"
    };
    client.find(wanted, PATIENCE).await.expect("the session hears of it");
    let history = client.call("chat.history", json!({"sessionKey": "errands"})).await.unwrap();
    assert!(text(&history["messages"][0]).contains("a new name"), "{history}");
}

#[tokio::test]
async fn a_patch_of_the_port_restarts_in_process_and_then_wakes_the_session() {
    let (home, gateway, before) = handwritten_gateway("").await;
    let mut first = client(&gateway).await;
    let (pid, port) = (gateway.pid(), free_port());
    let hash = get(&mut first).await["hash"].clone();
    let params = json!({
        "raw": json!({"gateway": {"port": port}}).to_string(), "baseHash": hash, "sessionKey": "main",
        "note": "moved house", "restartDelayMs": 400,
    });
    let patched = first.call("config.patch", params).await.unwrap();
    assert_eq!(
        (&patched["restart"]["mode"], &patched["restart"]["delayMs"], &patched["restart"]["pid"]),
        (&json!("emit"), &json!(400), &json!(pid))
    );
    let answered = std::time::Instant::now();
    let shutdown = first.next_event("shutdown", PATIENCE).await.unwrap();
    assert_eq!(shutdown["payload"]["reason"], "gateway restarting");
    // The files were seen to change, too, and that must not cut the wanted delay short.
    assert!(answered.elapsed() >= Duration::from_millis(250), "{:?}", answered.elapsed());
    assert_eq!(first.closed(PATIENCE).await.0, 1012);
    assert_eq!(file(&home), before.replace(&format!("port: {}", gateway.port()), &format!("port: {port}")));
    let mut second = loop {
        // The port opens a moment later.
        match tokio::net::TcpStream::connect(("127.0.0.1", port)).await {
            Ok(_) => break WsClient::open(port).await,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    second.connect_as_cli(TOKEN).await;
    let told = async {
        loop {
            let history = second.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
            if history["messages"].as_array().is_some_and(|all| !all.is_empty()) {
                break text(&history["messages"][0]);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await.unwrap();
    assert!(told.contains("config.patch") && told.contains("moved house"), "{told}");
    assert!(home.read(".openclaw/restart-sentinel.json").is_none(), "told once");
}

#[tokio::test]
async fn a_broken_file_can_be_looked_at_and_replaced_over_the_gateway() {
    let (home, gateway, before) = handwritten_gateway("").await;
    let mut client = client(&gateway).await;
    home.write(CONFIG, &before.replace("mode: 'local'", "mode: 'lokal', token: 'canary-123456'"));
    let got = get(&mut client).await;
    assert_eq!((&got["valid"], got["issues"].as_array().unwrap().len()), (&json!(false), 2), "{got}");
    assert!(got["raw"].as_str().unwrap().contains("// here") && !got.to_string().contains("canary"), "{got}");
    let fixed = got["raw"]
        .as_str()
        .unwrap()
        .replace("mode: 'lokal', token: \"__OPENCLAW_REDACTED__\"", "mode: 'local'");
    client.call("config.set", json!({"raw": fixed, "baseHash": got["hash"]})).await.unwrap();
    assert_eq!(get(&mut client).await["valid"], true);
    // Of a file that cannot be read nobody knows what a document would lose, so none is taken.
    home.write(CONFIG, "{ gateway: ");
    let got = get(&mut client).await;
    assert_eq!(
        (&got["valid"], &got["raw"], &got["hash"]),
        (&json!(false), &json!(null), &json!(null)),
        "{got}"
    );
    for hash in [None, Some("0")] {
        let mut params = json!({"raw": before, "restartDelayMs": 0});
        if let Some(hash) = hash {
            params["baseHash"] = json!(hash);
        }
        let refused = client.call("config.apply", params).await.unwrap_err();
        assert!(refused["message"].as_str().unwrap().starts_with("invalid config: "), "{refused}");
    }
    assert_eq!(file(&home), "{ gateway: ");
}

#[tokio::test]
async fn a_schema_has_hints_for_its_forms() {
    let (_home, gateway, _) = handwritten_gateway("").await;
    let mut client = client(&gateway).await;
    let schema = client.call("config.schema", json!({})).await.unwrap();
    assert_eq!(schema["schema"]["properties"]["gateway"]["properties"]["port"]["type"], "integer");
    assert_eq!(schema["uiHints"]["gateway.auth.token"]["sensitive"], true);
    assert!(schema["version"].is_string() && schema["generatedAt"].is_string());
}

#[tokio::test]
async fn a_chat_changes_the_configuration_when_its_owner_allowed_that() {
    let (home, gateway, before) = handwritten_gateway("").await;
    let mut admin = client(&gateway).await;
    let off = chat(&mut admin, "main", "/config show gateway.port").await;
    assert!(text(&off).contains("openclaw config set commands.config true"), "{off}");
    stdout(&home, &["config", "set", "commands.config", "true"]);
    let applied = |frame: &Value| frame["event"] == "config" && frame["payload"]["state"] == "applied";
    admin.find(applied, PATIENCE).await.expect("the shell's change is applied");
    let shown = chat(&mut admin, "main", "/config show gateway.auth").await;
    assert!(text(&shown).contains(MARK) && !text(&shown).contains(TOKEN), "{shown}");
    let set = chat(&mut admin, "main", "/config set ui.assistant.name=Aster Two").await;
    assert!(text(&set).starts_with("ui.assistant.name is changed in "), "{set}");
    assert!(file(&home).contains("name: 'Aster Two'") && file(&home).contains("// here"), "{}", file(&home));
    let refused = chat(&mut admin, "main", "/config set gateway.prot=1").await;
    assert!(text(&refused).contains("did you mean"), "{refused}");
    chat(&mut admin, "main", "/config unset ui").await;
    chat(&mut admin, "main", "/config unset commands").await;
    assert_eq!(file(&home), before);
}

#[test]
fn a_key_that_is_not_set_is_explained() {
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    let rows = [
        (&["config", "get", "gateway.prot"][..], "did you mean \"port\""),
        (&["config", "get", "gateway.port"], "its default holds: 18789"),
        (&["config", "get", "gateway.reload.debounceMs"], "its default holds: 300"),
        (&["config", "set", "telegram.botToken", "x"], "channels.telegram.botToken"),
        (&["--profile", "x", "config", "get", "ui"], "`openclaw --profile x quickstart`"),
    ];
    for (args, part) in rows {
        let output = run(&home, args);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && words.contains(part), "{args:?}: {words}");
    }
}

/// Bash breaks words at colons; the answer has to fit what is behind the last one.
#[test]
fn bash_completes_what_openclaw_offers() {
    let home = TempHome::new();
    home.write_config(&config(
        json!({"models": {"providers": {"a:b": {"baseUrl": "http://x", "models": []}}}}),
    ));
    let complete = |line: &str| {
        let script = stdout(&home, &["completion", "bash"]);
        let ask = format!(
            "openclaw() {{ '{}' \"$@\"; }}\n{script}\nCOMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}\n_openclaw 2>/dev/null\n\
             echo \"${{COMPREPLY[*]}}\"",
            binary().display()
        );
        let output =
            std::process::Command::new("bash").args(["-c", &ask]).env_clear().envs(home.env()).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim_end().to_owned()
    };
    for (line, expected) in [
        ("openclaw --profile x config set gateway.po", "gateway.port"),
        ("openclaw completion ", "bash zsh fish"),
        ("openclaw config unset models.providers.a:", "b"),
        ("openclaw gateway call sessions.pa", "sessions.patch"),
    ] {
        assert_eq!(complete(line), expected, "{line}");
    }
}

/// A write beyond the limit fails like one on a full disk; the signal for it would end the process in the middle.
#[test]
fn a_limit_on_file_sizes_is_an_error() {
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    let ask = format!("ulimit -f 0; '{}' config set gateway.port 7", binary().display());
    let output =
        std::process::Command::new("bash").args(["-c", &ask]).env_clear().envs(home.env()).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && words.contains("cannot write"), "{words}");
    assert!(!home.read(CONFIG).unwrap().contains("port"));
}
