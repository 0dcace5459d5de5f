//! From two configurations to what changed between them, and to what is to be done about it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::class::{default_of, reload_class};
use crate::env::Env;
use crate::key_path::KeyPath;
use crate::keys::ReloadMode;
use crate::load::Loaded;
use crate::spec::Reload;

/// Who wrote the file last, which every program that writes it changes.
const STAMP: &str = "meta";
/// Variables have their effect through the environment, which is compared on its own.
const VARIABLES: &str = "env";
/// The one key in there that is no variable.
const SHELL: &str = "shellEnv";
/// Variables that the gateway reads at its start: where it is, its port, its credentials.
const START_PREFIXES: [&str; 2] = ["OPENCLAW_", "CLAWDBOT_"];

/// A key that has another value than before, and what that asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedKey {
    /// The key; a variable of the environment or of `.env` is written `env.NAME`.
    pub path: KeyPath,
    /// What the change asks for.
    pub class: Reload,
}

/// Everything that has another value than before. Empty when only comments, order, layout or `meta` differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The keys, in the order of the files.
    pub changed: Vec<ChangedKey>,
}

/// What is to be done about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: there is no change, or changes are not wanted (`off`).
    Nothing,
    /// Everything is applied while the gateway runs.
    Apply,
    /// What can be is applied; the rest waits for a restart that somebody else begins (`hot`).
    ApplySome,
    /// The gateway starts again inside its process.
    Restart,
}

impl Plan {
    /// Compares two configurations by what they mean: with variables in place, so that another value in `.env` counts.
    #[must_use]
    pub fn between(before: &Loaded, after: &Loaded) -> Self {
        let mut changed = Vec::new();
        let root = KeyPath::default();
        collect(Some(&before.effective), Some(&after.effective), &root, &mut changed);
        variables(&before.env, &after.env, &mut changed);
        Self { changed }
    }

    /// The most that any of the changes asks for; `None` when there is none.
    #[must_use]
    pub fn class(&self) -> Option<Reload> {
        self.changed.iter().map(|key| key.class).max()
    }

    /// The changes that only a restart applies.
    pub fn waiting(&self) -> impl Iterator<Item = &KeyPath> {
        self.changed.iter().filter(|key| key.class == Reload::Restart).map(|key| &key.path)
    }

    /// What to do under `gateway.reload.mode`.
    #[must_use]
    pub fn action(&self, mode: ReloadMode) -> Action {
        let Some(class) = self.class() else { return Action::Nothing };
        match (mode, class) {
            (ReloadMode::Off, _) => Action::Nothing,
            (ReloadMode::Restart, _) | (ReloadMode::Hybrid, Reload::Restart) => Action::Restart,
            (ReloadMode::Hot, Reload::Restart) => Action::ApplySome,
            (ReloadMode::Hot | ReloadMode::Hybrid, Reload::Live | Reload::Hot) => Action::Apply,
        }
    }
}

/// Adds the deepest keys that differ: a section that came or went is named by the keys in it, since these may ask for
/// less, or for more, than the section as a whole.
fn collect(before: Option<&Value>, after: Option<&Value>, path: &KeyPath, changed: &mut Vec<ChangedKey>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(was)), Some(Value::Object(is))) => objects(was, is, path, changed),
        (Some(Value::Object(gone)), None) if !gone.is_empty() => objects(gone, &Map::new(), path, changed),
        (None, Some(Value::Object(new))) if !new.is_empty() => objects(&Map::new(), new, path, changed),
        (Some(Value::Array(was)), Some(Value::Array(is))) if was.len() == is.len() => {
            for (index, (was, is)) in was.iter().zip(is).enumerate() {
                collect(Some(was), Some(is), &path.index(index), changed);
            }
        }
        _ if is_default(before, after, path) => {}
        _ => changed.push(ChangedKey { path: path.clone(), class: reload_class(path) }),
    }
}

/// Whether a key came or went with the value that it has anyway.
fn is_default(before: Option<&Value>, after: Option<&Value>, path: &KeyPath) -> bool {
    let only = before.xor(after);
    only.is_some() && only == default_of(path).as_ref()
}

fn objects(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    path: &KeyPath,
    changed: &mut Vec<ChangedKey>,
) {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    for name in after.keys().chain(gone) {
        let (was, is) = (before.get(name), after.get(name));
        match name.as_str() {
            STAMP if path.is_root() => {}
            VARIABLES if path.is_root() => {
                let shell = |value: Option<&'_ Value>| value.and_then(|own| own.get(SHELL)).cloned();
                collect(shell(was).as_ref(), shell(is).as_ref(), &path.key(name).key(SHELL), changed);
            }
            _ => collect(was, is, &path.key(name), changed),
        }
    }
}

