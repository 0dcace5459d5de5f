//! Rules on the text of every file, whatever it is.

use std::path::{Path, PathBuf};

use super::repo::{File, Finding};

/// Folders that every machine has; naming them gives nobody away.
const COMMON: [&str; 17] = [
    "/",
    "/Applications",
    "/Users",
    "/bin",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/opt",
    "/private/tmp",
    "/run",
    "/srv",
    "/tmp",
    "/usr",
    "/var",
    "/var/tmp",
];

/// Paths that only make sense on the machine somebody works on: the home folder, and what the checkout lies in.
pub(super) fn machine_roots(repository: &Path, home: Option<&Path>) -> Vec<String> {
    let places =
        [Some(PathBuf::from("/root")), home.map(Path::to_owned), repository.parent().map(Path::to_owned)];
    let mut roots: Vec<String> = places
        .iter()
        .flatten()
        .filter_map(|path| path.to_str())
        .map(|path| path.trim_end_matches('/'))
        .filter(|path| !path.is_empty() && !COMMON.contains(path))
        .map(|path| format!("{path}/"))
        .collect();
    roots.sort();
    roots.dedup();
    roots
}

/// Where a file names such a path.
pub(super) fn machine_paths(file: &File, roots: &[String]) -> Vec<Finding> {
    let found = roots.iter().flat_map(|root| file.text.match_indices(root.as_str()));
    // In `notes/work/today.md` and `~/work/` it is part of another path.
    let absolute = found.filter(|(at, _)| {
        let before = file.text[..*at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && !"_.~-$}*".contains(before)
    });
    absolute.map(|(at, root)| file.finding(at, format!("names {root}"))).collect()
}

/// Hosts that packages are fetched from: the lock file says which one, and a mirror must stay possible.
/// In two parts, so that this file does not name them.
const REGISTRIES: [[&str; 2]; 6] = [
    ["crates", ".io"],
    ["npmjs", ".org"],
    ["npmjs", ".com"],
    ["pypi", ".org"],
    ["pythonhosted", ".org"],
    ["proxy.golang", ".org"],
];

/// Where a file names such a host. Lock files name the registry by its well-known index; the product's has a rule of its
/// own.
pub(super) fn registry_hosts(file: &File) -> Vec<Finding> {
    if file.path.rsplit('/').next() == Some("Cargo.lock") {
        return Vec::new();
    }
    let hosts = REGISTRIES.iter().map(|parts| parts.concat());
    let found = hosts.flat_map(|host| file.text.match_indices(&host).map(|(at, _)| at).collect::<Vec<_>>());
    found.map(|at| file.finding(at, "names a package registry")).collect()
}

/// What a merge leaves behind when nobody looked.
pub(super) fn conflict_markers(file: &File) -> Vec<Finding> {
    let markers = ["<", ">", "|"].map(|sign| format!("{} ", sign.repeat(7)));
    let mut offset = 0;
    let mut findings = Vec::new();
    for line in file.text.split_inclusive('\n') {
        if markers.iter().any(|marker| line.starts_with(marker.as_str())) {
            findings.push(file.finding(offset, "marker of a merge conflict"));
        }
        offset += line.len();
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{REGISTRIES, conflict_markers, machine_paths, machine_roots, registry_hosts};
    use crate::rules::repo::File;
    use std::path::Path;

    fn file(text: &str) -> File {
        File { path: "a.md".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn roots_are_those_of_this_machine() {
        let roots =
            |repository: &str, home: &str| machine_roots(Path::new(repository), Some(Path::new(home)));
        assert_eq!(
            roots("/home/eve/src/openclaw", "/home/eve"),
            ["/home/eve/", "/home/eve/src/", &root_home()]
        );
        assert_eq!(roots("/build/openclaw", "/"), ["/build/", &root_home()]);
        assert_eq!(roots("/srv/openclaw", "/root"), [root_home()]);
        assert_eq!(machine_roots(Path::new("/opt/openclaw"), None), [root_home()]);
    }

    fn root_home() -> String {
        ["/root", "/"].concat()
    }

    #[test]
    fn machine_paths_are_found() {
        let roots = ["/build/".to_owned()];
        let table = [
            ("see /build/openclaw", 1),
            ("\"/build/a\" (/build/b)\n/build/c", 3),
            ("file:///build/a", 1),
            ("~/build/a ./build/a x/build/a $HOME/build/a ${X}/build/a /builds/", 0),
        ];
        for (text, expected) in table {
            assert_eq!(machine_paths(&file(text), &roots).len(), expected, "{text}");
        }
        assert_eq!(machine_paths(&file("\n/build/x"), &roots)[0].to_string(), "a.md:2 names /build/");
    }

    #[test]
    fn registries_are_found_outside_the_lock_file() {
        for parts in REGISTRIES {
            let text = format!("one\nhttps://registry.{}/a", parts.concat());
            assert_eq!(registry_hosts(&file(&text))[0].to_string(), "a.md:2 names a package registry");
            let lock = File { path: "Cargo.lock".to_owned(), text };
            assert!(registry_hosts(&lock).is_empty());
        }
        assert!(registry_hosts(&file("crates of io")).is_empty());
    }

    #[test]
    fn markers_are_found_at_the_start_of_a_line() {
        for sign in ["<", ">", "|"] {
            let marker = sign.repeat(7);
            let found = conflict_markers(&file(&format!("one\n{marker} HEAD\n")));
            assert_eq!(found[0].to_string(), "a.md:2 marker of a merge conflict");
            assert!(conflict_markers(&file(&format!(" {marker} HEAD\n{marker}\n{sign} x\n"))).is_empty());
        }
    }
}
