//! The chapter of the book about `openclaw.json`, written from the descriptor tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::check::range;
use crate::keys::spec;
use crate::migrate::retired_names;
use crate::schema::visit_sections;
use crate::spec::{Form, Key, Kind, Limits, Reload, SectionSpec, paragraph};

const HEAD: &str = "\
# Configuration

<!-- Written from the declarations in crates/config by its test; run it with OPENCLAW_BLESS=1 after a change. -->

The file is `~/.openclaw/openclaw.json`, or what `OPENCLAW_CONFIG_PATH` names. It is JSON5: comments, trailing commas,
single quotes and unquoted keys are fine. Without a file everything has its default. A key that is not listed here is
an error, as is a value that does not fit; all errors are shown at once, each with its line.

`${NAME}` in a string stands for an environment variable, `$${NAME}` for the text itself. Variables come from the
process, from `.env` in the state directory, from `env` in this file, and, with `env.shellEnv.enabled` or
`OPENCLAW_LOAD_SHELL_ENV=1`, from the login shell; an earlier one wins. A `.env` in the working directory is not read:
a folder that somebody else filled must not steer the gateway.

`{ $include: './more.json5' }` in place of an object or a list stands for the content of that file; `$include` may also
name several files, which are merged in their order: objects key by key, lists joined, everything else replaced. Keys
beside `$include` are merged last. A name is relative to the file it stands in and must stay within the directory of
`openclaw.json`, symbolic links resolved; files may include others, ten deep, and are 4 MiB at most all together.
`${NAME}` works in them, and a problem in one is told with its place there and the chain of files that led to it.

`openclaw config set KEY VALUE` and `openclaw config unset KEY` change one value and not a byte around it, and so do
the page, `/config` in a chat (with `commands.config`) and the doctor: comments, order, quoting, `${NAME}` and
`$include` stay, and a value that stands in an included file is changed there. What would not be a valid configuration
is not written. Each write is old or new at every moment, and the ten texts before it are kept: `openclaw.json.bak`,
`.bak.1` and so on. A change that leaves nothing of `gateway`, `auth` or `channels`, or less than half of everything,
waits in `openclaw.json.staged` until `openclaw config confirm`. `openclaw config validate` checks the file, and
`openclaw completion bash` (or `zsh`, `fish`) lets Tab complete keys and values.

A **secret** is never shown: output has `__OPENCLAW_REDACTED__` in its place. The last column says what a change asks
of a running gateway: **live** nothing, **hot** a restart of one part, **restart** a restart of the gateway inside its process.

**Not yet** stands at keys that are read and checked, and that this build does not follow yet; `openclaw status` and
`openclaw doctor` name those that are configured.
";

/// The whole chapter as Markdown.
#[must_use]
pub fn configuration_book() -> String {
    let mut book = Book { out: HEAD.to_owned(), seen: BTreeMap::new(), groups: BTreeMap::new() };
    for key in spec().all_keys() {
        let state = State { class: Reload::Restart, is_planned: false }.of(key);
        book.line(format_args!("\n## `{}`\n\n{}{}\n", key.name, key.help(), not_yet(key, state)));
        let mut has_keys = false;
        visit_sections(&key.kind, key.name, &mut |section, path| {
            has_keys = true;
            book.line(format_args!("{TABLE_HEAD}"));
            book.section(section, path, state);
        });
        if !has_keys {
            book.line(format_args!("{TABLE_HEAD}"));
            book.row(key, key.name, state);
        }
    }
    book.out
}

const TABLE_HEAD: &str = "| key | value | default | meaning | change |\n|---|---|---|---|---|";

/// What holds for a key and, unless they say otherwise, for those below it.
#[derive(Clone, Copy)]
struct State {
    class: Reload,
    is_planned: bool,
}

impl State {
    fn of(self, key: &Key) -> Self {
        let class = key.reload.unwrap_or(self.class);
        Self { class, is_planned: self.is_planned || key.planned.is_some_and(|_| key.met_by.is_empty()) }
    }
}

/// That nothing runs by a key yet, with the reason where the key itself says so.
fn not_yet(key: &Key, state: State) -> String {
    let reason = key.planned.map(|why| format!(": {why}"));
    match (reason, key.met_by) {
        (Some(reason), []) => format!(" **Not yet**{reason}."),
        (Some(reason), values) => {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            format!(" **Not yet**, but for {}{reason}.", values.join(", "))
        }
        (None, _) if state.is_planned => " **Not yet.**".to_owned(),
        (None, _) => String::new(),
    }
}

