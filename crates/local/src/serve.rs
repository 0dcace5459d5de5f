//! The conversation on standard input and output.

use std::io::{BufReader, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::cpu;
use crate::llama_log::LastError;
use crate::model::{Model, Reader};
use crate::options::Options;
use crate::protocol::{For, Kind, MAX_TEXTS, Reply, Request, WireError, next_message, to_line};

/// Requests that wait. The gateway sends one at a time.
const MAX_WAITING: usize = 4;

/// Says hello, answers, and ends with the input.
pub(crate) fn serve(options: &Options) -> ExitCode {
    if let Some(refusal) = cpu::refusal() {
        return refuse(refusal);
    }
    let last_error = LastError::listen(options.verbosity);
    let model = match Model::load(options, &last_error) {
        Ok(model) => model,
        Err(error) => return refuse(error.to_string()),
    };
    let mut reader = match model.reader(options, &last_error) {
        Ok(reader) => reader,
        Err(error) => return refuse(error.to_string()),
    };
    if send(&Reply::Hello(reader.hello())).is_err() {
        // Nobody listens any more.
        return ExitCode::SUCCESS;
    }
    let input = Input::listen();
    while let Ok(request) = input.requests.recv() {
        let reply = match request {
            Ok(Request::Embed { id, purpose, texts }) => answer(&mut reader, &input, id, purpose, &texts),
            Err(error) => refused(None, format!("openclaw-local got {error}")),
        };
        let Some(reply) = reply else { break };
        if send(&reply).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// Prints a text for a person.
pub(crate) fn say(text: &str, code: ExitCode) -> ExitCode {
    // Nobody may be reading.
    std::io::stdout().write_all(text.as_bytes()).ok();
    code
}

/// Nothing when there is nobody left to answer.
fn answer(reader: &mut Reader<'_>, input: &Input, id: u64, purpose: For, texts: &[String]) -> Option<Reply> {
    if texts.len() > MAX_TEXTS {
        return refused(Some(id), format!("{} texts in one request; {MAX_TEXTS} is the most", texts.len()));
    }
    let mut vectors = Vec::with_capacity(texts.len());
    for text in texts {
        if input.has_ended.load(Ordering::Relaxed) {
            return None;
        }
        match reader.vector(purpose, text) {
            Ok(vector) => vectors.push(vector),
            Err(error) => return refused(Some(id), error.to_string()),
        }
    }
    Some(Reply::Vectors { id, vectors })
}

fn refused(id: Option<u64>, message: String) -> Option<Reply> {
    Some(Reply::Failed { id, kind: Kind::Refused, message })
}

fn refuse(message: String) -> ExitCode {
    // If nobody listens, nobody wants to know.
    send(&Reply::Failed { id: None, kind: Kind::Unusable, message }).ok();
    ExitCode::FAILURE
}

fn send(reply: &Reply) -> Result<(), WireError> {
    let line = to_line(reply)?;
    let mut output = std::io::stdout().lock();
    output.write_all(&line).and_then(|()| output.flush()).map_err(WireError::Pipe)
}

/// Standard input, read on a thread of its own, so that its end is noticed between two texts.
struct Input {
    requests: Receiver<Result<Request, WireError>>,
    has_ended: Arc<AtomicBool>,
}

impl Input {
    fn listen() -> Self {
        let (sender, requests) = sync_channel(MAX_WAITING);
        let has_ended = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&has_ended);
        std::thread::spawn(move || {
            forward(&sender);
            flag.store(true, Ordering::Relaxed);
        });
        Self { requests, has_ended }
    }
}

fn forward(sender: &SyncSender<Result<Request, WireError>>) {
    let mut input = BufReader::new(std::io::stdin());
    loop {
        match next_message(&mut input) {
            Ok(Some(request)) => {
                if sender.send(Ok(request)).is_err() {
                    return;
                }
            }
            Ok(None) | Err(WireError::Pipe(_)) => return,
            // The rest of a line that is too long is no message either: the conversation is over.
            Err(error @ WireError::TooLong) => {
                sender.send(Err(error)).ok();
                return;
            }
            Err(error @ WireError::NoMessage(_)) => {
                if sender.send(Err(error)).is_err() {
                    return;
                }
            }
        }
    }
}
