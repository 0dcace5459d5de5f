//! The migrations that can really be made: those that leave no problem which was not there before.

use openclaw_config::{Env, Migrations, Obstacle, Problem, migrations, new_problems, validate};
use serde_json::Value;

/// Steps that are tried one by one when they cannot be made together; each try is a check of the whole.
const MAX_TRIES: usize = 200;

/// What `--fix` does to a value: the steps that pass, and what stands in the way of the others.
pub(super) fn plan(value: &Value, env: &Env) -> Migrations {
    let all = migrations(value);
    let before = validate(value, "", env);
    if worse(&before, &all, env).is_none() {
        return all;
    }
    let mut kept = Migrations { obstacles: all.obstacles, result: value.clone(), ..Migrations::default() };
    for (tried, step) in all.steps.into_iter().enumerate() {
        let mut next =
            Migrations { steps: vec![step.clone()], result: kept.result.clone(), ..Migrations::default() };
        // A step that builds on one that is not made does not fit.
        let fits = step.changes.iter().all(|change| change.apply(&mut next.result).is_ok());
        let problem = worse(&before, &next, env).filter(|_| fits);
        if fits && problem.is_none() && tried < MAX_TRIES {
            kept.result = next.result;
            kept.steps.push(step);
        } else {
            let why = problem.unwrap_or_else(|| "another key has to be moved first".to_owned());
            kept.obstacles.push(Obstacle {
                at: step.at,
                about: format!("moving it would make another problem: {why}"),
            });
        }
    }
    kept
}

/// The first problem that the steps make.
fn worse(before: &[Problem], plan: &Migrations, env: &Env) -> Option<String> {
    let after = validate(&plan.result, "", env);
    let problem = new_problems(before, &after, &plan.targets()).first().copied()?;
    Some(format!("{}: {}", problem.key, problem.message()))
}

#[cfg(test)]
mod tests {
    use super::plan;
    use openclaw_config::Env;
    use serde_json::json;

    #[test]
    fn what_an_old_object_hides_keeps_nothing_from_moving() {
        let old = json!({
            "agent": {"model": "a/b", "foo": 1}, "gateway": {"mode": "local", "token": "x"},
            "telegram": {"botToken": "t", "requireMention": true, "groups": {"-100": {}}},
        });
        let plan = plan(&old, &Env::default());
        assert_eq!(plan.steps.len(), 3, "{plan:?}");
        assert_eq!(plan.result["agents"]["defaults"], json!({"model": "a/b", "foo": 1}));
        assert_eq!(plan.obstacles.len(), 1, "{plan:?}");
    }
}
