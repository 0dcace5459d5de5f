//! What is deleted from a note is gone from the disk.

use crate::home::Home;
use openclaw_memory::{Fusion, MemoryBackend as _, Query, SyncReason, Weighted};

fn is_on_disk(home: &Home, word: &str) -> bool {
    let files = home.contents("memory");
    files.iter().any(|(_, bytes)| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
}

#[tokio::test]
async fn deleted_text_does_not_stay_in_the_index_file_or_its_log() {
    for fusion in [Fusion::default(), Fusion::Weighted(Weighted::default())] {
        let home = Home::new();
        let filler: String = (0..300).map(|line| format!("line {line} of many\n")).collect();
        home.note("memory/a.md", &format!("{filler}the password is xyzzyplugh\n"));
        home.note("memory/b.md", &format!("{filler}quuxfrob was here\n"));
        let memory = home.engine_by(fusion, openclaw_memory::Embedders::default());
        memory.sync(SyncReason::Requested).await.unwrap();
        let found = memory.search(Query::new("xyzzyplugh")).await.unwrap();
        assert_eq!(found.results.first().map(|hit| hit.path.as_str()), Some("memory/a.md"));
        assert!(is_on_disk(&home, "xyzzyplugh") && is_on_disk(&home, "quuxfrob"));

        home.note("memory/a.md", &format!("{filler}the password is not here\n"));
        std::fs::remove_file(home.path("workspace/memory/b.md")).unwrap();
        memory.sync(SyncReason::Requested).await.unwrap();
        for word in ["xyzzyplugh", "quuxfrob"] {
            assert!(!is_on_disk(&home, word), "{word} by {fusion:?}");
        }
        // It is still the same index.
        assert!(!memory.search(Query::new("password")).await.unwrap().results.is_empty());
    }
}
