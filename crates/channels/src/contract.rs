//! What every channel promises, as a test that each of them runs against its platform or a fake of it.

use std::sync::Arc;

use futures_util::future::{BoxFuture, join};
use openclaw_store::{Delivery, Repeats};

use crate::{Channel, IdempotencyKey, Outbound};

/// A channel and its platform, as the contract sees them.
pub trait Subject {
    /// The channel.
    fn channel(&self) -> Arc<dyn Channel>;
    /// Somebody who can be written to.
    fn recipient(&self) -> String;
    /// Somebody whom the platform does not know.
    fn stranger(&self) -> String;
    /// The texts that the recipient sees, the oldest first.
    fn shown(&self) -> BoxFuture<'_, Vec<String>>;
}

/// A promise that is not kept.
#[derive(Debug, thiserror::Error)]
#[error("{promise}: {found}")]
pub struct Broken {
    promise: &'static str,
    found: String,
}

fn ensure(kept: bool, promise: &'static str, found: impl std::fmt::Debug) -> Result<(), Broken> {
    if kept { Ok(()) } else { Err(Broken { promise, found: format!("{found:?}") }) }
}

/// Runs the contract.
///
/// # Errors
/// The first promise that is not kept.
pub async fn check(subject: &dyn Subject) -> Result<(), Broken> {
    id_is_one_of_the_configuration(subject)?;
    a_message_is_shown_as_it_is(subject).await?;
    a_stranger_is_refused_for_good(subject).await?;
    a_repetition_is_what_the_channel_says(subject).await?;
    two_messages_of_the_same_words_are_two(subject).await
}

fn id_is_one_of_the_configuration(subject: &dyn Subject) -> Result<(), Broken> {
    let channel = subject.channel();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let id = channel.id();
    ensure(!id.is_empty() && id.chars().all(plain), "the id is lower case", id)
}

async fn send(subject: &dyn Subject, to: String, text: &str, key: &str) -> Delivery {
    let message = Outbound::new("default", to, text);
    subject.channel().deliver(message, IdempotencyKey::new(key)).await
}

/// The platform's id of a delivery that must succeed.
fn delivered(said: Delivery) -> Result<String, Broken> {
    match said {
        Delivery::Delivered { message_id } => Ok(message_id),
        other @ (Delivery::Transient { .. } | Delivery::Permanent { .. } | Delivery::Unknown { .. }) => {
            Err(Broken { promise: "what can be delivered is delivered", found: format!("{other:?}") })
        }
    }
}

async fn a_message_is_shown_as_it_is(subject: &dyn Subject) -> Result<(), Broken> {
    let text = "contract: Grüße\nin *two* lines";
    delivered(send(subject, subject.recipient(), text, "contract-1").await)?;
    let shown = subject.shown().await;
    ensure(count(&shown, text) == 1, "a message is shown once and unchanged", shown)
}

async fn a_stranger_is_refused_for_good(subject: &dyn Subject) -> Result<(), Broken> {
    let before = subject.shown().await;
    let said = send(subject, subject.stranger(), "contract: nobody", "contract-2").await;
    let refused = matches!(&said, Delivery::Permanent { reason } if !reason.trim().is_empty());
    ensure(refused, "a stranger is refused for good, with a reason", said)?;
    let after = subject.shown().await;
    ensure(before == after, "what is refused is not shown", after)
}

async fn a_repetition_is_what_the_channel_says(subject: &dyn Subject) -> Result<(), Broken> {
    let text = "contract: again";
    let again = || send(subject, subject.recipient(), text, "contract-3");
    let first = delivered(again().await)?;
    let (second, third) = join(again(), again()).await;
    let ids = [first, delivered(second)?, delivered(third)?];
    let shown = count(&subject.shown().await, text);
    match subject.channel().repeats() {
        Repeats::Shown => ensure(shown <= 3, "a try shows at most one message", shown),
        Repeats::Harmless => {
            ensure(shown == 1, "a repetition shows nothing", shown)?;
            ensure(ids.iter().all(|id| *id == ids[0]), "a repetition has the first one's id", ids)
        }
    }
}

async fn two_messages_of_the_same_words_are_two(subject: &dyn Subject) -> Result<(), Broken> {
    let text = "contract: yes";
    for key in ["contract-4", "contract-5"] {
        delivered(send(subject, subject.recipient(), text, key).await)?;
    }
    let shown = subject.shown().await;
    ensure(count(&shown, text) == 2, "two keys are two messages", shown)
}

fn count(shown: &[String], text: &str) -> usize {
    shown.iter().filter(|one| *one == text).count()
}
