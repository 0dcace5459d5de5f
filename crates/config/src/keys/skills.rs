//! `skills`

use openclaw_guard::Secret;

use crate::declare::{choices, section};
use crate::read::{Map, Sealed};

choices! {
    /// What installs packages of Node.
    pub enum NodeManager { Npm = "npm", Pnpm = "pnpm", Yarn = "yarn", Bun = "bun" }
}

section! {
    /// Skills.
    pub struct Skills {
        /// Only these of the bundled skills.
        allow_bundled: Option<Vec<String>>;
        /// Where skills are found.
        load: SkillLoad;
        /// How what they need is installed.
        install: SkillInstall;
        /// Settings of each skill.
        entries: Map<SkillEntry>;
    }
}

section! {
    /// Where skills are found.
    pub struct SkillLoad {
        /// More folders, after all others.
        extra_dirs: Vec<String>;
        /// Whether changes are noticed.
        watch: bool = true;
        /// Milliseconds without a further change before they count.
        watch_debounce_ms: u64 = 250;
    }
}

section! {
    /// How what skills need is installed.
    pub struct SkillInstall {
        /// Whether Homebrew is tried first.
        prefer_brew: bool = true;
        /// What installs packages of Node.
        node_manager: NodeManager = NodeManager::Npm;
    }
}

section! {
    /// Settings of one skill.
    pub struct SkillEntry {
        /// Whether it is offered.
        enabled: Option<bool>;
        /// The key that it declares as its main one.
        api_key: Option<Secret>;
        /// Variables for it.
        env: Map<Secret>, may_be_blank();
        /// Its own settings.
        config: Map<Sealed>;
    }
}
