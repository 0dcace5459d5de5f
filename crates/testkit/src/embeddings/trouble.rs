//! What can go wrong with an answer.

/// One answer that is not as hoped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 401, or 400 with a typed reason at Gemini.
    WrongKey,
    /// 429; the wait comes as the service sends it (a header, or an error detail at Gemini).
    RateLimited {
        /// Seconds to wait, if the service says so.
        retry_after: Option<u32>,
    },
    /// 429 that waiting does not heal; 402 at Voyage.
    OutOfQuota,
    /// 400: a text has more tokens than the model reads.
    TooManyTokens,
    /// 400: the model is unknown.
    NoModel,
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
    /// 307 to another address.
    Redirect,
    /// The connection breaks in the middle of the answer.
    HalfWritten,
    /// No answer, with the connection open.
    Silent,
    /// One vector too few.
    WrongCount,
    /// Vectors of half the length.
    WrongDimensions,
    /// Vectors of which each has another length.
    MixedDimensions,
    /// `null` among the numbers.
    Null,
    /// `NaN` among the numbers, which is no JSON.
    NotANumber,
    /// All numbers are zero.
    Zero,
    /// A page of HTML with status 200.
    NotJson,
    /// An answer of more bytes than anybody should keep.
    Endless,
    /// 400 with a text of 100,000 characters in which the key of the request stands.
    Leak,
    /// What was asked for is done, and no answer comes, with the connection open.
    DoneSilently,
    /// What was asked for is done, and the connection breaks in the middle of the answer.
    DoneHalfWritten,
}

impl Trouble {
    /// All that an ordinary call tells apart, for tests that must not forget one.
    pub const ALL: [Self; 19] = [
        Self::WrongKey,
        Self::RateLimited { retry_after: None },
        Self::OutOfQuota,
        Self::TooManyTokens,
        Self::NoModel,
        Self::ServerError,
        Self::Unavailable,
        Self::Redirect,
        Self::HalfWritten,
        Self::Silent,
        Self::WrongCount,
        Self::WrongDimensions,
        Self::MixedDimensions,
        Self::Null,
        Self::NotANumber,
        Self::Zero,
        Self::NotJson,
        Self::Endless,
        Self::Leak,
    ];
}
