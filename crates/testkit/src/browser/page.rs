//! One tab: what a person sees and does in it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::cdp::{Cdp, SharedLog};
use super::error::BrowserError;
use super::log::exception_text;

/// How often a condition is looked at. Short against anything a page does.
const POLL: Duration = Duration::from_millis(20);
const LOAD_DEADLINE: Duration = Duration::from_secs(30);

/// Window size in CSS pixels, and the colours the user prefers.
#[derive(Debug, Clone, Copy)]
pub struct Viewport {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// What `prefers-color-scheme` answers.
    pub scheme: ColorScheme,
}

/// What `prefers-color-scheme` answers.
#[derive(Debug, Clone, Copy)]
pub enum ColorScheme {
    /// `light`
    Light,
    /// `dark`
    Dark,
}

/// Keys that do something other than writing a character.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    /// Enter.
    Enter,
    /// Shift and Enter together.
    ShiftEnter,
    /// Escape.
    Escape,
    /// Tab.
    Tab,
}

impl Key {
    /// DevTools fields of the key: name, text it writes, Windows key code, modifier bits (8 is Shift).
    fn fields(self) -> Value {
        let (key, text, code, modifiers) = match self {
            Self::Enter => ("Enter", "\r", 13, 0),
            Self::ShiftEnter => ("Enter", "\r", 13, 8),
            Self::Escape => ("Escape", "", 27, 0),
            Self::Tab => ("Tab", "", 9, 0),
        };
        json!({"key": key, "code": key, "text": text, "windowsVirtualKeyCode": code, "modifiers": modifiers})
    }
}

/// One tab of a [`super::Browser`].
pub struct Page {
    cdp: Cdp,
    session: String,
    log: SharedLog,
}

impl Page {
    pub(super) fn new(cdp: Cdp, session: String, log: SharedLog) -> Self {
        Self { cdp, session, log }
    }

    /// Goes to another address in this tab and waits until it is loaded.
    ///
    /// # Errors
    /// [`BrowserError::Navigation`] when there is nothing at the address.
    pub async fn navigate(&self, url: &str) -> Result<(), BrowserError> {
        let answer = self.call("Page.navigate", json!({"url": url})).await?;
        if let Some(reason) = answer["errorText"].as_str() {
            return Err(BrowserError::Navigation { url: url.to_owned(), reason: reason.to_owned() });
        }
        self.wait_for("document.readyState === 'complete'", LOAD_DEADLINE).await?;
        Ok(())
    }

    /// Runs an expression in the page and returns its value as JSON; a promise is awaited.
    ///
    /// # Errors
    /// [`BrowserError::Script`] when it throws.
    pub async fn eval(&self, script: &str) -> Result<Value, BrowserError> {
        let params = json!({
            "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let mut answer = self.call("Runtime.evaluate", params).await?;
        if answer["exceptionDetails"].is_object() {
            let message = exception_text(&answer["exceptionDetails"]);
            return Err(BrowserError::Script { script: script.to_owned(), message });
        }
        Ok(answer["result"]["value"].take())
    }

    /// Waits until an expression is truthy.
    ///
    /// # Errors
    /// [`BrowserError::Timeout`] with everything on the console when it does not happen in time.
    pub async fn wait_for(&self, condition: &str, within: Duration) -> Result<(), BrowserError> {
        let deadline = Instant::now() + within;
        let script = format!("Boolean({condition})");
        while self.eval(&script).await? != true {
            if Instant::now() > deadline {
                let (condition, console) = (condition.to_owned(), self.console_errors());
                return Err(BrowserError::Timeout { condition, within, console });
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Writes into the focused element.
    ///
    /// # Errors
    /// When the connection to the browser is gone.
    pub async fn type_text(&self, text: &str) -> Result<(), BrowserError> {
        self.call("Input.insertText", json!({"text": text})).await.map(drop)
    }

    /// Presses and releases a key.
    ///
    /// # Errors
    /// When the connection to the browser is gone.
    pub async fn press(&self, key: Key) -> Result<(), BrowserError> {
        for kind in ["keyDown", "keyUp"] {
            let mut event = key.fields();
            event["type"] = kind.into();
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Clicks in the middle of the first element that fits a CSS selector, as a mouse does: what lies above it gets
    /// the click.
    ///
    /// # Errors
    /// [`BrowserError::NoElement`] when there is none, or it takes no room on the page.
    pub async fn click(&self, selector: &str) -> Result<(), BrowserError> {
        let quoted = Value::from(selector);
        let script = format!(
            "(() => {{ const e = document.querySelector({quoted}); e?.scrollIntoView({{block: 'nearest'}}); \
             const r = e?.getBoundingClientRect(); \
             return r?.width ? {{x: r.x + r.width / 2, y: r.y + r.height / 2}} : null; }})()"
        );
        let point = self.eval(&script).await?;
        if point.is_null() {
            return Err(BrowserError::NoElement { selector: selector.to_owned() });
        }
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let event =
                json!({"type": kind, "x": point["x"], "y": point["y"], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Saves what is visible as a PNG file.
    ///
    /// # Errors
    /// [`BrowserError::Io`] when the file cannot be written.
    pub async fn screenshot(&self, path: &Path) -> Result<(), BrowserError> {
        let answer = self.call("Page.captureScreenshot", json!({"format": "png"})).await?;
        let png = STANDARD.decode(answer["data"].as_str().unwrap_or_default())?;
        let saved = File::create(path).and_then(|mut file| file.write_all(&png));
        saved.map_err(|source| BrowserError::Io { path: path.to_owned(), source })
    }

    /// Changes the size of the window and the preferred colours.
    ///
    /// # Errors
    /// When the connection to the browser is gone.
    pub async fn set_viewport(&self, viewport: Viewport) -> Result<(), BrowserError> {
        let Viewport { width, height, scheme } = viewport;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size).await?;
        let value = match scheme {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.call("Emulation.setEmulatedMedia", media).await.map(drop)
    }

    /// Everything the page complained about so far: `console.error`, uncaught exceptions, failed requests and
    /// violations of the content security policy.
    #[must_use]
    pub fn console_errors(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).errors.clone()
    }

    /// The address of every request and WebSocket of this tab so far, also of those that failed.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    async fn call(&self, method: &'static str, params: Value) -> Result<Value, BrowserError> {
        self.cdp.call(Some(&self.session), method, params).await
    }
}
