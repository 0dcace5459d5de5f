//! P-06: damage of every kind over a corpus of sessions. Nothing undamaged is lost, and the next turn can be sent.

use std::collections::HashSet;
use std::path::Path;

use openclaw_store::{RecordId, read_tail};
use serde_json::Value;

use crate::corpus::{Session, session};
use crate::mutation::{Mutation, lines_of};
use crate::random::Random;
use crate::{history, number_from_env, open, refusal, user};

const SESSIONS: u64 = 500;
/// Mutations of the small slice.
const SLICE: u64 = 400;
/// Failures of one thread after which it stops.
const MAX_FAILURES: usize = 8;

/// A session of the corpus and what must be seen of it.
struct Case {
    session: Session,
    bytes: Vec<u8>,
    /// Records with an id: line number and id.
    ids: Vec<(usize, RecordId)>,
    /// What the model sees of the sound file, tool results aside: line number and marker.
    shown: Vec<(usize, String)>,
    /// Lines that say what is shown of others.
    signposts: Vec<usize>,
    /// Where branches begin, in sessions in which that changes what is shown.
    branch_points: Vec<usize>,
}

fn marker_of(text: &str) -> Option<String> {
    let start = text.find("<m")?;
    let end = start + text[start..].find('>')?;
    Some(text[start..=end].to_owned())
}

impl Case {
    fn new(seed: u64) -> Self {
        let session = session(seed);
        let bytes = session.bytes();
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("s1.jsonl"), &bytes).unwrap();
        let seen = history(&open(home.path()).unwrap()).join("\n");
        let (mut ids, mut shown, mut signposts) = (Vec::<(usize, RecordId)>::new(), Vec::new(), Vec::new());
        let mut branch_points = Vec::new();
        for (number, line) in session.lines.iter().enumerate() {
            let text = std::str::from_utf8(line).unwrap();
            let record: Value = serde_json::from_str(text).unwrap();
            if let Some(id) = record["id"].as_str().filter(|_| record["type"] != "session") {
                ids.push((number, RecordId::parse(id).unwrap()));
            }
            let kind = record["type"].as_str().unwrap();
            if let Some(from) = record["fromId"].as_str().filter(|_| session.leaves_compaction) {
                branch_points
                    .extend(ids.iter().filter(|(_, id)| id.as_str() == from).map(|(number, _)| *number));
            }
            if kind == "compaction" || (kind == "branch_summary" && session.leaves_compaction) {
                signposts.push(number);
            }
            // Line numbers are all that a version 1 compaction has; a line lost before it moves them all.
            let countable = session.version > 1 || !session.has_compaction;
            shown.extend(marker_of(text).filter(|m| countable && seen.contains(m)).map(|m| (number, m)));
        }
        Self { session, bytes, ids, shown, signposts, branch_points }
    }

    fn check(&self, dir: &Path, mutations: &[Mutation]) -> Result<(), String> {
        let path = dir.join("s1.jsonl");
        let mut bytes = self.bytes.clone();
        mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        std::fs::write(&path, &bytes).map_err(|e| e.to_string())?;
        if let Some(sums) = &self.session.sums {
            std::fs::create_dir_all(dir.join(".sums")).map_err(|e| e.to_string())?;
            std::fs::write(dir.join(".sums/s1.jsonl.sum"), sums).map_err(|e| e.to_string())?;
        }
        let mut transcript = open(dir).map_err(|e| e.to_string())?;
        if !std::fs::read(&path).map_err(|e| e.to_string())?.starts_with(&bytes) && !bytes.is_empty() {
            return Err("the file was changed, not only continued".to_owned());
        }
        let intact = self.intact_lines(&bytes);
        for (_, id) in self.ids.iter().filter(|(line, _)| intact.contains(line)) {
            if !transcript.contains(id) {
                return Err(format!("record {id} is not known"));
            }
        }
        let seen = history(&transcript);
        if self.must_show(mutations, &bytes, &intact) {
            let text = seen.join("\n");
            for (_, marker) in self.shown.iter().filter(|(line, _)| intact.contains(line)) {
                if !text.contains(marker) {
                    return Err(format!("{marker} is not shown"));
                }
            }
        }
        if let Some(why) = refusal(&transcript) {
            return Err(why);
        }
        transcript.append_message(&user("<next>")).map_err(|e| e.to_string())?;
        let again = open(dir).map_err(|e| e.to_string())?;
        let report = again.report();
        if history(&again) != history(&transcript) {
            return Err("another history after reopening".to_owned());
        }
        if !report.quarantined.is_empty()
            || report.closed_calls > 0
            || report.altered > 0
            || report.missing_bytes > 0
        {
            return Err(format!("the second opening reports {report:?}"));
        }
        let tail = read_tail(&path, 1).map_err(|e| e.to_string())?;
        if tail[0]["content"][0]["text"] != "<next>" {
            return Err("the tail is not the last message".to_owned());
        }
        Ok(())
    }

    /// The numbers of the lines that are still in the file as they were. One without its line end is not counted.
    fn intact_lines(&self, bytes: &[u8]) -> HashSet<usize> {
        let there: HashSet<&[u8]> = lines_of(bytes).collect();
        let lines = self.session.lines.iter().enumerate();
        lines.filter(|(_, line)| there.contains(line.as_slice())).map(|(number, _)| number).collect()
    }

    /// Whether each undamaged record of the sound history must be in the history, not only in the file. Not so
    /// - if a compaction is damaged, which may then name another first kept record;
    /// - if lines were moved or cut so that another branch may be the active one, and branches differ in what they show;
    /// - if a line was moved and others are damaged as well: if the damaged one is its parent, nobody can say where on the
    ///   branch it was.
    /// - if the record that a branch begins at is lost along with others, in a session with a compaction on the branch
    ///   that was left: which of the lost ones it was, nobody can say.
    fn must_show(&self, mutations: &[Mutation], bytes: &[u8], intact: &HashSet<usize>) -> bool {
        let moved = mutations.iter().any(Mutation::moves_a_line);
        let same_end = lines_of(bytes).last() == self.session.lines.last().map(Vec::as_slice);
        let same_branch = same_end || !(self.session.leaves_compaction || (self.session.has_branch && moved));
        let in_place = !moved || mutations.len() == 1;
        let whole = |lines: &[usize]| lines.iter().all(|line| intact.contains(line));
        let branches_known = mutations.len() == 1 || whole(&self.branch_points);
        same_branch && in_place && branches_known && whole(&self.signposts)
    }
}

