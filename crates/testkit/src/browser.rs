//! A headless Chromium, driven over the DevTools protocol: what a person does with the chat page, a test does here.
//!
//! ```no_run
//! # async fn example() -> Result<(), openclaw_testkit::browser::BrowserError> {
//! use openclaw_testkit::browser::{Browser, ColorScheme, Key, Viewport};
//! use std::time::Duration;
//!
//! let browser = Browser::launch().await?;
//! let page = browser.open("http://127.0.0.1:18789/#pair=code").await?;
//! page.set_viewport(Viewport { width: 390, height: 844, scheme: ColorScheme::Dark }).await?;
//! page.wait_for("document.querySelector('#dot').dataset.state === 'online'", Duration::from_secs(10)).await?;
//! page.click("#message").await?;
//! page.type_text("Where do I keep the spare key?").await?;
//! page.press(Key::Enter).await?;
//! page.wait_for("document.querySelector('.answer[data-state=done]')", Duration::from_secs(10)).await?;
//! assert!(page.console_errors().is_empty());
//! assert!(page.requests().iter().all(|url| url.contains("127.0.0.1")));
//! # Ok(())
//! # }
//! ```

mod cdp;
mod chromium;
mod error;
mod log;
mod page;

pub use chromium::Browser;
pub use error::BrowserError;
pub use page::{ColorScheme, Key, Page, Viewport};
