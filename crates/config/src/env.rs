//! Environment variables as a value, so that nothing below `main` reads the process environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use crate::file::read_text;
use crate::key_path::KeyPath;
use crate::problem::{ConfigError, Place, Problem, ProblemKind};

/// A set of environment variables. It holds credentials: `Debug` shows how many variables there are, nothing else.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env {
    own: BTreeMap<String, String>,
    /// Variables of the login shell: they stand in where nobody else has set one.
    shell: BTreeMap<String, String>,
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Env({} variables)", self.iter().count())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(variables: [(&str, &str); N]) -> Self {
        variables.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let own = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { own, shell: BTreeMap::new() }
    }
}

impl Env {
    /// The variables of this process; those that are not Unicode are left out.
    #[must_use]
    pub fn process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        std::env::vars_os().filter_map(unicode).collect()
    }

    /// The value of a variable, empty or not.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let own = self.own.get(name).map(String::as_str);
        match own {
            Some(text) if !text.is_empty() => own,
            // An empty variable counts as none where another one could stand in.
            Some(_) | None => self.shell.get(name).map(String::as_str).or(own),
        }
    }

    /// The value without white space around it, if anything is left.
    #[must_use]
    pub fn non_blank(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Every variable, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let shell = self.shell.keys().filter(|name| !self.own.contains_key(*name));
        let names: BTreeSet<&String> = self.own.keys().chain(shell).collect();
        names.into_iter().filter_map(|name| Some((name.as_str(), self.get(name)?)))
    }

    /// Has the variables of the login shell stand in where nobody else sets one.
    pub(crate) fn with_shell(mut self, shell: Self) -> Self {
        self.shell = shell.own;
        self
    }

    /// Gives a variable this value, or none.
    pub(crate) fn put(&mut self, name: &str, value: Option<&str>) {
        self.shell.remove(name);
        match value {
            Some(value) => drop(self.own.insert(name.to_owned(), value.to_owned())),
            None => drop(self.own.remove(name)),
        }
    }

    /// Adds a variable unless it has a value already; an empty one counts as none.
    pub fn set_default(&mut self, name: &str, value: &str) {
        if self.own.get(name).is_none_or(String::is_empty) {
            self.own.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Adds the variables of `<state_dir>/.env`, never replacing one. A missing file adds nothing; lines that cannot
    /// be read are returned as warnings. No other `.env` is ever read: a file in the working directory or in a
    /// workspace must not be able to steer the gateway.
    ///
    /// # Errors
    /// When the file exists and cannot be read as text.
    pub fn add_dotenv(&mut self, state_dir: &Path) -> Result<Vec<Problem>, ConfigError> {
        let path = state_dir.join(".env");
        let Some(text) = read_text(&path)? else { return Ok(Vec::new()) };
        let mut warnings = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match dotenv_line(line) {
                Line::Variable(name, value) => {
                    self.own.entry(name.to_owned()).or_insert(value);
                }
                Line::Blank => {}
                Line::Bad => warnings.push(Problem {
                    file: path.display().to_string(),
                    place: Some(Place { line: index + 1, column: 1 }),
                    included_from: Vec::new(),
                    key: KeyPath::default(),
                    kind: ProblemKind::BadEnvLine,
                }),
            }
        }
        Ok(warnings)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Line<'l> {
    Variable(&'l str, String),
    Blank,
    Bad,
}

/// `NAME=value`, `export NAME="value"`, `NAME='value'`, `# comment`. Double quotes know `\n`, `\"` and `\\`; an
/// unquoted value ends at ` #`.
fn dotenv_line(line: &str) -> Line<'_> {
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() || line.starts_with('#') {
        return Line::Blank;
    }
    let Some((name, value)) = line.strip_prefix("export ").unwrap_or(line).split_once('=') else {
        return Line::Bad;
    };
    let name = name.trim();
    let is_name = |(at, byte): (usize, u8)| {
        byte == b'_' || byte.is_ascii_alphabetic() || at > 0 && byte.is_ascii_digit()
    };
    if name.is_empty() || !name.bytes().enumerate().all(is_name) {
        return Line::Bad;
    }
    dotenv_value(value.trim()).map_or(Line::Bad, |value| Line::Variable(name, value))
}

fn dotenv_value(value: &str) -> Option<String> {
    if let Some(quoted) = value.strip_prefix('\'') {
        return quoted.split_once('\'').map(|(text, _)| text.to_owned());
    }
    let Some(quoted) = value.strip_prefix('"') else {
        return Some(value.split_once(" #").map_or(value, |(text, _)| text).trim_end().to_owned());
    };
    let mut out = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some(out),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                escaped @ ('"' | '\\') => out.push(escaped),
                other => out.extend(['\\', other]),
            },
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Env, Line, dotenv_line};
    use openclaw_guard::write_atomic;

    #[test]
    fn reads_the_usual_lines() {
        let rows = [
            ("A=b", Some(("A", "b"))),
            (" export A_1 = b c # note", Some(("A_1", "b c"))),
            ("A=\"x \\\"y\\\" #z\\n\" # note", Some(("A", "x \"y\" #z\n"))),
            ("A='x\\n#' ", Some(("A", "x\\n#"))),
            ("A=", Some(("A", ""))),
            ("A=b=c#d", Some(("A", "b=c#d"))),
        ];
        for (line, expected) in rows {
            let expected = expected.map(|(name, value)| Line::Variable(name, value.to_owned()));
            assert_eq!(Some(dotenv_line(line)), expected, "{line}");
        }
        for bad in ["A", "=b", "1A=b", "A B=c", "A=\"x", "A='x"] {
            assert_eq!(dotenv_line(bad), Line::Bad, "{bad}");
        }
        assert_eq!(dotenv_line("# A=b"), Line::Blank);
    }

    #[test]
    fn the_file_fills_gaps_and_never_overrides() {
        let state = tempfile::tempdir().unwrap();
        let mut env = Env::from([("SET", "process"), ("BLANK", "")]);
        assert_eq!(env.add_dotenv(state.path()).unwrap(), []);
        write_atomic(&state.path().join(".env"), b"SET=file\nBLANK=file\nnonsense sekret\nNEW=file\n")
            .unwrap();
        let warnings = env.add_dotenv(state.path()).unwrap();
        let values: Vec<_> = ["SET", "BLANK", "NEW"].iter().map(|name| env.get(name).unwrap()).collect();
        assert_eq!(values, ["process", "", "file"]);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].to_string().ends_with(".env:3:1: is not NAME=value and is skipped"));
        assert_eq!(format!("{env:?}"), "Env(3 variables)");
    }
}
