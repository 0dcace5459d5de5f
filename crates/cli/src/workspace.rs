//! The files a new workspace begins with.

/// A file of a new workspace.
pub(crate) struct Starter {
    /// Its name in the workspace.
    pub(crate) name: &'static str,
    /// Its text.
    pub(crate) text: &'static str,
}

macro_rules! starters {
    ($($name:literal),+) => {
        &[$(Starter { name: $name, text: include_str!(concat!("workspace/", $name)) }),+]
    };
}

/// What a new workspace gets; each is the owner's, and the agent's, to change.
pub(crate) const STARTERS: &[Starter] =
    starters!["AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", "HEARTBEAT.md", "BOOTSTRAP.md"];

/// The folder of dated notes in every workspace.
pub(crate) const MEMORY_DIR: &str = "memory";

#[cfg(test)]
mod tests {
    use super::STARTERS;

    #[test]
    fn they_are_short_because_every_prompt_carries_them() {
        for starter in STARTERS {
            assert!(starter.text.len() < 1_500, "{} has {} bytes", starter.name, starter.text.len());
            assert!(starter.text.starts_with("# ") && starter.text.ends_with('\n'), "{}", starter.name);
        }
        let heartbeat = STARTERS.iter().find(|starter| starter.name == "HEARTBEAT.md").unwrap();
        assert!(
            heartbeat.text.lines().all(|line| line.starts_with('#')),
            "nothing to do until the owner says so"
        );
    }
}
