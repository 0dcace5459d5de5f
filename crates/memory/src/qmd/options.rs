//! What `memory.qmd.*` means: names, places and times, with OpenClaw's defaults.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::{Qmd, QmdUpdate};
use openclaw_guard::{PathComponent, Redactor, Root};

use super::process::{QmdProgram, cache_home};
use crate::backend::{MAX_RESULTS, Source};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_PATTERN: &str = "**/*.md";

/// What is not in the configuration.
pub struct QmdPlaces {
    /// Whose memory.
    pub agent_id: PathComponent,
    /// The agent's workspace.
    pub workspace: Arc<Root>,
    /// The state directory.
    pub state_dir: PathBuf,
    /// The home directory of the user, for `~` and for the models that `qmd` shares.
    pub user_home: Option<PathBuf>,
    /// Hides secrets in exported conversations and in what `qmd` prints.
    pub redactor: Arc<Redactor>,
}

/// Everything that [`QmdBackend`](super::QmdBackend) needs to know.
pub struct QmdOptions {
    /// Whose memory.
    pub agent_id: PathComponent,
    /// The agent's workspace.
    pub workspace: Arc<Root>,
    /// The program's path, or a name that is looked up in the system's folders.
    pub command: String,
    /// `agents/<id>/qmd`: settings, index and exported conversations.
    pub home: PathBuf,
    /// The folder of models that all agents share; it is linked to when it is there.
    pub models: Option<PathBuf>,
    /// What is indexed, exported conversations too.
    pub collections: Vec<Collection>,
    /// How conversations are exported, if they are.
    pub sessions: Option<SessionExport>,
    /// When the index is brought up to date.
    pub updates: QmdUpdates,
    /// Limits of a search.
    pub limits: QmdLimits,
    /// Hides secrets in exported conversations and in what `qmd` prints.
    pub redactor: Arc<Redactor>,
}

/// A folder that is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Small letters, digits and dashes.
    pub name: String,
    /// Absolute.
    pub path: PathBuf,
    /// Which files, as a glob.
    pub pattern: String,
    /// As in [`Hit::source`](crate::Hit::source).
    pub source: Source,
}

/// How conversations are exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionExport {
    /// Where the transcripts are.
    pub transcripts: PathBuf,
    /// Where their text goes.
    pub directory: PathBuf,
    /// Older ones are left out.
    pub retention: Option<Duration>,
}

/// When the index is brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QmdUpdates {
    /// How often; zero for never.
    pub interval: Duration,
    /// Between two updates at least.
    pub debounce: Duration,
    /// Whether a change of a note brings one.
    pub on_change: bool,
    /// Whether it is done at the start.
    pub on_boot: bool,
    /// Whether the start waits for it.
    pub wait_for_boot: bool,
    /// How often vectors are made; zero for the first update only.
    pub embed_interval: Duration,
    /// For a command about collections.
    pub command_limit: Duration,
    /// For an update.
    pub update_limit: Duration,
    /// For making vectors.
    pub embed_limit: Duration,
}

/// Limits of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QmdLimits {
    /// Most results.
    pub max_results: usize,
    /// Most characters of a result.
    pub max_snippet_chars: usize,
    /// Most characters of all results.
    pub max_injected_chars: usize,
    /// For a query.
    pub query_limit: Duration,
}

