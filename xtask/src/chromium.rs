//! The test of the chat page drives a real Chromium. A machine without one gets it from its own package manager.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::run::{program, step, succeeds};
use crate::say;

/// Names the program of the browser; the tests read it too.
pub(crate) const VARIABLE: &str = "OPENCLAW_CHROMIUM";
/// Names under which distributions install it, in the order in which the tests look for them.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Where it lies on a Mac, which has no name for it on `PATH`.
const MAC_PROGRAMS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// A package manager and how it installs Chromium.
struct Installer {
    /// The program that tells that this manager is here.
    program: &'static str,
    /// What to run, in order.
    commands: &'static [&'static [&'static str]],
    rights: Rights,
}

/// Whose rights an installation needs.
#[derive(Clone, Copy, PartialEq)]
enum Rights {
    Root,
    User,
}

const INSTALLERS: [Installer; 6] = [
    Installer {
        program: "apt-get",
        commands: &[
            &["apt-get", "update"],
            &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "chromium"],
        ],
        rights: Rights::Root,
    },
    Installer { program: "dnf", commands: &[&["dnf", "install", "-y", "chromium"]], rights: Rights::Root },
    Installer {
        program: "pacman",
        commands: &[&["pacman", "-S", "--noconfirm", "chromium"]],
        rights: Rights::Root,
    },
    Installer {
        program: "zypper",
        commands: &[&["zypper", "--non-interactive", "install", "chromium"]],
        rights: Rights::Root,
    },
    Installer { program: "apk", commands: &[&["apk", "add", "chromium"]], rights: Rights::Root },
    Installer {
        program: "brew",
        commands: &[&["brew", "install", "--cask", "google-chrome"]],
        rights: Rights::User,
    },
];

/// What this process may do.
#[derive(Clone, Copy, PartialEq)]
enum Privilege {
    /// It is root.
    Root,
    /// `sudo` works without a password.
    Sudo,
    /// Neither.
    None,
}

/// How to get a browser.
#[derive(Debug, PartialEq)]
enum Plan {
    /// Run these, in order.
    Run(Vec<Vec<&'static str>>),
    /// A person has to type this.
    Ask(String),
}

/// Finds Chromium, or installs it; the tests need to be told where it is only if it is not on `PATH`.
///
/// # Errors
/// When there is none and this process cannot install it; the message has the command to type.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(found) = find()? {
        return Ok(found);
    }
    match plan(|name| on_path(name).is_some(), privilege) {
        Plan::Run(commands) => {
            say::line("==> there is no Chromium for the test of the chat page; installing it");
            for words in commands {
                let (name, arguments) = words.split_first().map_or(("", [].as_slice()), |(a, b)| (*a, b));
                step("install Chromium", program(name).args(arguments))?;
            }
        }
        Plan::Ask(command) => bail!("the test of the chat page needs Chromium; {command}"),
    }
    match find()? {
        Some(found) => Ok(found),
        None => bail!("Chromium is installed, but none of {PROGRAMS:?} is on PATH; name it in {VARIABLE}"),
    }
}

fn find() -> Result<Option<PathBuf>> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        let named = PathBuf::from(named);
        if !named.is_file() {
            bail!("{VARIABLE} names {}, which is no file; correct it or unset it", named.display());
        }
        return Ok(Some(named));
    }
    let on_mac = || MAC_PROGRAMS.iter().map(PathBuf::from).find(|program| program.is_file());
    Ok(PROGRAMS.iter().find_map(|name| on_path(name)).or_else(on_mac))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The standard library does not tell who we are; `id` is in POSIX.
fn privilege() -> Privilege {
    let id = program("id").arg("-u").output();
    if id.is_ok_and(|output| output.status.success() && output.stdout.trim_ascii() == b"0") {
        Privilege::Root
    } else if succeeds(program("sudo").args(["-n", "true"])) {
        Privilege::Sudo
    } else {
        Privilege::None
    }
}

/// Decides without touching anything: `has` says whether a program is installed.
fn plan(has: impl Fn(&str) -> bool, privilege: impl Fn() -> Privilege) -> Plan {
    let Some(installer) = INSTALLERS.iter().find(|installer| has(installer.program)) else {
        return Plan::Ask(format!("install it and name it in {VARIABLE}=<path of the program>"));
    };
    let prefixed = |prefix: &[&'static str]| -> Vec<Vec<&'static str>> {
        installer.commands.iter().map(|words| [prefix, words].concat()).collect()
    };
    if installer.rights == Rights::User {
        return Plan::Run(prefixed(&[]));
    }
    match privilege() {
        Privilege::Root => Plan::Run(prefixed(&[])),
        Privilege::Sudo => Plan::Run(prefixed(&["sudo", "-n"])),
        Privilege::None => {
            let typed: Vec<String> = prefixed(&["sudo"]).iter().map(|words| words.join(" ")).collect();
            Plan::Ask(format!("type: {}", typed.join(" && ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Privilege, plan};

    fn plan_with(installed: &[&str], privilege: Privilege) -> Plan {
        plan(|name| installed.contains(&name), || privilege)
    }

    #[test]
    fn root_installs_at_once() {
        let Plan::Run(commands) = plan_with(&["apt-get"], Privilege::Root) else {
            panic!("root may install")
        };
        assert_eq!(commands[0], ["apt-get", "update"]);
        assert_eq!(commands[1].last(), Some(&"chromium"));
        assert!(!commands.concat().contains(&"sudo"));
    }

    #[test]
    fn sudo_is_used_only_where_it_needs_no_password() {
        let Plan::Run(commands) = plan_with(&["dnf"], Privilege::Sudo) else { panic!("sudo may install") };
        assert_eq!(commands, [["sudo", "-n", "dnf", "install", "-y", "chromium"]]);
    }

    #[test]
    fn without_rights_the_message_is_the_command() {
        let expected = "type: sudo apt-get update && \
                        sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y chromium";
        assert_eq!(plan_with(&["apt-get"], Privilege::None), Plan::Ask(expected.to_owned()));
    }

    #[test]
    fn homebrew_needs_no_root() {
        let Plan::Run(commands) = plan_with(&["brew"], Privilege::None) else { panic!("a user may install") };
        assert_eq!(commands, [["brew", "install", "--cask", "google-chrome"]]);
    }

    #[test]
    fn an_unknown_system_names_the_variable() {
        let Plan::Ask(text) = plan_with(&[], Privilege::Root) else { panic!("nothing to run") };
        assert!(text.contains("OPENCLAW_CHROMIUM=<path"), "{text}");
    }
}
