//! Against the real program, when `OPENCLAW_REAL_QMD` names one: `docs/qmd.md` says how to run these.
//!
//! Its models, 2 GB of them, are not needed: where a query would ask them, its search by words answers instead, with the
//! same output.

use std::path::{Path, PathBuf};
use std::time::Duration;

use openclaw_config::{Qmd, QmdPath};
use openclaw_memory::{MemoryBackend as _, MemoryError, QmdError, Query, SyncReason};

use super::place::{Place, found, on_demand, range};

fn real() -> Option<PathBuf> {
    let path = std::env::var_os("OPENCLAW_REAL_QMD").map(PathBuf::from);
    if path.is_none() {
        println!("OPENCLAW_REAL_QMD is not set: the real program is not tested");
    }
    path
}

fn place() -> Place {
    let place = Place::new();
    place.write("workspace/MEMORY.md", "# About\n\n- Lives in Aarhus.\n");
    place.write("workspace/memory/2026-11-20.md", "# Preferences\n\n- Likes green tea.\n- Hates mornings.\n");
    place.write("notes/Sub Dir/Über Größe_2.md", "# Clothes\n\n- The shoe size is 44.\n");
    // A version from 2.5 on would use this in place of the folders that it is given.
    place.write("workspace/.qmd/index.yml", "collections: {}\n");
    place
}

fn config(place: &Place) -> Qmd {
    let path = place.path("notes").to_string_lossy().into_owned();
    Qmd { paths: vec![QmdPath { path, name: Some("notes".into()), pattern: None }], ..on_demand() }
}

/// A script that asks the real program for words instead of meaning, and does not make vectors.
fn words_only(real: &Path) -> String {
    let folder = real.parent().unwrap().display();
    format!(
        "#!/bin/sh\nPATH='{folder}':$PATH\ncommand=$1\ncase $command in query) command=search ;; embed) exit 0 ;; \
         esac\nshift\nexec '{}' $command \"$@\"\n",
        real.display()
    )
}

#[tokio::test]
async fn the_real_program_indexes_and_finds_by_words() {
    let Some(real) = real() else { return };
    let place = place();
    place.install_script(&words_only(&real));
    let memory = place.backend(place.options(&config(&place)));
    let report = memory.sync(SyncReason::Requested).await.unwrap();
    assert_eq!((report.files, report.skipped), (3, Vec::new()));
    assert_eq!(found(&memory, "green tea").await, ["memory/2026-11-20.md#L3-L4"]);
    assert_eq!(found(&memory, "Aarhus").await, ["MEMORY.md#L3"]);
    assert_eq!(found(&memory, "shoe size").await, ["qmd/notes/Sub Dir/Über Größe_2.md#L3"]);
    assert_eq!(found(&memory, "zzzqqq").await, Vec::<String>::new());
    assert_eq!(found(&memory, "--help").await, Vec::<String>::new());
    assert!(memory.read(range("qmd/notes/Sub Dir/Über Größe_2.md")).await.is_ok());
    let status = memory.status().await.unwrap();
    assert_eq!((status.files, status.dirty), (3, false));

    place.write("workspace/memory/2026-11-21.md", "# Pets\n\n- The cat is called Pixel.\n");
    std::fs::remove_file(place.path("workspace/MEMORY.md")).unwrap();
    let report = memory.sync(SyncReason::Written).await.unwrap();
    assert_eq!((report.files, report.indexed, report.removed), (3, 1, 1));
    assert_eq!(found(&memory, "Pixel").await, ["memory/2026-11-21.md#L3"]);

    // Another configuration: what is not wanted any more is not found any more.
    let memory = place.backend(place.options(&on_demand()));
    assert_eq!(memory.sync(SyncReason::Requested).await.unwrap().files, 2);
    assert_eq!(found(&memory, "shoe size").await, Vec::<String>::new());
    assert_eq!(memory.sync(SyncReason::Rebuild).await.unwrap().files, 2);
}

/// With its models it answers; without them it tries to get them, and is stopped in time. Either way there is an answer.
#[tokio::test]
async fn a_query_of_the_real_program_is_answered_or_stopped_in_time() {
    let Some(real) = real() else { return };
    let place = place();
    let mut config = config(&place);
    config.command = Some(real.to_string_lossy().into_owned());
    let mut options = place.options(&config);
    options.updates.embed_limit = Duration::from_secs(3);
    options.limits.query_limit = Duration::from_secs(4);
    let primary = place.backend(options);
    assert_eq!(primary.sync(SyncReason::Requested).await.unwrap().files, 3);
    let memory = place.with_fallback(std::sync::Arc::clone(&primary));
    let answer = memory.search(Query::new("green tea")).await.unwrap();
    assert_eq!(answer.results[0].path, "memory/2026-11-20.md", "{answer:?}");
    match primary.search(Query::new("green tea")).await {
        Ok(answer) => println!("it answered: {answer:?}"),
        Err(MemoryError::Qmd(error @ (QmdError::Timeout { .. } | QmdError::Failed { .. }))) => {
            println!("it has no models: {error}");
        }
        Err(other) => panic!("{other}"),
    }
}