impl QmdOptions {
    /// Reads the configuration. A path that makes no sense is left out, as OpenClaw does.
    #[must_use]
    pub fn resolve(config: &Qmd, places: QmdPlaces) -> Self {
        let agent = places.state_dir.join("agents").join(places.agent_id.as_str());
        let home = agent.join("qmd");
        let near = Near { workspace: places.workspace.path(), user_home: places.user_home.as_deref() };
        let mut names = Names::default();
        let mut collections = default_collections(config, near.workspace, &mut names);
        collections.extend(custom_collections(config, &near, &mut names));
        let sessions = config.sessions.enabled.then(|| SessionExport {
            transcripts: agent.join("sessions"),
            directory: config
                .sessions
                .export_dir
                .as_deref()
                .and_then(|directory| near.resolve(directory))
                // Agents that are told the same folder must not find each other's conversations.
                .map_or_else(|| home.join("sessions"), |directory| directory.join(places.agent_id.as_str())),
            retention: config.sessions.retention_days.filter(|&days| days > 0).map(days),
        });
        collections.extend(sessions.as_ref().map(|sessions| Collection {
            name: names.unique("sessions"),
            path: sessions.directory.clone(),
            pattern: DEFAULT_PATTERN.into(),
            source: Source::Sessions,
        }));
        let models = places.user_home.as_ref().map(|home| home.join(".cache/qmd/models"));
        Self {
            command: command(config.command.as_deref(), &near),
            updates: updates(&config.update),
            limits: limits(config),
            agent_id: places.agent_id,
            redactor: places.redactor,
            home,
            models,
            collections,
            sessions,
            workspace: places.workspace,
        }
    }

    /// The index that `qmd` keeps.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        cache_home(&self.home).join("qmd/index.sqlite")
    }

    /// The program itself.
    #[must_use]
    pub fn program(&self) -> QmdProgram {
        QmdProgram {
            command: self.command.clone(),
            directory: self.workspace.path().to_owned(),
            home: self.home.clone(),
            redactor: Arc::clone(&self.redactor),
        }
    }
}

/// What paths are relative to.
struct Near<'a> {
    workspace: &'a Path,
    user_home: Option<&'a Path>,
}

impl Near<'_> {
    fn resolve(&self, path: &str) -> Option<PathBuf> {
        let path = path.trim();
        let path = match path.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                self.user_home?.join(rest.trim_start_matches('/'))
            }
            Some(_) | None if path.is_empty() => return None,
            Some(_) | None => self.workspace.join(path),
        };
        Some(normal(&path))
    }
}

/// Resolves `.` and `..` by text alone, as the configuration means them.
fn normal(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => clean.push(component),
        }
    }
    clean
}

/// The first word of a command line; quotes keep blanks together, as in `'/My Programs/qmd'`.
fn command(line: Option<&str>, near: &Near<'_>) -> String {
    let line = line.map(str::trim).unwrap_or_default();
    let word = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => line[1..].split(quote).next(),
        Some(_) | None => line.split_whitespace().next(),
    };
    match word.filter(|word| !word.is_empty()) {
        None => "qmd".into(),
        // A name is looked up; a path is relative to the workspace, like all others.
        Some(name) if !name.contains('/') => name.into(),
        Some(path) => {
            near.resolve(path).map_or_else(|| path.into(), |path| path.to_string_lossy().into_owned())
        }
    }
}

/// Names that are taken.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn unique(&mut self, wish: &str) -> String {
        let lower = wish.to_lowercase();
        let parts = lower.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit());
        let base = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        let base = if base.is_empty() { "collection".to_owned() } else { base };
        let numbered = (2..=usize::MAX).map(|number| format!("{base}-{number}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        let name = names.find(|name| !self.0.contains(name)).unwrap_or(base);
        self.0.insert(name.clone());
        name
    }
}

fn default_collections(config: &Qmd, workspace: &Path, names: &mut Names) -> Vec<Collection> {
    if !config.include_default_memory {
        return Vec::new();
    }
    let rows = [
        ("memory-root", workspace.to_owned(), "MEMORY.md"),
        ("memory-alt", workspace.to_owned(), "memory.md"),
        ("memory-dir", workspace.join("memory"), DEFAULT_PATTERN),
    ];
    let collection = |(name, path, pattern): (&str, PathBuf, &str)| Collection {
        name: names.unique(name),
        path: normal(&path),
        pattern: pattern.into(),
        source: Source::Memory,
    };
    rows.into_iter().map(collection).collect()
}

