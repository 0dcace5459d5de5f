//! Scores the engine on the project's own multilingual needle set (`needles/README.md` explains the set):
//! `cargo run --release -p openclaw-memory --example needles -- [--language da] [--category exact] [--verbose] [--words]`, or
//! `-- --code-words 3000` for notes that each hold one invented word which must be found.
//!
//! `hit@6`: one of six results holds an expected line whole; `shown@6`: the share of the expected lines that do;
//! `R@1`: the first result holds one. `ahead`: how often the newer line comes no later than what it supersedes, and a note
//! no later than the conversation of this morning in which the same was said.

#[path = "../tests/needles/code_words.rs"]
mod code_words;
#[path = "../tests/needles/nfd.rs"]
mod nfd;
#[path = "../tests/needles/place.rs"]
mod place;
#[path = "../tests/needles/random.rs"]
mod random;
#[path = "../tests/needles/score.rs"]
mod score;
#[allow(dead_code, reason = "shared with the test, which uses the rest")]
#[path = "../tests/needles/set.rs"]
mod set;

use std::collections::BTreeMap;
use std::sync::Arc;

use openclaw_embed::{Builtin, Embedder};
use openclaw_memory::Embedders;

use score::{Score, Sums, index, score};
use set::{CATEGORIES, Category, Needle, Outcome, languages, load};

/// The built-in model, or none with `--words`.
fn embedders() -> Embedders {
    let is_wanted = std::env::args().all(|argument| argument != "--words");
    let primary: Option<Arc<dyn Embedder>> = is_wanted.then(|| Arc::new(Builtin::new()) as _);
    Embedders { primary, ..Embedders::default() }
}

/// What is asked for on the command line.
struct Wish {
    language: Option<String>,
    category: Option<String>,
    verbose: bool,
}

/// Confidences of questions with and without an answer.
#[derive(Default)]
struct Confidences {
    answerable: Vec<f64>,
    nothing: Vec<f64>,
}

impl Confidences {
    fn add(&mut self, category: Category, confidence: f64) {
        if category.answerable() { &mut self.answerable } else { &mut self.nothing }.push(confidence);
    }

    /// How often a question with an answer is more confident than one without; a draw counts half.
    fn auc(&self) -> f64 {
        let pair = |yes: f64, no: f64| if yes > no { 1.0 } else { f64::from(u8::from(yes >= no)) / 2.0 };
        let won = |&yes: &f64| self.nothing.iter().map(|&no| pair(yes, no)).sum::<f64>();
        let pairs = self.answerable.len() * self.nothing.len();
        self.answerable.iter().map(won).sum::<f64>() / pairs.max(1) as f64
    }

    /// Share of the questions without an answer that fall below what 95 % of the others reach.
    fn rejected(&self) -> f64 {
        let mut sorted = self.answerable.clone();
        sorted.sort_by(f64::total_cmp);
        let cut = sorted.get(sorted.len() / 20).copied().unwrap_or(0.0);
        let below = self.nothing.iter().filter(|&&confidence| confidence < cut).count();
        below as f64 / self.nothing.len().max(1) as f64
    }

    fn quartiles(values: &[f64]) -> String {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: usize| sorted.get(sorted.len() * share / 100).copied().unwrap_or(0.0);
        format!("{:.2} / {:.2} / {:.2}", at(25), at(50), at(75))
    }

    fn row(&self, name: &str) -> String {
        format!(
            "{name:6} AUC {:.3}  rejected at 95 % kept {:.2}  quartiles with an answer {}  without {}",
            self.auc(),
            self.rejected(),
            Self::quartiles(&self.answerable),
            Self::quartiles(&self.nothing)
        )
    }
}

/// Everything that is printed at the end.
#[derive(Default)]
struct Table {
    categories: BTreeMap<Category, Sums>,
    cells: BTreeMap<(String, Category), Sums>,
    confidences: BTreeMap<String, Confidences>,
    misses: Vec<String>,
}

