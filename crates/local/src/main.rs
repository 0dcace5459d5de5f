//! `openclaw-local MODEL.gguf` turns text to vectors with llama.cpp, as a worker of `openclaw`.
//!
//! A program of its own, because a model that does not fit, a file that is damaged or a processor that is too old ends
//! C++ code without mercy: then this program is gone, and the gateway says so and goes on. It speaks lines of JSON on
//! its standard input and output (`protocol`), reads one file and touches nothing else.

mod cpu;
mod file;
mod llama_log;
mod model;
mod options;
mod prompts;
#[path = "../../embed/src/local/protocol.rs"]
mod protocol;
mod serve;

use std::process::ExitCode;

use options::Wish;

/// How much more polite than others: indexing must not be felt. The steps end at 19.
const NICENESS: i32 = 10;

fn main() -> ExitCode {
    match options::parse(std::env::args_os().skip(1), options::cores()) {
        Wish::Serve(options) => {
            // A system that forbids even this has nothing to lose by it.
            rustix::process::nice(NICENESS).ok();
            serve::serve(&options)
        }
        Wish::Say(text) => serve::say(&text, ExitCode::SUCCESS),
        Wish::Refuse(text) => serve::say(&text, ExitCode::from(options::USAGE_CODE)),
    }
}
