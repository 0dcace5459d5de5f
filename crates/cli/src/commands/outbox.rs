//! `openclaw outbox`: what waits to be delivered, and what could not be. Through the gateway while it runs, else on its
//! ledger, which is then free. Who only lists reads the file and changes nothing.

use std::path::Path;

use anyhow::{Context as _, bail};
use openclaw_channels::{Counts, DeliveryRow, Listing, ask, none_to_drop, none_to_retry, state_of};
use openclaw_guard::{Clock as _, SystemClock};
use openclaw_store::{
    DeliveryFilter, DeliveryId, Ledger as _, LedgerError, LedgerView, SqliteLedger, StateLock, StateVersion,
};
use serde_json::{Value, json};

use crate::args::{ConnectArgs, InstanceArgs, OutboxCommand, OutboxListArgs, OutboxRetryArgs};
use crate::client::{CALL_TIMEOUT, Client, ClientError, Target};
use crate::instance::Instance;
use crate::{format, output, runtime};

pub(super) fn run(flags: &InstanceArgs, command: &OutboxCommand) -> anyhow::Result<()> {
    match command {
        OutboxCommand::List(args) => list(flags, args),
        OutboxCommand::Retry(args) => retry(flags, args),
        OutboxCommand::Drop(args) => {
            within(flags, &args.connect, Access::Write, async |way| way.remove(args.id).await)?;
            say(flags, &format!("message {} is forgotten", args.id))
        }
    }
}

fn list(flags: &InstanceArgs, args: &OutboxListArgs) -> anyhow::Result<()> {
    if let Some(word) = &args.state {
        state_of(word)?;
    }
    let listing = within(flags, &args.connect, Access::Read, async |way| way.list(args).await)?;
    if args.json {
        return Ok(output::json(&listing)?);
    }
    say(flags, &words(&listing))
}

fn retry(flags: &InstanceArgs, args: &OutboxRetryArgs) -> anyhow::Result<()> {
    let (count, when) = within(flags, &args.connect, Access::Write, async |way| {
        let count = match args.id {
            Some(id) => way.retry(id).await?,
            None => way.retry_dead().await?,
        };
        Ok((count, way.when()))
    })?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    say(flags, &format!("{} will be sent again{when}", format::count(count, "message")))
}

