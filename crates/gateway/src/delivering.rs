//! The courier of this gateway: its channels, and what the owner hears of it.

use std::sync::Arc;

use openclaw_channels::{CourierOptions, Notice};
use openclaw_guard::random_hex;
use openclaw_protocol::methods::Scope;
use openclaw_store::Expired;
use serde_json::{Value, json};

use crate::core::Core;
use crate::webchat::Webchat;
use crate::ws::hub::Broadcast;
use crate::ws::outbox::IfSlow;

/// Begins to deliver what the outbox holds.
pub(crate) fn start(core: &Arc<Core>) {
    let owner = Arc::clone(core);
    let options = CourierOptions {
        channels: vec![Arc::new(Webchat::new(Arc::clone(core)))],
        clock: Arc::clone(&core.clock),
        jitter: Box::new(jitter),
        tell: Box::new(move |notice| tell(&owner, notice)),
    };
    tokio::spawn(core.courier.clone().run(options));
}

fn tell(core: &Core, notice: &Notice) {
    let payload = payload(notice);
    core.hub.broadcast(&Broadcast {
        only_for: Some(Scope::Read),
        ..Broadcast::new("outbox", &payload, IfSlow::Close)
    });
}

fn payload(notice: &Notice) -> Value {
    let hint = "openclaw outbox list";
    match notice {
        Notice::Expired(Expired { dead, unknown }) => {
            json!({"kind": "expired", "dead": dead, "unknown": unknown, "hint": hint})
        }
        Notice::Stuck { id, channel, state } => json!({
            "kind": "stuck", "id": id.number(), "channel": channel, "state": state.as_str(), "hint": hint,
        }),
    }
}

/// 0 to 1. Without randomness retries come at their plain times.
fn jitter() -> f64 {
    let digits = random_hex(4).ok();
    let number = digits.and_then(|digits| u32::from_str_radix(&digits, 16).ok());
    number.map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{jitter, payload};
    use openclaw_channels::Notice;
    use openclaw_store::{DeliveryId, DeliveryState, Expired};
    use serde_json::json;

    #[test]
    fn the_owner_hears_counts_and_numbers_but_no_words() {
        let expired = payload(&Notice::Expired(Expired { dead: 500, unknown: 0 }));
        assert_eq!(
            expired,
            json!({"kind": "expired", "dead": 500, "unknown": 0, "hint": "openclaw outbox list"})
        );
        let id = DeliveryId::from_number(7);
        let stuck = Notice::Stuck { id, channel: "webchat".into(), state: DeliveryState::Dead };
        assert_eq!(payload(&stuck)["state"], "dead");
    }

    #[test]
    fn jitter_is_spread_over_its_range() {
        let many: Vec<f64> = (0..1_000).map(|_| jitter()).collect();
        assert!(many.iter().all(|one| (0.0..=1.0).contains(one)));
        assert!(many.iter().any(|one| *one < 0.2) && many.iter().any(|one| *one > 0.8));
    }
}
