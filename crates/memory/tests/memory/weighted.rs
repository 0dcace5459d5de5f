//! The ranking of OpenClaw 2026.2.9, and going there and back with one index file.

use crate::home::Home;
use crate::meaning::{Letters, only};
use openclaw_embed::{Failure, Purpose};
use openclaw_memory::{
    Answer, Chunking, Embedders, Engine, Explaining, Fusion, Measured, MemoryBackend as _, Query, Sides,
    SyncReason, Weighted, Weights,
};

const WEIGHTED: fn() -> Fusion = || Fusion::Weighted(Weighted::default());

fn cosine(a: &str, b: &str) -> f64 {
    let (a, b) = (Letters::vector(a), Letters::vector(b));
    a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| f64::from(a * b)).sum()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.005
}

/// A query like the one OpenClaw makes when nobody says otherwise.
fn usual(text: &str) -> Query {
    Query { min_score: 0.35, ..Query::new(text) }
}

async fn found(memory: &Engine, query: Query) -> Vec<(String, u32, u32)> {
    let answer = memory.search(query).await.unwrap();
    answer.results.into_iter().map(|hit| (hit.path, hit.start_line, hit.end_line)).collect()
}

fn rows(home: &Home, table: &str) -> i64 {
    let db = rusqlite::Connection::open(home.database()).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_result_is_a_chunk_with_the_weighted_sum_of_cosine_and_keywords() {
    let home = Home::new();
    let key = "# Keys\n\nthe spare key is under the pot\n";
    let zebra = "zzz zebra zoo\n";
    home.note("memory/2026-11-20.md", key);
    home.note("memory/zebra.md", zebra);
    let memory = home.engine_by(WEIGHTED(), only(Letters::new("letters", None)));
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.indexed, report.embedded, report.degraded), (2, 2, None));

    // Both words are in the first chunk, in another order and case.
    let question = "KEY spare";
    let query = Query { explain: Explaining::On, ..Query::new(question) };
    let answer = memory.search(query).await.unwrap();
    let best = &answer.results[0];
    assert_eq!((best.path.as_str(), best.start_line, best.end_line), ("memory/2026-11-20.md", 1, 4));
    assert_eq!((best.snippet.as_str(), best.citation.as_str()), (key, "memory/2026-11-20.md#L1-L4"));
    assert_eq!((best.heading.as_deref(), best.date.as_deref()), (None, Some("2026-11-20")));
    assert!(near(best.score, 0.7 * cosine(question, key) + 0.3), "{best:?}");
    let explain = best.explain.as_ref().unwrap();
    assert!(near(explain.cosine.unwrap(), cosine(question, key)) && explain.words == 1.0, "{explain:?}");
    let other = &answer.results[1];
    assert!(near(other.score, 0.7 * cosine(question, zebra)), "{other:?}");
    assert_eq!((answer.model.as_str(), answer.note), ("letters", None));

    // One word that is nowhere, and no chunk has all of them.
    let answer = memory.search(Query::new("spare key tomorrow")).await.unwrap();
    assert!(near(answer.results[0].score, 0.7 * cosine("spare key tomorrow", key)), "{answer:?}");
    // The least score cuts; the confidence then says how far it went.
    let answer = memory.search(Query { min_score: 0.99, ..Query::new("zebra") }).await.unwrap();
    assert!(answer.results.is_empty());
    assert!(near(answer.confidence, 0.7 * cosine("zebra", zebra) + 0.3), "{answer:?}");
    assert!(found(&memory, Query::new("  ")).await.is_empty());
}

