//! One execution of the loader.

use jsonc_parser::parse_to_serde_value;
use openclaw_config::{
    ConfigError, Loaded, Place, Problem, ProblemKind, load_files, parse, redact, redact_text, validate,
};
use serde_json::Value;

use super::instance::{Instance, files};
use super::syntax::{Syntax, options};

/// What seeds have as the value of secrets, of texts and of numbers. No message may hold it.
pub(crate) const CANARY: &str = "918273645";

/// Loads the files of a case: a configuration or problems, each in its place and without a value of a file.
pub(crate) fn load_once(instance: &mut Instance, case: &[u8]) {
    let files = files(case);
    assert!(instance.write(&files).is_ok(), "the files cannot be written");
    let texts: Vec<String> = files.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    let (read, result) = load_files(&instance.at, &instance.env);
    let problems = match &result {
        Ok(loaded) => {
            agrees(loaded, &texts[0], read.len(), instance);
            &loaded.warnings[..]
        }
        Err(ConfigError::Unreadable { path, source }) => {
            panic!("{} is a readable file: {source}", path.display())
        }
        Err(error) => {
            assert!(!error.problems().is_empty(), "refused without a problem");
            error.problems()
        }
    };
    let may_tell = texts.iter().any(|text| names_canary(text));
    for problem in problems {
        stands_inside(problem, &texts, instance);
        // In a name the byte 0x19 is written with a 9 at its end, which is none of the canary's.
        let said = format!("{problem}\n{problem:?}").replace("\\u0019", "").replace("\\u{19}", "");
        assert!(may_tell || !said.contains(CANARY), "tells a value: {said}");
    }
    redacted_text_means_the_redacted_value(&texts[0]);
}

/// Whether the canary stands where messages may repeat it: in the name of a key, a file or a variable.
fn names_canary(text: &str) -> bool {
    let in_variable =
        text.split("${").skip(1).any(|rest| rest.split('}').next().is_some_and(|name| name.contains(CANARY)));
    in_variable || Syntax::of(text).is_some_and(|syntax| syntax.names(CANARY))
}

/// A configuration that is right is so on any way to it.
fn agrees(loaded: &Loaded, text: &str, files_read: usize, instance: &Instance) {
    let again = validate(&loaded.parsed, "the value", &instance.env);
    assert!(again.is_empty(), "right as a file and wrong as a value: {again:?}");
    assert_eq!(loaded.raw.as_deref(), Some(text));
    assert!(loaded.hash.is_some());
    if files_read == 1 {
        let parsed = parse(text, "the text", &instance.env);
        assert!(
            parsed.is_ok_and(|parsed| parsed.value == loaded.parsed && parsed.effective == loaded.effective)
        );
    }
}

/// A problem, and every place on the way to it, stands in a file that was read.
fn stands_inside(problem: &Problem, texts: &[String], instance: &Instance) {
    let vias = problem.included_from.iter().map(|from| (&from.file, Some(from.place)));
    for (file, place) in vias.chain([(&problem.file, problem.place)]) {
        let text = instance.position(file).and_then(|position| texts.get(position));
        let Some(text) = text else { panic!("a problem of a file that nobody wrote: {problem:?}") };
        match place {
            Some(place) => assert!(is_inside(place, text), "{problem:?}"),
            None => assert!(matches!(problem.kind, ProblemKind::EmptyFile), "{problem:?}"),
        }
    }
}

fn is_inside(place: Place, text: &str) -> bool {
    let line = place.line.checked_sub(1).and_then(|index| text.split('\n').nth(index));
    line.is_some_and(|line| (1..=line.chars().count() + 1).contains(&place.column))
}

fn redacted_text_means_the_redacted_value(text: &str) {
    let value = |text: &str| {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        parse_to_serde_value::<Value>(body, &options()).ok() // a text without a value has nothing to hide
    };
    let Some(hidden) = redact_text(text) else { return };
    if let Some(open) = value(text) {
        assert_eq!(value(&hidden), Some(redact(&open)), "redacted as a text and as a value:\n{hidden}");
    }
}
