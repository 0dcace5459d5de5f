//! `gateway`

use openclaw_guard::Secret;

use super::not_yet;
use crate::declare::{choices, section};

choices! {
    /// Where the gateway runs.
    pub enum GatewayMode { Local = "local", Remote = "remote" }
}

choices! {
    /// Which addresses the gateway listens on.
    pub enum Bind { Auto = "auto", Lan = "lan", Loopback = "loopback", Custom = "custom", Tailnet = "tailnet" }
}

section! {
    /// The gateway.
    pub struct Gateway {
        /// TCP port for WebSocket and HTTP; 18789 unless `--port` or `OPENCLAW_GATEWAY_PORT` says otherwise.
        port: Option<u16>, min(1.0);
        /// Whether the gateway runs on this machine or elsewhere. It does not start until this is `local`.
        mode: Option<GatewayMode>;
        /// Addresses to listen on. Everything but `loopback` is reachable from other machines.
        bind: Bind = Bind::Loopback, planned(not_yet::TAILNET), met_by(&["auto", "lan", "loopback", "custom"]);
        /// The address to listen on with `bind` `custom`.
        custom_bind_host: Option<String>, advanced();
        /// The web page of the gateway.
        control_ui: ControlUi, label("Control UI");
        /// How clients prove that they may connect.
        auth: GatewayAuth;
        /// Addresses of reverse proxies whose forwarding headers are believed.
        trusted_proxies: Vec<String>, advanced();
        /// Serving through Tailscale.
        tailscale: Tailscale, planned(not_yet::TAILSCALE);
        /// The gateway that this machine's commands talk to, with `mode` `remote`.
        remote: Remote, live();
        /// What happens when this file changes.
        reload: ReloadSettings, live();
        /// TLS on the gateway's own port.
        tls: Tls, planned(not_yet::TLS);
        /// HTTP interfaces beside the WebSocket.
        http: Http, advanced();
        /// Nodes: other devices that lend their abilities.
        nodes: Nodes, planned(not_yet::NODES), advanced();
    }
}

section! {
    /// The Control UI.
    pub struct ControlUi {
        /// Whether it is served.
        enabled: bool = true, live();
        /// The path it is served under, such as `/openclaw`.
        base_path: Option<String>, live(), placeholder("/openclaw");
        /// A folder with the page's files instead of the built-in ones.
        root: Option<String>, live(), advanced();
        /// Origins of other pages that may connect, such as `https://control.example.com`.
        allowed_origins: Vec<String>;
        /// Token sign-in over plain HTTP without a device identity. Weakens security.
        allow_insecure_auth: bool = false, advanced();
        /// No device identity for the page at all. For emergencies only.
        dangerously_disable_device_auth: bool = false, advanced();
    }
}

choices! {
    /// What a client must know.
    pub enum GatewayAuthMode { Token = "token", Password = "password" }
}

section! {
    /// Credentials of the gateway.
    pub struct GatewayAuth {
        /// Which of the two is asked for; by default the one that is set, the token before the password.
        mode: Option<GatewayAuthMode>;
        /// The token that clients send.
        token: Option<Secret>, was(&["gateway.token"]);
        /// The password that clients send.
        password: Option<Secret>;
        /// Whether the identity that Tailscale proves is enough.
        allow_tailscale: Option<bool>, planned(not_yet::TAILSCALE);
    }
}

choices! {
    /// How far Tailscale carries the gateway.
    pub enum TailscaleMode { Off = "off", Serve = "serve", Funnel = "funnel" }
}

section! {
    /// Tailscale.
    pub struct Tailscale {
        /// Not at all, inside the tailnet, or to everybody (which needs a password).
        mode: TailscaleMode = TailscaleMode::Off;
        /// Whether the serving is taken back when the gateway stops.
        reset_on_exit: bool = false;
    }
}

choices! {
    /// How commands reach a remote gateway.
    pub enum RemoteTransport { Ssh = "ssh", Direct = "direct" }
}

section! {
    /// A gateway on another machine.
    pub struct Remote {
        /// Its WebSocket address, `ws://` or `wss://`.
        url: Option<String>, placeholder("ws://127.0.0.1:18789");
        /// Through an SSH tunnel or directly.
        transport: Option<RemoteTransport>, planned(not_yet::REMOTE), met_by(&["direct"]);
        /// Its token.
        token: Option<Secret>;
        /// Its password.
        password: Option<Secret>;
        /// SHA-256 fingerprint that its certificate must have.
        tls_fingerprint: Option<String>, planned(not_yet::REMOTE);
        /// `user@host` of the tunnel.
        ssh_target: Option<String>, planned(not_yet::REMOTE), label("SSH target"), placeholder("user@host");
        /// The key file of the tunnel.
        ssh_identity: Option<String>, planned(not_yet::REMOTE);
    }
}

