//! Commands of the command line, as a shell waits for them.

use anyhow::Result;

use super::ms;
use crate::home::Home;
use crate::report::{Bar, Metric, Results};
use crate::subject::Subject;

static VERSION: Metric = Metric { what: "`openclaw --version`", unit: "ms", bar: Bar::AtMost(4.0) };
static STATUS: Metric =
    Metric { what: "`openclaw status --json` beside a running gateway", unit: "ms", bar: Bar::AtMost(15.0) };

const RUNS: usize = 30;
const PEER_RUNS: usize = 5;

pub(super) async fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    let home = Home::empty(None);
    let (_running, _talk, _) = subject.start(&home).await?;
    for _ in 0..subject.choose(RUNS, PEER_RUNS) {
        results.record(&VERSION, &[ms(subject.run(&home, &["--version"])?)]);
        results.record(&STATUS, &[ms(subject.run(&home, &["status", "--json"])?)]);
    }
    Ok(())
}
