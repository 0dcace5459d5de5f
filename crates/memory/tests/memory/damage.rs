//! What is wrong in the index file is never shown as somebody's words, and what cost money is saved (P-18).

use std::fs;

use crate::home::Home;
use crate::meaning::{Letters, only};
use openclaw_embed::Purpose;
use openclaw_guard::write_atomic;
use openclaw_memory::{
    Answer, Engine, EngineOptions, Fusion, MemoryBackend as _, Query, SyncReason, Weighted,
};

/// The file as it lies on the disk when nobody has it open.
fn closed(home: &Home, memory: Engine) -> Vec<u8> {
    drop(memory);
    let db = rusqlite::Connection::open(home.database()).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    fs::read(home.database()).unwrap()
}

/// Puts other bytes in the place of the index, without a log.
fn replace(home: &Home, bytes: &[u8]) {
    for log in ["memory/main.sqlite-wal", "memory/main.sqlite-shm"] {
        fs::remove_file(home.path(log)).unwrap_or_default();
    }
    write_atomic(&home.database(), bytes).unwrap();
}

fn position(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).unwrap()
}

/// Whether everything that is shown stands in the notes, where the answer says.
fn is_true(home: &Home, answer: &Answer) -> bool {
    answer.results.iter().all(|hit| {
        let note = fs::read_to_string(home.path("workspace").join(&hit.path)).unwrap_or_default();
        let lines: Vec<&str> = note.lines().collect();
        let (from, to) = (hit.start_line as usize, hit.end_line as usize);
        // A chunk also counts the empty line behind the last line end.
        let cited = lines.get(from.wrapping_sub(1)..to.min(lines.len())).map(|lines| lines.join("\n"));
        cited.is_some_and(|cited| cited.contains(hit.snippet.trim_end()))
    })
}

#[tokio::test]
async fn a_changed_byte_in_the_text_is_not_shown() {
    for fusion in [Fusion::default(), Fusion::Weighted(Weighted::default())] {
        let home = Home::new();
        home.note("MEMORY.md", "The code of the door is 4471, says Anna.\n");
        let memory = home.engine_by(fusion, only(Letters::new("letters", None)));
        memory.sync(SyncReason::Requested).await.unwrap();
        let mut bytes = closed(&home, memory);
        let all: Vec<usize> =
            bytes.windows(4).enumerate().filter(|(_, part)| *part == b"4471").map(|(at, _)| at).collect();
        for at in all {
            bytes[at + 3] = b'5';
        }
        replace(&home, &bytes);
        let memory = home.engine_by(fusion, only(Letters::new("letters", None)));
        let answer = memory.search(Query::new("the code of the door")).await.unwrap();
        assert!(is_true(&home, &answer) && !answer.results.is_empty(), "{answer:?}");
        assert!(memory.status().await.unwrap().recovered.is_some());
    }
}

#[tokio::test]
async fn vectors_that_cost_money_are_saved_from_a_damaged_index() {
    let home = Home::new();
    for note in 0..20 {
        home.note(&format!("memory/{note}.md"), &format!("# Tea {note}\ngreen and number {note}\n"));
    }
    let letters = Letters::new("letters", None);
    let memory = home.engine_with(only(letters.clone()));
    memory.sync(SyncReason::Requested).await.unwrap();
    let paid = letters.asked(Purpose::Document);
    assert_eq!(paid, 20);
    let mut bytes = closed(&home, memory);
    let text = position(&bytes, b"green and number 7");
    bytes[text] = b'G';
    replace(&home, &bytes);
    let memory = home.engine_with(only(letters.clone()));
    for note in 0..20 {
        let answer = memory.search(Query::new(format!("number {note}"))).await.unwrap();
        assert!(is_true(&home, &answer), "{answer:?}");
    }
    memory.sync(SyncReason::Requested).await.unwrap();
    let status = memory.status().await.unwrap();
    assert!(status.recovered.is_some());
    assert_eq!((status.passages, status.embedded), (20, 20));
    assert_eq!(letters.asked(Purpose::Document), paid, "nothing is paid twice");
}

