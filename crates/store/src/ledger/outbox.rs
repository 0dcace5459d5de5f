//! What must be delivered, and what became of it.

use super::EventId;

/// The place of a delivery in the order of its making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub(crate) i64);

impl DeliveryId {
    /// The delivery with this number, as people type it.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

/// Whether a platform can be given the same message twice without showing it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// It knows our key, or can be asked.
    Harmless,
    /// It shows what it gets.
    Shown,
}

/// Something to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The channel's id.
    pub channel: String,
    /// The account of the channel.
    pub account: String,
    /// Whom it is for. Deliveries to one recipient keep their order; others do not wait for them.
    pub recipient: String,
    /// The same for the same message: a second delivery with it is not made.
    pub key: String,
    /// As the channel takes it.
    pub body: Vec<u8>,
    /// What the platform does with a message that comes twice.
    pub repeats: Repeats,
    /// Milliseconds since the epoch.
    pub created_at_ms: i64,
    /// After this it is not sent silently any more.
    pub expires_at_ms: i64,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It waits for its first try.
    Prepared,
    /// A try has begun.
    Sending,
    /// The platform has it.
    Delivered,
    /// A try began, and nobody can say whether the platform has it. A person decides.
    Unknown,
    /// The last try failed for now; another one follows.
    Failed,
    /// It will not be sent: refused for good, expired, or tried in vain.
    Dead,
}

impl DeliveryState {
    /// All of them, in the order of a delivery's life.
    pub const ALL: [Self; 6] =
        [Self::Prepared, Self::Sending, Self::Delivered, Self::Unknown, Self::Failed, Self::Dead];

    /// The word that people see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }
}

/// A delivery whose try begins now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// Its place.
    pub id: DeliveryId,
    /// What is to be delivered.
    pub what: NewDelivery,
    /// Which try this is, counted from 1.
    pub attempt: u32,
}

/// What a platform said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It has the message, under this id.
    Delivered {
        /// The platform's id; empty where it gives none.
        message_id: String,
    },
    /// Not now.
    Transient {
        /// Why.
        reason: String,
        /// How long the platform wants us to wait, in milliseconds.
        retry_after_ms: Option<i64>,
    },
    /// Never.
    Permanent {
        /// Why.
        reason: String,
    },
    /// The connection broke after the message had begun to leave.
    Unknown {
        /// What broke.
        reason: String,
    },
}

/// The result of a try.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// Which delivery.
    pub id: DeliveryId,
    /// Which try of it: [`ClaimedDelivery::attempt`].
    pub attempt: u32,
    /// What the platform said.
    pub delivery: Delivery,
    /// Milliseconds since the epoch.
    pub now_ms: i64,
    /// 0 to 1: where in its range the next delay lies.
    pub jitter: f64,
}

/// What had to be judged without a try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Deliveries that were past their time and are dead letters now.
    pub dead: u64,
    /// Tries that broke off where the platform would show a repetition: a person decides.
    pub unknown: u64,
}

/// A delivery as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// Its place.
    pub id: DeliveryId,
    /// What is to be delivered.
    pub what: NewDelivery,
    /// How it stands.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: u32,
    /// When the next try is due, in milliseconds since the epoch.
    pub next_at_ms: i64,
    /// The platform's id of a delivered message.
    pub message_id: Option<String>,
    /// Why it is unknown, failed or dead.
    pub reason: Option<String>,
    /// The event it answers.
    pub event: Option<EventId>,
}

/// Which deliveries to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only those that stand like this.
    pub state: Option<DeliveryState>,
    /// At most this many, the newest first.
    pub limit: usize,
}

/// A committed line that may be missing in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingLine {
    /// Its id.
    pub id: super::LineId,
    /// The line and where it belongs.
    pub line: super::FinalLine,
}
