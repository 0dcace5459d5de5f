//! From the configuration that started a gateway and the one that runs to the one that it can go back to.

use serde_json::{Map, Value};

use super::plan::Plan;
use crate::check::{Report, Writing, check};
use crate::key_path::{KeyPath, Step};
use crate::keys::{Config, spec};
use crate::load::Loaded;
use crate::read::Section as _;

/// Variables of the file; their effect is in the environment.
const VARIABLES: &str = "env";

/// What a gateway can start again with: what runs, but for keys that still wait for a restart, which keep what they
/// were started with. A tool that was taken away since the start stays away.
#[must_use]
pub fn carried(started: &Loaded, running: &Loaded) -> Loaded {
    let plan = Plan::between(started, running);
    if plan.waiting().next().is_none() {
        return running.clone();
    }
    // What runs was checked as a whole, and the keys are independent of each other; should the mixture be none all the
    // same, what runs is the safer of the two: it holds every restriction.
    mixed(started, running, &plan).unwrap_or_else(|| running.clone())
}

fn mixed(started: &Loaded, running: &Loaded, plan: &Plan) -> Option<Loaded> {
    let (mut effective, mut env) = (running.effective.clone(), running.env.clone());
    for path in plan.waiting() {
        match path.steps() {
            [Step::Key(section), Step::Key(name)] if section == VARIABLES => {
                env.put(name, started.env.get(name));
            }
            steps => put(&mut effective, steps, path.find(&started.effective)),
        }
    }
    let mut report = Report::new(Writing::None("openclaw.json"));
    check(spec(), &effective, &mut report);
    if !report.into_problems().is_empty() {
        return None;
    }
    let config = effective.as_object().and_then(Config::read_object)?;
    Some(Loaded { config: Box::new(config), effective, env, ..running.clone() })
}

/// Gives the place a value, or takes it away. What is no object on the way there becomes one.
fn put(value: &mut Value, steps: &[Step], wanted: Option<&Value>) {
    if matches!(steps, [Step::Key(_), ..]) && !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match steps {
        [] => {}
        [Step::Key(name), rest @ ..] => {
            let Some(object) = value.as_object_mut() else { return };
            match (rest, wanted) {
                ([], Some(wanted)) => drop(object.insert(name.clone(), wanted.clone())),
                ([], None) => drop(object.remove(name)),
                (rest, wanted) => put(object.entry(name.clone()).or_insert(Value::Null), rest, wanted),
            }
        }
        // The plan names places of a list only when both lists are as long.
        [Step::Index(_), ..] => {
            let (place, rest) = steps.split_at(1);
            let Some(item) = KeyPath::from(place).find_mut(value) else { return };
            match (rest, wanted) {
                ([], Some(wanted)) => *item = wanted.clone(),
                ([], None) => {}
                (rest, wanted) => put(item, rest, wanted),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::carried;
    use crate::env::Env;
    use crate::reload::Plan;
    use crate::reload::tests::loaded;
    use serde_json::json;

    #[test]
    fn what_runs_is_carried_and_what_waits_is_not() {
        let env = Env::from([("OPENCLAW_X", "1"), ("A", "1")]);
        let later = Env::from([("OPENCLAW_X", "2"), ("A", "2")]);
        let started = loaded("{gateway:{port:1,mode:'local'},agents:{list:[{id:'a'}]}}", &env);
        let running = loaded(
            "{gateway:{port:2,mode:'local',bind:'lan'},tools:{deny:['exec']},agents:{list:[{id:'a',name:'$${N}'}]}}",
            &later,
        );
        let carried = carried(&started, &running);
        assert_eq!(Plan::between(&started, &carried).waiting().count(), 0, "nothing waits");
        assert!(
            Plan::between(&running, &carried).changed.iter().all(|key| key.class == crate::Reload::Restart)
        );
        assert_eq!(carried.effective["tools"], json!({"deny": ["exec"]}));
        assert_eq!(carried.config.gateway.port, started.config.gateway.port);
        assert_eq!(carried.config.tools.lists.deny, Some(vec!["exec".to_owned()]));
        assert_eq!(carried.effective["agents"]["list"][0]["name"], "${N}");
        assert_eq!((carried.env.get("A"), carried.env.get("OPENCLAW_X")), (Some("2"), Some("1")));
    }

    #[test]
    fn without_anything_that_waits_it_is_what_runs() {
        let env = Env::default();
        let started = loaded("{tools:{allow:['exec']}}", &env);
        let running = loaded("{tools:{deny:['exec']}}", &env);
        assert_eq!(carried(&started, &running).effective, running.effective);
    }
}