fn say(flags: &InstanceArgs, text: &str) -> anyhow::Result<()> {
    Ok(output::line(&output::for_instance(text, flags))?)
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// The ledger cannot be read. It is not put aside for that: a person who looks must not be the one who moves it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the queue of messages cannot be read ({0}); the gateway puts it aside when it starts; messages that were accepted \
     and not answered may be in it"
)]
struct Unreadable(#[source] LedgerError);

/// How the outbox is reached.
enum Way {
    Gateway(Box<Client>),
    /// No gateway runs, and nothing is to be changed.
    View(LedgerView),
    /// No gateway runs.
    Files(Files),
    /// No gateway runs, and none has kept anything.
    Nothing,
}

/// The ledger, and the right to write it: in this order they are given back.
struct Files {
    ledger: SqliteLedger,
    _lock: StateLock,
}

/// Does something with the outbox of an instance.
fn within<T>(
    flags: &InstanceArgs,
    connect: &ConnectArgs,
    access: Access,
    work: impl AsyncFnOnce(&mut Way) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    // A broken configuration does not stop a gateway that runs already.
    let (instance, _problem) = Instance::reach(flags)?;
    let target = Target::of(&instance, connect)?;
    runtime::block_on(async {
        let mut way = Way::find(&target, access).await?;
        work(&mut way).await
    })
}

impl Way {
    async fn find(target: &Target, access: Access) -> anyhow::Result<Self> {
        match Client::connect(target, CALL_TIMEOUT).await {
            Ok(client) => Ok(Self::Gateway(Box::new(client))),
            Err(error) => match &target.state_dir {
                Some(dir) if error.is_absent() => Self::files(dir, access, error).await,
                Some(_) | None => Err(error.into()),
            },
        }
    }

    async fn files(state_dir: &Path, access: Access, absent: ClientError) -> anyhow::Result<Self> {
        StateVersion::check(state_dir)?;
        let now_ms = SystemClock.now_ms();
        let view = match LedgerView::open(state_dir) {
            Ok(Some(view)) => view,
            Ok(None) => return Ok(Self::Nothing),
            Err(error) => return Err(unreadable(error)),
        };
        if access == Access::Read {
            // A gateway that is stopping has not given up the try that it makes.
            if !absent.is_stopping() {
                view.judge_broken_tries(now_ms).map_err(unreadable)?;
            }
            return Ok(Self::View(view));
        }
        drop(view);
        if absent.is_stopping() {
            return Err(absent.into());
        }
        let lock = StateLock::acquire(state_dir)?;
        let ledger = SqliteLedger::open(state_dir, now_ms)?;
        // Tries that broke off with their process are judged, so that they can be retried or dropped.
        ask(|done| ledger.claim_due(now_ms, 0, done)).await?;
        Ok(Self::Files(Files { ledger, _lock: lock }))
    }

    async fn list(&mut self, args: &OutboxListArgs) -> anyhow::Result<Listing> {
        let limit = usize::from(args.limit);
        match self {
            Self::Gateway(client) => {
                let mut params = json!({"limit": limit});
                if let Some(state) = &args.state {
                    params["state"] = json!(state);
                }
                let answer = client.call("outbox.list", &params).await?;
                serde_json::from_value(answer).context("the gateway's answer is no outbox")
            }
            Self::View(view) => {
                let state = args.state.as_deref().map(state_of).transpose()?;
                let rows = view.deliveries(DeliveryFilter { state, limit }).map_err(unreadable)?;
                Ok(Listing::of(view.counts().map_err(unreadable)?, &rows, SystemClock.now_ms()))
            }
            Self::Files(Files { ledger, .. }) => {
                let state = args.state.as_deref().map(state_of).transpose()?;
                Ok(Listing::read(ledger, DeliveryFilter { state, limit }, SystemClock.now_ms()).await?)
            }
            Self::Nothing => {
                Ok(Listing { ts: SystemClock.now_ms(), counts: Counts::default(), deliveries: Vec::new() })
            }
        }
    }

    async fn retry(&mut self, id: i64) -> anyhow::Result<u64> {
        let retried = match self {
            Self::Gateway(client) => return retried(&client.call("outbox.retry", &json!({"id": id})).await?),
            Self::Files(Files { ledger, .. }) => {
                let (which, now_ms) = (DeliveryId::from_number(id), SystemClock.now_ms());
                ask(|done| ledger.retry(which, now_ms, done)).await?
            }
            Self::View(_) | Self::Nothing => false,
        };
        if !retried {
            bail!(none_to_retry(id));
        }
        Ok(1)
    }

    async fn retry_dead(&mut self) -> anyhow::Result<u64> {
        match self {
            Self::Gateway(client) => retried(&client.call("outbox.retry", &json!({"allDead": true})).await?),
            Self::Files(Files { ledger, .. }) => {
                Ok(ask(|done| ledger.retry_dead(SystemClock.now_ms(), done)).await?)
            }
            Self::View(_) | Self::Nothing => Ok(0),
        }
    }

    async fn remove(&mut self, id: i64) -> anyhow::Result<()> {
        let dropped = match self {
            Self::Gateway(client) => {
                client.call("outbox.drop", &json!({"id": id})).await?;
                true
            }
            Self::Files(Files { ledger, .. }) => {
                ask(|done| ledger.discard(DeliveryId::from_number(id), done)).await?
            }
            Self::View(_) | Self::Nothing => false,
        };
        if !dropped {
            bail!(none_to_drop(id));
        }
        Ok(())
    }

    /// When what is retried is sent.
    fn when(&self) -> &'static str {
        match self {
            Self::Gateway(_) => "",
            Self::Files(..) | Self::View(_) | Self::Nothing => {
                " when the gateway runs; start it with `openclaw gateway`"
            }
        }
    }
}