#[tokio::test]
async fn a_snippet_is_the_beginning_of_its_chunk_and_long_notes_have_several() {
    let home = Home::new();
    let line = |n: usize| format!("{n:03} {}", "word ".repeat(7).trim_end());
    let note: Vec<String> = (1..=100).map(line).collect();
    home.note("MEMORY.md", &note.join("\n"));
    let memory = home.engine_by(WEIGHTED(), Embedders::default());
    // 38 units and a line end: 41 lines make 1,599, and 9 of them 351.
    assert_eq!(found(&memory, usual("050")).await, [("MEMORY.md".to_owned(), 33, 73)]);
    assert_eq!(found(&memory, usual("word 035")).await.len(), 2);
    let answer = memory.search(usual("073")).await.unwrap();
    let starts: Vec<u32> = answer.results.iter().map(|hit| hit.start_line).collect();
    assert_eq!(starts.len(), 2);
    for hit in &answer.results {
        assert_eq!(hit.snippet.len(), 700);
        assert!(hit.snippet.starts_with(&line(hit.start_line as usize)), "{}", hit.snippet);
    }
    let status = memory.status().await.unwrap();
    assert_eq!((status.passages, status.embedded), (3, 0));
}

#[tokio::test]
async fn keywords_alone_answer_when_nobody_makes_vectors_and_vectors_alone_when_words_are_off() {
    let home = Home::new();
    home.note("memory/tea.md", "green tea\n");
    home.note("memory/coffee.md", "black coffee\n");
    let broken = Letters::new("broken", Some(Failure::Auth("no".into())));
    let meaning = Fusion::Weighted(Weighted { sides: Sides::Meaning, ..Weighted::default() });
    for (fusion, embedders) in
        [(WEIGHTED(), Embedders::default()), (WEIGHTED(), only(broken.clone())), (meaning, only(broken))]
    {
        let memory = home.engine_by(fusion, embedders);
        let answer: Answer = memory.search(usual("tea")).await.unwrap();
        assert_eq!((answer.results.len(), answer.results[0].path.as_str()), (1, "memory/tea.md"));
        assert!(answer.results[0].score == 1.0 && answer.provider == "none", "{answer:?}");
        assert!(answer.confidence > 0.5, "{answer:?}");
        assert!(found(&memory, usual("tea coffee")).await.is_empty(), "every word is wanted");
    }
    let memory = home.engine_by(meaning, only(Letters::new("letters", None)));
    memory.sync(SyncReason::Requested).await.unwrap();
    let answer = memory.search(usual("tea coffee")).await.unwrap();
    assert!(near(answer.results[0].score, cosine("tea coffee", "black coffee\n")), "{answer:?}");
    assert_eq!(answer.results.len(), 2);
}

#[tokio::test]
async fn the_ranking_changes_and_changes_back_with_one_index_file() {
    let home = Home::new();
    home.note("memory/a.md", "# Tea\ngreen tea from the mountain\n\n# Coffee\nblack coffee\n");
    home.note("memory/b.md", "# Boat\nthe boat lies at berth 14\n");
    let letters = Letters::new("letters", None);
    // Texts that were embedded: one whose embedding began twice, by a search and a sync, counts once.
    let texts = || rows(&home, "mem_cache");
    let measured = || home.engine_by(Fusion::default(), only(letters.clone()));
    let weighted = || home.engine_by(WEIGHTED(), only(letters.clone()));

    let memory = measured();
    memory.sync(SyncReason::Requested).await.unwrap();
    let before = memory.search(Query::new("green tea")).await.unwrap();
    assert_eq!((before.results[0].start_line, before.results[0].end_line), (2, 2));
    assert_eq!((texts(), rows(&home, "mem_chunks")), (3, 0));
    drop(memory);

    // The notes are not read again, and each is one chunk.
    let memory = weighted();
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.indexed, report.embedded, texts()), (0, 2, 5));
    assert_eq!(found(&memory, Query::new("green tea")).await[0], ("memory/a.md".to_owned(), 1, 6));
    home.note("memory/b.md", "# Boat\nthe boat lies at berth 15\n");
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&memory, usual("berth 15")).await[0].0, "memory/b.md");
    assert_eq!((texts(), rows(&home, "mem_chunks"), rows(&home, "mem_chunk_vectors")), (6, 2, 2));
    drop(memory);

    // A note that changed meanwhile is embedded, the others are not.
    let memory = measured();
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(texts(), 7);
    let after = memory.search(Query::new("green tea")).await.unwrap();
    assert_eq!(after.results[0], before.results[0]);
    std::fs::remove_file(home.path("workspace/memory/b.md")).unwrap();
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((rows(&home, "mem_chunks"), rows(&home, "mem_chunk_words")), (1, 1));
    drop(memory);

    // Nothing is made again; a rebuild takes the vectors from the cache.
    let asked = letters.asked(Purpose::Document);
    let memory = weighted();
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.indexed, report.embedded), (0, 0));
    let report = memory.sync(SyncReason::Rebuild).await.unwrap();
    assert_eq!((report.indexed, report.embedded, letters.asked(Purpose::Document)), (1, 1, asked));
    assert_eq!((rows(&home, "mem_chunks"), rows(&home, "mem_chunk_vectors")), (1, 1));
    assert_eq!(found(&memory, Query::new("black coffee")).await, [("memory/a.md".to_owned(), 1, 6)]);
}