fn variables(before: &Env, after: &Env, changed: &mut Vec<ChangedKey>) {
    let names: BTreeSet<&str> = before.iter().chain(after.iter()).map(|(name, _)| name).collect();
    for name in names.into_iter().filter(|name| before.get(name) != after.get(name)) {
        let path = KeyPath::default().key(VARIABLES).key(name);
        let is_read_once = START_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let class = if is_read_once { Reload::Restart } else { reload_class(&path) };
        changed.push(ChangedKey { path, class });
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Plan};
    use crate::env::Env;
    use crate::keys::ReloadMode;
    use crate::reload::tests::loaded;

    fn plan(before: &str, after: &str) -> Plan {
        Plan::between(&loaded(before, &Env::default()), &loaded(after, &Env::default()))
    }

    fn shown(plan: &Plan) -> Vec<String> {
        plan.changed.iter().map(|key| format!("{} {}", key.path, key.class.as_str())).collect()
    }

    #[test]
    fn names_the_keys_that_mean_something_else() {
        let rows: &[(&str, &str, &[&str])] = &[
            ("{}", "{ } // nothing", &[]),
            (
                "{gateway:{port:1},ui:{seamColor:'#112233'}}",
                "{ui:{seamColor:'#112233'},gateway:{port:1.0}}",
                &[],
            ),
            ("{meta:{lastTouchedAt:'a'}}", "{meta:{lastTouchedAt:'b',lastTouchedVersion:'c'}}", &[]),
            ("{gateway:{port:1}}", "{gateway:{port:2}}", &["gateway.port restart"]),
            ("{}", "{gateway:{tls:{enabled:false},bind:'loopback'}}", &[]),
            ("{gateway:{bind:'lan'}}", "{}", &["gateway.bind restart"]),
            ("{}", "{gateway:{reload:{mode:'hot'}}}", &["gateway.reload.mode live"]),
            (
                "{gateway:{remote:{url:'ws://a'},port:1}}",
                "{}",
                &["gateway.remote.url live", "gateway.port restart"],
            ),
            (
                "{agents:{defaults:{model:{primary:'a/b'}}}}",
                "{agents:{defaults:{model:{primary:'a/c'},heartbeat:{every:'1h'}}}}",
                &["agents.defaults.model.primary live", "agents.defaults.heartbeat.every hot"],
            ),
            (
                "{agents:{list:[{id:'a',name:'A'},{id:'b'}]}}",
                "{agents:{list:[{id:'a',name:'B'},{id:'b'}]}}",
                &["agents.list[0].name live"],
            ),
            ("{agents:{list:[{id:'a'}]}}", "{agents:{list:[{id:'a'},{id:'b'}]}}", &["agents.list live"]),
            (
                "{gateway:{trustedProxies:['::1']}}",
                "{gateway:{trustedProxies:[]}}",
                &["gateway.trustedProxies restart"],
            ),
            ("{}", "{env:{vars:{A:'1'},B:'2'}}", &["env.A live", "env.B live"]),
            ("{}", "{env:{vars:{OPENCLAW_GATEWAY_TOKEN:'t'}}}", &["env.OPENCLAW_GATEWAY_TOKEN restart"]),
            ("{}", "{env:{shellEnv:{enabled:true}}}", &["env.shellEnv.enabled live"]),
        ];
        for (before, after, expected) in rows {
            assert_eq!(shown(&plan(before, after)), *expected, "{before} {after}");
        }
    }

    #[test]
    fn another_value_behind_a_variable_is_a_change() {
        let text = "{gateway:{auth:{token:'${T}'}},ui:{assistant:{name:'${N}'}}}";
        let one = loaded(text, &Env::from([("T", "1"), ("N", "n")]));
        let two = loaded(text, &Env::from([("T", "2"), ("N", "n")]));
        assert_eq!(shown(&Plan::between(&one, &two)), ["gateway.auth.token restart", "env.T live"]);
        let literal = loaded("{gateway:{auth:{token:'1'}},ui:{assistant:{name:'n'}}}", &one.env);
        assert_eq!(Plan::between(&one, &literal), Plan::default(), "the same in other words");
    }

    #[test]
    fn the_mode_decides() {
        use Action::{Apply, ApplySome, Nothing, Restart};
        let rows = [
            ("{}", [Nothing; 4]),
            ("{ui:{seamColor:'#112233'}}", [Nothing, Restart, Apply, Apply]),
            ("{hooks:{path:'/h'}}", [Nothing, Restart, Apply, Apply]),
            ("{gateway:{port:2},ui:{seamColor:'#112233'}}", [Nothing, Restart, ApplySome, Restart]),
        ];
        for (after, expected) in rows {
            let modes = [ReloadMode::Off, ReloadMode::Restart, ReloadMode::Hot, ReloadMode::Hybrid];
            assert_eq!(modes.map(|mode| plan("{}", after).action(mode)), expected, "{after}");
        }
    }

    #[test]
    fn only_the_restart_class_waits() {
        let plan = plan("{}", "{gateway:{port:2},ui:{seamColor:'#112233'}}");
        assert_eq!(plan.waiting().map(ToString::to_string).collect::<Vec<_>>(), ["gateway.port"]);
    }
}
