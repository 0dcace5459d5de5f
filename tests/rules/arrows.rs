//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::repo::Finding;

/// The rooms from the ground up. A room may depend on rooms of lower floors only; there are no exceptions.
const FLOORS: [&[&str]; 11] = [
    &["openclaw-guard", "openclaw-http", "openclaw-encoder"],
    &["openclaw-protocol", "openclaw-config"],
    &["openclaw-store", "openclaw-credentials"],
    &["openclaw-models", "openclaw-embed"],
    &["openclaw-memory"],
    &["openclaw-tools"],
    &["openclaw-agent"],
    &["openclaw-channels"],
    &["openclaw-gateway"],
    &["openclaw"],
    // Look at the house from above: measure it and break it, and are no part of the program.
    &[BENCH, TORTURE],
];
const BENCH: &str = "openclaw-bench";
const TORTURE: &str = "openclaw-torture";
/// For tests and benches only.
const TESTKIT: &str = "openclaw-testkit";
const CHORES: &str = "xtask";
/// What stands beside the house depends on no room, so that it cannot share the mistakes of one.
const BESIDE: [&str; 2] = [TESTKIT, CHORES];

/// Engines, and the rooms that wrap them so that nobody else knows them. Tests may look closer.
const ENGINES: [(&str, &[&str]); 9] = [
    ("reqwest", &["openclaw-http", "openclaw-models", "openclaw-embed"]),
    ("rusqlite", &["openclaw-memory", "openclaw-store", TORTURE]),
    ("axum", &["openclaw-gateway", TESTKIT]),
    ("hyper", &["openclaw-gateway", TESTKIT]),
    ("hyper-util", &["openclaw-gateway", TESTKIT]),
    ("jsonc-parser", &["openclaw-config"]),
    // Programs have arguments, rooms have options.
    ("clap", &["openclaw", BENCH, TORTURE]),
    ("tracing-subscriber", &["openclaw-gateway"]),
    // Libraries have error types that callers can tell apart.
    ("anyhow", &["openclaw", BENCH, TORTURE, CHORES]),
];

/// Rustls with ring is the only cryptography; these need a C toolchain, a system library, or a second copy of it all.
const BANNED: [&str; 6] =
    ["aws-lc-fips-sys", "aws-lc-rs", "aws-lc-sys", "native-tls", "openssl", "openssl-sys"];
/// Two copies would be two databases with locks of their own, or do not link at all.
const SINGLE: [&str; 2] = ["libsqlite3-sys", "ring"];
/// Every package is something to trust, to compile and to update.
const MAX_LOCKED: usize = 300;
/// Where all packages come from.
const SOURCE: &str = "registry+https://github.com/rust-lang/";

/// A package of the workspace.
pub(super) struct Package {
    name: String,
    needs: Vec<Need>,
}

/// One line of a `[dependencies]` table.
struct Need {
    name: String,
    /// Whether it is a package of this workspace.
    is_ours: bool,
    /// Whether only tests, examples and benches see it.
    is_dev: bool,
}

/// Reads `cargo metadata --no-deps`.
pub(super) fn packages(metadata: &Value) -> Vec<Package> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let need = |value: &Value| Need {
        name: text(&value["name"]),
        is_ours: value["path"].is_string(),
        is_dev: value["kind"] == "dev",
    };
    let package = |value: &Value| Package {
        name: text(&value["name"]),
        needs: list(&value["dependencies"]).iter().map(need).collect(),
    };
    list(&metadata["packages"]).iter().map(package).collect()
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&name))
}

/// Arrows between our own packages that do not point down.
pub(super) fn upward(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        if floor(&package.name).is_none() && !BESIDE.contains(&package.name.as_str()) {
            findings.push(Finding::about(&package.name, "has no floor; give it one in FLOORS"));
        }
        for need in package.needs.iter().filter(|need| need.is_ours) {
            if let Some(wrong) = wrong_arrow(package, need) {
                findings.push(Finding::about(format!("{} -> {}", package.name, need.name), wrong));
            }
        }
    }
    findings
}

