//! What can go wrong between a test and its browser.

use std::path::PathBuf;
use std::time::Duration;

/// Why the browser did not do what the test asked for.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// No browser on this machine.
    #[error(
        "no Chromium on PATH: run `apt-get install chromium`, or set OPENCLAW_CHROMIUM to its program file"
    )]
    NotInstalled,
    /// The program could not be started, or a file of its profile could not be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// The program or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended, or did not open its DevTools port in time.
    #[error("Chromium did not come up; it said: {output}")]
    NotReady {
        /// The end of what it wrote to standard error.
        output: String,
    },
    /// The DevTools socket failed.
    #[error("DevTools connection: {0}")]
    Socket(#[from] Box<tokio_tungstenite::tungstenite::Error>),
    /// The DevTools socket is closed, most likely because Chromium ended.
    #[error("the DevTools connection is closed")]
    Closed,
    /// DevTools refused a command.
    #[error("DevTools command {method}: {message}")]
    Command {
        /// The command.
        method: &'static str,
        /// What DevTools said.
        message: String,
    },
    /// A page could not be opened.
    #[error("cannot open {url}: {reason}")]
    Navigation {
        /// The page.
        url: String,
        /// Chromium's name for the reason, for example `net::ERR_CONNECTION_REFUSED`.
        reason: String,
    },
    /// A script of the test threw.
    #[error("script failed: {message}\nin: {script}")]
    Script {
        /// The script.
        script: String,
        /// The exception.
        message: String,
    },
    /// A condition did not become true.
    #[error("not true within {within:?}: {condition}\nconsole: {console:#?}")]
    Timeout {
        /// The JavaScript condition.
        condition: String,
        /// How long it was given.
        within: Duration,
        /// What the page complained about in the meantime.
        console: Vec<String>,
    },
    /// No element fits a selector.
    #[error("no visible element {selector}")]
    NoElement {
        /// The CSS selector.
        selector: String,
    },
    /// A screenshot was not valid base64.
    #[error("screenshot: {0}")]
    Screenshot(#[from] base64::DecodeError),
}
