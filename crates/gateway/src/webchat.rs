//! The channel of the chat windows: words that go into a session without a model.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use openclaw_agent::{Job, Placed};
use openclaw_channels::{Channel, IdempotencyKey, Outbound};
use openclaw_protocol::event::{ChatEvent, ChatState};
use openclaw_protocol::session_key::SessionKey;
use openclaw_store::{Delivery, RecordId, Repeats, StoreError};
use ring::digest::{SHA256, digest};
use tokio::sync::oneshot;

use crate::core::Core;
use crate::text::assistant_message;
use crate::ws::hub::Broadcast;
use crate::ws::outbox::IfSlow;

/// The id of the channel.
pub(crate) const WEBCHAT: &str = "webchat";
/// It has one account.
pub(crate) const ACCOUNT: &str = "default";
/// When a session with too many messages may have room again, in milliseconds.
const FULL_RETRY_MS: i64 = 1_000;
/// Bytes of the digest in a record's id: two messages of one session must never share it.
const ID_BYTES: usize = 16;

/// The channel. Recipients are session keys.
pub(crate) struct Webchat {
    core: Arc<Core>,
}

impl Webchat {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    async fn place(&self, message: Outbound, key: IdempotencyKey) -> Delivery {
        let now = self.core.snapshot();
        let session = now.agents.key(&message.recipient);
        let Some(agent) = now.agents.of_key(&session) else {
            return Delivery::Permanent { reason: format!("session {session} belongs to no agent") };
        };
        let Some(record) = record_of(&message.account, &key) else {
            return Delivery::Permanent { reason: "the message's key makes no record id".to_owned() };
        };
        let (done, placed) = oneshot::channel();
        let job = Job::Place { text: message.text.clone(), record: record.clone(), done };
        if let Err(full) = self.core.lanes.submit(agent, &session, job) {
            return Delivery::Transient { reason: full.to_string(), retry_after_ms: Some(FULL_RETRY_MS) };
        }
        let placing = Placing { core: Arc::clone(&self.core), session, record, text: message.text };
        // The session may be in a long turn. When it gets to this message, everybody must hear, also if the courier has
        // lost its patience by then.
        let told = tokio::spawn(placing.tell(placed));
        let broke_off = || Delivery::Unknown { reason: "the work on the session broke off".to_owned() };
        told.await.unwrap_or_else(|_panicked| broke_off())
    }
}

impl Channel for Webchat {
    fn id(&self) -> &'static str {
        WEBCHAT
    }

    fn repeats(&self) -> Repeats {
        // The transcript knows the record's id, which the key decides.
        Repeats::Harmless
    }

    fn deliver(&self, message: Outbound, key: IdempotencyKey) -> BoxFuture<'_, Delivery> {
        Box::pin(self.place(message, key))
    }
}

/// A message on its way through a lane.
struct Placing {
    core: Arc<Core>,
    session: SessionKey,
    record: RecordId,
    text: String,
}

impl Placing {
    /// Waits for the lane and tells the chat windows of a message that was not there before.
    async fn tell(self, placed: oneshot::Receiver<Result<Placed, StoreError>>) -> Delivery {
        match placed.await {
            Ok(Ok(Placed::New)) => self.broadcast(),
            // They have been told, or have read it in the history since.
            Ok(Ok(Placed::Known)) => {}
            Ok(Err(error)) => {
                return Delivery::Transient { reason: error.to_string(), retry_after_ms: None };
            }
            Err(_dropped) => {
                return Delivery::Unknown { reason: "the work on the session broke off".to_owned() };
            }
        }
        Delivery::Delivered { message_id: self.record.to_string() }
    }

    fn broadcast(&self) {
        let event = ChatEvent {
            run_id: format!("inject-{}", self.record),
            session_key: self.session.to_string(),
            seq: 0,
            state: ChatState::Final,
            message: Some(assistant_message(&self.text, self.core.now_ms())),
            error_message: None,
            stop_reason: None,
        };
        self.core.hub.broadcast(&Broadcast::new("chat", &event, IfSlow::Close));
    }
}

/// The same record for the same message, whatever process delivers it.
fn record_of(account: &str, key: &IdempotencyKey) -> Option<RecordId> {
    let named = format!("{account}\0{}", key.as_str());
    let hash = digest(&SHA256, named.as_bytes());
    let digits: String = hash.as_ref().iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect();
    RecordId::parse(&digits)
}

#[cfg(test)]
mod tests {
    use super::{ACCOUNT, Webchat, record_of};
    use crate::core::Core;
    use crate::start::{StartOptions, start};
    use futures_util::future::BoxFuture;
    use openclaw_channels::contract::{Subject, check};
    use openclaw_channels::{Channel, IdempotencyKey};
    use openclaw_config::{Env, LocationFlags, Locations, load, write_new};
    use openclaw_store::read_tail;
    use std::sync::Arc;

    struct Window(Arc<Core>);

    impl Subject for Window {
        fn channel(&self) -> Arc<dyn Channel> {
            Arc::new(Webchat::new(Arc::clone(&self.0)))
        }
        fn recipient(&self) -> String {
            "agent:main:main".into()
        }
        fn stranger(&self) -> String {
            "agent:nobody:main".into()
        }
        fn shown(&self) -> BoxFuture<'_, Vec<String>> {
            Box::pin(async {
                let now = self.0.snapshot();
                let agent = now.agents.get("main").unwrap();
                let Some(entry) = agent.sessions.get("agent:main:main") else { return Vec::new() };
                let path = agent.sessions_dir.join(entry.session_id().transcript_file_name());
                let texts = read_tail(&path, 100).unwrap().into_iter();
                let text =
                    |message: serde_json::Value| message["content"][0]["text"].as_str().map(str::to_owned);
                texts.filter_map(|line| text(line.get("message").cloned().unwrap_or(line))).collect()
            })
        }
    }

    #[tokio::test]
    async fn keeps_the_contract() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        write_new(&at.config_path, "{gateway: {mode: 'local', auth: {token: 't0ken'}}}").unwrap();
        let options = StartOptions::new(at.clone(), load(&at, &env).unwrap(), 0, env);
        let gateway = start(options).await.unwrap_or_else(|error| panic!("{error}"));
        check(&Window(Arc::clone(gateway.core()))).await.unwrap();
        gateway.control().stop();
        gateway.wait().await;
    }

    #[test]
    fn records_are_named_by_account_and_key() {
        let of = |account: &str, key: &str| record_of(account, &IdempotencyKey::new(key)).unwrap();
        assert_eq!(of(ACCOUNT, "k"), of(ACCOUNT, "k"));
        assert_ne!(of(ACCOUNT, "k"), of(ACCOUNT, "l"));
        assert_ne!(of("a", "bc"), of("ab", "c"));
    }
}