fn mutations_of(random: &mut Random, case: &Case) -> Vec<Mutation> {
    let mut bytes = case.bytes.clone();
    let count = *random.pick(&[1, 1, 1, 2, 3]);
    let mutations = (0..count).map(|_| {
        let mutation = Mutation::random(random, &bytes);
        mutation.apply(&mut bytes);
        mutation
    });
    mutations.collect()
}

/// Runs seeds and says which failed; not more than a person would read.
fn run(seeds: impl Iterator<Item = u64>, cases: &[Case]) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    for seed in seeds {
        let mut random = Random::new(seed);
        let case = random.pick(cases);
        let mutations = mutations_of(&mut random, case);
        let dir = home.path().join(seed.to_string());
        std::fs::create_dir(&dir).unwrap();
        if let Err(why) = case.check(&dir, &mutations) {
            let (Session { seed: session, version, .. }, place) = (&case.session, dir.display());
            failures.push(format!(
                "OPENCLAW_TORTURE_SEED={seed} (session {session}, v{version}): {why}: {mutations:?} in {place}"
            ));
        } else {
            std::fs::remove_dir_all(&dir).unwrap();
        }
        if failures.len() >= MAX_FAILURES {
            break;
        }
    }
    if !failures.is_empty() {
        // What failed stays to be looked at.
        drop(home.keep());
    }
    failures
}

#[test]
fn damage_loses_nothing_undamaged_and_the_next_turn_is_valid() {
    let first = number_from_env("OPENCLAW_TORTURE_SEED").unwrap_or(0);
    let count = number_from_env("OPENCLAW_TORTURE_MUTATIONS").unwrap_or(SLICE);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let cases: Vec<Case> = (0..SESSIONS).map(Case::new).collect();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|thread| {
                let seeds = (first + thread..first + count).step_by(threads as usize);
                let cases = &cases;
                scope.spawn(move || run(seeds, cases))
            })
            .collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_corpus_has_what_real_sessions_have() {
    let cases: Vec<Case> = (0..SESSIONS).map(Case::new).collect();
    let with = |has: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| has(case)).count();
    let text = |case: &Case, part: &str| String::from_utf8_lossy(&case.bytes).contains(part);
    for (what, least, found) in [
        ("version 1", 30, with(&|case| case.session.version == 1)),
        ("version 2", 30, with(&|case| case.session.version == 2)),
        ("compactions", 100, with(&|case| case.session.has_compaction)),
        ("branches", 80, with(&|case| case.session.has_branch)),
        ("images", 100, with(&|case| text(case, "\"image\""))),
        ("custom messages", 30, with(&|case| text(case, "custom_message"))),
        ("checksums", 100, with(&|case| case.session.sums.is_some())),
        ("something shown", 400, with(&|case| !case.shown.is_empty())),
    ] {
        assert!(found >= least, "{what}: {found} sessions");
    }
}
