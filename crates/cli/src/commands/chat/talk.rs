//! The conversation: lines in, answers out.

use std::io::IsTerminal as _;

use anyhow::bail;
use openclaw_protocol::frame::ServerFrame;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use uuid::Uuid;

use super::answer::{Answer, End};
use super::lines::{Line, Lines, MAX_MESSAGE_BYTES};
use crate::client::{Client, ClientError, words};
use crate::output::{self, AlreadyTold, Interrupted};

/// Behind the gateway's answer to `/help`.
const LEAVING: &str = "/exit, /quit, exit: leave this chat";

/// Talks until the person leaves or the input ends.
///
/// # Errors
/// The connection breaks, the terminal is gone, or the input was no terminal and an answer failed.
pub(crate) async fn talk(client: &mut Client, session: Option<&str>) -> anyhow::Result<()> {
    let session = session.map_or_else(|| main_session(client), str::to_owned);
    greet(client, &session).await?;
    let mut talk = Talk::new(client, session, Lines::of_stdin(), Listener::Person)?;
    talk.run().await?;
    if talk.failed > 0 && !std::io::stdin().is_terminal() { Err(AlreadyTold.into()) } else { Ok(()) }
}

/// Answers lines, in their order, to the last one. Standard output gets the answers and nothing else.
///
/// # Errors
/// The connection breaks, an answer failed, or Ctrl-C was pressed.
pub(crate) async fn answer_lines(client: &mut Client, lines: Lines) -> anyhow::Result<()> {
    let session = main_session(client);
    let mut talk = Talk::new(client, session, lines, Listener::Program)?;
    talk.run().await?;
    if talk.failed > 0 { Err(AlreadyTold.into()) } else { Ok(()) }
}

fn main_session(client: &Client) -> String {
    let main = client.hello().pointer("/snapshot/sessionDefaults/mainSessionKey").and_then(Value::as_str);
    main.unwrap_or("main").to_owned()
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

/// Who reads the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listener {
    /// What happens beside them is shown as well, and Ctrl-C ends an answer.
    Person,
    /// Everything else goes to standard error, and Ctrl-C ends everything.
    Program,
}

/// What follows an answer.
enum Next {
    Go,
    Leave,
}

struct Talk<'c> {
    client: &'c mut Client,
    session: String,
    lines: Lines,
    listener: Listener,
    interrupts: Signal,
    /// Lines that got no answer.
    failed: usize,
}

impl<'c> Talk<'c> {
    fn new(
        client: &'c mut Client,
        session: String,
        lines: Lines,
        listener: Listener,
    ) -> std::io::Result<Self> {
        let interrupts = signal(SignalKind::interrupt())?;
        Ok(Self { client, session, lines, listener, interrupts, failed: 0 })
    }

    async fn run(&mut self) -> anyhow::Result<()> {
        loop {
            if self.listener == Listener::Person && std::io::stdin().is_terminal() {
                output::fragment("\nyou> ")?;
            }
            let Some(line) = self.next_line().await? else {
                if self.listener == Listener::Person {
                    // The prompt stands on a line of its own.
                    output::line("")?;
                }
                return Ok(());
            };
            if let Next::Leave = self.hear(line).await? {
                return Ok(());
            }
        }
    }

    async fn hear(&mut self, line: Line) -> anyhow::Result<Next> {
        let text = match line {
            Line::Text(text) => text,
            Line::NotText(number) => {
                self.finish(End::Failed(format!("line {number} is not text in UTF-8, and was not sent")))?;
                return Ok(Next::Go);
            }
            Line::TooLong(number) => {
                let why = format!("line {number} is over {MAX_MESSAGE_BYTES} bytes, and was not sent");
                self.finish(End::Failed(why))?;
                return Ok(Next::Go);
            }
            Line::Broken(error) => bail!("cannot read the input: {error}"),
        };
        match text.trim() {
            "" => Ok(Next::Go),
            // In a program's lines it is a message like any other: what stands behind it is to be answered as well.
            "/exit" | "/quit" | "exit" if self.listener == Listener::Person => Ok(Next::Leave),
            message => {
                let next = self.say(message).await?;
                if self.listener == Listener::Person && ["/help", "/commands"].contains(&message) {
                    output::line(LEAVING)?;
                }
                Ok(next)
            }
        }
    }

    /// The next line; `None` at the end of the input, or for a person's Ctrl-C.
    async fn next_line(&mut self) -> anyhow::Result<Option<Line>> {
        loop {
            tokio::select! {
                line = self.lines.next() => return Ok(line),
                _ = self.interrupts.recv() => match self.listener {
                    Listener::Person => return Ok(None),
                    Listener::Program => return Err(stopped().into()),
                },
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
                    if self.listener == Listener::Program {
                        return Err(stopped().into());
                    }
                    continue;
                }
            };
            match frame {
                ServerFrame::Response { id, payload, error, .. } if id == request => {
                    if let Some(error) = error {
                        break End::Failed(words(&error));
                    }
                    if !is_running(payload.as_ref()) {
                        output::fragment(stop_words(payload.as_ref()))?;
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
                    self.show_aside(&heard.aside)?;
                    if let Some(end) = heard.end {
                        break end;
                    }
                }
            }
        };
        self.finish(end)?;
        Ok(Next::Go)
    }

    /// What an answer does on its way.
    fn show_aside(&self, aside: &str) -> Result<(), output::OutputError> {
        match self.listener {
            Listener::Person => output::fragment(&output::printable(aside)),
            Listener::Program => Ok(()),
        }
    }

    fn finish(&mut self, end: End) -> Result<(), output::OutputError> {
        let why = match end {
            End::Done => return output::line(""),
            End::Aborted if self.listener == Listener::Person => return output::line(" [stopped]"),
            End::Aborted => "the answer was stopped".to_owned(),
            End::Failed(why) => why,
        };
        self.failed += 1;
        let why = output::printable(&why);
        match self.listener {
            Listener::Person => output::line(&format!("\n[failed] {why}")),
            Listener::Program => {
                output::complain(&format!("openclaw: {why}"));
                Ok(())
            }
        }
    }
}

fn stopped() -> Interrupted {
    Interrupted("stopped before every line was answered".to_owned())
}

/// Whether an answer to `chat.send` means that events will follow.
fn is_running(payload: Option<&Value>) -> bool {
    let status = payload.and_then(|payload| payload.get("status")).and_then(Value::as_str);
    matches!(status, Some("started" | "in_flight"))
}

/// What came of `/stop`, for which no events follow; nothing for other messages.
fn stop_words(payload: Option<&Value>) -> &'static str {
    match payload.and_then(|payload| payload.get("aborted")).and_then(Value::as_bool) {
        Some(true) => "stopped",
        Some(false) => "no answer is being written",
        None => "",
    }
}

/// Whether a conversation ended because the gateway did.
pub(crate) fn is_gateway_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(ClientError::is_gone)
}
