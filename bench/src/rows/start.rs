//! From the start of the process to the first `hello-ok`.

use anyhow::Result;

use super::ms;
use crate::home::Home;
use crate::report::{Bar, Metric, Results};
use crate::subject::Subject;

static EMPTY: Metric =
    Metric { what: "process start to `hello-ok`, empty home", unit: "ms", bar: Bar::AtMost(12.0) };
static USED: Metric =
    Metric { what: "process start to `hello-ok`, 1,000 sessions", unit: "ms", bar: Bar::AtMost(25.0) };

/// Starts of each kind.
const RUNS: usize = 15;
const PEER_RUNS: usize = 3;

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    for _ in 0..subject.choose(RUNS, PEER_RUNS) {
        let (_running, _talk, took) = subject.start(&Home::empty(None)).await?;
        results.record(&EMPTY, &[ms(took)]);
    }
    let used = Home::empty(None).with_sessions();
    for _ in 0..subject.choose(RUNS, PEER_RUNS) {
        let (_running, _talk, took) = subject.start(&used).await?;
        results.record(&USED, &[ms(took)]);
    }
    Ok(())
}
