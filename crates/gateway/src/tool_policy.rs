//! Which tools an agent gets: every level of the config may narrow, none may widen what a higher one refused (S-061).

use std::path::Path;

use openclaw_config::{Config, ExecAsk, ExecHost, ExecSecurity, SandboxMode, ToolLists, ToolProfile};
use openclaw_protocol::session_key::agent_id;
use openclaw_tools::{Exec, Policy};

/// The tools of this build.
const KNOWN_TOOLS: &[&str] =
    &["read", "write", "edit", "exec", "memory_search", "memory_get", "session_status"];
/// A name no tool has: an allow list that permits nothing must not look like an empty one, which permits everything.
pub(crate) const NOTHING: &str = "(nothing)";

/// The policy of an agent: the tools that the global level and the agent's own level both permit.
pub(crate) fn policy(config: &Config, id: &str) -> Policy {
    let global = level(config.tools.profile, &config.tools.lists);
    let own =
        agent(config, id).map(|agent| level(agent.abilities.tools.profile, &agent.abilities.tools.lists));
    let permitted = |name: &&&str| global.permits(name) && own.as_ref().is_none_or(|own| own.permits(name));
    let allow = KNOWN_TOOLS.iter().filter(permitted).map(|name| (*name).to_owned());
    Policy { allow: allow.chain([NOTHING.to_owned()]).collect(), deny: Vec::new() }
}

/// One level: a profile narrows, the allow list narrows further, `alsoAllow` adds to the profile, deny wins.
fn level(profile: Option<ToolProfile>, lists: &ToolLists) -> Level {
    let all = |names: &Option<Vec<String>>| {
        names.iter().flatten().flat_map(|name| expand(name)).collect::<Vec<_>>()
    };
    let profile: &[&str] = match profile {
        Some(ToolProfile::Minimal | ToolProfile::Messaging) => &["session_status"],
        Some(ToolProfile::Coding) => &["group:fs", "group:runtime", "group:sessions", "group:memory"],
        Some(ToolProfile::Full) | None => &["*"],
    };
    let mut base: Vec<String> = profile.iter().flat_map(|name| expand(name)).collect();
    base.extend(all(&lists.also_allow));
    Level {
        base: Policy { allow: base, deny: all(&lists.deny) },
        lists: Policy { allow: all(&lists.allow), deny: Vec::new() },
    }
}

struct Level {
    base: Policy,
    lists: Policy,
}

impl Level {
    fn permits(&self, name: &str) -> bool {
        self.base.permits(name) && self.lists.permits(name)
    }
}

/// Tools of a group name, as allow and deny lists may write it.
fn expand(name: &str) -> Vec<String> {
    let members: &[&str] = match name.trim().to_lowercase().as_str() {
        "group:fs" => &["read", "write", "edit", "apply_patch"],
        "group:runtime" => &["exec", "process"],
        "group:memory" => &["memory_search", "memory_get"],
        "group:sessions" => {
            &["sessions_list", "sessions_history", "sessions_send", "sessions_spawn", "session_status"]
        }
        other => return vec![other.to_owned()],
    };
    members.iter().map(|member| (*member).to_owned()).collect()
}

/// Whether commands run. There is no sandbox and no approval in this build, so only the owner's plain word switches
/// them on, and every setting that asks for less switches them off (S-063).
pub(crate) fn exec(config: &Config, id: &str, state_dir: &Path) -> Exec {
    if exec_refusal(config, id, state_dir).is_none() { Exec::On } else { Exec::Off }
}