fn custom_collections(config: &Qmd, near: &Near<'_>, names: &mut Names) -> Vec<Collection> {
    let mut collections = Vec::new();
    for (index, entry) in config.paths.iter().enumerate() {
        let Some(path) = near.resolve(&entry.path) else { continue };
        let said = |text: &Option<String>| {
            text.as_deref().map(str::trim).map(str::to_owned).filter(|t| !t.is_empty())
        };
        let wish = said(&entry.name).unwrap_or_else(|| format!("custom-{}", index + 1));
        let pattern = said(&entry.pattern).unwrap_or_else(|| DEFAULT_PATTERN.into());
        collections.push(Collection { name: names.unique(&wish), path, pattern, source: Source::Memory });
    }
    collections
}

fn updates(config: &QmdUpdate) -> QmdUpdates {
    let limit = |ms: Option<u64>, default| Duration::from_millis(ms.filter(|&ms| ms > 0).unwrap_or(default));
    let interval = |text: &Option<String>, minutes: u64| {
        let said = text.as_deref().and_then(duration);
        said.unwrap_or_else(|| Duration::from_secs(minutes * 60))
    };
    QmdUpdates {
        interval: interval(&config.interval, 5),
        debounce: Duration::from_millis(config.debounce_ms.unwrap_or(15_000)),
        on_change: true,
        on_boot: config.on_boot.unwrap_or(true),
        wait_for_boot: config.wait_for_boot_sync.unwrap_or(false),
        embed_interval: interval(&config.embed_interval, 60),
        command_limit: limit(config.command_timeout_ms, 30_000),
        update_limit: limit(config.update_timeout_ms, 120_000),
        embed_limit: limit(config.embed_timeout_ms, 120_000),
    }
}

fn limits(config: &Qmd) -> QmdLimits {
    let limit = |said: Option<u64>, default| {
        let said = said.filter(|&said| said > 0).and_then(|said| usize::try_from(said).ok());
        said.unwrap_or(default)
    };
    let limits = &config.limits;
    let query_ms = limits.timeout_ms.filter(|&ms| ms > 0).unwrap_or(4_000);
    QmdLimits {
        max_results: limit(limits.max_results, 6).min(MAX_RESULTS),
        max_snippet_chars: limit(limits.max_snippet_chars, 700),
        max_injected_chars: limit(limits.max_injected_chars, 4_000),
        query_limit: Duration::from_millis(query_ms),
    }
}

fn days(count: u64) -> Duration {
    DAY.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}