struct Book {
    out: String,
    /// Where a section was written out first.
    seen: BTreeMap<&'static str, String>,
    /// Where a section was written out first as a part of another object.
    groups: BTreeMap<&'static str, String>,
}

impl Book {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        writeln!(self.out, "{text}").ok();
    }

    fn row(&mut self, key: &Key, path: &str, state: State) {
        let default = key.default.map_or_else(String::new, |default| format!("`{}`", default()));
        let needed = if key.required { "required; " } else { "" };
        let value = describe(&key.kind, key.limits);
        let (help, class) = (key.help().replace('|', "\\|"), state.class.as_str());
        let after = not_yet(key, state) + &earlier_names(path);
        self.line(format_args!("| `{path}` | {needed}{value} | {default} | {help}{after} | {class} |"));
    }

    /// The rows of an object.
    fn section(&mut self, section: &'static SectionSpec, path: &str, state: State) {
        self.seen.insert(section.name, path.to_owned());
        self.keys(section, path, state);
        if let Some(rest) = section.rest {
            let (value, help) = (describe(rest.kind, Limits::default()), paragraph(rest.doc));
            self.line(format_args!("| `{path}.<name>` | {value} |  | {help} | {} |", state.class.as_str()));
        }
    }

    /// The rows of an object's own keys, and of its groups unless they were written out for another object.
    fn keys(&mut self, section: &'static SectionSpec, path: &str, state: State) {
        let is_new = |group: &&SectionSpec| !self.groups.contains_key(group.name);
        let new: Vec<&'static SectionSpec> = section.groups.iter().copied().filter(is_new).collect();
        self.groups.extend(new.iter().map(|group| (group.name, path.to_owned())));
        for key in section.keys {
            let path_of_key = format!("{path}.{}", key.name);
            let state = state.of(key);
            self.row(key, &path_of_key, state);
            visit_sections(&key.kind, &path_of_key, &mut |below, path_below| {
                let is_alike = section.groups.iter().any(|group| group.name == below.name);
                let first = if is_alike { Some(path.to_owned()) } else { self.seen.get(below.name).cloned() };
                match first {
                    Some(first) => self.pointer(&format!("`{path_below}.…`"), &first, state),
                    None => self.section(below, path_below, state),
                }
            });
        }
        for group in section.groups {
            if new.iter().any(|new| new.name == group.name) {
                self.keys(group, path, state);
            } else if let Some(first) = self.groups.get(group.name).cloned() {
                let names: Vec<String> = group.all_keys().map(|key| format!("`{}`", key.name)).collect();
                self.pointer(&format!("`{path}.…`: {}", names.join(" ")), &first, state);
            }
        }
    }

    /// A row in place of rows that stand elsewhere.
    fn pointer(&mut self, keys: &str, first: &str, state: State) {
        self.line(format_args!(
            "| {keys} | | | as `{first}.…`{} | {} |",
            if state.is_planned { " **Not yet.**" } else { "" },
            state.class.as_str()
        ));
    }
}

/// What the key was called before, for those who search the page for it.
fn earlier_names(path: &str) -> String {
    let names = retired_names().into_iter().filter(|(_, now)| now.iter().any(|now| now == path));
    let names: Vec<String> = names.map(|(old, _)| format!("`{old}`")).collect();
    if names.is_empty() { String::new() } else { format!(" Earlier {}.", names.join(", ")) }
}

fn describe(kind: &Kind, limits: Limits) -> String {
    let bounds = range(limits);
    let bounded = |word: &str| if bounds.is_empty() { word.to_owned() } else { format!("{word}, {bounds}") };
    match kind {
        Kind::Bool => "boolean".to_owned(),
        Kind::Integer { .. } => bounded("whole number"),
        Kind::Number => bounded("number"),
        Kind::Text if limits.form == Some(Form::Color) => "color".to_owned(),
        Kind::Text if limits.form == Some(Form::Pattern) => "regular expressions".to_owned(),
        Kind::Text if !bounds.is_empty() => format!("text, {bounds} characters"),
        Kind::Text => "text".to_owned(),
        Kind::Secret => "**secret**".to_owned(),
        Kind::Choice(names) => names.iter().map(|name| format!("`\"{name}\"`")).collect::<Vec<_>>().join(" "),
        Kind::List(element) => format!("list of {}", describe(element, limits)),
        Kind::Map(element) => format!("name to {}", describe(element, limits)),
        Kind::Object(_) => "object".to_owned(),
        Kind::OneOf(kinds) => {
            kinds.iter().map(|kind| describe(kind, limits)).collect::<Vec<_>>().join(" or ")
        }
        Kind::Any => "any".to_owned(),
        Kind::Sealed => "any, **secret**".to_owned(),
    }
}
