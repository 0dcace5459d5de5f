//! A process with a real ledger and the real courier, for a test that kills it: `outbox_worker DIR PORT harmless|shown`.
//!
//! It delivers over TCP to 127.0.0.1:PORT, a connection a message: it writes `key recipient text` and reads `ok ID`. On
//! standard input it takes `put RECIPIENT KEY`, answered with `ok KEY` once that is on the disk; `counts`, answered with
//! `waiting N`; and `list`, answered with a `row KEY STATE` for each message and `end`.

use std::io::Write as _;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use openclaw_channels::{Channel, Courier, CourierOptions, IdempotencyKey, Outbound, ask, interactive};
use openclaw_guard::{Clock as _, SystemClock};
use openclaw_store::{Delivery, DeliveryFilter, Ledger, Repeats, SqliteLedger, StateLock};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

type Failure = Box<dyn std::error::Error>;

/// A platform at the other end of a line.
struct Line {
    port: u16,
    repeats: Repeats,
}

impl Line {
    async fn send(&self, message: Outbound, key: IdempotencyKey) -> Delivery {
        let mut stream = match TcpStream::connect(("127.0.0.1", self.port)).await {
            Ok(stream) => stream,
            Err(error) => return Delivery::Transient { reason: error.to_string(), retry_after_ms: None },
        };
        let line = format!("{} {} {}\n", key.as_str(), message.recipient, message.text);
        let mut answer = String::new();
        let talk = async {
            stream.write_all(line.as_bytes()).await?;
            stream.read_to_string(&mut answer).await
        };
        match (talk.await, answer.trim().strip_prefix("ok ")) {
            (Ok(_), Some(id)) => Delivery::Delivered { message_id: id.to_owned() },
            (Ok(_), None) => Delivery::Unknown { reason: "no answer".to_owned() },
            (Err(error), _) => Delivery::Unknown { reason: error.to_string() },
        }
    }
}

impl Channel for Line {
    fn id(&self) -> &'static str {
        "line"
    }

    fn repeats(&self) -> Repeats {
        self.repeats
    }

    fn deliver(&self, message: Outbound, key: IdempotencyKey) -> BoxFuture<'_, Delivery> {
        Box::pin(self.send(message, key))
    }
}

/// Standard output, line by line: whoever reads it counts on what it says.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

struct Worker {
    ledger: Arc<dyn Ledger>,
    courier: Courier,
    line: Arc<Line>,
}

impl Worker {
    async fn obey(&self, command: &str) -> Result<(), Failure> {
        let words: Vec<&str> = command.split(' ').collect();
        match words.as_slice() {
            ["put", to, key] => {
                let message = Outbound::new("default", *to, format!("text of {key}"));
                let now_ms = SystemClock.now_ms();
                let entry = interactive(&*self.line, &message, IdempotencyKey::new(*key), now_ms);
                ask(|done| self.ledger.enqueue(vec![entry], done)).await?;
                self.courier.wake();
                say(&format!("ok {key}"))?;
            }
            ["counts"] => {
                let counts = ask(|done| self.ledger.counts(done)).await?;
                say(&format!("waiting {}", counts.waiting))?;
            }
            ["list"] => {
                let all = DeliveryFilter { state: None, limit: usize::MAX };
                for row in ask(|done| self.ledger.deliveries(all, done)).await? {
                    say(&format!("row {} {}", row.what.key, row.state.as_str()))?;
                }
                say("end")?;
            }
            _ => return Err(format!("what is {command:?}?").into()),
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, port, mode] = args.as_slice() else { return Err("DIR PORT harmless|shown".into()) };
    let repeats = if mode == "harmless" { Repeats::Harmless } else { Repeats::Shown };
    let _lock = StateLock::acquire(dir.as_ref())?;
    let ledger = SqliteLedger::open(dir.as_ref(), SystemClock.now_ms())?;
    if let Some(place) = ledger.quarantined() {
        return Err(format!("the ledger was damaged: {}", place.display()).into());
    }
    let ledger: Arc<dyn Ledger> = Arc::new(ledger);
    let courier = Courier::new(Arc::clone(&ledger));
    let line = Arc::new(Line { port: port.parse()?, repeats });
    let options = CourierOptions {
        channels: vec![Arc::clone(&line) as Arc<dyn Channel>],
        clock: Arc::new(SystemClock),
        jitter: Box::new(|| 0.5),
        tell: Box::new(|_| ()),
    };
    tokio::spawn(courier.clone().run(options));
    say("up")?;
    let worker = Worker { ledger, courier, line };
    let mut commands = BufReader::new(tokio::io::stdin()).lines();
    while let Some(command) = commands.next_line().await? {
        worker.obey(&command).await?;
    }
    worker.courier.stop().await;
    worker.ledger.close();
    Ok(())
}
