//! The examples of the documentation are right, and each is refused with any of its keys misspelt. `examples/pages` has
//! a file per page; `examples/refused.txt` has the examples that are wrong on their pages, and what is told of them.

mod common;

use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::path::Path;

use common::Home;
use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::errors::ParseError;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use openclaw_config::{Env, KeyPath, Kind, Place, Problem, ProblemKind, SectionSpec, load, parse, spec};

/// Fewer means that a page was not read.
const MIN_EXAMPLES: usize = 440;
/// Fewer means that the walk over the examples stops too early.
const MIN_OCCURRENCES: usize = 4000;

const MAIN: &str = "openclaw.json";

/// A configuration: the text of the main file, and the files that follow it as `--- name`.
struct Example {
    name: String,
    main: String,
    others: Vec<(String, String)>,
}

impl Example {
    /// Every variable that is referred to has a value.
    fn env(&self) -> Env {
        let references = self.main.split("${").skip(1).filter_map(|after| after.split_once('}'));
        references.map(|(name, _)| (name, "value")).collect()
    }

    /// What is wrong when the main file has this text.
    fn problems(&self, main: &str) -> Result<Vec<Problem>, Box<dyn Error>> {
        if self.others.is_empty() {
            return Ok(parse(main, MAIN, &self.env()).err().unwrap_or_default());
        }
        let home = Home::new(&[(MAIN, main)])?;
        self.others.iter().try_for_each(|(name, text)| home.write(name, text.as_bytes()))?;
        Ok(load(&home.at, &self.env()).err().map_or_else(Vec::new, |error| error.problems().to_vec()))
    }
}

/// Examples begin with a line `=== name`.
fn examples(text: &str) -> Vec<Example> {
    let named = |part: &str| {
        let (name, text) = part.split_once('\n').unwrap_or((part, ""));
        (name.to_owned(), text.to_owned())
    };
    let mut examples = Vec::new();
    for section in text.split("=== ").skip(1) {
        let mut parts = section.split("--- ").map(named);
        if let Some((name, main)) = parts.next() {
            examples.push(Example { name, main, others: parts.collect() });
        }
    }
    examples
}

fn pages(dir: &Path) -> io::Result<Vec<Example>> {
    let mut examples_of_pages = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        examples_of_pages.extend(match path.is_dir() {
            true => pages(&path)?,
            false => examples(&std::fs::read_to_string(&path)?),
        });
    }
    Ok(examples_of_pages)
}

fn all() -> io::Result<Vec<Example>> {
    pages(Path::new("tests/examples/pages"))
}

