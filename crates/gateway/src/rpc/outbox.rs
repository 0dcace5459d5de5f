//! `outbox.*`: what waits to be delivered, and what could not be.

use std::sync::Arc;

use openclaw_channels::{Listing, ask, none_to_drop, none_to_retry, state_of};
use openclaw_protocol::frame::ErrorShape;
use openclaw_store::{DeliveryFilter, DeliveryId};
use serde::Deserialize;
use serde_json::json;

use super::send::ledger_error;
use super::{Call, Reply, attempt};

/// Rows when nobody says how many.
const DEFAULT_LIMIT: usize = 50;

#[derive(Deserialize)]
struct ListParams {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let params: ListParams = attempt!(call.params());
    let state = attempt!(
        params
            .state
            .as_deref()
            .map(state_of)
            .transpose()
            .map_err(|error| ErrorShape::invalid(error.to_string()))
    );
    let filter = DeliveryFilter { state, limit: params.limit.unwrap_or(DEFAULT_LIMIT) };
    let core = Arc::clone(call.core);
    Reply::later(async move {
        let listing = Listing::read(&*core.ledger, filter, core.now_ms()).await.map_err(ledger_error)?;
        serde_json::to_value(listing).map_err(|error| ErrorShape::unavailable(error.to_string()).into())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryParams {
    #[serde(default)]
    id: Option<i64>,
    #[serde(default)]
    all_dead: bool,
}

pub(super) fn retry(call: &Call<'_>) -> Reply {
    let params: RetryParams = attempt!(call.params());
    let core = Arc::clone(call.core);
    let now_ms = core.now_ms();
    match (params.id, params.all_dead) {
        (Some(number), false) => Reply::later(async move {
            let id = DeliveryId::from_number(number);
            let retried = ask(|done| core.ledger.retry(id, now_ms, done)).await.map_err(ledger_error)?;
            core.courier.changed();
            if retried {
                Ok(json!({"retried": 1}))
            } else {
                Err(ErrorShape::invalid(none_to_retry(number)).into())
            }
        }),
        (None, true) => Reply::later(async move {
            let retried = ask(|done| core.ledger.retry_dead(now_ms, done)).await.map_err(ledger_error)?;
            core.courier.changed();
            Ok(json!({"retried": retried}))
        }),
        (Some(_), true) | (None, false) => Reply::invalid("outbox.retry takes either id or allDead: true"),
    }
}

#[derive(Deserialize)]
struct DropParams {
    id: i64,
}

pub(super) fn remove(call: &Call<'_>) -> Reply {
    let DropParams { id: number } = attempt!(call.params());
    let core = Arc::clone(call.core);
    Reply::later(async move {
        let id = DeliveryId::from_number(number);
        let dropped = ask(|done| core.ledger.discard(id, done)).await.map_err(ledger_error)?;
        core.courier.changed();
        if dropped {
            Ok(json!({"dropped": 1}))
        } else {
            Err(ErrorShape::invalid(none_to_drop(number)).into())
        }
    })
}
