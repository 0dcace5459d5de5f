//! Writing to the console without waiting for whoever reads it.

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Lines that wait for a reader. More come only when nobody reads.
const MAX_WAITING: usize = 1_024;
/// How long a line is waited for, so that what is written is seen in order with everything else that the process does.
/// Once, for a reader that has stopped: after that nobody waits until it reads again.
const PATIENCE: Duration = Duration::from_millis(500);

/// The console: a thread writes, because a pipe that nobody empties would hold up everything that logs.
pub(super) struct Printer {
    queue: Mutex<Queue>,
    progress: Arc<Progress>,
}

struct Queue {
    lines: SyncSender<String>,
    sent: u64,
    /// Lines that found no place since the last one that did.
    lost: u64,
}

#[derive(Default)]
struct Progress {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    written: u64,
    is_stalled: bool,
}

impl Printer {
    /// Begins to write. Without a thread for it nothing is shown: the file has it.
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        let (lines, receiver) = sync_channel(MAX_WAITING);
        let progress = Arc::new(Progress::default());
        let shared = Arc::clone(&progress);
        let run = move || write_all(out, &receiver, &shared);
        // It ends with its sender.
        std::thread::Builder::new().name("log-console".to_owned()).spawn(run).ok();
        Self { queue: Mutex::new(Queue { lines, sent: 0, lost: 0 }), progress }
    }

    /// Shows a line, or drops it and says so later.
    pub(super) fn show(&self, line: String) {
        let number = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let lost = queue.lost;
            let text = if lost == 0 { line } else { format!("({lost} lines were not shown)\n{line}") };
            if queue.lines.try_send(text).is_err() {
                queue.lost += 1;
                return;
            }
            queue.lost = 0;
            queue.sent += 1;
            queue.sent
        };
        let state = self.progress.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |state: &mut State| state.written < number && !state.is_stalled;
        let waited = self.progress.more.wait_timeout_while(state, PATIENCE, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_stalled = state.written < number;
    }
}

fn write_all(mut out: Box<dyn Write + Send>, lines: &Receiver<String>, progress: &Progress) {
    while let Ok(line) = lines.recv() {
        // Nobody may be reading.
        out.write_all(line.as_bytes()).ok();
        let mut state = progress.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.written += 1;
        state.is_stalled = false;
        progress.more.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_WAITING, Printer};
    use std::io::Read as _;
    use std::time::{Duration, Instant};

    #[test]
    fn a_reader_that_has_stopped_holds_nobody_up() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let printer = Printer::new(Box::new(writer));
        let began = Instant::now();
        let line = "x".repeat(1_000) + "\n";
        for _ in 0..2 * MAX_WAITING {
            printer.show(line.clone());
        }
        assert!(began.elapsed() < Duration::from_secs(10), "it waited for every line");
        let drained = std::thread::spawn(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            text
        });
        while printer.queue.lock().unwrap().lost > 0 {
            printer.show("again\n".to_owned());
        }
        drop(printer);
        let text = drained.join().unwrap();
        assert!(text.contains("lines were not shown)\nagain"), "what was dropped is counted");
    }
}