fn unreadable(error: LedgerError) -> anyhow::Error {
    match error {
        LedgerError::Damaged { .. } | LedgerError::Engine { .. } => Unreadable(error).into(),
        LedgerError::LowSpace { .. }
        | LedgerError::Full { .. }
        | LedgerError::Newer { .. }
        | LedgerError::File(_)
        | LedgerError::Busy
        | LedgerError::Closed => error.into(),
    }
}

fn retried(answer: &Value) -> anyhow::Result<u64> {
    answer.get("retried").and_then(Value::as_u64).context("the gateway did not say how many")
}

/// How much there is, for people; nothing when there is nothing to say.
pub(super) fn counts_words(counts: Counts) -> Option<String> {
    let named = [("waiting", counts.waiting), ("unknown", counts.unknown), ("dead", counts.dead)];
    let parts: Vec<String> = named
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn words(listing: &Listing) -> String {
    let Listing { ts, counts, deliveries } = listing;
    let nothing = if deliveries.is_empty() { "nothing waits" } else { "nothing waits; delivered were" };
    let mut blocks = vec![format!("Outbox: {}", counts_words(*counts).unwrap_or_else(|| nothing.to_owned()))];
    let rows: Vec<(String, String)> =
        deliveries.iter().map(|row| (row.id.to_string(), row_words(row, *ts))).collect();
    let rows: Vec<(&str, String)> = rows.iter().map(|(id, text)| (id.as_str(), text.clone())).collect();
    if !rows.is_empty() {
        blocks.push(output::table(&rows));
    }
    if counts.dead + counts.unknown > 0 {
        blocks.push(
            "`openclaw outbox retry ID` sends a message again, `openclaw outbox drop ID` forgets it. Of an unknown one \
             nobody can say whether it arrived."
                .to_owned(),
        );
    }
    blocks.join("\n\n")
}

/// One delivery in up to three lines.
fn row_words(row: &DeliveryRow, now_ms: i64) -> String {
    let DeliveryRow { channel, to, state, preview, .. } = row;
    let age = format::ago(now_ms - row.created_at);
    // In one line each, whatever a platform or a model wrote.
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = vec![format!("{state}, {age}, {} to {}", line(channel), line(to))];
    lines.extend(row.reason.as_deref().map(line));
    if !preview.is_empty() {
        lines.push(format!("\"{}\"", line(preview)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{counts_words, words};
    use openclaw_channels::{Counts, DeliveryRow, Listing};

    #[test]
    fn a_list_in_words() {
        let row = DeliveryRow {
            id: 17,
            channel: "webchat".into(),
            account_id: "default".into(),
            to: "agent:main:main".into(),
            state: "dead".into(),
            reason: Some("given up after 9 tries:\nbusy \u{1b}[2J".into()),
            attempts: 9,
            created_at: 0,
            next_at: None,
            expires_at: 3_600_000,
            message_id: None,
            preview: "Good morning…".into(),
        };
        let counts = Counts { waiting: 2, unknown: 0, dead: 1 };
        let listing = Listing { ts: 7_200_000, counts, deliveries: vec![row] };
        let expected = "Outbox: 2 waiting, 1 dead\n\n  17  dead, 2h ago, webchat to agent:main:main\n      \
                        given up after 9 tries: busy [2J\n      \"Good morning…\"\n\n`openclaw outbox retry ID` sends a \
                        message again, `openclaw outbox drop ID` forgets it. Of an unknown one nobody can say whether it \
                        arrived.";
        assert_eq!(words(&listing), expected);
        let delivered = Listing { counts: Counts::default(), ..listing };
        assert!(words(&delivered).starts_with("Outbox: nothing waits; delivered were\n\n  17"));
        let none = Listing { ts: 0, counts: Counts::default(), deliveries: Vec::new() };
        assert_eq!(words(&none), "Outbox: nothing waits");
        assert_eq!(counts_words(Counts::default()), None);
    }
}