choices! {
    /// What a changed file does to a running gateway.
    pub enum ReloadMode { Off = "off", Restart = "restart", Hot = "hot", Hybrid = "hybrid" }
}

section! {
    /// Reloading this file.
    pub struct ReloadSettings {
        /// Nothing, always a restart, only what can change live, or live where possible and a restart elsewhere.
        mode: ReloadMode = ReloadMode::Hybrid;
        /// Milliseconds without a further change before the file is read.
        debounce_ms: u64 = 300;
    }
}

section! {
    /// TLS.
    pub struct Tls {
        /// Whether the port speaks TLS.
        enabled: bool = false;
        /// Whether a certificate is made when there is none.
        auto_generate: bool = true;
        /// The certificate file (PEM).
        cert_path: Option<String>;
        /// The key file (PEM).
        key_path: Option<String>;
        /// Certificates that clients are checked against (PEM).
        ca_path: Option<String>;
    }
}

section! {
    /// HTTP interfaces.
    pub struct Http {
        /// Each interface, off unless enabled.
        endpoints: HttpEndpoints;
    }
}

section! {
    /// HTTP interfaces by name.
    pub struct HttpEndpoints {
        /// `POST /v1/chat/completions`
        chat_completions: ChatCompletions, planned(not_yet::ENDPOINTS);
        /// `POST /v1/responses`
        responses: Responses, planned(not_yet::ENDPOINTS);
    }
}

section! {
    /// The chat completions interface.
    pub struct ChatCompletions {
        /// Whether it is served.
        enabled: bool = false;
    }
}

section! {
    /// The responses interface.
    pub struct Responses {
        /// Whether it is served.
        enabled: bool = false;
        /// Largest request in bytes.
        max_body_bytes: Option<u64>, min(1.0);
        /// Files in requests.
        files: ResponseFiles;
        /// Images in requests.
        images: ResponseImages;
    }
}

section! {
    /// Files in requests.
    pub struct ResponseFiles {
        /// Whether a file may be given by address.
        allow_url: Option<bool>;
        /// Media types that are taken.
        allowed_mimes: Option<Vec<String>>;
        /// Largest file in bytes.
        max_bytes: Option<u64>, min(1.0);
        /// Most characters that reach the model.
        max_chars: Option<u64>, min(1.0);
        /// Most redirects when fetching.
        max_redirects: Option<u64>;
        /// Milliseconds for fetching.
        timeout_ms: Option<u64>, min(1.0);
        /// Documents of pages.
        pdf: ResponsePdf;
    }
}

section! {
    /// PDF files in requests.
    pub struct ResponsePdf {
        /// Most pages that are read.
        max_pages: Option<u64>, min(1.0);
        /// Most pixels of a drawn page.
        max_pixels: Option<u64>, min(1.0);
        /// Below this many characters of text the pages are drawn instead.
        min_text_chars: Option<u64>;
    }
}

section! {
    /// Images in requests.
    pub struct ResponseImages {
        /// Whether an image may be given by address.
        allow_url: Option<bool>;
        /// Media types that are taken.
        allowed_mimes: Option<Vec<String>>;
        /// Largest image in bytes.
        max_bytes: Option<u64>, min(1.0);
        /// Most redirects when fetching.
        max_redirects: Option<u64>;
        /// Milliseconds for fetching.
        timeout_ms: Option<u64>, min(1.0);
    }
}

choices! {
    /// How a node for the browser is found.
    pub enum NodeBrowserMode { Auto = "auto", Manual = "manual", Off = "off" }
}

section! {
    /// What nodes may be asked for.
    pub struct Nodes {
        /// The browser of a node.
        browser: NodeBrowser;
        /// Commands beside the usual ones that may be sent to nodes.
        allow_commands: Vec<String>;
        /// Commands that are never sent to nodes.
        deny_commands: Vec<String>;
    }
}

section! {
    /// Which node's browser is used.
    pub struct NodeBrowser {
        /// The only connected one, the named one, or none.
        mode: Option<NodeBrowserMode>;
        /// The node's id or name.
        node: Option<String>;
    }
}