/// `90s`, `5m`, `1.5h`, `2d`, `500ms`; a bare number is minutes. Nothing for what is no duration.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim().to_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "" | "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
    let number: f64 = if is_number { number.parse().ok()? } else { return None };
    Duration::try_from_secs_f64(number * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::{Collection, Near, QmdOptions, QmdPlaces, command, duration};
    use openclaw_config::{Qmd, QmdPath, QmdSessions};
    use openclaw_guard::{Hiding, PathComponent, Redactor, Root};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    fn resolve(config: &Qmd, workspace: &Path) -> QmdOptions {
        let places = QmdPlaces {
            agent_id: PathComponent::parse("main").unwrap(),
            workspace: Arc::new(Root::open(workspace).unwrap()),
            state_dir: "/state".into(),
            user_home: Some("/home/me".into()),
            redactor: Arc::new(Redactor::new(&[], Hiding::Shapes { patterns: Vec::new() })),
        };
        QmdOptions::resolve(config, places)
    }

    fn rows(collections: &[Collection], workspace: &Path) -> Vec<(String, String, String)> {
        let shown = |path: &Path| path.to_string_lossy().replace(&*workspace.to_string_lossy(), "WS");
        let row = |c: &Collection| (c.name.clone(), shown(&c.path), c.pattern.clone());
        collections.iter().map(row).collect()
    }

    #[test]
    fn defaults_are_those_of_openclaw() {
        let dir = tempfile::tempdir().unwrap();
        let options = resolve(&Qmd::default(), dir.path());
        let row = |name: &str, path: &str, pattern: &str| (name.into(), path.into(), pattern.into());
        let expected: [(String, String, String); 3] = [
            row("memory-root", "WS", "MEMORY.md"),
            row("memory-alt", "WS", "memory.md"),
            row("memory-dir", "WS/memory", "**/*.md"),
        ];
        assert_eq!(rows(&options.collections, dir.path()), expected);
        assert_eq!((options.command.as_str(), options.sessions), ("qmd", None));
        assert_eq!(options.home, Path::new("/state/agents/main/qmd"));
        let (updates, limits) = (options.updates, options.limits);
        let seconds = [updates.interval, updates.debounce, updates.embed_interval, updates.command_limit];
        assert_eq!(seconds.map(|duration| duration.as_secs()), [300, 15, 3_600, 30]);
        assert_eq!((updates.on_boot, updates.wait_for_boot), (true, false));
        assert_eq!(
            (limits.max_results, limits.max_snippet_chars, limits.max_injected_chars),
            (6, 700, 4_000)
        );
        assert_eq!((limits.query_limit, updates.embed_limit.as_secs()), (Duration::from_secs(4), 120));
    }

    #[test]
    fn paths_and_names_are_resolved() {
        let dir = tempfile::tempdir().unwrap();
        let path = |path: &str, name: Option<&str>| QmdPath {
            path: path.into(),
            name: name.map(str::to_owned),
            pattern: None,
        };
        let paths = vec![
            path("~/notes", Some("My Notes!")),
            path("docs/../wiki", Some("my-notes")),
            path("  ", None),
            path("/srv/x", None),
            path("~", Some("Sessions")),
        ];
        let sessions = QmdSessions { enabled: true, export_dir: None, retention_days: Some(30) };
        let config = Qmd { include_default_memory: false, paths, sessions, ..Qmd::default() };
        let options = resolve(&config, dir.path());
        let found = rows(&options.collections, dir.path());
        let found: Vec<(&str, &str)> = found.iter().map(|row| (row.0.as_str(), row.1.as_str())).collect();
        let expected = [
            ("my-notes", "/home/me/notes"),
            ("my-notes-2", "WS/wiki"),
            ("custom-4", "/srv/x"),
            ("sessions", "/home/me"),
            ("sessions-2", "/state/agents/main/qmd/sessions"),
        ];
        assert_eq!(found, expected);
        let sessions = options.sessions.unwrap();
        assert_eq!(sessions.transcripts, Path::new("/state/agents/main/sessions"));
        assert_eq!(sessions.retention, Some(Duration::from_secs(30 * 86_400)));
    }

    #[test]
    fn commands_are_one_word() {
        let near = Near { workspace: Path::new("/ws"), user_home: Some(Path::new("/home/me")) };
        let rows = [
            (None, "qmd"),
            (Some("  "), "qmd"),
            (Some("qmd2 --flag"), "qmd2"),
            (Some("~/.bun/bin/qmd"), "/home/me/.bun/bin/qmd"),
            (Some("'/My Programs/qmd' x"), "/My Programs/qmd"),
            (Some("./bin/qmd"), "/ws/bin/qmd"),
        ];
        for (line, expected) in rows {
            assert_eq!(command(line, &near), expected, "{line:?}");
        }
    }

    #[test]
    fn durations_have_units() {
        let rows = [
            ("5m", Some(300_000)),
            ("5", Some(300_000)),
            (" 1.5H ", Some(5_400_000)),
            ("500ms", Some(500)),
            ("0", Some(0)),
            ("2d", Some(172_800_000)),
            ("", None),
            ("m", None),
            ("-5m", None),
            (".5m", None),
            ("5.m", None),
            ("5 m", None),
            ("1e9d", None),
            ("9999999999999999999999d", None),
        ];
        for (text, expected) in rows {
            assert_eq!(duration(text).map(|found| found.as_millis()), expected, "{text:?}");
        }
    }
}
