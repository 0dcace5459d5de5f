//! What memory sends to a service that may cost money: not without a word, and with the key that is meant for it.

use std::process::Command;

use openclaw_testkit::embeddings::{Api, EmbeddingServer};
use openclaw_testkit::home::TempHome;
use openclaw_testkit::terminal::at_terminal;
use serde_json::{Value, json};

use crate::support::{binary, config, merge, run, stdout, stdout_json};

const PROFILES: &str = ".openclaw/agents/main/agent/auth-profiles.json";

fn home(search: Value, extra: Value) -> TempHome {
    let home = TempHome::new();
    let mut all = json!({"agents": {"defaults": {"memorySearch": search}}});
    merge(&mut all, extra);
    home.write_config(&config(all));
    let note =
        "# Garden\n\nThe apple trees were planted by Uncle Piet.\n\n# Pond\n\nThe pond is 80 cm deep.\n";
    home.write(".openclaw/workspace/MEMORY.md", note);
    home
}

/// A service elsewhere, reached through a proxy that is the server: of a machine of one's own nobody expects a bill. The price
/// of the model is not known, so that it may have one.
fn costly(server: &EmbeddingServer, ask_above: u64) -> TempHome {
    let remote =
        json!({"baseUrl": "http://embeddings.example/v1", "apiKey": "k", "askAboveTokens": ask_above});
    let home = home(json!({"provider": "openai", "model": "m", "remote": remote}), json!({}));
    home.with_env("http_proxy", server.base_url().trim_end_matches("/v1"))
}

fn typed(home: &TempHome, args: &[&str], text: &str) -> (Option<i32>, String) {
    let mut command = Command::new(binary());
    command.args(args).env_clear().envs(home.env()).env("TERM", "dumb").current_dir(home.path());
    let (status, screen) = at_terminal(command, text);
    (status.code(), screen)
}

#[tokio::test]
async fn much_text_is_not_sent_without_a_yes() {
    let server = EmbeddingServer::start(Api::OpenAi);
    let home = costly(&server, 10);
    for args in [&["memory", "index"][..], &["memory", "index", "--json"], &["memory", "index", "--force"]] {
        let refused = run(&home, args);
        assert_eq!(refused.status.code(), Some(1), "{args:?}");
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        for part in [
            "openai/m gets the text of 2 passages, about ",
            "tokens, at a price that is not known here, which is more than memorySearch.remote.askAboveTokens (10)",
            "add --yes if that is all right",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
    for answer in ["n\n", "\n", "nonsense\n"] {
        let (code, screen) = typed(&home, &["memory", "index"], answer);
        assert!(screen.contains("Go on? [y/N]"), "{screen}");
        assert!(screen.contains("nothing was sent; the notes are found by their words"), "{screen}");
        assert_eq!(code, Some(1), "{screen}");
    }
    let found = stdout_json(&home, &["memory", "search", "pond", "--json"]);
    assert!(found["results"][0]["snippet"].to_string().contains("80 cm"), "{found}");
    let sent = || server.asked().iter().filter(|asked| asked.body.to_string().contains("Uncle Piet")).count();
    assert_eq!(sent(), 0, "words were read, and nothing of them was sent");

    let (code, screen) = typed(&home, &["memory", "index"], "y\n");
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("vectors: 2 of 2 passages (100 %)"), "{screen}");
    assert_eq!(sent(), 1);
    let again = stdout(&home, &["memory", "index", "--force"]);
    assert!(
        again.contains("vectors: 2 of 2 passages"),
        "what is kept costs nothing, and nobody is asked: {again}"
    );
    assert_eq!(sent(), 1);
}

#[tokio::test]
async fn yes_goes_without_asking_and_little_goes_without_yes() {
    for (most, args) in
        [(10, &["memory", "index", "--yes", "--json"][..]), (5_000, &["memory", "index", "--json"])]
    {
        let server = EmbeddingServer::start(Api::OpenAi);
        let indexed = stdout_json(&costly(&server, most), args);
        assert_eq!((&indexed["embedded"], &indexed["passages"]), (&json!(2), &json!(2)), "{indexed}");
    }
    let free = home(json!({"remote": {"askAboveTokens": 0}}), json!({}));
    assert_eq!(
        stdout_json(&free, &["memory", "index", "--json"])["embedded"],
        2,
        "this machine takes nothing"
    );
}

#[tokio::test]
async fn what_meaning_counts_is_told() {
    let server = EmbeddingServer::start(Api::OpenAi);
    let home = costly(&server, 5_000);
    stdout(&home, &["memory", "index"]);
    let deep = stdout(&home, &["memory", "status", "--deep"]);
    assert!(deep.contains("meaning counts 0.") && deep.contains("measured by the self-test ("), "{deep}");
    let found = stdout(&home, &["memory", "search", "pond", "--explain"]);
    assert!(found.contains("meaning counts 0.") && found.contains("by words alone)"), "{found}");
    let builtin = self::home(json!({}), json!({}));
    let search = ["memory", "search", "pond", "--explain", "--json"];
    stdout(&builtin, &["memory", "index"]);
    let weight = &stdout_json(&builtin, &search)["results"][0]["explain"]["weight"];
    assert_eq!(weight["weight"], 0.5, "{weight}");
    assert!(weight["measured"]["meaning"].as_f64().unwrap() > 0.5, "{weight}");
}

/// MEM-04 and S-096.
#[tokio::test]
async fn the_key_of_a_profile_is_used_and_goes_nowhere_else() {
    let profiles = json!({"version": 1, "profiles": {
        "openai:default": {"type": "api_key", "provider": "openai", "key": "of-the-profile"},
    }});
    let server = EmbeddingServer::with_key(Api::OpenAi, "of-the-profile");
    let provider = json!({"baseUrl": server.base_url(), "models": []});
    let openai = json!({"models": {"providers": {"openai": provider}}});
    let own = home(json!({"provider": "openai", "model": "m"}), openai);
    own.write(PROFILES, &profiles.to_string());
    assert_eq!(stdout_json(&own, &["memory", "index", "--json"])["embedded"], 2);
    let is_sent = |server: &EmbeddingServer| {
        server
            .asked()
            .iter()
            .any(|asked| asked.headers.iter().any(|(_, value)| value.contains("of-the-profile")))
    };
    assert!(is_sent(&server));

    let other = EmbeddingServer::start(Api::OpenAi);
    let remote = json!({"baseUrl": other.base_url()});
    let elsewhere = home(json!({"provider": "openai", "model": "m", "remote": remote}), json!({}));
    elsewhere.write(PROFILES, &profiles.to_string());
    assert_eq!(stdout_json(&elsewhere, &["memory", "index", "--json"])["embedded"], 2);
    assert!(!other.asked().is_empty() && !is_sent(&other), "the address is not OpenAI's");
    let said = stdout(&elsewhere, &["memory", "status"]);
    assert!(said.contains("the key in the profile openai:default belongs to another address"), "{said}");
}
