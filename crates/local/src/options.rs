//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// The exit code of wrong usage, as most programs have it.
pub(crate) const USAGE_CODE: u8 = 2;

const USAGE: &str = "\
usage: openclaw-local [--threads N] [--verbose] MODEL.gguf

Turns text to vectors with one embedding model, as a worker of openclaw, which starts it.
It speaks lines of JSON on standard input and output, and ends when its input does.

  --threads N   cores to use, at most half of them; 1 without it
  --verbose     what llama.cpp reports, on standard error
  --version     this program's version
";

/// What to serve.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The model's file.
    pub(crate) model: PathBuf,
    /// Threads of llama.cpp.
    pub(crate) threads: i32,
    /// Whether llama.cpp may report on standard error.
    pub(crate) verbosity: Verbosity,
}

/// What llama.cpp may report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Nothing.
    Quiet,
    /// Everything, on standard error.
    Verbose,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To work.
    Serve(Options),
    /// A text.
    Say(String),
    /// Nothing that makes sense.
    Refuse(String),
}

/// The cores of this machine.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Reads the command line of a machine with this many cores.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>, cores: usize) -> Wish {
    let mut arguments = arguments;
    let mut model = None;
    let mut threads = 1;
    let mut verbosity = Verbosity::Quiet;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Wish::Say(USAGE.to_owned()),
            Some("--version" | "-V") => {
                return Wish::Say(format!("openclaw-local {}\n", env!("CARGO_PKG_VERSION")));
            }
            Some("--verbose") => verbosity = Verbosity::Verbose,
            Some("--threads") => {
                let number =
                    arguments.next().and_then(|text| text.to_str().and_then(|text| text.parse().ok()));
                match number {
                    Some(number) if number > 0 => threads = number,
                    _ => return Wish::Refuse(format!("--threads wants a number from 1\n\n{USAGE}")),
                }
            }
            Some(flag) if flag.starts_with('-') => {
                return Wish::Refuse(format!("{flag} is unknown\n\n{USAGE}"));
            }
            _ if model.is_none() => model = Some(PathBuf::from(argument)),
            _ => return Wish::Refuse(format!("one model, not two\n\n{USAGE}")),
        }
    }
    let Some(model) = model else { return Wish::Refuse(format!("which model?\n\n{USAGE}")) };
    // ggml's threads wait for each other by spinning: with more of them than free cores everything crawls.
    let most = (cores / 2).max(1);
    Wish::Serve(Options { model, threads: i32::try_from(threads.min(most)).unwrap_or(1), verbosity })
}

#[cfg(test)]
mod tests {
    use super::{Options, Verbosity, Wish, parse};
    use std::ffi::OsString;

    fn wish(line: &str, cores: usize) -> Wish {
        parse(line.split_whitespace().map(OsString::from), cores)
    }

    #[test]
    fn threads_are_never_more_than_half_the_cores() {
        for (line, cores, threads) in [
            ("m.gguf", 16, 1),
            ("--threads 4 m.gguf", 16, 4),
            ("--threads 9 m.gguf", 16, 8),
            ("m.gguf --threads 2", 3, 1),
            ("--threads 2 m.gguf", 1, 1),
        ] {
            let expected = Options { model: "m.gguf".into(), threads, verbosity: Verbosity::Quiet };
            assert_eq!(wish(line, cores), Wish::Serve(expected), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_answered_with_the_usage() {
        for line in
            ["", "--threads m.gguf", "--threads 0 m.gguf", "--tread 1 m.gguf", "a.gguf b.gguf", "--threads"]
        {
            let Wish::Refuse(text) = wish(line, 4) else { panic!("{line}") };
            assert!(text.contains("usage: openclaw-local"), "{text}");
        }
        assert!(matches!(wish("--version", 4), Wish::Say(text) if text.starts_with("openclaw-local 0.")));
    }
}
