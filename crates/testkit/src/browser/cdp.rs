//! The DevTools socket: commands out, answers and events in. One task owns it.
//!
//! Source: Chrome DevTools Protocol, "flat" sessions: every message names its page by `sessionId`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::error::BrowserError;
use super::log::PageLog;

/// Commands that may wait for the socket; a test has few under way at once.
const MAX_WAITING_COMMANDS: usize = 64;

/// The log of one page, shared between the socket's task and the page.
pub(super) type SharedLog = Arc<Mutex<PageLog>>;

type Answer = Result<Value, String>;

struct Command {
    method: &'static str,
    params: Value,
    session: Option<String>,
    answer: oneshot::Sender<Answer>,
}

enum Order {
    Send(Command),
    /// Events of this session go into this log from now on.
    Watch(String, SharedLog),
}

/// A handle to the socket's task. The task ends when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Cdp {
    orders: mpsc::Sender<Order>,
}

impl Cdp {
    pub(super) async fn connect(url: &str) -> Result<Self, BrowserError> {
        let (socket, _response) = tokio_tungstenite::connect_async(url).await.map_err(Box::new)?;
        let (orders, inbox) = mpsc::channel(MAX_WAITING_COMMANDS);
        tokio::spawn(serve(socket, inbox));
        Ok(Self { orders })
    }

    /// Runs one command in a page's session, or in the browser itself without one.
    pub(super) async fn call(
        &self,
        session: Option<&str>,
        method: &'static str,
        params: Value,
    ) -> Result<Value, BrowserError> {
        let (answer, answered) = oneshot::channel();
        let command = Command { method, params, session: session.map(str::to_owned), answer };
        self.orders.send(Order::Send(command)).await.map_err(|_| BrowserError::Closed)?;
        let answer = answered.await.map_err(|_| BrowserError::Closed)?;
        answer.map_err(|message| BrowserError::Command { method, message })
    }

    /// Sends the events of a session to a log.
    pub(super) async fn watch(&self, session: &str, log: SharedLog) -> Result<(), BrowserError> {
        let order = Order::Watch(session.to_owned(), log);
        self.orders.send(order).await.map_err(|_| BrowserError::Closed)
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn serve(mut socket: Socket, mut inbox: mpsc::Receiver<Order>) {
    let mut sessions = Sessions::default();
    loop {
        tokio::select! {
            order = inbox.recv() => {
                let Some(order) = order else { return };
                let Some(frame) = sessions.obey(order) else { continue };
                if socket.send(Message::text(frame.to_string())).await.is_err() {
                    return;
                }
            }
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                let Ok(text) = message.to_text() else { continue };
                // DevTools speaks JSON only; anything else here would be a ping.
                if let Ok(frame) = serde_json::from_str::<Value>(text) {
                    sessions.receive(&frame);
                }
            }
        }
    }
}

/// Who waits for which answer, and where events go.
#[derive(Default)]
struct Sessions {
    last_id: u64,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    logs: HashMap<String, SharedLog>,
}

impl Sessions {
    /// The frame to send, if the order needs one.
    fn obey(&mut self, order: Order) -> Option<Value> {
        match order {
            Order::Watch(session, log) => {
                self.logs.insert(session, log);
                None
            }
            Order::Send(Command { method, params, session, answer }) => {
                self.last_id += 1;
                self.waiting.insert(self.last_id, answer);
                let mut frame = json!({"id": self.last_id, "method": method, "params": params});
                if let Some(session) = session {
                    frame["sessionId"] = session.into();
                }
                Some(frame)
            }
        }
    }

    fn receive(&mut self, frame: &Value) {
        if let Some(waiting) = frame["id"].as_u64().and_then(|id| self.waiting.remove(&id)) {
            let answer = match frame["error"]["message"].as_str() {
                Some(message) => Err(message.to_owned()),
                None => Ok(frame["result"].clone()),
            };
            // A caller that gave up waiting does not need the answer.
            waiting.send(answer).ok();
        } else if let (Some(method), Some(session)) = (frame["method"].as_str(), frame["sessionId"].as_str())
            && let Some(log) = self.logs.get(session)
        {
            log.lock().unwrap_or_else(PoisonError::into_inner).record(method, &frame["params"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Order, Sessions, SharedLog};
    use serde_json::json;
    use tokio::sync::oneshot;

    #[test]
    fn answers_find_their_caller_and_events_their_page() {
        let mut sessions = Sessions::default();
        let log = SharedLog::default();
        assert_eq!(sessions.obey(Order::Watch("page".into(), log.clone())), None);

        let (answer, mut answered) = oneshot::channel();
        let command =
            Command { method: "Page.enable", params: json!({}), session: Some("page".into()), answer };
        let frame = sessions.obey(Order::Send(command));
        let expected = json!({"id": 1, "method": "Page.enable", "params": {}, "sessionId": "page"});
        assert_eq!(frame, Some(expected));

        let event = |session: &str| json!({"method": "Network.webSocketCreated", "sessionId": session, "params": {"url": "ws://a/"}});
        sessions.receive(&event("other"));
        sessions.receive(&event("page"));
        assert_eq!(log.lock().unwrap().requests, ["ws://a/"]);

        sessions.receive(&json!({"id": 1, "error": {"message": "no such page"}}));
        assert_eq!(answered.try_recv(), Ok(Err("no such page".to_owned())));
    }
}
