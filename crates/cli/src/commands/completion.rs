//! `openclaw completion`: what a shell offers when Tab is pressed. The scripts only ask `openclaw complete`, so that
//! every shell offers the same: commands and flags from the parser, keys and values from the declarations.

use clap::CommandFactory as _;
use openclaw_config::{KeyPath, complete_path, complete_value};
use openclaw_protocol::methods::METHODS;
use serde_json::Value;

use crate::args::{Cli, CompleteArgs, CompletionArgs, InstanceArgs, Shell};
use crate::instance::Instance;
use crate::output;

const BASH: &str = "\
# Put this into ~/.bashrc:  eval \"$(openclaw completion bash)\"
_openclaw() {
  # Not COMP_WORDS: Bash breaks words at colons, and names of models have some.
  local line=\"${COMP_LINE:0:COMP_POINT}\" word found
  local -a words
  read -ra words <<<\"$line\"
  [[ $line == *[[:space:]] ]] && words+=(\"\")
  word=\"${words[${#words[@]}-1]}\"
  COMPREPLY=()
  # Bash puts the answer in place of what stands behind the last colon.
  [[ $COMP_WORDBREAKS == *:* ]] && word=\"${word%\"${word##*:}\"}\" || word=\"\"
  while IFS= read -r found; do COMPREPLY+=(\"${found#\"$word\"}\"); done < <(openclaw complete -- \"${words[@]:1}\" 2>/dev/null)
  [[ ${COMPREPLY[0]} == *[.[] ]] && compopt -o nospace
}
complete -o default -F _openclaw openclaw";

const ZSH: &str = "\
# Put this into ~/.zshrc, behind compinit:  eval \"$(openclaw completion zsh)\"
_openclaw() {
  local -a found
  found=(${(f)\"$(openclaw complete -- ${words[2,CURRENT]} 2>/dev/null)\"})
  if (( ${#found} )); then compadd -- $found; else _files; fi
}
compdef _openclaw openclaw";

const FISH: &str = "\
# Put this into ~/.config/fish/config.fish:  openclaw completion fish | source
complete -c openclaw -f -a '(openclaw complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'";

pub(super) fn script(args: &CompletionArgs) -> anyhow::Result<()> {
    Ok(output::line(match args.shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
    })?)
}

pub(super) fn complete(args: &CompleteArgs) -> anyhow::Result<()> {
    // Without a readable configuration the declared keys are left.
    let instance = Instance::diagnose(&instance_of(&args.words));
    let value = instance.map_or(Value::Null, |(instance, _)| instance.loaded.parsed);
    for found in candidates(&args.words, &value) {
        output::line(&found)?;
    }
    Ok(())
}

/// The instance that the half-typed line names.
fn instance_of(words: &[String]) -> InstanceArgs {
    let mut flags = InstanceArgs::default();
    for (at, word) in words.iter().enumerate() {
        match word.strip_prefix("--profile") {
            Some("") => flags.profile = words.get(at + 1).cloned(),
            Some(rest) => flags.profile = rest.strip_prefix('=').map(str::to_owned).or(flags.profile),
            None => flags.dev |= word == "--dev",
        }
    }
    flags
}

/// Where a line stands.
struct Line {
    command: clap::Command,
    /// The names of the command, without aliases.
    names: Vec<String>,
    /// Words that are neither commands nor flags.
    others: Vec<String>,
    /// The flag whose value comes next.
    open: Option<clap::Arg>,
}

/// Reads the whole words of a line.
fn read(words: &[String]) -> Line {
    let mut command = Cli::command();
    command.build();
    let mut line = Line { command, names: Vec::new(), others: Vec::new(), open: None };
    for word in words {
        if line.open.take().is_some() {
            continue;
        }
        let next = line.command.find_subcommand(word).filter(|_| line.others.is_empty()).cloned();
        match next {
            Some(next) => {
                line.names.push(next.get_name().to_owned());
                line.command = next;
            }
            None if word.starts_with('-') && word.len() > 1 => {
                line.open = with_value(&line.command, word).cloned()
            }
            None => line.others.push(word.clone()),
        }
    }
    line
}

/// The flag, if its value is the next word.
fn with_value<'c>(command: &'c clap::Command, word: &str) -> Option<&'c clap::Arg> {
    let is_it = |arg: &&clap::Arg| match word.strip_prefix("--") {
        Some(name) => arg.get_long() == Some(name),
        None => arg.get_short().is_some_and(|short| word == format!("-{short}")),
    };
    command.get_arguments().find(is_it).filter(|arg| arg.get_action().takes_values())
}

/// What may stand in place of the last word.
fn candidates(words: &[String], value: &Value) -> Vec<String> {
    let (last, before) = words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let Line { command, names, others, open } = read(before);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let is_set = |path: &String| path.parse::<KeyPath>().is_ok_and(|path| path.find(value).is_some());
    let mut found = match (names.as_slice(), others.len()) {
        _ if open.is_some() => open.as_ref().map(values_of).unwrap_or_default(),
        _ if last.starts_with('-') => flags_of(&command),
        (["config", "unset"], 0) => complete_path(last, value).into_iter().filter(is_set).collect(),
        (["config", "get" | "set"], 0) => complete_path(last, value),
        (["config", "set"], 1) => complete_value(&others[0]),
        (["gateway", "call"], 0) => METHODS.iter().map(|method| method.name.to_owned()).collect(),
        (_, 0) if command.has_subcommands() => subcommands_of(&command),
        (_, at) => command.get_positionals().nth(at).map(values_of).unwrap_or_default(),
    };
    found.retain(|word| word.starts_with(last));
    found
}

/// The values that an argument can have, where they can be listed.
fn values_of(arg: &clap::Arg) -> Vec<String> {
    let values = arg.get_possible_values();
    values.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_owned()).collect()
}

fn subcommands_of(command: &clap::Command) -> Vec<String> {
    command.get_subcommands().filter(|one| !one.is_hide_set()).map(|one| one.get_name().to_owned()).collect()
}

fn flags_of(command: &clap::Command) -> Vec<String> {
    let shown = command.get_arguments().filter(|one| !one.is_hide_set());
    shown.filter_map(|one| one.get_long().map(|long| format!("--{long}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::{candidates, instance_of};
    use serde_json::json;

    #[test]
    fn a_line_is_completed_from_the_declarations() {
        let value = json!({"models": {"providers": {"mine": {}}}});
        let rows: [(&[&str], &[&str]); 18] = [
            (&["conf"], &["config"]),
            (&["config", "un"], &["unset"]),
            (&["config", "set", "gateway.po"], &["gateway.port"]),
            (&["config", "get", "models.providers."], &["models.providers.mine"]),
            (&["config", "set", "gateway.mode", "l"], &["local"]),
            (&["config", "set", "gateway.mode", "local", ""], &[]),
            (&["--dev", "config", "get", "gateway.auth.mo"], &["gateway.auth.mode"]),
            (&["config", "validate", "--js"], &["--json"]),
            (&["agent", "no such"], &[]),
            (&["--profile", "x", "config", "set", "gateway.po"], &["gateway.port"]),
            (&["--profile", "config", "config", "un"], &["unset"]),
            (&["--profile", "con"], &[]),
            (&["config", "set", "--json", "gateway.mode", "l"], &["local"]),
            (&["config", "unset", "models."], &["models.providers"]),
            (&["config", "unset", "gateway.po"], &[]),
            (&["gateway", "call", "sessions.l"], &["sessions.list"]),
            (&["gateway", "call", "--timeout", "5", "config.ge"], &["config.get"]),
            (&["completion", ""], &["bash", "zsh", "fish"]),
        ];
        for (words, expected) in rows {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(candidates(&words, &value), expected, "{words:?}");
        }
        let words = ["--profile=x", "config"].map(str::to_owned);
        assert_eq!(instance_of(&words).profile.as_deref(), Some("x"));
        assert!(candidates(&[], &value).contains(&"quickstart".to_owned()));
    }
}
