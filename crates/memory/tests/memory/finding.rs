//! What words find: lines that differ in a sign, parts of compounds, names of notes, underlined headings.

use openclaw_embed::Purpose;
use openclaw_memory::{Engine, Hit, MemoryBackend as _, Query, SyncReason};

use crate::home::{Home, engine};
use crate::meaning::{Letters, only};

async fn found(memory: &Engine, query: &str) -> Vec<Hit> {
    memory.search(Query::new(query)).await.unwrap().results
}

/// Everything that is shown for a query.
async fn shown(memory: &Engine, query: &str) -> String {
    found(memory, query).await.into_iter().map(|hit| format!("{}: {}\n", hit.path, hit.snippet)).collect()
}

#[tokio::test]
async fn lines_that_differ_in_a_sign_are_both_shown() {
    let home = Home::new();
    let rows = [
        ("blood type", ["- The blood type of Peter is A+", "- The blood type of Peter is A-"]),
        ("thesis", ["- Anna writes her thesis in C++", "- Anna writes her thesis in C#"]),
        ("backup", ["- ✅ the backup of the server", "- ❌ the backup of the server"]),
        ("pressure", ["- the pressure p1 ≤ p2 holds here", "- the pressure p1 ≥ p2 holds here"]),
        ("contract", ["- The contract with Hansen is signed.", "- The contract with Hansen is signed?"]),
        ("grade", ["- The grade mathematics of Peter: B+", "- The grade mathematics of Peter: B−"]),
    ];
    for (at, (_, [one, two])) in rows.iter().enumerate() {
        home.note(&format!("memory/2026-01-{:02}.md", at + 1), &format!("{one}\n"));
        home.note(&format!("memory/2026-02-{:02}.md", at + 1), &format!("{two}\n"));
    }
    let memory = home.engine();
    for (query, lines) in rows {
        let shown = shown(&memory, query).await;
        assert!(lines.iter().all(|line| shown.contains(line)), "{query}: {shown}");
        assert!(found(&memory, query).await.iter().all(|hit| hit.repeated == 0), "{query}");
    }
}

#[tokio::test]
async fn longer_words_are_found_although_the_word_stands_somewhere() {
    let home = Home::new();
    home.note("memory/2026-01-01.md", "# Haus\n- Die Versicherung ist bezahlt und nicht mehr offen.\n");
    home.note("memory/2026-01-02.md", "# Papiere\n- Die Versicherungsnummer ist die 77-12.\n");
    home.note("memory/2026-01-03.md", "- Der Haustürschlüssel ist bei Anna.\n");
    home.note("memory/2026-01-04.md", "- Der Autoschlüssel liegt in der Küche.\n");
    home.note("memory/2026-01-05.md", "- Der Schlüssel vom Keller ist nicht da.\n");
    home.note("memory/2026-01-06.md", "- Nøglen til skuret hænger ikke her.\n");
    home.note("memory/2026-01-07.md", "- Husnøglen er hos Anna, og den er ny.\n");
    for day in 1..=20 {
        home.note(&format!("memory/2026-03-{day:02}.md"), "- Das Wetter war heute nicht schön.\n");
    }
    let memory = home.engine();
    let rows: [(&str, &[&str]); 6] = [
        ("Versicherung Nummer", &["2026-01-02", "2026-01-01"]),
        ("Versicherung", &["2026-01-01", "2026-01-02"]),
        ("Nummer", &["2026-01-02"]),
        ("Wo ist der Schlüssel?", &["2026-01-05", "2026-01-04", "2026-01-03"]),
        ("schluessel", &["2026-01-05", "2026-01-04", "2026-01-03"]),
        ("Hvor er nøglen?", &["2026-01-06", "2026-01-07"]),
    ];
    for (query, days) in rows {
        let hits = found(&memory, query).await;
        let mut paths: Vec<&str> = hits.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!(
            paths.first().copied(),
            Some(format!("memory/{}.md", days[0]).as_str()),
            "the word itself is best: {query}"
        );
        paths.sort_unstable();
        let mut expected: Vec<String> = days.iter().map(|day| format!("memory/{day}.md")).collect();
        expected.sort_unstable();
        assert_eq!(paths, expected, "{query}");
    }
}

#[tokio::test]
async fn longer_words_of_other_languages_are_left_alone() {
    let home = Home::new();
    home.note("memory/2026-01-01.md", "- The boot of the car is full and it does not close.\n");
    home.note("memory/2026-01-02.md", "- The bootstrapping of the server is done and it works.\n");
    home.note("memory/2026-01-03.md", "- The snowboot that he lost is not in the cellar.\n");
    home.note("memory/2026-01-04.md", "- Das Bootshaus ist nicht abgeschlossen, der Hafen schon.\n");
    let memory = home.engine();
    let mut paths: Vec<String> = found(&memory, "boot").await.into_iter().map(|hit| hit.path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["memory/2026-01-01.md", "memory/2026-01-04.md"]);
}

