//! The configuration: loading a large one, its schema, an edit in it, and a change under a running gateway.

use std::time::Instant;

use anyhow::{Result, ensure};
use openclaw_config::{
    Base, Change, EditError, Editor, Losses, Terms, Validity, config_schema, edit, load, ui_hints,
};
use serde_json::Value;

use super::ms;
use crate::example_set::ExampleSet;
use crate::report::{Bar, Metric, Results};
use crate::stats::{median, percentile};
use crate::subject::Subject;

static LOAD: Metric = Metric {
    what: "a 120 kB configuration with 10 included files: load and validate",
    unit: "ms",
    bar: Bar::AtMost(5.0),
};
static LOAD_P99: Metric = Metric { what: "the same, p99", unit: "ms", bar: Bar::LessIsBetter };
static LIMIT: Metric = Metric {
    what: "the same files, read and parsed by serde_json alone",
    unit: "ms",
    bar: Bar::LessIsBetter,
};
static RATIO: Metric =
    Metric { what: "load and validate, compared with that", unit: "times", bar: Bar::LessIsBetter };
static SCHEMA: Metric = Metric { what: "schema and hints of all keys", unit: "ms", bar: Bar::AtMost(10.0) };
static EDIT: Metric = Metric {
    what: "one key of it set: open, change, check what becomes of it",
    unit: "ms",
    bar: Bar::LessIsBetter,
};
static EDIT_WRITTEN: Metric = Metric {
    what: "the same, with lock, backup and file written and synced",
    unit: "ms",
    bar: Bar::LessIsBetter,
};

const LOADS: usize = 300;
const SCHEMAS: usize = 100;
const EDITS: usize = 50;
/// Runs that are not counted.
const WARM_UP: usize = 10;

pub(super) fn measure(subject: &Subject, results: &mut Results) -> Result<()> {
    if !subject.choose(true, false) {
        return Ok(()); // the peer has no such thing to call
    }
    let set = ExampleSet::make()?;
    results.note(format!("config: {} files with {} bytes, in this process", set.files.len(), set.bytes));
    loads(&set, results)?;
    for _ in 0..SCHEMAS {
        let began = Instant::now();
        let made = (config_schema(), ui_hints());
        results.record(&SCHEMA, &[ms(began.elapsed())]);
        drop(made);
    }
    edits(&set, results)
}

fn loads(set: &ExampleSet, results: &mut Results) -> Result<()> {
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    // By turns, so that both see the same neighbours.
    for run in 0..WARM_UP + LOADS {
        let began = Instant::now();
        let loaded = load(&set.at, &set.env)?;
        let took = ms(began.elapsed());
        ensure!(loaded.exists && loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        let began = Instant::now();
        let values = set.files.iter().map(|path| Ok(serde_json::from_slice::<Value>(&std::fs::read(path)?)?));
        let values = values.collect::<Result<Vec<_>>>()?;
        let least = ms(began.elapsed());
        drop((loaded, values));
        if run >= WARM_UP {
            ours.push(took);
            limit.push(least);
        }
    }
    results.record(&LOAD, &ours);
    results.record(&LOAD_P99, &percentile(&ours, 99).into_iter().collect::<Vec<_>>());
    results.record(&LIMIT, &limit);
    if let (Some(ours), Some(limit)) = (median(&ours), median(&limit)) {
        results.record(&RATIO, &[ours / limit]);
    }
    Ok(())
}

fn edits(set: &ExampleSet, results: &mut Results) -> Result<()> {
    let path = "gateway.port".parse()?;
    for run in 0..WARM_UP + EDITS {
        let change = [Change::Set { path: Clone::clone(&path), value: (18_000 + run).into() }];
        let began = Instant::now();
        let mut editor = Editor::open(&set.at, &set.env)?;
        editor.apply(&change)?;
        let draft = editor.draft();
        let took = ms(began.elapsed());
        draft.check(Validity::Valid)?;
        ensure!(draft.files().len() == 1, "{} files change", draft.files().len());
        let terms = Terms { base: Base::Any, validity: Validity::Valid, losses: Losses::Stage };
        let make = |editor: &mut Editor| -> Result<(), EditError> { editor.apply(&change) };
        let began = Instant::now();
        edit(&set.at, &set.env, &terms, &make)?;
        if run >= WARM_UP {
            results.record(&EDIT, &[took]);
            results.record(&EDIT_WRITTEN, &[ms(began.elapsed())]);
        }
    }
    Ok(())
}
