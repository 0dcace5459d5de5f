//! A folder of notes that is moved, replaced, lost and put back while the gateway runs; and notes beside `memory/`.

use std::fs;

use openclaw_guard::{create_private_dir, write_atomic};
use openclaw_testkit::home::TempHome;
use openclaw_testkit::process::{GatewayProcess, free_port};
use serde_json::json;

use crate::support::{PATIENCE, binary, config, fed, gateway, run, said, stdout, stdout_json};

#[tokio::test]
async fn a_workspace_that_is_moved_replaced_and_lost_is_noticed() {
    let (home, mut gateway) = gateway(&config(json!({}))).await;
    let place = home.state_dir().join("workspace");
    let aside = home.state_dir().join("aside");
    let ask = |message: &str| run(&home, &["agent", "--message", message]);
    assert!(said(&ask("remember that the yellow submarine is in the shed")).contains("Noted"));
    assert!(said(&ask("where is the yellow submarine?")).contains("in the shed"));

    // Another folder in its place, with a note of its own.
    fs::rename(&place, &aside).unwrap();
    create_private_dir(&place.join("memory")).unwrap();
    write_atomic(&place.join("memory/2024-05-01.md"), b"- The purple submarine is in the pond.\n").unwrap();
    let found = said(&ask("where is the purple submarine?"));
    assert!(found.contains("in the pond"), "{found}");
    assert!(!said(&ask("where is the yellow submarine?")).contains("in the shed"));
    assert!(said(&ask("remember that the swap happened")).contains("Noted"));
    let notes = |folder: &std::path::Path| {
        let notes = fs::read_dir(folder.join("memory")).unwrap().map(|entry| entry.unwrap().path());
        notes.map(|note| fs::read_to_string(note).unwrap()).collect::<String>()
    };
    assert!(notes(&place).contains("the swap happened") && !notes(&aside).contains("the swap happened"));

    // Nothing in its place.
    fs::remove_dir_all(&place).unwrap();
    for message in ["where is the purple submarine?", "remember that it is gone"] {
        let lost = ask(message);
        assert!(!lost.status.success(), "{}", said(&lost));
        assert!(
            said(&lost).contains("is not there") && said(&lost).contains("Nothing was noted"),
            "{}",
            said(&lost)
        );
    }
    assert!(!place.exists(), "nobody makes one behind the back of its owner");
    let health = run(&home, &["health"]);
    assert!(
        !health.status.success() && said(&health).contains("the workspace of agent main"),
        "{}",
        said(&health)
    );
    let doctor = run(&home, &["doctor"]);
    assert!(said(&doctor).contains("the workspace of agent main is not there"), "{}", said(&doctor));

    // The first one comes back.
    fs::rename(&aside, &place).unwrap();
    let found = said(&ask("where is the yellow submarine?"));
    assert!(found.contains("in the shed"), "{found}");
    let noted = said(&ask("remember that it is back"));
    assert!(noted.contains("Noted"), "{noted}");
    assert!(notes(&place).contains("it is back"));
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
}

#[tokio::test]
async fn notes_beside_memory_are_searched_or_spoken_of() {
    let home = TempHome::new();
    home.write("notes/garden.md", "# Garden\n\n- The apple trees were planted by Uncle Piet.\n");
    home.write("notes/AGENTS.md", "# Rules\n\n- Apple trees are planted by nobody.\n");
    home.write("notes/memory/2024-05-01.md", "- The pond is 80 cm deep.\n");
    let folder = home.path().join("notes");
    let port = free_port().to_string();
    let args = ["quickstart", "--lines", "--workspace", folder.to_str().unwrap(), "--port", &port];
    let told = fed(&home, &args, "who planted the apple trees?\n");
    assert!(told.status.success(), "{}", said(&told));
    assert!(said(&told).contains("with 1 .md file outside memory/"), "{}", said(&told));
    assert!(said(&told).contains("Uncle Piet") && !said(&told).contains("nobody"), "{}", said(&told));
    let status = stdout_json(&home, &["memory", "status", "--json"]);
    assert_eq!((&status["notes"], &status["unsearched"]), (&json!(2), &json!(null)), "{status}");

    // A configuration that was there before is not changed, and the command that changes it is named.
    stdout(&home, &["config", "unset", "agents.defaults.memorySearch"]);
    let port = free_port();
    let text = port.to_string();
    let gateway = GatewayProcess::start_with(binary(), &home, port, &["quickstart", "--port", &text]).await;
    gateway.wait_stdout("1 .md file outside memory/ is not searched (garden.md)", PATIENCE).await;
    drop(gateway);
    let status = stdout(&home, &["memory", "status"]);
    let command = "`openclaw config set agents.defaults.memorySearch.extraPaths '[\".\"]'` adds it";
    assert!(status.contains("garden.md") && status.contains(command), "{status}");
    stdout(&home, &["config", "set", "agents.defaults.memorySearch.extraPaths", "[\".\"]"]);
    let found = stdout(&home, &["memory", "search", "who", "planted", "the", "apple", "trees"]);
    assert!(found.contains("garden.md#L3") && !found.contains("AGENTS.md"), "{found}");
    assert!(!stdout(&home, &["memory", "status"]).contains("not searched"));
    assert!(!run(&home, &["memory", "search", " "]).status.success());
}
