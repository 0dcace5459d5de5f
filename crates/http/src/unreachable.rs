//! How the network fails.

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// Nobody listens there.
    Refused,
    /// The host name does not resolve.
    NameNotFound,
    /// The TLS handshake failed or the certificate is not trusted.
    Tls,
    /// The connection was closed before an answer.
    Closed,
    /// The HTTP client could not be built, for example without any trusted root certificate.
    ClientSetup,
    /// Any other failure of the network.
    Network,
}

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Refused => "the connection was refused",
            Self::NameNotFound => "the host name could not be resolved",
            Self::Tls => "the TLS handshake failed",
            Self::Closed => "the connection was closed before an answer came",
            Self::ClientSetup => "the HTTP client could not be set up",
            Self::Network => "the network failed",
        })
    }
}