impl Table {
    fn add(&mut self, language: &str, needle: &Needle, score: &Score) {
        for key in [language, "all"] {
            self.confidences.entry(key.to_owned()).or_default().add(needle.category, score.confidence);
        }
        // Without the questions that words alone cannot answer.
        if !matches!(needle.category, Category::Paraphrase | Category::Cross) {
            self.confidences.entry("words".to_owned()).or_default().add(needle.category, score.confidence);
        }
        if !needle.category.answerable() {
            return;
        }
        self.categories.entry(needle.category).or_default().add(score);
        self.cells.entry((language.to_owned(), needle.category)).or_default().add(score);
        if score.shown < 1.0 || score.ahead == Some(false) {
            let lines: Vec<String> = needle.expected.iter().map(|place| place.text.clone()).collect();
            self.misses.push(format!(
                "{language} {:7} ({}) shown {:.2} rank {} ahead {}  ? {}  = {}  first: {}",
                needle.category.name(),
                needle.language,
                score.shown,
                score.rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string()),
                score.ahead.map_or("-", |ahead| if ahead { "yes" } else { "no" }),
                needle.question,
                lines.join(" / "),
                score.first
            ));
        }
    }

    #[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
    fn print_languages(&self, title: &str, value: impl Fn(&Sums) -> f64) {
        println!("\n{title} by language");
        let used: Vec<_> = CATEGORIES.iter().filter(|(key, _)| self.categories.contains_key(key)).collect();
        println!("{:5}{}", "", used.iter().map(|(_, name)| format!("{name:>8}")).collect::<String>());
        for language in self.confidences.keys().filter(|key| *key != "all" && *key != "words") {
            let cell = |category: Category| self.cells.get(&(language.clone(), category)).map(&value);
            let text = |category| cell(category).map_or_else(String::new, |share| format!("{share:.2}"));
            let cells = used.iter().map(|(category, _)| format!("{:>8}", text(*category)));
            println!("{language:5}{}", cells.collect::<String>());
        }
    }

    #[allow(clippy::print_stdout, reason = "a measuring tool prints its measurement")]
    fn print(&self, verbose: bool) {
        if verbose {
            for miss in &self.misses {
                println!("{miss}");
            }
            println!();
        }
        println!("category   questions  hit@6  shown@6   R@1  ahead");
        for (category, name) in CATEGORIES {
            if let Some(sums) = self.categories.get(&category) {
                println!("{name:10} {}", sums.row());
            }
        }
        self.print_languages("hit@6", Sums::hit_share);
        self.print_languages("R@1", Sums::first_share);
        println!("\nconfidence");
        for (language, confidences) in self.confidences.iter().filter(|(_, c)| !c.nothing.is_empty()) {
            println!("{}", confidences.row(language));
        }
    }
}

async fn measure(language: &str, wish: &Wish, table: &mut Table) -> Outcome<()> {
    let set = load(language)?;
    let home = tempfile::tempdir()?;
    set.write(&home.path().join("workspace"))?;
    let engine = index(home.path(), embedders()).await?;
    for needle in &set.needles {
        if wish.category.as_deref().is_some_and(|wanted| wanted != needle.category.name()) {
            continue;
        }
        let score = score(&engine, needle).await?;
        table.add(&set.language, needle, &score);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().skip_while(|a| *a != name).nth(1).cloned();
    if let Some(count) = value("--code-words") {
        return code_words::run(count.parse()?, arguments.iter().any(|a| a == "--verbose")).await;
    }
    let wish = Wish {
        language: value("--language"),
        category: value("--category"),
        verbose: arguments.iter().any(|a| a == "--verbose"),
    };
    let mut table = Table::default();
    for language in languages()? {
        if wish.language.as_ref().is_none_or(|wanted| *wanted == language) {
            measure(&language, &wish, &mut table).await?;
        }
    }
    table.print(wish.verbose);
    Ok(())
}
