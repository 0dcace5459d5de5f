//! Long work in front of a person: a bar on a terminal, and Ctrl-C.

use std::future::Future;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use openclaw_memory::bench::Stage;
use openclaw_memory::{Download, Engine, Progress};

use crate::output;

/// Between two drawings: smooth, and no work.
const TICK: Duration = Duration::from_millis(200);
/// Cells of a bar.
const WIDTH: usize = 24;

/// How work ended.
pub(super) enum End<T> {
    Done(T),
    /// The person has seen enough.
    Interrupted,
}

/// Does work that indexes or embeds.
pub(super) async fn indexing<T>(engine: &Engine, work: impl Future<Output = T>) -> std::io::Result<End<T>> {
    let progress = engine.progress();
    let begun = Instant::now();
    let mut embedding_since = None;
    watching(work, || {
        let now = *progress.borrow();
        if now.embedded + now.left > 0 {
            embedding_since.get_or_insert_with(Instant::now);
        }
        let elapsed = embedding_since.unwrap_or(begun).elapsed();
        engine.download().map_or_else(|| progress_words(now, elapsed), download_words)
    })
    .await
}

/// Does work that draws itself by what `line` says, until it is done or Ctrl-C is pressed.
pub(super) async fn watching<T>(
    work: impl Future<Output = T>,
    mut line: impl FnMut() -> String,
) -> std::io::Result<End<T>> {
    let is_shown =
        std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    let stop = tokio::signal::ctrl_c();
    tokio::pin!(work, stop);
    let mut tick = tokio::time::interval(TICK);
    let end = loop {
        tokio::select! {
            biased;
            stopped = &mut stop => {
                stopped?;
                break End::Interrupted;
            }
            done = &mut work => break End::Done(done),
            _ = tick.tick() => if is_shown { output::overwrite(&line()) },
        }
    };
    if is_shown {
        output::overwrite("");
    }
    Ok(end)
}

/// `downloading the model [######------] 82 of 329 MB`
fn download_words(download: Download) -> String {
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let bar = download.total.map(|total| format!("{} ", bar(size(download.received), size(total))));
    format!(
        "downloading the model {}{download}; Ctrl-C stops it, and it goes on from there",
        bar.unwrap_or_default()
    )
}

/// `embedding [######------] 120 of 480 passages, 60/s, 6 s left`
fn progress_words(progress: Progress, elapsed: Duration) -> String {
    let Progress { embedded, left, in_jobs } = progress;
    if in_jobs > 0 && left <= in_jobs {
        return format!(
            "waiting for a batch job at the service: {in_jobs} passages; Ctrl-C leaves it there, and it is collected later"
        );
    }
    if embedded + left == 0 {
        return "reading notes…".to_owned();
    }
    let speed = embedded as f64 / elapsed.as_secs_f64().max(0.001);
    let mut words =
        format!("embedding {} {embedded} of {} passages", bar(embedded, embedded + left), embedded + left);
    if embedded > 0 && left > 0 {
        words.push_str(&format!(", {speed:.0}/s, {} left", seconds_words(left as f64 / speed)));
    }
    words
}

/// What a measurement does.
pub(super) fn stage_words(stage: Option<Stage>) -> String {
    match stage {
        None => "reading notes…".to_owned(),
        Some(Stage::Building) => "building an index of the words…".to_owned(),
        Some(Stage::Asking { done, all }) => format!("asking {} {done} of {all} questions", bar(done, all)),
    }
}

fn bar(done: usize, all: usize) -> String {
    let full = (done * WIDTH).checked_div(all).unwrap_or(WIDTH).min(WIDTH);
    format!("[{}{}]", "#".repeat(full), "-".repeat(WIDTH - full))
}

fn seconds_words(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5400 => format!("{} min", seconds.div_ceil(60)),
        5401.. => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::{download_words, progress_words, stage_words};
    use openclaw_memory::bench::Stage;
    use openclaw_memory::{Download, Progress};
    use std::time::Duration;

    #[test]
    fn what_is_drawn() {
        let words =
            |embedded, left| progress_words(Progress { embedded, left, in_jobs: 0 }, Duration::from_secs(2));
        assert_eq!(words(0, 0), "reading notes…");
        assert_eq!(words(0, 480), "embedding [------------------------] 0 of 480 passages");
        assert_eq!(
            words(120, 360),
            "embedding [######------------------] 120 of 480 passages, 60/s, 6 s left"
        );
        assert_eq!(words(480, 0), "embedding [########################] 480 of 480 passages");
        assert!(words(2, 500).ends_with("1/s, 9 min left"), "{}", words(2, 500));
        assert!(words(2, 500_000).ends_with("h left"));
        let download = |total| download_words(Download { received: 82_200_000, total });
        let end = "; Ctrl-C stops it, and it goes on from there";
        let shown = download(Some(328_600_000));
        assert_eq!(shown, format!("downloading the model [######------------------] 82 of 329 MB{end}"));
        assert_eq!(download(None), format!("downloading the model 82 MB{end}"));
        assert_eq!(stage_words(None), "reading notes…");
        let asking = stage_words(Some(Stage::Asking { done: 5, all: 10 }));
        assert_eq!(asking, "asking [############------------] 5 of 10 questions");
    }
}
