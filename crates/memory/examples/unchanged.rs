//! What a search costs when nothing has changed, with and without a watch over the folders:
//! `cargo run --release -p openclaw-memory --example unchanged -- [NOTES]`, 3,000 if absent. By words alone.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_guard::{PathComponent, Root, SystemClock, create_private_dir, write_atomic};
use openclaw_memory::{Engine, EngineOptions, MemoryBackend as _, Query, SyncOptions, SyncReason};

/// Searches of each kind, in turn.
const SEARCHES: usize = 500;

fn engine(home: &Path, name: &str, sync: SyncOptions) -> Result<Engine, Box<dyn std::error::Error>> {
    let workspace = Arc::new(Root::open(&home.join("workspace"))?);
    let options = EngineOptions::new(PathComponent::parse(name)?, workspace, home, Arc::new(SystemClock));
    Ok(Engine::new(EngineOptions { sync, ..options }))
}

fn percentile(times: &mut [Duration], share: usize) -> f64 {
    times.sort_unstable();
    times.get(times.len() * share / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

#[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let notes: usize = std::env::args().nth(1).map_or(Ok(3_000), |count| count.parse())?;
    let home = tempfile::tempdir()?;
    create_private_dir(&home.path().join("workspace/memory"))?;
    for number in 0..notes {
        let path = home.path().join(format!("workspace/memory/note-{number}.md"));
        let text = format!(
            "# Note {number}\n- The box of shelf {} holds part-{number}.\n- Seen by Ann.\n",
            number % 97
        );
        write_atomic(&path, text.as_bytes())?;
    }
    let watching = engine(home.path(), "watching", SyncOptions::default())?;
    let looking = engine(home.path(), "looking", SyncOptions { watch: false, ..SyncOptions::default() })?;
    let mut times = [Vec::new(), Vec::new()];
    for memory in [&watching, &looking] {
        memory.sync(SyncReason::Requested).await?;
    }
    for number in 0..SEARCHES {
        let wanted = number * 7 % notes.max(1);
        for (memory, times) in [&watching, &looking].into_iter().zip(&mut times) {
            let began = Instant::now();
            let answer = memory.search(Query::new(format!("part-{wanted}"))).await?;
            times.push(began.elapsed());
            assert!(
                answer.results.iter().any(|hit| hit.snippet.contains(&format!("part-{wanted}."))),
                "{answer:?}"
            );
        }
    }
    for (name, times) in ["watching", "looking at each search"].into_iter().zip(&mut times) {
        let (half, most) = (percentile(times, 50), percentile(times, 95));
        println!("{notes} unchanged notes, {name}: p50 {half:.2} ms, p95 {most:.2} ms");
    }
    Ok(())
}
