//! P-02: replies to other recipients. The outbox is reached by `send`; as long as the gateway has no such method there is
//! nothing to kill, and this says so. A reply to the conversation it belongs to is judged under P-01.

use anyhow::Result;
use openclaw_testkit::crash::{Dice, Mix};

use super::args::{Promise, Settings};
use super::report::Row;
use super::stage::Stage;

/// Asks the gateway what it can do.
pub(crate) async fn run(settings: &Settings) -> Result<Vec<Row>> {
    let stage = Stage::new(settings, Dice::new(settings.seed), 1, Mix::default());
    let mut life = stage.life();
    let link = life.link(stage.site.port()).await?;
    let methods = link.hello["features"]["methods"].as_array().cloned().unwrap_or_default();
    let can_send = methods.iter().any(|method| method == "send");
    let mut row = Row::new(Promise::P02, "SIGKILL while delivering", if can_send { 2_000 } else { 0 });
    row.note(if can_send {
        "the gateway has `send` now; deliver through it here".to_owned()
    } else {
        "not reached: this gateway has no `send`, so nothing leaves it but answers to its own clients"
            .to_owned()
    });
    Ok(vec![row.finish()])
}
