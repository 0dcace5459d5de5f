//! What `qmd` should index, and making it so.

use std::collections::HashSet;

use super::error::QmdError;
use super::home::{self, Added};
use super::options::{Collection, QmdOptions};
use super::output;
use super::run::{QmdCall, QmdRunner};
use crate::backend::Skipped;

/// What there is to do about collections.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Todo<'o> {
    pub(super) remove: Vec<String>,
    pub(super) add: Vec<&'o Collection>,
    pub(super) skip: Vec<Skipped>,
}

/// Compares what is wanted with what the program has and with what was added to it earlier. A name that somebody else
/// added is not touched, unless it is wanted.
pub(super) fn todo<'o>(
    wanted: &'o [Collection],
    listed: &[String],
    earlier: &[Added],
    is_folder: impl Fn(&Collection) -> bool,
) -> Todo<'o> {
    let listed: HashSet<&str> = listed.iter().map(String::as_str).collect();
    let is_wanted = |name: &str| wanted.iter().any(|collection| collection.name == name);
    let mut todo = Todo { remove: Vec::new(), add: Vec::new(), skip: Vec::new() };
    // Collections that are configured no more: their text must not be found any longer.
    let gone = earlier.iter().filter(|added| !is_wanted(&added.name) && listed.contains(&*added.name));
    todo.remove.extend(gone.map(|added| added.name.clone()));
    for collection in wanted {
        let is_listed = listed.contains(collection.name.as_str());
        if is_listed && earlier.contains(&Added::of(collection)) {
            continue;
        }
        if is_listed {
            todo.remove.push(collection.name.clone());
        }
        if is_folder(collection) {
            todo.add.push(collection);
        } else {
            let reason = format!("{} is not there; it is indexed when it is", collection.path.display());
            todo.skip.push(Skipped::note(format!("qmd/{}", collection.name), reason));
        }
    }
    todo
}

/// Which collections a run begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// Those that are right.
    Kept,
    /// None: each is added again.
    Anew,
}

/// Makes it so. What cannot be added is said and does not stop the others.
pub(super) async fn ensure(
    options: &QmdOptions,
    runner: &dyn QmdRunner,
    begin: Begin,
) -> Result<Vec<Skipped>, QmdError> {
    let limit = options.updates.command_limit;
    let list = QmdCall::new("collection list", limit).with(["--json"]);
    let listed = output::collections(&runner.run(index_named(list)).await?);
    let mut earlier = home::added(options);
    match begin {
        Begin::Kept => {}
        Begin::Anew => earlier.iter_mut().for_each(Added::forget),
    }
    let todo = todo(&options.collections, &listed, &earlier, |collection| collection.path.is_dir());
    let mut skipped = todo.skip;
    for name in todo.remove {
        let call = QmdCall::new("collection remove", limit).with([&name]);
        runner.run(index_named(call)).await?;
        earlier.retain(|added| added.name != name);
        home::note(options, &earlier)?;
    }
    for collection in todo.add {
        let path = collection.path.to_string_lossy();
        let call = QmdCall::new("collection add", limit);
        let call = call.with([&path, "--name", &collection.name, "--mask", &collection.pattern]);
        match runner.run(index_named(call)).await {
            Ok(_) => {
                earlier.retain(|added| added.name != collection.name);
                earlier.push(Added::of(collection));
                home::note(options, &earlier)?;
            }
            Err(error @ QmdError::Failed { .. }) => {
                tracing::warn!(collection = %collection.name, %error, "qmd does not take a collection");
                skipped.push(Skipped::note(format!("qmd/{}", collection.name), error.to_string()));
            }
            Err(other) => return Err(other),
        }
    }
    // The folder of a workspace can vanish together with what was added of it.
    home::note(options, &earlier)?;
    Ok(skipped)
}

/// Names the index, which is the default's name. Without it, versions from 2.5 on use a `.qmd` folder that an agent may
/// have made in its workspace, in place of the folders given to them.
pub(super) fn index_named(call: QmdCall) -> QmdCall {
    call.with(["--index", "index"])
}

#[cfg(test)]
mod tests {
    use super::{Added, Collection, todo};
    use crate::backend::Source;

    fn collection(name: &str, path: &str) -> Collection {
        Collection { name: name.into(), path: path.into(), pattern: "**/*.md".into(), source: Source::Memory }
    }

    #[test]
    fn collections_are_brought_in_line() {
        let names = |found: &[&Collection]| found.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        let (a, b) = (collection("a", "/a"), collection("b", "/b"));
        let (moved, gone) = (collection("a", "/elsewhere"), collection("gone", "/gone"));
        let added = |all: &[&Collection]| all.iter().map(|c| Added::of(c)).collect::<Vec<_>>();
        let wanted = [a.clone(), b.clone()];
        type Row<'r> = (&'r [&'r str], Vec<Added>, &'r [&'r str], &'r [&'r str]);
        let rows: [Row<'_>; 7] = [
            (&[], added(&[]), &[], &["a", "b"]),
            (&["a", "b"], added(&[&a, &b]), &[], &[]),
            // The index is new, the note is old.
            (&[], added(&[&a, &b]), &[], &["a", "b"]),
            // Another path than it was added with, or nobody knows with which.
            (&["a", "b"], added(&[&moved, &b]), &["a"], &["a"]),
            (&["a", "b"], added(&[&b]), &["a"], &["a"]),
            // Not configured any more; somebody else's.
            (&["a", "b", "gone"], added(&[&a, &b, &gone]), &["gone"], &[]),
            (&["a", "b", "theirs"], added(&[&a, &b]), &[], &[]),
        ];
        for (listed, earlier, remove, add) in rows {
            let listed: Vec<String> = listed.iter().map(|&name| name.to_owned()).collect();
            let found = todo(&wanted, &listed, &earlier, |_| true);
            assert_eq!(
                (found.remove.as_slice(), names(&found.add)),
                (
                    remove.iter().map(|&name| name.to_owned()).collect::<Vec<_>>().as_slice(),
                    add.iter().map(|&name| name.to_owned()).collect(),
                ),
                "{listed:?} {earlier:?}"
            );
        }
        let found = todo(&wanted, &[], &[], |collection| collection.name == "b");
        assert_eq!((names(&found.add), found.skip[0].path.as_str()), (vec!["b".to_owned()], "qmd/a"));
    }
}
