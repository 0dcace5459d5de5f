//! Whether a repair makes a configuration worse: problems that were not there before, and that no move has uncovered.

use crate::key_path::KeyPath;
use crate::problem::{Problem, ProblemKind};

/// The problems of `after` that are new against `before`, each of which accounts for one. A value that moved takes its
/// problem along, and what is wrong inside an object of an earlier release is told once it lies at or under a target.
#[must_use]
pub fn new_problems<'p>(before: &[Problem], after: &'p [Problem], targets: &[KeyPath]) -> Vec<&'p Problem> {
    if before.iter().any(|problem| matches!(problem.kind, ProblemKind::TooMany)) {
        return Vec::new(); // not all of them are known
    }
    let mut known: Vec<&Problem> = before.iter().collect();
    let mut account = |problem: &Problem, is_same: fn(&Problem, &Problem) -> bool| {
        let found = known.iter().position(|other| other.kind == problem.kind && is_same(other, problem));
        found.map(|position| known.swap_remove(position)).is_some()
    };
    // The ones that have stayed first, so that a new one elsewhere does not pass for one of them.
    let mut rest: Vec<&Problem> =
        after.iter().filter(|problem| !account(problem, |a, b| a.key == b.key)).collect();
    rest.retain(|problem| !targets.iter().any(|to| problem.key.steps().starts_with(to.steps())));
    rest.retain(|problem| !account(problem, |a, b| a.key.steps().last() == b.key.steps().last()));
    rest
}

#[cfg(test)]
mod tests {
    use super::new_problems;
    use crate::key_path::KeyPath;
    use crate::problem::{Problem, ProblemKind};

    fn problems(keys: &[&str]) -> Vec<Problem> {
        let problem = |key: &&str| Problem {
            file: "f".to_owned(),
            place: None,
            included_from: Vec::new(),
            key: key.parse().unwrap(),
            kind: ProblemKind::Missing,
        };
        keys.iter().map(problem).collect()
    }

    #[test]
    fn each_known_problem_accounts_for_one() {
        let rows: [[&[&str]; 4]; 6] = [
            [&["a.x"], &["a.x"], &[], &[]],
            [&["a.x"], &["b.x"], &[], &[]],
            [&["a.x"], &["b.x", "a.x"], &[], &["b.x"]],
            [&["a.x"], &["a.y"], &[], &["a.y"]],
            [&[], &["b.c.y", "b.z", "d"], &["b.c"], &["b.z", "d"]],
            [&["x"], &["b.x", "c.x"], &["b"], &[]],
        ];
        for [before, after, targets, expected] in rows {
            let targets: Vec<KeyPath> = targets.iter().map(|path| path.parse().unwrap()).collect();
            let after = problems(after);
            let found = new_problems(&problems(before), &after, &targets);
            let found: Vec<String> = found.iter().map(|problem| problem.key.to_string()).collect();
            assert_eq!(found, expected, "{after:?}");
        }
    }
}
