//! Random lives of an index beside a simple model: kills, torn lines, edits by hand.

use super::{INDEX_FILE, JOURNAL_FILE, NOW, killed, load_at, new, on_disk, write, write_in_place};
use crate::{SessionEntry, SessionIndex, field};
use openclaw_guard::{ManualClock, write_atomic};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone)]
enum Op {
    Create(u8),
    Update(u8, u8, i64),
    Patch(u8, u8, i64),
    Clear(u8, u8),
    Remove(u8),
    Tick(u64),
    Flush,
    Close,
    /// Somebody edits the file: sets a field, adds or removes an entry; seen by the next tick.
    EditField(u8, u8, i64),
    EditAdd(u8),
    EditRemove(u8),
    /// Somebody leaves it empty, cut off after so many bytes, or as something else.
    Break(usize),
    /// Killed; of what was not synced yet, this many bytes are lost.
    Kill(usize),
    Restart,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let key = || 0_u8..5;
    let field = || 0_u8..3;
    let number = || 0_i64..1_000;
    let op = prop_oneof![
        3 => key().prop_map(Op::Create),
        6 => (key(), field(), number()).prop_map(|(k, f, n)| Op::Update(k, f, n)),
        4 => (key(), field(), number()).prop_map(|(k, f, n)| Op::Patch(k, f, n)),
        1 => (key(), field()).prop_map(|(k, f)| Op::Clear(k, f)),
        1 => key().prop_map(Op::Remove),
        4 => (0_u64..1_500).prop_map(Op::Tick),
        1 => Just(Op::Flush),
        1 => Just(Op::Close),
        2 => (key(), field(), number()).prop_map(|(k, f, n)| Op::EditField(k, f, n)),
        1 => key().prop_map(Op::EditAdd),
        1 => key().prop_map(Op::EditRemove),
        1 => (0_usize..200).prop_map(Op::Break),
        2 => (0_usize..400).prop_map(Op::Kill),
        1 => Just(Op::Restart),
    ];
    prop::collection::vec(op, 1..40)
}

type Model = BTreeMap<String, Value>;

fn key(n: u8) -> String {
    format!("agent:main:k{n}")
}

const FIELDS: [&str; 3] = ["one", "two", "updatedAt"];

fn set(entry: &mut SessionEntry, at: u8, number: i64) {
    entry.set_json(FIELDS[usize::from(at)], json!(number));
}

fn model_of(index: &SessionIndex) -> Model {
    index.list().into_iter().map(|(key, entry)| (key, json!(entry))).collect()
}