/// Why commands do not run, as the key that says so; `None` when they do.
pub(crate) fn exec_refusal(config: &Config, id: &str, state_dir: &Path) -> Option<&'static str> {
    let global = &config.tools.exec;
    let own = agent(config, id);
    let own_exec = own.map(|agent| &agent.abilities.tools.exec);
    let security = [global.security, own_exec.and_then(|exec| exec.security)];
    let asks = [global.ask, own_exec.and_then(|exec| exec.ask)];
    let hosts = [global.host, own_exec.and_then(|exec| exec.host)];
    let sandboxes = [config.agents.defaults.sandbox.mode, own.and_then(|agent| agent.sandbox.as_ref()?.mode)];
    let says_full = |level: Option<ExecSecurity>| level == Some(ExecSecurity::Full);
    let refused = [
        (!security.iter().any(|level| says_full(*level)), "tools.exec.security is not \"full\""),
        (
            security.iter().any(|level| level.is_some() && !says_full(*level)),
            "tools.exec.security of a level is not \"full\"",
        ),
        (asks.into_iter().flatten().any(|ask| ask != ExecAsk::Off), "tools.exec.ask wants approvals"),
        (
            hosts.into_iter().flatten().any(|host| host != ExecHost::Gateway),
            "tools.exec.host is not this machine",
        ),
        (sandboxes.into_iter().flatten().any(|mode| mode != SandboxMode::Off), "a sandbox is configured"),
        (state_dir.join("exec-approvals.json").exists(), "exec-approvals.json exists"),
    ];
    refused.into_iter().find_map(|(refused, why)| refused.then_some(why))
}

fn agent<'a>(config: &'a Config, id: &str) -> Option<&'a openclaw_config::Agent> {
    config.agents.list.iter().find(|agent| agent_id(&agent.id) == id)
}

#[cfg(test)]
mod tests {
    use super::{KNOWN_TOOLS, exec_refusal, policy};
    use openclaw_config::Config;

    fn config(text: &str) -> Config {
        let env = openclaw_config::Env::from([("HOME", "/h")]);
        let parsed = openclaw_config::parse(text, "openclaw.json", &env);
        parsed.unwrap_or_else(|problems| panic!("{}", problems[0])).config
    }

    fn permitted(text: &str) -> Vec<&'static str> {
        let policy = policy(&config(text), "main");
        KNOWN_TOOLS.iter().copied().filter(|name| policy.permits(name)).collect()
    }

    #[test]
    fn a_list_only_ever_narrows_and_deny_wins() {
        let none: Vec<&str> = Vec::new();
        assert_eq!(permitted("{}"), KNOWN_TOOLS);
        assert_eq!(permitted("{tools:{profile:'minimal'}}"), ["session_status"]);
        assert_eq!(permitted("{tools:{profile:'minimal',allow:['exec']}}"), none);
        assert_eq!(permitted("{tools:{allow:['group:fs'],deny:['write']}}"), ["read", "edit"]);
        assert_eq!(
            permitted("{tools:{profile:'minimal',alsoAllow:['memory_*']}}"),
            ["memory_search", "memory_get", "session_status"]
        );
        assert_eq!(permitted("{tools:{deny:['*']}}"), none);
        assert_eq!(permitted("{agents:{list:[{id:'main',tools:{deny:['exec','write']}}]}}").len(), 5);
        assert_eq!(
            permitted("{tools:{allow:['read']},agents:{list:[{id:'main',tools:{allow:['write']}}]}}"),
            none
        );
    }

    #[test]
    fn commands_run_only_when_nothing_asks_for_less() {
        let dir = tempfile::tempdir().unwrap();
        let refusal = |text: &str| exec_refusal(&config(text), "main", dir.path());
        assert!(refusal("{}").is_some());
        assert_eq!(refusal("{tools:{exec:{security:'full'}}}"), None);
        assert_eq!(refusal("{agents:{list:[{id:'main',tools:{exec:{security:'full'}}}]}}"), None);
        for less in [
            "{tools:{exec:{security:'full',ask:'always'}}}",
            "{tools:{exec:{security:'full',host:'sandbox'}}}",
            "{tools:{exec:{security:'full'}},agents:{list:[{id:'main',tools:{exec:{security:'deny'}}}]}}",
            "{tools:{exec:{security:'full'}},agents:{defaults:{sandbox:{mode:'all'}}}}",
        ] {
            assert!(refusal(less).is_some(), "{less}");
        }
        openclaw_guard::write_atomic(&dir.path().join("exec-approvals.json"), b"{}").unwrap();
        assert!(refusal("{tools:{exec:{security:'full'}}}").is_some());
    }
}