#[tokio::test]
async fn a_word_that_begins_very_many_others_brings_none_of_them() {
    let home = Home::new();
    let many: String = (0..200)
        .map(|n| {
            let letters: String = format!("{n:03}").bytes().map(|b| char::from(b - b'0' + b'a')).collect();
            format!("- Das ist nicht die Haus{letters}nummer von gestern.\n\n")
        })
        .collect();
    home.note("memory/2026-01-01.md", &many);
    home.note("memory/2026-01-02.md", "- Das Haus ist verkauft, und nicht billig.\n");
    let memory = home.engine();
    let paths: Vec<String> = found(&memory, "Haus").await.into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, ["memory/2026-01-02.md"]);
}

#[tokio::test]
async fn a_note_is_found_by_its_name_and_its_folders() {
    let home = Home::new();
    home.note("memory/boilerroom.md", "- The valve leaks.\n\n# Later\n- Hansen came by.\n");
    home.note("memory/projects/john-doe/README.md", "- Likes green tea.\n");
    home.note("memory/2026-01-01.md", "- Rain all day.\n");
    home.note("vault/Cabin/roof.md", "- Costs 900 euros.\n");
    home.note("MEMORY.md", "- Green is a colour.\n");
    let memory = engine(home.dir.path(), &["vault".into()]);
    for (query, path) in [
        ("boilerroom", "memory/boilerroom.md"),
        ("What did Hansen do in the boilerroom?", "memory/boilerroom.md"),
        ("john-doe", "memory/projects/john-doe/README.md"),
        ("John Doe tea", "memory/projects/john-doe/README.md"),
        ("projects", "memory/projects/john-doe/README.md"),
        ("cabin roof", "vault/Cabin/roof.md"),
    ] {
        let hits = found(&memory, query).await;
        assert_eq!(hits.first().map(|hit| hit.path.as_str()), Some(path), "{query}");
    }
    for query in ["memory", "readme", "vault", "md"] {
        assert!(found(&memory, query).await.is_empty(), "{query}");
    }
    let hit = found(&memory, "boilerroom valve").await.remove(0);
    assert_eq!((hit.start_line, hit.end_line, hit.heading), (1, 1, None));
    assert_eq!((hit.snippet.as_str(), hit.cut), ("- The valve leaks.", None));
    let hit = found(&memory, "boilerroom Hansen").await.remove(0);
    assert_eq!((hit.start_line, hit.heading.as_deref()), (4, Some("Later")));
    // The note has another name now, and nothing of the old one is left.
    std::fs::rename(home.path("workspace/memory/boilerroom.md"), home.path("workspace/memory/heating.md"))
        .unwrap();
    let memory = engine(home.dir.path(), &["vault".into()]);
    assert_eq!(found(&memory, "heating").await[0].path, "memory/heating.md");
    assert!(found(&memory, "boilerroom").await.is_empty());
}

#[tokio::test]
async fn another_name_needs_no_new_vectors() {
    let home = Home::new();
    home.note("memory/2026-01-01.md", "- The valve leaks.\n\n# Later\n- Hansen came by.\n");
    let letters = Letters::new("a", None);
    let memory = home.engine_with(only(letters.clone()));
    memory.sync(SyncReason::Requested).await.unwrap();
    let made = letters.asked(Purpose::Document);
    drop(memory);
    std::fs::rename(home.path("workspace/memory/2026-01-01.md"), home.path("workspace/memory/boilerroom.md"))
        .unwrap();
    let memory = home.engine_with(only(letters.clone()));
    memory.sync(SyncReason::Requested).await.unwrap();
    let status = memory.status().await.unwrap();
    assert_eq!((status.embedded, status.passages, letters.asked(Purpose::Document)), (2, 2, made));
}

#[tokio::test]
async fn the_line_below_a_heading_is_no_text() {
    let home = Home::new();
    home.note("memory/2026-01-01.md", "Green tea\n=========\n- grows in Uji\n\nCoffee\n------\n- black\n");
    let memory = home.engine();
    let hit = found(&memory, "green tea").await.remove(0);
    assert_eq!((hit.snippet.as_str(), hit.start_line), ("- grows in Uji", 3));
    assert_eq!(hit.heading.as_deref(), Some("Green tea"));
}
