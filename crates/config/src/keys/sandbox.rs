//! `agents.defaults.sandbox` and `agents.list[].sandbox`

use openclaw_guard::Secret;
use serde_json::Value;

use crate::declare::{choices, section};
use crate::read::{ConfigType, Id, Map, Section};
use crate::spec::Kind;

choices! {
    /// Which sessions run in a sandbox.
    pub enum SandboxMode { Off = "off", NonMain = "non-main", All = "all" }
}

choices! {
    /// What a sandbox may do with the workspace.
    pub enum WorkspaceAccess { None = "none", Ro = "ro", Rw = "rw" }
}

choices! {
    /// Which sessions the session tools show inside a sandbox.
    pub enum SessionToolsVisibility { Spawned = "spawned", All = "all" }
}

choices! {
    /// Who shares a sandbox.
    pub enum SandboxScope { Session = "session", Agent = "agent", Shared = "shared" }
}

section! {
    /// Where commands of agents run.
    pub struct Sandbox {
        /// No session, every one but the main one, or all.
        mode: Option<SandboxMode>;
        /// Whether the workspace is visible, and writable.
        workspace_access: Option<WorkspaceAccess>;
        /// Which sessions the session tools show.
        session_tools_visibility: Option<SessionToolsVisibility>;
        /// Who shares one.
        scope: Option<SandboxScope>;
        /// Earlier name of `scope`: true is `session`, false is `shared`.
        per_session: Option<bool>;
        /// The folder for workspaces of sandboxes.
        workspace_root: Option<String>;
        /// The container.
        docker: SandboxDocker;
        /// The browser in a container of its own.
        browser: SandboxBrowser;
        /// When unused containers are removed.
        prune: SandboxPrune;
    }
}

section! {
    /// The container.
    pub struct SandboxDocker {
        /// Its image.
        image: Option<String>;
        /// The beginning of its name.
        container_prefix: Option<String>;
        /// The folder inside that commands start in.
        workdir: Option<String>;
        /// The user inside, as `uid:gid`.
        user: Option<String>;
        /// A command that runs once when it is made.
        setup_command: Option<String>;
        /// Variables inside.
        env: Map<Secret>, may_be_blank();
        /// Folders of this machine inside, as `host:container:mode`.
        binds: Vec<String>;
    }
    groups {
        /// The network.
        net: SandboxNetwork;
        /// Confinement.
        confinement: SandboxConfinement;
        /// Limits.
        limits: SandboxLimits;
    }
}

section! {
    /// The network of the container.
    pub struct SandboxNetwork {
        /// The Docker network; `none` is no network.
        network: Option<String>;
        /// Name servers.
        dns: Vec<String>;
        /// Names with fixed addresses, as `name:address`.
        extra_hosts: Vec<String>;
    }
}

section! {
    /// What the container cannot do.
    pub struct SandboxConfinement {
        /// Whether its root file system is read-only.
        read_only_root: Option<bool>, label("Read-only root");
        /// Folders in memory.
        tmpfs: Option<Vec<String>>, label("Folders in memory");
        /// Linux capabilities that are dropped.
        cap_drop: Option<Vec<String>>, label("Dropped capabilities");
        /// The seccomp profile's file.
        seccomp_profile: Option<String>;
        /// The AppArmor profile's name.
        apparmor_profile: Option<String>, label("AppArmor profile");
    }
}

section! {
    /// What the container can use.
    pub struct SandboxLimits {
        /// Most processes.
        pids_limit: Option<u64>, min(1.0);
        /// Memory, such as `1g`.
        memory: Option<Id>;
        /// Memory and swap together.
        memory_swap: Option<Id>;
        /// Processors, as a fraction.
        cpus: Option<f64>, above(0.0);
        /// Limits as of `ulimit`, by name.
        ulimits: Map<Ulimit>;
    }
}

section! {
    /// The two values of a limit.
    pub struct UlimitRange {
        /// The value that counts.
        soft: Option<u64>;
        /// The value that the container may raise it to.
        hard: Option<u64>;
    }
}

/// A limit as of `ulimit`: one value for both, or each of them.
#[derive(Clone)]
pub enum Ulimit {
    /// Both, written as a number or as text such as `1024:2048`.
    Both(Id),
    /// Each of them.
    Range(UlimitRange),
}

impl ConfigType for Ulimit {
    const KIND: Kind = Kind::OneOf(&[Kind::Text, Kind::Number, Kind::Object(&UlimitRange::SPEC)]);

    fn read(value: &Value) -> Option<Self> {
        match value.is_object() {
            true => UlimitRange::read(value).map(Self::Range),
            false => Id::read(value).map(Self::Both),
        }
    }
}

section! {
    /// The browser in a container of its own.
    pub struct SandboxBrowser {
        /// Whether there is one.
        enabled: Option<bool>;
        /// Its image.
        image: Option<String>;
        /// The beginning of its container's name.
        container_prefix: Option<String>;
        /// Port of the developer interface.
        cdp_port: Option<u16>, min(1.0), advanced();
        /// Port of VNC.
        vnc_port: Option<u16>, min(1.0), advanced();
        /// Port of VNC in a web page.
        no_vnc_port: Option<u16>, min(1.0), label("noVNC port"), advanced();
        /// Whether it has no window.
        headless: Option<bool>;
        /// Whether VNC in a web page is served.
        enable_no_vnc: Option<bool>, label("Enable noVNC"), advanced();
        /// Whether a sandbox may drive the browser of this machine.
        allow_host_control: Option<bool>;
        /// Addresses of other browsers that a sandbox may drive; none if absent.
        allowed_control_urls: Vec<String>;
        /// Hosts of such browsers; any if absent.
        allowed_control_hosts: Vec<String>;
        /// Ports of such browsers; those of HTTP and HTTPS if absent.
        allowed_control_ports: Vec<u16>, min(1.0);
        /// Whether it starts when it is needed.
        auto_start: Option<bool>;
        /// Milliseconds to wait for it.
        auto_start_timeout_ms: Option<u64>, min(1.0);
    }
}

section! {
    /// When unused containers are removed.
    pub struct SandboxPrune {
        /// After this many hours without use; 0 means never.
        idle_hours: Option<u64>;
        /// After this many days; 0 means never.
        max_age_days: Option<u64>;
    }
}
