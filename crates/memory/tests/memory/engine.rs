//! What is particular to the built-in engine: its files, its sources, its languages.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::home::{Home, engine};
use openclaw_guard::{create_private_dir, write_atomic};
use openclaw_memory::{Cut, LineRange, MAX_ELSEWHERE, MemoryBackend as _, Query, SyncReason};

#[tokio::test]
async fn chinese_japanese_and_korean_are_found() {
    let home = Home::new();
    home.note("memory/zh.md", "# 笔记\n- 用户喜欢喝绿茶。\n- 服务器密码在冰箱上。\n");
    home.note("memory/ja.md", "# メモ\n- 黒い猫を飼っている。\n");
    home.note("memory/ko.md", "# 메모\n- 서울에서 회의가 있다.\n");
    home.note("memory/de.md", "# Notiz\n- Die Straße nach Zürich ist gesperrt.\n");
    let memory = home.engine();
    let rows = [
        ("绿茶", "memory/zh.md"),
        ("密码在哪里", "memory/zh.md"),
        ("猫", "memory/ja.md"),
        ("猫の色は何ですか", "memory/ja.md"),
        ("서울 회의", "memory/ko.md"),
        ("strasse zurich", "memory/de.md"),
    ];
    for (query, path) in rows {
        let results = memory.search(Query::new(query)).await.unwrap().results;
        assert_eq!(results.first().map(|hit| hit.path.as_str()), Some(path), "{query}");
    }
}

#[tokio::test]
async fn the_mark_that_an_editor_begins_a_file_with_hides_nothing() {
    let home = Home::new();
    home.note("memory/kitchen.md", "\u{feff}# Kitchen 2026-05-05\r\n- the mixer hums\r\n");
    home.note("memory/boat.md", "\u{feff}---\ntitle: boat\n---\n- berth 44\n");
    let memory = home.engine();
    let answer = memory.search(Query::new("mixer")).await.unwrap();
    let hit = answer.results.first().unwrap();
    assert_eq!(
        (hit.heading.as_deref(), hit.snippet.as_str()),
        (Some("Kitchen 2026-05-05"), "- the mixer hums")
    );
    assert_eq!(hit.date.as_deref(), Some("2026-05-05"));
    let answer = memory.search(Query::new("berth")).await.unwrap();
    assert_eq!(answer.results.first().map(|hit| hit.snippet.as_str()), Some("- berth 44"));
}

