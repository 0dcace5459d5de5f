//! Numbers both sides of the socket agree on. Announced in `hello-ok.policy` where clients read them.

use std::time::Duration;

/// The protocol version this gateway speaks.
pub const PROTOCOL_VERSION: u32 = 3;
/// Largest frame a client may send after the handshake, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 512 * 1024;
/// Largest frame before the handshake (S-012): a connect request is under 4 KiB, strangers get no more room.
pub const MAX_HANDSHAKE_BYTES: usize = 64 * 1024;
/// Bytes that may wait for one connection before it counts as slow.
pub const MAX_BUFFERED_BYTES: usize = 1536 * 1024;
/// Interval of the `tick` event; clients give up after two silent intervals.
pub const TICK_INTERVAL: Duration = Duration::from_secs(30);
/// A connection that has not finished the handshake by then is closed.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// `chat.history` drops its oldest messages above this many bytes.
pub const MAX_HISTORY_BYTES: usize = 6 * 1024 * 1024;
/// How far `device.signedAt` may be from the gateway's clock, in milliseconds.
pub const DEVICE_SIGNATURE_WINDOW_MS: i64 = 10 * 60 * 1000;
/// WebSocket close reasons carry at most this many bytes (RFC 6455 allows 123).
pub const MAX_CLOSE_REASON_BYTES: usize = 120;

/// WebSocket close codes this protocol uses.
pub mod close {
    /// Orderly end, also a handshake that never came.
    pub const NORMAL: u16 = 1000;
    /// No common protocol version.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// Refused handshake, slow consumer.
    pub const POLICY: u16 = 1008;
    /// Frame above the limit.
    pub const TOO_BIG: u16 = 1009;
    /// The gateway stops or restarts.
    pub const SERVICE_RESTART: u16 = 1012;
}
