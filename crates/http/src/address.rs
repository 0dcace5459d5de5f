//! Addresses and headers as a configuration names them, and what a service says in return.

use reqwest::Url;
use reqwest::header::HeaderValue;

/// Longest foreign text in an error, in characters: two lines of a chat bubble.
const MAX_MESSAGE_CHARS: usize = 300;

/// Why an endpoint cannot be used. The address itself is not repeated: it may contain a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an absolute `http` or `https` address.
    #[error("it is not an http or https address")]
    NotHttp,
    /// User and password in the address.
    #[error("it contains a user name or password; use apiKey or headers")]
    Credentials,
    /// The key or a header cannot be sent.
    #[error("the apiKey or one of the headers contains characters that cannot be sent")]
    BadHeader,
}

/// The address of a service.
///
/// # Errors
/// It is no `http` or `https` address, or holds a credential.
pub fn parse_address(text: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(text.trim()).map_err(|_| EndpointError::NotHttp)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(EndpointError::NotHttp);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Credentials);
    }
    Ok(url)
}

/// Host and port, for messages.
#[must_use]
pub fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A header that is not printed.
///
/// # Errors
/// It holds characters that cannot be sent.
pub fn sensitive_header(value: &str) -> Result<HeaderValue, EndpointError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| EndpointError::BadHeader)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Foreign text on one line, without control characters, at most 300 characters. Secrets are the caller's to take out.
#[must_use]
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}
