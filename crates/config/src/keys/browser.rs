//! `browser`

use openclaw_guard::Secret;

use crate::declare::{choices, section};
use crate::read::Map;

choices! {
    /// How pages are described to the agent.
    pub enum SnapshotMode { Efficient = "efficient" }
}

choices! {
    /// What drives a browser profile.
    pub enum BrowserDriver { Clawd = "clawd", Extension = "extension" }
}

section! {
    /// The browser that agents drive.
    pub struct Browser {
        /// Whether there is one.
        enabled: Option<bool>;
        /// Whether agents may run scripts in pages.
        evaluate_enabled: Option<bool>;
        /// The developer interface of a browser that runs already; of a service it holds the token.
        cdp_url: Option<Secret>, may_be_blank(), placeholder("http://127.0.0.1:9222");
        /// Milliseconds to wait for a remote one.
        remote_cdp_timeout_ms: Option<u64>;
        /// Milliseconds for the handshake with a remote one.
        remote_cdp_handshake_timeout_ms: Option<u64>;
        /// The color that marks the window.
        color: Option<String>;
        /// The program.
        executable_path: Option<String>;
        /// Whether it has no window.
        headless: Option<bool>;
        /// Whether its own sandbox is off. Weakens security.
        no_sandbox: Option<bool>;
        /// Whether it is never started, only used.
        attach_only: Option<bool>;
        /// The profile that is used when none is named.
        default_profile: Option<String>;
        /// How pages are described.
        snapshot_defaults: SnapshotDefaults;
        /// Profiles by name.
        profiles: Map<BrowserProfile>;
    }
}

section! {
    /// How pages are described.
    pub struct SnapshotDefaults {
        /// Short descriptions.
        mode: Option<SnapshotMode>;
    }
}

section! {
    /// One browser profile.
    pub struct BrowserProfile {
        /// Port of the developer interface.
        cdp_port: Option<u16>, min(1.0);
        /// Address of the developer interface; of a service it holds the token.
        cdp_url: Option<Secret>, may_be_blank(), placeholder("http://127.0.0.1:9222");
        /// What drives it.
        driver: Option<BrowserDriver>;
        /// The color that marks the window.
        color: String, required(), color();
    }
}
