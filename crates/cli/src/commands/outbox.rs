//! `openclaw outbox`: what waits to be delivered, and what could not be. Through the gateway while it runs, else on its
//! ledger, which is then free.

use anyhow::{Context as _, bail};
use openclaw_channels::{Counts, DeliveryRow, Listing, ask, state_of};
use openclaw_config::GatewayMode;
use openclaw_guard::{Clock as _, SystemClock};
use openclaw_store::{DeliveryFilter, DeliveryId, LEDGER_FILE, Ledger as _, SqliteLedger, StateLock};
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
            within(flags, &args.connect, async |way| way.remove(args.id).await)?;
            say(flags, &format!("message {} is forgotten", args.id))
        }
    }
}

fn list(flags: &InstanceArgs, args: &OutboxListArgs) -> anyhow::Result<()> {
    if let Some(word) = &args.state {
        state_of(word)?;
    }
    let listing = within(flags, &args.connect, async |way| way.list(args).await)?;
    if args.json {
        return Ok(output::json(&listing)?);
    }
    say(flags, &words(&listing))
}

fn retry(flags: &InstanceArgs, args: &OutboxRetryArgs) -> anyhow::Result<()> {
    let (count, when) = within(flags, &args.connect, async |way| {
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

/// How the outbox is reached.
enum Way {
    Gateway(Box<Client>),
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
    work: impl AsyncFnOnce(&mut Way) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    // A broken configuration does not stop a gateway that runs already.
    let (instance, _problem) = Instance::reach(flags)?;
    let target = Target::of(&instance, connect)?;
    runtime::block_on(async {
        let mut way = Way::find(&instance, &target).await?;
        work(&mut way).await
    })
}

impl Way {
    async fn find(instance: &Instance, target: &Target) -> anyhow::Result<Self> {
        let is_here = target.is_configured && instance.config().gateway.mode != Some(GatewayMode::Remote);
        match Client::connect(target, CALL_TIMEOUT).await {
            Ok(client) => Ok(Self::Gateway(Box::new(client))),
            Err(ClientError::NotRunning { .. }) if is_here => Self::files(instance).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn files(instance: &Instance) -> anyhow::Result<Self> {
        let state_dir = &instance.at.state_dir;
        if !state_dir.join(LEDGER_FILE).exists() {
            return Ok(Self::Nothing);
        }
        let lock = StateLock::acquire(state_dir)?;
        let now_ms = SystemClock.now_ms();
        let ledger = SqliteLedger::open(state_dir, now_ms)?;
        if let Some(place) = ledger.quarantined() {
            let place = place.display();
            output::complain(&format!("openclaw: the ledger was damaged and has been put aside as {place}"));
        }
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
            Self::Nothing => false,
        };
        if !retried {
            bail!(
                "no message {id} that is failed, unknown or dead; `openclaw outbox list` shows what there is"
            );
        }
        Ok(1)
    }

    async fn retry_dead(&mut self) -> anyhow::Result<u64> {
        match self {
            Self::Gateway(client) => retried(&client.call("outbox.retry", &json!({"allDead": true})).await?),
            Self::Files(Files { ledger, .. }) => {
                Ok(ask(|done| ledger.retry_dead(SystemClock.now_ms(), done)).await?)
            }
            Self::Nothing => Ok(0),
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
            Self::Nothing => false,
        };
        if !dropped {
            bail!("no message {id}; `openclaw outbox list` shows what there is");
        }
        Ok(())
    }

    /// When what is retried is sent.
    fn when(&self) -> &'static str {
        match self {
            Self::Gateway(_) => "",
            Self::Files(..) | Self::Nothing => " when the gateway runs; start it with `openclaw gateway`",
        }
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
    let mut blocks =
        vec![format!("Outbox: {}", counts_words(*counts).unwrap_or_else(|| "nothing waits".to_owned()))];
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
        let none = Listing { ts: 0, counts: Counts::default(), deliveries: Vec::new() };
        assert_eq!(words(&none), "Outbox: nothing waits");
        assert_eq!(counts_words(Counts::default()), None);
    }
}
