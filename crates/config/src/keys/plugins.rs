//! `plugins`

use super::Install;
use super::not_yet;
use crate::declare::section;
use crate::read::{Map, Sealed};

section! {
    /// Plugins.
    pub struct Plugins {
        /// Whether any plugin is loaded.
        enabled: bool = true;
        /// Only these.
        allow: Option<Vec<String>>;
        /// None of these.
        deny: Vec<String>;
        /// Where they are found.
        load: PluginLoad, planned(not_yet::PLUGINS), advanced();
        /// Which plugin does a job that only one can do.
        slots: PluginSlots;
        /// Settings of each plugin.
        entries: Map<PluginEntry>, planned(not_yet::PLUGINS);
        /// What the installer noted.
        installs: Map<Install>, advanced();
    }
}

section! {
    /// Where plugins are found.
    pub struct PluginLoad {
        /// More files and folders.
        paths: Vec<String>;
    }
}

section! {
    /// Which plugin does a job that only one can do.
    pub struct PluginSlots {
        /// Memory: `memory-core` is the built-in one, `none` turns memory off.
        memory: String = "memory-core".to_owned(), live(), planned(not_yet::PLUGINS), met_by(&["memory-core", "none"]);
    }
}

section! {
    /// Settings of one plugin.
    pub struct PluginEntry {
        /// Whether it is loaded.
        enabled: Option<bool>;
        /// Its own settings, checked by the plugin.
        config: Map<Sealed>;
    }
}
