//! `openclaw completion`: what a shell offers when Tab is pressed. The scripts only ask `openclaw complete`, so that
//! every shell offers the same: commands and flags from the parser, keys and values from the declarations.

use clap::CommandFactory as _;
use openclaw_config::{complete_path, complete_value};
use serde_json::Value;

use crate::args::{Cli, CompleteArgs, CompletionArgs, InstanceArgs, Shell};
use crate::instance::Instance;
use crate::output;

const BASH: &str = "\
# Put this into ~/.bashrc:  eval \"$(openclaw completion bash)\"
_openclaw() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(openclaw complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)
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

pub(super) fn complete(flags: &InstanceArgs, args: &CompleteArgs) -> anyhow::Result<()> {
    // Without a readable configuration the declared keys are left.
    let value = Instance::diagnose(flags).map_or(Value::Null, |(instance, _)| instance.loaded.parsed);
    for found in candidates(&args.words, &value) {
        output::line(&found)?;
    }
    Ok(())
}

/// What may stand in place of the last word.
fn candidates(words: &[String], value: &Value) -> Vec<String> {
    let (last, before) = words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let mut command = Cli::command();
    command.build();
    let mut names = Vec::new();
    let mut others = 0;
    for word in before {
        match command.find_subcommand(word).filter(|_| others == 0).cloned() {
            Some(next) => {
                names.push(next.get_name().to_owned());
                command = next;
            }
            None if word.starts_with('-') => {}
            None => others += 1,
        }
    }
    if last.starts_with('-') {
        return flags_of(&command).into_iter().filter(|flag| flag.starts_with(last)).collect();
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match (names.as_slice(), others) {
        (["config", "get" | "set" | "unset"], 0) => complete_path(last, value),
        (["config", "set"], 1) => {
            let path = before.last().map_or("", String::as_str);
            complete_value(path).into_iter().filter(|word| word.starts_with(last)).collect()
        }
        (_, 0) => subcommands_of(&command).into_iter().filter(|name| name.starts_with(last)).collect(),
        (_, _) => Vec::new(),
    }
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
    use super::candidates;
    use serde_json::json;

    #[test]
    fn a_line_is_completed_from_the_declarations() {
        let value = json!({"models": {"providers": {"mine": {}}}});
        let rows: [(&[&str], &[&str]); 9] = [
            (&["conf"], &["config"]),
            (&["config", "un"], &["unset"]),
            (&["config", "set", "gateway.po"], &["gateway.port"]),
            (&["config", "get", "models.providers."], &["models.providers.mine"]),
            (&["config", "set", "gateway.mode", "l"], &["local"]),
            (&["config", "set", "gateway.mode", "local", ""], &[]),
            (&["--dev", "config", "get", "gateway.auth.mo"], &["gateway.auth.mode"]),
            (&["config", "validate", "--js"], &["--json"]),
            (&["agent", "no such"], &[]),
        ];
        for (words, expected) in rows {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(candidates(&words, &value), expected, "{words:?}");
        }
        assert!(candidates(&[], &value).contains(&"quickstart".to_owned()));
    }
}