struct World {
    home: tempfile::TempDir,
    clock: Arc<ManualClock>,
    index: SessionIndex,
    model: Model,
    /// Every state since the last that is on the disk for good: a kill may leave any of them.
    possible: Vec<Model>,
    /// The length of the journal at that moment.
    sound_bytes: u64,
    sessions: u32,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let index = load_at(home.path(), &clock);
        index.get_or_create(&key(0), || new("first", 1)).unwrap();
        let model = model_of(&index);
        let mut world = Self { home, clock, index, possible: vec![], model, sound_bytes: 0, sessions: 0 };
        world.settled();
        world
    }

    fn journal_bytes(&self) -> u64 {
        self.home.path().join(JOURNAL_FILE).metadata().map_or(0, |meta| meta.len())
    }

    fn settled(&mut self) {
        self.possible = vec![self.model.clone()];
        self.sound_bytes = self.journal_bytes();
    }

    fn changed(&mut self) {
        self.possible.push(self.model.clone());
    }

    fn fresh_id(&mut self) -> String {
        self.sessions += 1;
        format!("s{}", self.sessions)
    }

    /// Edits the file; what the model makes of it follows the rules for people: the edit wins, time goes on.
    fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        // The edit is seen at once: what a tick does in between is another operation.
        self.tick(0);
        if self.is_broken() {
            return; // there is nothing to edit
        }
        let before = on_disk(self.home.path());
        let mut after = before.clone();
        change(&mut after);
        write(self.home.path(), &after);
        let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
        for (key, entry) in after {
            match (before.get(key), self.model.get_mut(key)) {
                (Some(old), Some(ours)) => {
                    for (name, value) in entry.as_object().unwrap() {
                        if old.get(name) != Some(value) {
                            let newest = ours["updatedAt"].as_i64().unwrap_or(0);
                            let value = if name == "updatedAt" {
                                json!(value.as_i64().unwrap().max(newest))
                            } else {
                                value.clone()
                            };
                            ours[name] = value;
                        }
                    }
                }
                (Some(old), None) if old != entry => {
                    self.model.insert(key.clone(), entry.clone());
                }
                (None, None) => {
                    self.model.insert(key.clone(), entry.clone());
                }
                (None, Some(ours)) => {
                    if entry["updatedAt"].as_i64().unwrap_or(0) > ours["updatedAt"].as_i64().unwrap_or(0) {
                        *ours = entry.clone();
                    }
                }
                (Some(_), None) => {}
            }
        }
        for key in before.keys().filter(|key| !after.contains_key(*key)) {
            self.model.remove(key);
        }
        self.tick(0);
        self.settled();
    }

    fn is_broken(&self) -> bool {
        let bytes = std::fs::read(self.home.path().join(INDEX_FILE)).unwrap();
        serde_json::from_slice::<BTreeMap<String, Value>>(&bytes).is_err()
    }

    fn tick(&mut self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
        let image = std::fs::read(self.home.path().join(INDEX_FILE)).ok();
        self.index.flush_if_dirty().unwrap();
        if std::fs::read(self.home.path().join(INDEX_FILE)).ok() != image {
            self.settled();
        }
    }

    fn reload(&mut self) {
        self.index = load_at(self.home.path(), &self.clock);
        self.model = model_of(&self.index);
        self.sound_bytes = self.journal_bytes();
        self.possible = vec![self.model.clone()];
    }

    fn kill(&mut self, lost: usize) {
        let home = killed(self.home.path());
        let path = home.path().join(JOURNAL_FILE);
        if let Ok(mut bytes) = std::fs::read(&path) {
            let unsynced = bytes.len() - usize::try_from(self.sound_bytes).unwrap().min(bytes.len());
            bytes.truncate(bytes.len() - lost.min(unsynced));
            write_atomic(&path, &bytes).unwrap();
        }
        self.home = home;
        let was_broken = self.is_broken();
        let possible = std::mem::take(&mut self.possible);
        self.reload();
        assert_eq!(self.index.report().is_repaired(), was_broken, "{:?}", self.index.report());
        assert!(possible.contains(&self.model), "{:#?}\nis none of {possible:#?}", self.model);
    }

    fn act(&mut self, op: &Op) {
        match *op {
            Op::Create(k) => {
                let id = self.fresh_id();
                self.index.get_or_create(&key(k), || new(&id, 1)).unwrap();
                self.model.entry(key(k)).or_insert_with(|| json!({"sessionId": id, "updatedAt": 1}));
                // An existing one is not written.
                self.changed();
                if self.possible.first().is_none_or(|first| !first.contains_key(&key(k))) {
                    self.settled();
                }
            }
            Op::Update(k, f, n) | Op::Patch(k, f, n) => {
                if let Some(entry) = self.model.get_mut(&key(k)) {
                    entry[FIELDS[usize::from(f)]] = json!(n);
                }
                self.changed();
                if matches!(op, Op::Update(..)) {
                    self.index.update(&key(k), |entry| set(entry, f, n));
                } else if self.index.patch(&key(k), |entry| set(entry, f, n)).unwrap().is_some() {
                    self.settled();
                }
            }
            Op::Clear(k, f) => {
                let name = FIELDS[usize::from(f)];
                self.index.update(&key(k), |entry| entry.remove(name));
                if let Some(Value::Object(entry)) = self.model.get_mut(&key(k)) {
                    entry.shift_remove(name);
                }
                self.changed();
            }
            Op::Remove(k) => {
                self.model.remove(&key(k));
                self.changed();
                if self.index.remove(&key(k)).unwrap().is_some() {
                    self.settled();
                }
            }
            Op::Tick(ms) => self.tick(ms),
            Op::Flush => {
                self.index.flush().unwrap();
                self.settled();
            }
            Op::Close => {
                self.index.close().unwrap();
                self.settled();
                assert_eq!(on_disk(self.home.path()), json!(self.model));
            }
            Op::EditField(k, f, n) => self.edit(|file| {
                if let Some(entry) = file.get_mut(key(k)) {
                    entry[FIELDS[usize::from(f)]] = json!(n);
                }
            }),
            Op::EditAdd(k) => {
                let id = self.fresh_id();
                self.edit(|file| {
                    let entry = json!({"sessionId": id, "updatedAt": 500});
                    file.as_object_mut().unwrap().entry(key(k)).or_insert(entry);
                });
            }
            Op::EditRemove(k) => self.edit(|file| {
                file.as_object_mut().unwrap().shift_remove(&key(k));
            }),
            Op::Break(bytes) => {
                self.tick(0);
                let path = self.home.path().join(INDEX_FILE);
                let mut whole = std::fs::read(&path).unwrap();
                whole.truncate(bytes.min(whole.len().saturating_sub(1)));
                write_in_place(&path, if bytes % 3 == 0 { b"[1]" } else { &whole });
                self.index.flush_if_dirty().unwrap();
                self.settled();
            }
            Op::Kill(lost) => self.kill(lost),
            Op::Restart => {
                self.index.close().unwrap();
                let before = self.model.clone();
                self.reload();
                assert_eq!(self.model, before);
            }
        }
        assert_eq!(model_of(&self.index), self.model, "{op:?}");
    }
}

proptest! {
    #[test]
    fn lives_like_the_model(ops in ops()) {
        let mut world = World::new();
        for op in &ops {
            world.act(op);
        }
        world.kill(0);
    }
}

#[test]
fn fields_of_the_model_are_what_the_index_calls_them() {
    assert_eq!(FIELDS[2], field::UPDATED_AT.key());
}