#[test]
fn every_example_is_right() {
    let examples = all().unwrap();
    let names: BTreeSet<&str> = examples.iter().map(|example| &*example.name).collect();
    assert_eq!(names.len(), examples.len(), "two examples have one name");
    assert!(names.len() >= MIN_EXAMPLES, "{}", names.len());
    let wrong = examples.iter().filter_map(|example| {
        let problems = example.problems(&example.main).unwrap();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        (!lines.is_empty()).then(|| format!("{}\n{}", example.name, lines.join("\n")))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_documentation_has_wrong_is_told() {
    for example in examples(include_str!("examples/refused.txt")) {
        let home = Home::new(&[(MAIN, &example.main)]).unwrap();
        let parent = home.dir.path().to_string_lossy();
        let told: Vec<String> =
            home.problems().iter().map(|line| line.replace("~/", "").replace(&*parent, "..")).collect();
        let [(_, expected)] = &example.others[..] else { panic!("{}", example.name) };
        assert_eq!(told.join("\n"), expected.trim(), "{}", example.name);
    }
}

/// A declared key where it stands in an example.
struct Occurrence {
    /// The first byte of the name, behind the quote if it has one.
    name_at: usize,
    place: Place,
    name: &'static str,
    around: KeyPath,
    section: &'static SectionSpec,
}

/// Finds the declared keys below a value, where a key that is not declared is refused.
struct Finder<'t> {
    text: &'t str,
    found: Vec<Occurrence>,
}

impl Finder<'_> {
    fn value(&mut self, value: &Value<'_>, kind: &'static Kind, path: &KeyPath) {
        match (kind, value) {
            (Kind::OneOf(kinds), _) => kinds.iter().for_each(|kind| self.value(value, kind, path)),
            (Kind::List(element), Value::Array(list)) => {
                list.elements
                    .iter()
                    .enumerate()
                    .for_each(|(at, item)| self.value(item, element, &path.index(at)));
            }
            (Kind::Map(element), Value::Object(object)) => {
                for property in &object.properties {
                    self.value(&property.value, element, &path.key(property.name.as_str()));
                }
            }
            (Kind::Object(section), Value::Object(object)) => {
                for property in &object.properties {
                    self.property(&property.name, &property.value, section, path);
                }
            }
            _ => {}
        }
    }

    fn property(
        &mut self,
        name: &ObjectPropName<'_>,
        value: &Value<'_>,
        section: &'static SectionSpec,
        around: &KeyPath,
    ) {
        let path = around.key(name.as_str());
        let Some(key) = section.find(name.as_str()) else {
            return section.rest.into_iter().for_each(|rest| self.value(value, rest.kind, &path));
        };
        // Channels have free names too, but not such as are nearly those of declared ones.
        if section.rest.is_none() || around.to_string() == "channels" {
            let quote = usize::from(matches!(name, ObjectPropName::String(_)));
            let (start, name, around) = (name.start(), key.name, around.clone());
            let (name_at, place) = (start + quote, place_of(self.text, start));
            self.found.push(Occurrence { name_at, place, name, around, section });
        }
        self.value(value, &key.kind, &path);
    }
}

fn place_of(text: &str, offset: usize) -> Place {
    let lines: Vec<&str> = text[..offset].split('\n').collect();
    Place { line: lines.len(), column: lines.last().map_or(0, |line| line.chars().count()) + 1 }
}

fn occurrences(text: &str) -> Result<Vec<Occurrence>, ParseError> {
    let ast = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default())?;
    let mut finder = Finder { text, found: Vec::new() };
    for property in ast.value.iter().filter_map(Value::as_object).flat_map(|root| &root.properties) {
        finder.property(&property.name, &property.value, spec(), &KeyPath::default());
    }
    Ok(finder.found)
}

/// Two neighbouring letters swapped, and a letter doubled: from the middle on, where no other key comes out.
fn misspellings(name: &str, section: &SectionSpec) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let swapped = |at: usize| {
        let mut letters = letters.clone();
        letters.swap(at, at + 1);
        letters.into_iter().collect::<String>()
    };
    let doubled = |at: usize| {
        let mut letters = letters.clone();
        letters.insert(at, letters[at]);
        letters.into_iter().collect::<String>()
    };
    let places = || ((letters.len() - 1) / 2..letters.len() - 1).chain(0..(letters.len() - 1) / 2);
    let is_wrong = |word: &String| word != name && section.find(word).is_none();
    [places().map(swapped).find(is_wrong), places().map(doubled).find(is_wrong)]
        .into_iter()
        .flatten()
        .collect()
}

/// The name that the problem of a misspelt key suggests, or every problem where they are not as they should be.
fn suggestion(example: &Example, key: &Occurrence, misspelt: &str) -> Result<Option<String>, Box<dyn Error>> {
    let mut text = example.main.clone();
    text.replace_range(key.name_at..key.name_at + key.name.len(), misspelt);
    let problems = example.problems(&text)?;
    let (unknown, required) = (key.around.key(misspelt), key.around.key(key.name));
    if let [first, others @ ..] = &problems[..]
        && let ProblemKind::UnknownKey { suggestion, .. } = &first.kind
        && (first.place, &first.key) == (Some(key.place), &unknown)
        && first.file.ends_with(MAIN)
        && others.len() < 2
        && others.iter().all(|other| other.kind == ProblemKind::Missing && other.key == required)
    {
        return Ok(suggestion.clone());
    }
    Err(format!("{}, {unknown} at {:?}: {problems:#?}", example.name, key.place).into())
}

#[test]
fn every_misspelt_key_of_every_example_is_told_with_its_place_and_its_right_name() {
    let mut count = 0;
    let mut others = BTreeSet::new();
    for example in all().unwrap() {
        for key in occurrences(&example.main).unwrap().iter().filter(|key| key.name.len() > 1) {
            count += 1;
            for misspelt in misspellings(key.name, key.section) {
                let told = suggestion(&example, key, &misspelt).unwrap();
                if told.as_deref() != Some(key.name) {
                    others.insert(format!("{misspelt}: {told:?}, not {}", key.name));
                }
            }
        }
    }
    assert!(count >= MIN_OCCURRENCES, "{count}");
    assert_eq!(others, BTreeSet::new(), "{count}");
}