/// Damage that SQLite does not call so: a table that is declared otherwise, and a file of another format.
#[tokio::test]
async fn damage_of_what_declares_the_tables_and_of_the_head_is_mended() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let memory = home.engine();
    memory.sync(SyncReason::Requested).await.unwrap();
    let whole = closed(&home, memory);
    let tokenizer = position(&whole, b"tokenize");
    for (at, byte) in [(tokenizer + 6, 0xfa), (tokenizer + 2, b'x'), (18, 6)] {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        replace(&home, &bytes);
        let memory = home.engine();
        memory.sync(SyncReason::Rebuild).await.unwrap();
        let answer = memory.search(Query::new("tea")).await.unwrap();
        assert_eq!((answer.results.len(), answer.degraded), (1, None), "{at}");
        assert!(memory.status().await.unwrap().recovered.is_some(), "{at}");
    }
}

/// An empty note would become a database.
#[tokio::test]
async fn an_empty_note_is_no_index() {
    let home = Home::new();
    home.note("MEMORY.md", "");
    home.note("memory/a.md", "green tea\n");
    let database = home.path("workspace/MEMORY.md");
    let memory = Engine::new(EngineOptions { database: database.clone(), ..home.options() });
    let answer = memory.search(Query::new("tea")).await.unwrap();
    assert_eq!(answer.results.len(), 1);
    assert!(answer.degraded.unwrap().contains(".sqlite"));
    for why in [SyncReason::Requested, SyncReason::Rebuild] {
        let error = memory.sync(why).await.unwrap_err().to_string();
        assert!(error.contains("MEMORY.md") && !error.contains("deleted"), "{error}");
    }
    assert_eq!(fs::read(&database).unwrap(), b"");
    assert_eq!(fs::read_dir(home.path("workspace")).unwrap().count(), 2);
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end as u64).unwrap()
    }
}

/// How often the index is damaged: `OPENCLAW_DAMAGE_ROUNDS`, when somebody has the time.
fn rounds() -> usize {
    let wanted = std::env::var("OPENCLAW_DAMAGE_ROUNDS");
    wanted.map_or(160, |rounds| rounds.parse().expect("OPENCLAW_DAMAGE_ROUNDS is a number"))
}

/// Whatever bytes change and wherever the file ends: no panic, nothing untrue, every note untouched, and after a sync
/// everything is found.
#[tokio::test]
async fn any_damage_is_survived() {
    const WORDS: [&str; 4] = ["heron", "tamarisk", "obelisk", "marzipan"];
    let home = Home::new();
    for (at, word) in WORDS.iter().enumerate() {
        let filler = format!("Nothing of note on day {at}.\n").repeat(40);
        home.note(
            &format!("memory/{word}.md"),
            &format!("# About {word}\nThe {word} is number {at}.\n{filler}"),
        );
    }
    let memory = home.engine();
    memory.sync(SyncReason::Requested).await.unwrap();
    let whole = closed(&home, memory);
    let before = home.contents("workspace");
    let mut chance = Chance(7);
    for round in 0..rounds() {
        let mut bytes = whole.clone();
        match round % 4 {
            0 => bytes.truncate(chance.below(whole.len())),
            1 => bytes.truncate(chance.below(whole.len() / 4096 + 1) * 4096),
            _ => {}
        }
        for _ in 0..=chance.below(3) {
            if !bytes.is_empty() {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }
        }
        replace(&home, &bytes);
        let memory = home.engine();
        for word in WORDS {
            let answer = memory.search(Query::new(word)).await.unwrap();
            assert!(is_true(&home, &answer), "round {round}: {answer:?}");
        }
        memory.sync(SyncReason::Requested).await.unwrap_or_default();
        memory.sync(SyncReason::Rebuild).await.unwrap();
        for word in WORDS {
            let answer = memory.search(Query::new(word)).await.unwrap();
            let path = format!("memory/{word}.md");
            assert!(answer.results.iter().any(|hit| hit.path == path), "round {round}: {answer:?}");
            assert!(answer.degraded.is_none() && is_true(&home, &answer), "round {round}: {answer:?}");
        }
        drop(memory);
        assert_eq!(home.contents("workspace"), before, "round {round}");
        if (round + 1) % 10_000 == 0 {
            println!("{} rounds survived", round + 1);
        }
    }
}