#[tokio::test]
async fn a_damaged_index_is_put_aside_and_built_anew() {
    let mut page = b"SQLite format 3\0".to_vec();
    page.resize(20_000, 0xa5);
    let text = b"not a database at all, but long enough to be read as the header of one".to_vec();
    for damage in [page, text] {
        let home = Home::new();
        home.note("MEMORY.md", "green tea\n");
        create_private_dir(&home.path("memory")).unwrap();
        write_atomic(&home.database(), &damage).unwrap();
        let memory = home.engine();
        let answer = memory.search(Query::new("tea")).await.unwrap();
        assert_eq!(answer.results.len(), 1, "{answer:?}");
        let aside = memory.status().await.unwrap().recovered.unwrap();
        assert_eq!(std::fs::read(aside).unwrap(), damage);
        assert_eq!(std::fs::metadata(home.database()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn an_index_that_cannot_be_opened_is_named_and_the_notes_answer_without_it() {
    let home = Home::new();
    home.note("MEMORY.md", "green tea\n");
    create_private_dir(&home.database()).unwrap();
    let memory = home.engine();
    for text in ["tea", "green"] {
        let answer = memory.search(Query::new(text)).await.unwrap();
        assert_eq!(answer.results.first().map(|hit| hit.path.as_str()), Some("MEMORY.md"), "{answer:?}");
        let degraded = answer.degraded.unwrap();
        assert!(
            degraded.starts_with("words of notes only: ") && degraded.contains("main.sqlite"),
            "{degraded}"
        );
    }
    home.note("memory/new.md", "black tea\n");
    assert_eq!(memory.search(Query::new("tea")).await.unwrap().results.len(), 2);
    let error = memory.sync(SyncReason::Requested).await.unwrap_err();
    assert!(error.to_string().contains("main.sqlite"), "{error}");
}

#[tokio::test]
async fn links_special_files_and_giants_are_passed_over() {
    let home = Home::new();
    home.note("../outside/secret.md", "tea in secret\n");
    home.note("memory/real.md", "tea in public\n");
    symlink(home.path("outside/secret.md"), home.path("workspace/memory/link.md")).unwrap();
    symlink(home.path("outside"), home.path("workspace/memory/dir")).unwrap();
    symlink(home.path("outside/secret.md"), home.path("workspace/MEMORY.md")).unwrap();
    make_fifo(&home.path("workspace/memory/fifo.md"));
    let giant = std::fs::File::create(home.path("workspace/memory/giant.md")).unwrap();
    giant.set_len(3 * 1024 * 1024).unwrap();
    let memory = home.engine();
    let results = memory.search(Query::new("tea")).await.unwrap().results;
    assert_eq!(results.iter().map(|hit| hit.path.as_str()).collect::<Vec<_>>(), ["memory/real.md"]);
    let skipped = memory.status().await.unwrap().skipped;
    assert!(skipped.iter().any(|skipped| skipped.path == "memory/giant.md"), "{skipped:?}");
    for path in ["memory/link.md", "memory/dir/secret.md", "MEMORY.md", "memory/fifo.md", "memory/giant.md"] {
        let range = LineRange { path: path.into(), from: None, lines: None };
        assert!(memory.read(range).await.is_err(), "{path}");
    }
}

/// `mkfifo` from the system, since the crate has no other use for making one.
fn make_fifo(path: &std::path::Path) {
    assert!(openclaw_guard::child_command("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn extra_paths_are_searched_and_read() {
    let home = Home::new();
    home.note("docs/inside.md", "inside oolong\n");
    home.note("../notes/a/b.md", "outside oolong\n");
    home.note("../notes/a/b.txt", "no oolong\n");
    home.note("../single.md", "single oolong\n");
    home.note("../other.md", "other oolong\n");
    let extra = ["docs", "../notes", "../single.md", "../missing", "../notes/a/b.txt"].map(Into::into);
    let memory = engine(home.dir.path(), &extra);
    let results = memory.search(Query::new("oolong")).await.unwrap().results;
    let mut paths: Vec<&str> = results.iter().map(|hit| hit.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["../notes/a/b.md", "../single.md", "docs/inside.md"]);
    for path in paths {
        let range = LineRange { path: path.into(), from: Some(1), lines: Some(1) };
        assert!(memory.read(range).await.unwrap().text.ends_with("oolong"), "{path}");
    }
    for path in ["../other.md", "../notes/../other.md", "../notes/a/b.txt", "../notes/missing.md"] {
        let range = LineRange { path: path.into(), from: None, lines: None };
        assert!(memory.read(range).await.is_err(), "{path}");
    }
    let skipped: Vec<String> =
        memory.status().await.unwrap().skipped.into_iter().map(|skipped| skipped.path).collect();
    assert_eq!(skipped, ["../missing", "../notes/a/b.txt"]);
}

/// S-082: what is not listed is not read either.
#[tokio::test]
async fn an_extra_path_that_is_a_link_is_neither_searched_nor_read() {
    let home = Home::new();
    home.note("../private/s.md", "private oolong\n");
    symlink(home.path("private"), home.path("workspace/docs")).unwrap();
    symlink(home.path("private/s.md"), home.path("workspace/one.md")).unwrap();
    let memory = engine(home.dir.path(), &["docs", "one.md"].map(Into::into));
    assert_eq!(memory.search(Query::new("oolong")).await.unwrap().results, []);
    let skipped = memory.status().await.unwrap().skipped;
    assert_eq!(skipped.iter().map(|skipped| skipped.path.as_str()).collect::<Vec<_>>(), ["docs", "one.md"]);
    for path in ["docs/s.md", "./docs/../docs/s.md", "one.md"] {
        let error = memory.read(LineRange { path: path.into(), from: None, lines: None }).await.unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{path}: {error}");
    }
    let absolute = home.path("workspace/docs/s.md").to_string_lossy().into_owned();
    assert!(memory.read(LineRange { path: absolute, from: None, lines: None }).await.is_err());
    // Named as what it is, it is memory.
    let memory = engine(home.dir.path(), &["../private".into()]);
    let range = LineRange { path: "../private/s.md".into(), from: None, lines: None };
    assert_eq!(memory.read(range).await.unwrap().text, "private oolong");
}

/// S-082: a second name for somebody else's file. Only root can give a file away.
#[tokio::test]
async fn a_hard_link_to_the_file_of_another_user_is_not_read() {
    let home = Home::new();
    home.note("../theirs.txt", "their oolong\n");
    home.note("memory/own.md", "own oolong\n");
    std::fs::hard_link(home.path("theirs.txt"), home.path("workspace/memory/theirs.md")).unwrap();
    std::fs::hard_link(home.path("workspace/memory/own.md"), home.path("workspace/memory/too.md")).unwrap();
    if std::os::unix::fs::chown(home.path("theirs.txt"), Some(4_711), None).is_err() {
        println!("not root: a file cannot be given to another user, and that is not tested");
        return;
    }
    let memory = home.engine();
    let hits = memory.search(Query::new("oolong")).await.unwrap().results;
    assert!(!hits.is_empty() && hits.iter().all(|hit| hit.snippet == "own oolong"), "{hits:?}");
    let range = |path: &str| LineRange { path: path.into(), from: None, lines: None };
    for path in ["memory/own.md", "memory/too.md"] {
        assert_eq!(memory.read(range(path)).await.unwrap().text, "own oolong", "{path}");
    }
    let error = memory.read(range("memory/theirs.md")).await.unwrap_err();
    assert!(error.to_string().contains("another user"), "{error}");
    let skipped = memory.status().await.unwrap().skipped;
    assert!(skipped.iter().any(|skipped| skipped.path == "memory/theirs.md"), "{skipped:?}");
}

#[tokio::test]
async fn a_large_change_answers_at_once_and_is_finished_later() {
    let home = Home::new();
    let filler = "lorem ipsum dolor sit amet\n".repeat(60_000);
    for name in ["a", "b", "c", "d"] {
        home.note(&format!("memory/{name}.md"), &format!("needle {name}\n{filler}"));
    }
    let memory = home.engine();
    let first = memory.search(Query::new("needle")).await.unwrap();
    assert!(first.stale && first.note.is_some() && first.results.len() < 4, "{:?}", first.note);
    memory.sync(SyncReason::Requested).await.unwrap();
    let second = memory.search(Query::new("needle")).await.unwrap();
    assert_eq!((second.results.len(), second.stale), (4, false));
}

#[tokio::test]
async fn two_engines_share_one_index_file() {
    let home = Home::new();
    home.note("MEMORY.md", "tea\n");
    let (gateway, command) = (home.engine(), home.engine());
    assert_eq!(gateway.search(Query::new("tea")).await.unwrap().results.len(), 1);
    let mut note = std::fs::OpenOptions::new().append(true).open(home.path("workspace/MEMORY.md")).unwrap();
    note.write_all(b"# Cake\ncake\n").unwrap();
    for memory in [&command, &gateway] {
        assert_eq!(memory.search(Query::new("cake")).await.unwrap().results.len(), 1);
    }
}

#[tokio::test]
async fn days_alone_ask_for_whatever_was_noted_on_them() {
    let home = Home::new();
    home.note("memory/2026-11-09.md", "- Paid the rent.\n");
    home.note("memory/2026-11-17.md", "- Bought paint.\n");
    home.note("memory/2026-11-22.md", "- Anna called.\n");
    let numbers = (0..3_000).map(|n| format!("- Entry {n}: sensor {} measured 2026.\n", n % 97));
    home.note("memory/numbers.md", &numbers.collect::<String>());
    let engine = home.engine();
    for text in ["2026-11-16 to 2026-11-22", "what did I note between 2026-11-16 and 2026-11-22?"] {
        let answer = engine.search(Query::new(text)).await.unwrap();
        let mut paths: Vec<&str> = answer.results.iter().take(2).map(|hit| hit.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["memory/2026-11-17.md", "memory/2026-11-22.md"], "{text}: {answer:?}");
        let days = answer.days.unwrap();
        assert_eq!(
            (days.from.as_str(), days.to.as_str(), days.about.as_str()),
            ("2026-11-16", "2026-11-22", "")
        );
        assert!(answer.note.is_none(), "what was asked for is no guess: {:?}", answer.note);
    }
    // A subject is looked for everywhere; the days lift what was noted on them.
    let answer = engine.search(Query::new("who called on 2026-11-22?")).await.unwrap();
    assert_eq!(answer.results.len(), 1, "{answer:?}");
    assert_eq!(answer.days.unwrap().about, "who called?");
    assert!(engine.search(Query::new("paint")).await.unwrap().days.is_none());
}

#[tokio::test]
async fn places_of_equal_lines_are_named_and_shown_once() {
    let home = Home::new();
    home.note("memory/2026-11-09.md", "- The spare key of the boat hangs in the hall.\n- Paid the rent.\n");
    home.note("memory/2026-11-17.md", "# Boat\n\n- the spare key of the boat hangs in the hall\n");
    let answer = home.engine().search(Query::new("spare key of the boat")).await.unwrap();
    let hit = &answer.results[0];
    assert_eq!((hit.repeated, hit.elsewhere.len()), (1, 1), "{hit:?}");
    let places = [("memory/2026-11-09.md", 1), ("memory/2026-11-17.md", 3)];
    let other = places.into_iter().find(|(path, _)| *path != hit.path).unwrap();
    assert_eq!((hit.elsewhere[0].path.as_str(), hit.elsewhere[0].line), other);
    // A line that stands everywhere has not all its places named.
    for day in 1..=28 {
        home.note(&format!("memory/2026-10-{day:02}.md"), "- Standup in the small room at nine.\n");
    }
    let answer = home.engine().search(Query::new("standup in the small room")).await.unwrap();
    assert_eq!((answer.results[0].repeated, answer.results[0].elsewhere.len()), (27, MAX_ELSEWHERE));
}

#[tokio::test]
async fn a_part_of_a_line_says_which_end_is_cut() {
    let home = Home::new();
    let sentence = |n: usize| format!("Sentence {n} tells of the weather at length. ");
    let long: String =
        (0..60).map(|n| if n == 30 { "The falcon landed. ".to_owned() } else { sentence(n) }).collect();
    home.note("MEMORY.md", &format!("- Tea is green.\n\n{long}\n"));
    let engine = home.engine();
    let cut = async |query: &str| engine.search(Query::new(query)).await.unwrap().results[0].cut;
    assert_eq!(cut("falcon landed").await, Some(Cut::Both));
    assert_eq!(cut("sentence 0").await, Some(Cut::End));
    assert_eq!(cut("sentence 59").await, Some(Cut::Start));
    assert_eq!(cut("green tea").await, None);
}

#[tokio::test]
async fn rows_far_below_are_found_with_the_head_of_their_table_and_the_item_above_them() {
    let home = Home::new();
    let rooms = ["attic", "cellar", "garage", "kitchen", "pantry", "study"];
    let mut table = "# House\n\n| Router | Password |\n|---|---|\n".to_owned();
    let mut list = "# Trips\n- Vessels we hired:\n".to_owned();
    for (number, room) in (0..).zip(rooms.repeat(6)) {
        let row = number * 7919 % 10_007;
        table.push_str(&format!("| {room} {number} | word{row} and some more to fill the line |\n"));
        list.push_str(&format!("  - harbour {room} {number}, {row} crowns for the day with the skipper\n"));
    }
    table.push_str("| greenhouse | quartz |\n");
    list.push_str("  - harbour greenhouse, paid in shells\n");
    home.note("memory/house.md", &table);
    home.note("memory/trips.md", &list);
    // The word that the row itself has.
    home.note(
        "memory/garden.md",
        "- the greenhouse is where we water all of the plants in the dry weeks of the summer\n",
    );
    let memory = home.engine();
    for (query, wanted) in [("router greenhouse", "quartz"), ("vessels greenhouse", "shells")] {
        let results = memory.search(Query::new(query)).await.unwrap().results;
        let first = results.first().map(|hit| hit.snippet.as_str()).unwrap_or_default();
        assert!(first.contains(wanted), "{query}: {first}");
    }
}

#[tokio::test]
async fn a_day_of_which_nothing_fits_the_other_words_is_shown_all_the_same() {
    let home = Home::new();
    home.note("memory/2026-03-14.md", "- rowed across the lake with Ingrid\n");
    home.note("memory/2026-04-02.md", "- the concert was long\n");
    let memory = home.engine();
    let found = async |query: &str| {
        let results = memory.search(Query::new(query)).await.unwrap().results;
        results.into_iter().map(|hit| hit.path).collect::<Vec<_>>()
    };
    let all = ["memory/2026-03-14.md", "memory/2026-04-02.md"];
    // What fits the words first: nobody knows whether the day or the words are right.
    assert_eq!(found("the concert on 14 March 2026").await, [all[1], all[0]]);
    let least = Query { min_score: 0.1, ..Query::new("the concert on 14 March 2026") };
    let answer = memory.search(least).await.unwrap();
    assert_eq!(answer.results.first().map(|hit| hit.path.as_str()), Some(all[1]), "{answer:?}");
    assert_eq!(found("what happened on 14 March 2026").await.first().map(String::as_str), Some(all[0]));
    assert!(!found("the lake on 14 March 2026").await.contains(&all[1].to_owned()));
}