/// What is wrong with an arrow to another package of ours.
fn wrong_arrow(package: &Package, need: &Need) -> Option<&'static str> {
    let Some(here) = floor(&package.name) else { return Some("what has no floor depends on no room") };
    if need.name == TESTKIT {
        let is_product = ![BENCH, TORTURE].contains(&package.name.as_str()) && !need.is_dev;
        return is_product.then_some("the testkit is for tests: move it to [dev-dependencies]");
    }
    let is_below = floor(&need.name).is_some_and(|there| there < here);
    (!is_below).then_some("does not point down")
}

/// Uses of an engine outside the rooms that wrap it.
pub(super) fn strayed(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        for need in package.needs.iter().filter(|need| !need.is_dev) {
            let owners = ENGINES.iter().find(|(engine, _)| *engine == need.name).map(|(_, owners)| *owners);
            if owners.is_some_and(|owners| !owners.contains(&package.name.as_str())) {
                let what = format!("only {} may use it", owners.unwrap_or_default().join(", "));
                findings.push(Finding::about(format!("{} -> {}", package.name, need.name), what));
            }
        }
    }
    findings
}

/// What `Cargo.lock` says.
pub(super) struct Lock {
    /// Versions by name.
    versions: BTreeMap<String, BTreeSet<String>>,
    /// Sources that packages come from.
    sources: BTreeSet<String>,
    locked: usize,
}

