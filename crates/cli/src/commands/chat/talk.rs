//! The conversation: lines in, answers out.

use std::io::{BufRead as _, IsTerminal as _};

use openclaw_protocol::frame::ServerFrame;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::answer::{Answer, End};
use crate::client::{Client, ClientError, words};
use crate::output;

/// Lines that may wait: whoever types faster than the assistant answers waits at the terminal.
const MAX_WAITING_LINES: usize = 1;

/// Talks until the person leaves or the input ends.
///
/// # Errors
/// The connection breaks, or the terminal is gone.
pub(crate) async fn talk(client: &mut Client, session: Option<&str>) -> anyhow::Result<()> {
    let main = client.hello().pointer("/snapshot/sessionDefaults/mainSessionKey").and_then(Value::as_str);
    let session = session.or(main).unwrap_or("main").to_owned();
    greet(client, &session).await?;
    let mut talk = Talk { client, session, lines: lines(), interrupts: signal(SignalKind::interrupt())? };
    loop {
        if std::io::stdin().is_terminal() {
            output::fragment("\nyou> ")?;
        }
        let Some(line) = talk.next_line().await? else {
            // The prompt stands on a line of its own.
            output::line("")?;
            break;
        };
        match line.trim() {
            "" => {}
            "/exit" | "/quit" => break,
            message => match talk.say(message).await? {
                Next::Go => {}
                Next::Leave => break,
            },
        }
    }
    Ok(())
}

/// Which model answers is shown once.
async fn greet(client: &mut Client, session: &str) -> anyhow::Result<()> {
    let listed = client.call("sessions.list", &json!({"limit": 1})).await?;
    let text = |name: &str| listed.pointer(&format!("/defaults/{name}")).and_then(Value::as_str);
    let badge = match (text("modelProvider"), text("model")) {
        (Some(provider), Some(model)) => format!("{provider}/{model}"),
        _ => "no usable model, see `openclaw status`".to_owned(),
    };
    let line = format!("[{badge}] session {session}. /exit leaves, Ctrl-C stops an answer.");
    Ok(output::line(&output::printable(&line))?)
}

/// Reads standard input on a thread of its own: a read cannot be given up, and must not keep the process alive.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(MAX_WAITING_LINES);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            // Input that cannot be read is the end of it; so is a conversation that is over.
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What follows an answer.
enum Next {
    Go,
    Leave,
}

struct Talk<'c> {
    client: &'c mut Client,
    session: String,
    lines: mpsc::Receiver<String>,
    interrupts: Signal,
}

impl Talk<'_> {
    /// The next line; `None` at the end of the input, or for Ctrl-C.
    async fn next_line(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            tokio::select! {
                line = self.lines.recv() => return Ok(line),
                _ = self.interrupts.recv() => return Ok(None),
                // Nothing to show, but the end of the connection must be noticed.
                frame = self.client.next() => drop(frame?),
            }
        }
    }

    /// Sends a message and shows its answer to the end.
    async fn say(&mut self, message: &str) -> anyhow::Result<Next> {
        let run_id = Uuid::new_v4().to_string();
        let params = json!({"sessionKey": self.session, "message": message, "idempotencyKey": run_id});
        let request = self.client.send("chat.send", &params).await?;
        let mut answer = Answer::new(&run_id);
        let mut is_stopping = false;
        let mut is_started = false;
        let end = loop {
            let frame = tokio::select! {
                frame = self.client.next() => frame.map_err(|error| {
                    if is_started { error.after_acceptance() } else { error }
                })?,
                _ = self.interrupts.recv() => {
                    if is_stopping {
                        return Ok(Next::Leave);
                    }
                    is_stopping = true;
                    let params = json!({"sessionKey": self.session, "runId": run_id});
                    self.client.send("chat.abort", &params).await?;
                    continue;
                }
            };
            match frame {
                ServerFrame::Response { id, payload, error, .. } if id == request => {
                    if let Some(error) = error {
                        break End::Failed(words(&error));
                    }
                    if !is_running(payload.as_ref()) {
                        break End::Done;
                    }
                    is_started = true;
                }
                ServerFrame::Response { .. } => {}
                ServerFrame::Event { event, .. } if event == "shutdown" => {
                    output::complain("openclaw: the gateway is stopping");
                }
                ServerFrame::Event { event, payload, .. } => {
                    let heard = answer.hear(&event, &payload.unwrap_or_default());
                    output::fragment(&output::printable(&heard.text))?;
                    if let Some(end) = heard.end {
                        break end;
                    }
                }
            }
        };
        finish(&end)?;
        Ok(Next::Go)
    }
}

/// Whether an answer to `chat.send` means that events will follow.
fn is_running(payload: Option<&Value>) -> bool {
    let status = payload.and_then(|payload| payload.get("status")).and_then(Value::as_str);
    matches!(status, Some("started" | "in_flight"))
}

fn finish(end: &End) -> Result<(), output::OutputError> {
    match end {
        End::Done => output::line(""),
        End::Aborted => output::line(" [stopped]"),
        End::Failed(why) => output::line(&format!("\n[failed] {}", output::printable(why))),
    }
}

/// Whether a conversation ended because the gateway did.
pub(crate) fn is_gateway_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(ClientError::is_gone)
}
