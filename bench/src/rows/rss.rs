//! Resident memory of a gateway that does nothing.

use std::time::Duration;

use anyhow::Result;
use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::json;

use crate::home::Home;
use crate::report::{Bar, Metric, Results};
use crate::subject::{Running, Subject};

static EMPTY: Metric =
    Metric { what: "idle resident memory, empty home", unit: "MB", bar: Bar::AtMost(18.0) };
static USED: Metric = Metric {
    what: "idle resident memory, 1,000 sessions and 1,000 memory chunks",
    unit: "MB",
    bar: Bar::AtMost(25.0),
};
static SEARCHED: Metric =
    Metric { what: "the same after a turn that searched the memory", unit: "MB", bar: Bar::AtMost(25.0) };

const RUNS: usize = 3;
const PEER_RUNS: usize = 1;
/// What a start or a turn leaves to be done is done by then.
const SETTLE: Duration = Duration::from_secs(3);

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    for _ in 0..subject.choose(RUNS, PEER_RUNS) {
        let home = Home::empty(None);
        let (running, _talk, _) = subject.start(&home).await?;
        results.record(&EMPTY, &[settled(&running).await]);
    }
    let server = ModelServer::start();
    let home = Home::empty(Some(&server.base_url())).with_sessions().with_notes();
    if let Err(error) = subject.run(&home, &["memory", "index"]) {
        results
            .note(format!("{}: `memory index` failed, so its memory has no index: {error}", subject.name()));
    }
    for run in 0..subject.choose(RUNS, PEER_RUNS) {
        let (running, mut talk, _) = subject.start(&home).await?;
        results.record(&USED, &[settled(&running).await]);
        server.push(Reply::tool_call("memory_search", &json!({"query": "where is the passport kept"})));
        let name = format!("search-{run}");
        talk.say(&name, &name, "Where is my passport?").await?;
        talk.wait_end(&name).await?;
        results.record(&SEARCHED, &[settled(&running).await]);
    }
    Ok(())
}

async fn settled(running: &Running) -> f64 {
    tokio::time::sleep(SETTLE).await;
    running.resident_mb()
}