impl Lock {
    /// Reads the lines that cargo writes; it is not a parser of TOML.
    pub(super) fn parse(text: &str) -> Self {
        let mut lock = Self { versions: BTreeMap::new(), sources: BTreeSet::new(), locked: 0 };
        let mut name = String::new();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(" = ") else { continue };
            let value = value.trim_matches('"').to_owned();
            match key {
                "name" => {
                    lock.locked += 1;
                    name = value;
                }
                "version" if !name.is_empty() => {
                    lock.versions.entry(name.clone()).or_default().insert(value);
                }
                "source" => {
                    lock.sources.insert(value);
                }
                _ => {}
            }
        }
        lock
    }

    /// What is wrong with it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut add = |place: &str, what: String| findings.push(Finding::about(place, what));
        if self.locked == 0 || self.locked >= MAX_LOCKED {
            add("Cargo.lock", format!("{} packages; it must stay below {MAX_LOCKED}", self.locked));
        }
        for name in BANNED.into_iter().filter(|name| self.versions.contains_key(*name)) {
            add(name, "is banned; `cargo tree --invert` shows who wants it".to_owned());
        }
        for name in SINGLE {
            let versions = self.versions.get(name).map_or(0, BTreeSet::len);
            if versions != 1 {
                add(name, format!("{versions} versions; there must be one"));
            }
        }
        for source in self.sources.iter().filter(|source| !source.starts_with(SOURCE)) {
            add(source, "packages come from the public registry only".to_owned());
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::{Lock, MAX_LOCKED, SOURCE, packages, strayed, upward};
    use serde_json::json;
    use std::fmt::Write as _;

    /// Findings on one package with one dependency: its name, its kind, and whether it is ours.
    fn check(package: &str, need: &str, kind: Option<&str>) -> (usize, usize) {
        let path = (need.starts_with("openclaw") || need == "xtask").then_some("crates/x");
        let need = json!({"name": need, "kind": kind, "path": path});
        let packages = packages(&json!({"packages": [{"name": package, "dependencies": [need]}]}));
        assert_eq!(packages.len(), 1);
        (upward(&packages).len(), strayed(&packages).len())
    }

    #[test]
    fn arrows_point_down() {
        let table = [
            ("openclaw", "openclaw-guard", None, 0),
            ("openclaw-tools", "openclaw-memory", None, 0),
            ("openclaw-memory", "openclaw-tools", None, 1),
            ("openclaw-models", "openclaw-memory", None, 1), // the same floor
            ("openclaw-protocol", "openclaw-config", None, 1),
            ("openclaw-guard", "openclaw-guard", Some("dev"), 1),
            ("openclaw-agent", "openclaw-gateway", Some("dev"), 1), // tests follow the rule too
            ("openclaw-agent", "openclaw-gateway", Some("build"), 1),
            ("openclaw-agent", "openclaw-testkit", Some("dev"), 0),
            ("openclaw-agent", "openclaw-testkit", None, 1),
            ("openclaw-testkit", "openclaw-protocol", None, 1),
            ("xtask", "openclaw-guard", None, 1),
            ("openclaw-gateway", "xtask", Some("dev"), 1),
            ("openclaw-bench", "openclaw-testkit", None, 0),
            ("openclaw-torture", "openclaw-testkit", None, 0),
            ("openclaw-bench", "openclaw-gateway", None, 0),
            ("openclaw", "openclaw-bench", Some("dev"), 1),
            ("openclaw-new", "serde", None, 1), // no floor
            ("openclaw-new", "openclaw-guard", None, 2),
            ("openclaw-config", "serde", None, 0),
        ];
        for (package, need, kind, expected) in table {
            assert_eq!(check(package, need, kind).0, expected, "{package} -> {need} {kind:?}");
        }
    }

    #[test]
    fn engines_have_owners() {
        let table = [
            ("openclaw-models", "reqwest", None, 0),
            ("openclaw-tools", "reqwest", None, 1),
            ("openclaw-gateway", "reqwest", Some("build"), 1),
            ("openclaw", "rusqlite", Some("dev"), 0),
            ("openclaw", "rusqlite", None, 1),
            ("openclaw-testkit", "axum", None, 0),
            ("openclaw-models", "hyper", None, 1),
            ("openclaw-store", "anyhow", None, 1),
            ("openclaw-store", "ring", None, 0),
        ];
        for (package, need, kind, expected) in table {
            assert_eq!(check(package, need, kind).1, expected, "{package} -> {need} {kind:?}");
        }
    }

    fn lock(packages: &[(&str, &str)]) -> Vec<String> {
        let mut text = "version = 4\n".to_owned();
        for (name, version) in packages {
            let source = format!("{SOURCE}index");
            write!(
                text,
                "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n"
            )
            .unwrap();
        }
        Lock::parse(&text).findings().iter().map(ToString::to_string).collect()
    }

    const NEEDED: [(&str, &str); 2] = [("libsqlite3-sys", "0.30.0"), ("ring", "0.17.0")];

    #[test]
    fn the_lock_file_is_judged() {
        assert_eq!(lock(&NEEDED), Vec::<String>::new());
        assert_eq!(lock(&[]).len(), 3, "an empty one is not read as a clean one");
        let banned = lock(&[NEEDED.as_slice(), &[("openssl-sys", "0.9.0")]].concat());
        assert!(banned[0].starts_with("openssl-sys is banned"), "{banned:?}");
        let twice = lock(&[NEEDED.as_slice(), &[("libsqlite3-sys", "0.31.0")]].concat());
        assert_eq!(twice, ["libsqlite3-sys 2 versions; there must be one"]);
    }

    #[test]
    fn the_lock_file_has_a_limit() {
        let names: Vec<String> = (NEEDED.len()..MAX_LOCKED).map(|n| format!("p{n}")).collect();
        let many: Vec<(&str, &str)> =
            names.iter().map(|name| (name.as_str(), "1.0.0")).chain(NEEDED).collect();
        assert_eq!(lock(&many[1..]), Vec::<String>::new());
        assert_eq!(lock(&many), ["Cargo.lock 300 packages; it must stay below 300"]);
    }

    #[test]
    fn other_sources_are_refused() {
        let text = "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nsource = \"git+https://example.org/x\"\n";
        let findings: Vec<String> = Lock::parse(text).findings().iter().map(ToString::to_string).collect();
        assert!(
            findings.iter().any(|line| line.starts_with("git+https://example.org/x packages come")),
            "{findings:?}"
        );
    }
}
