//! Configured things that this build cannot run yet. They are an error in `status`, never only a log line.

use std::path::Path;

use openclaw_config::{Config, ExecSecurity, Loaded, planned};
use openclaw_protocol::session_key::agent_id;
use serde_json::{Value, json};

use crate::tool_policy;

/// What is configured and does not run, as `{key, reason}` objects, for `status`: what the declarations say is
/// `planned`, and what follows from several keys together.
#[must_use]
pub fn unsupported(loaded: &Loaded, state_dir: &Path) -> Vec<Value> {
    let config = &loaded.config;
    planned(config, &loaded.parsed, &loaded.effective)
        .into_iter()
        .map(|(key, reason)| row(&key.to_string(), reason))
        .chain(refused_commands(config, state_dir))
        .collect()
}

fn row(key: &str, reason: &str) -> Value {
    json!({"key": key, "reason": reason})
}

/// Commands that are asked for and do not run: of all agents, and of those that say something themselves.
fn refused_commands(config: &Config, state_dir: &Path) -> Vec<Value> {
    let main = agent_id(config.agents.default_id());
    let of_all = ("tools.exec".to_owned(), main, config.tools.exec.security);
    let own = config.agents.list.iter().enumerate().map(|(index, agent)| {
        let key = format!("agents.list[{index}].tools.exec");
        (key, agent_id(&agent.id), agent.abilities.tools.exec.security)
    });
    [of_all]
        .into_iter()
        .chain(own)
        .filter(|(_, _, security)| asks_for_commands(*security))
        .filter_map(|(key, id, _)| {
            let why = tool_policy::exec_refusal(config, &id, state_dir)?;
            Some(row(&key, &format!("no commands run: {why}")))
        })
        .collect()
}

/// `deny` is followed to the letter.
fn asks_for_commands(security: Option<ExecSecurity>) -> bool {
    match security {
        Some(ExecSecurity::Full | ExecSecurity::Allowlist) => true,
        Some(ExecSecurity::Deny) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::unsupported;
    use openclaw_config::{Env, LocationFlags, Locations, load, write_new};

    fn rows(config: &str) -> Vec<String> {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        write_new(&at.config_path, config).unwrap();
        let loaded = load(&at, &env).map_err(|error| error.to_string()).unwrap();
        let word = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
        let text = |row: &serde_json::Value| format!("{}: {}", word(row, "key"), word(row, "reason"));
        unsupported(&loaded, &at.state_dir).iter().map(text).collect()
    }

    #[test]
    fn commands_that_are_asked_for_and_refused_are_named() {
        let none: [&str; 0] = [];
        assert_eq!(rows("{}"), none);
        assert_eq!(rows("{tools: {exec: {security: 'full'}}}"), none);
        assert_eq!(rows("{tools: {exec: {security: 'deny'}}}"), none);
        assert_eq!(
            rows("{tools: {exec: {security: 'allowlist'}}}"),
            ["tools.exec: no commands run: tools.exec.security is not \"full\""]
        );
        assert_eq!(
            rows(
                "{tools: {exec: {security: 'deny'}}, agents: {list: [{id: 'a', tools: {exec: {security: 'full'}}}]}}"
            ),
            ["agents.list[0].tools.exec: no commands run: tools.exec.security of a level is not \"full\""]
        );
    }

    #[test]
    fn a_sandbox_is_named_with_the_commands_that_it_stops() {
        assert_eq!(
            rows("{agents: {defaults: {sandbox: {mode: 'all'}}}, tools: {exec: {security: 'full'}}}"),
            [
                "agents.defaults.sandbox: there is no sandbox in this build yet, so no commands run",
                "tools.exec: no commands run: a sandbox is configured",
            ]
        );
    }

    #[test]
    fn what_is_declared_planned_is_named() {
        assert_eq!(
            rows(
                "{channels: {telegram: {}, slack: {enabled: false}}, cron: {enabled: true}, session: {dmScope: 'main'}}"
            ),
            [
                "channels.telegram: channels are not part of this build yet",
                "cron: scheduled jobs are not part of this build yet",
            ]
        );
    }
}