#[tokio::test]
async fn another_chunk_size_cuts_anew_and_other_weights_count_at_once() {
    let home = Home::new();
    let long = "abc abc abc abc abc abc\n".repeat(4);
    home.note("memory/a.md", &format!("{long}last words\n"));
    let letters = Letters::new("letters", None);
    let memory = home.engine_by(WEIGHTED(), only(letters.clone()));
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&memory, Query::new("words")).await, [("memory/a.md".to_owned(), 1, 6)]);
    drop(memory);

    let small = Weighted { chunking: Chunking::new(8, 0), ..Weighted::default() };
    let memory = home.engine_by(Fusion::Weighted(small), only(letters.clone()));
    memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!(found(&memory, usual("words")).await[0], ("memory/a.md".to_owned(), 5, 6));
    assert_eq!((rows(&home, "mem_chunks"), rows(&home, "mem_chunk_words")), (5, 5));
    drop(memory);

    let words = Weighted { weights: Weights::new(0.0, 1.0), ..small };
    let memory = home.engine_by(Fusion::Weighted(words), only(letters));
    let answer = memory.search(usual("words")).await.unwrap();
    assert_eq!((answer.results.len(), answer.results[0].score), (1, 1.0));
}

#[tokio::test]
async fn words_that_are_off_do_not_rank_by_default_either() {
    let home = Home::new();
    home.note("memory/a.md", "aaxa aaya zzz\n");
    home.note("memory/b.md", "zzz bbbb bbbb bbbb bbbb\n");
    home.note("memory/c.md", "zzzzz\n");
    let letters = Letters::new("letters", None);
    let meaning = home.engine_by(
        Fusion::Measured(Measured { sides: Sides::Meaning, ..Measured::default() }),
        only(letters.clone()),
    );
    meaning.sync(SyncReason::Requested).await.unwrap();
    // Its letters are those of the first note, its only word is one of the second.
    let question = Query::new("aaaaaaaa bbbb");
    assert_eq!(found(&meaning, question.clone()).await[0].0, "memory/a.md");
    drop(meaning);
    let both = home.engine_by(Fusion::default(), only(letters));
    assert_eq!(found(&both, question).await[0].0, "memory/b.md");
    // Without vectors words answer all the same.
    let none = home.engine_by(
        Fusion::Measured(Measured { sides: Sides::Meaning, ..Measured::default() }),
        Embedders::default(),
    );
    assert_eq!(found(&none, Query::new("bbbb")).await, [("memory/b.md".to_owned(), 1, 1)]);
}

#[tokio::test]
async fn a_long_question_and_one_full_of_syntax_do_no_harm() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    let memory = home.engine_by(WEIGHTED(), Embedders::default());
    let long = "green tea ".repeat(5_000);
    assert_eq!(found(&memory, usual(&long)).await.len(), 1);
    for question in ["green\" OR (tea* NEAR/2 ^", "_", "__ _", "鍵", "\0", "text:green"] {
        memory.search(usual(question)).await.unwrap();
    }
    assert_eq!(found(&memory, usual("(green)+\"tea\"*")).await.len(), 1);
}
