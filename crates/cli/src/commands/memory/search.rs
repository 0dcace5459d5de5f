//! `openclaw memory search`

use std::io::IsTerminal as _;

use anyhow::bail;
use openclaw_memory::{Answer, Explain, Explaining, Hit, MAX_RESULTS, Query, Status, matched_words};

use super::open::Opened;
use super::status::{BUILT_IN, QMD, no_notes_words};
use super::watching::{End, indexing};
use crate::args::{InstanceArgs, MemorySearchArgs};
use crate::instance::Instance;
use crate::{output, runtime};

/// Bold, and not.
const MARK: (&str, &str) = ("\u{1b}[1m", "\u{1b}[0m");

/// Whether the words of the question are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marks {
    On,
    Off,
}

pub(in crate::commands) fn search(flags: &InstanceArgs, args: &MemorySearchArgs) -> anyhow::Result<()> {
    let text = args.query.join(" ");
    if text.trim().is_empty() {
        bail!("there is no question; `openclaw memory search WORDS` finds lines of the notes");
    }
    let Opened { instance, agent, memory } = Opened::find(flags, args.agent.as_deref())?;
    let query = query(&instance, &agent.id, &text, args);
    let (answer, status) = runtime::block_on(async {
        let mut answer = memory.backend().search(query.clone()).await?;
        // Nobody reads on when this process is gone.
        if answer.stale && memory.qmd().is_none() && memory.engine().reads_on_search() {
            // Where the index cannot be written there is no better answer than the one at hand, which says why.
            if let End::Done(Ok(_)) = indexing(memory.engine(), memory.engine().read_notes()).await? {
                answer = memory.backend().search(query.clone()).await.unwrap_or(answer);
            }
        }
        // Nothing found may mean that there is nothing.
        let status = if answer.results.is_empty() { memory.backend().status().await.ok() } else { None };
        Ok((answer, status))
    })?;
    if args.json {
        return Ok(output::json(&answer)?);
    }
    let text = words(&query, &answer, status.as_ref(), marks());
    Ok(output::line(&output::for_instance(&text, flags))?)
}

/// What was asked for, and for what it is silent about what is configured.
fn query(instance: &Instance, agent: &str, text: &str, args: &MemorySearchArgs) -> Query {
    let configured = &instance.config().agents.memory_search(agent).query;
    let max_results = args.max_results.map_or(configured.max_results, u64::from);
    Query {
        text: text.to_owned(),
        max_results: usize::try_from(max_results).unwrap_or(MAX_RESULTS),
        min_score: args.min_score.or(configured.least_score()).unwrap_or(0.0),
        explain: if args.explain { Explaining::On } else { Explaining::Off },
    }
}

fn marks() -> Marks {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_plain = is_set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if std::io::stdout().is_terminal() && !is_plain { Marks::On } else { Marks::Off }
}

fn words(query: &Query, answer: &Answer, status: Option<&Status>, marks: Marks) -> String {
    let hits = answer.results.iter().enumerate();
    let mut blocks: Vec<String> = hits.map(|(at, hit)| block(at + 1, hit, query, marks)).collect();
    if blocks.is_empty() {
        blocks.push(nothing_words(query, answer, status));
    } else {
        let weight = answer.results.iter().find_map(|hit| hit.explain.as_ref()?.weight);
        blocks.extend(weight.map(|weight| format!("meaning counts {weight}")));
    }
    // That nothing is found is said already.
    let says_more = !answer.results.is_empty() || answer.stale;
    blocks.extend(answer.note.as_deref().filter(|_| says_more).map(output::printable));
    blocks.extend(answer.degraded.as_deref().map(output::printable));
    if let Some(fallback) = &answer.fallback {
        let who = match fallback.from.as_str() {
            QMD => BUILT_IN.to_owned(),
            _ => format!("{}/{}", answer.provider, answer.model),
        };
        let words = format!("{who} stepped in for {}: {}", fallback.from, fallback.reason);
        blocks.push(output::printable(&words));
    }
    blocks.join("\n\n")
}

/// One result: a line that says where and how sure, then the lines of the note.
fn block(rank: usize, hit: &Hit, query: &Query, marks: Marks) -> String {
    let mut head = format!("{rank:2}  {:.2}  {}", hit.score, output::printable(&hit.citation));
    // The heading of a day's note may be its day.
    let date = hit.date.as_deref().filter(|date| hit.heading.as_deref() != Some(*date));
    for about in [hit.heading.as_deref(), date].into_iter().flatten() {
        head.push_str(&format!("  {}", output::printable(about)));
    }
    if hit.repeated > 0 {
        head.push_str(&format!("  (said {} times more)", hit.repeated));
    }
    let mut lines = vec![head];
    lines.extend(hit.explain.as_ref().map(|explain| format!("    {}", explain_words(explain))));
    let snippet = marked(&query.text, &output::printable(&hit.snippet), marks);
    lines.extend(snippet.lines().map(|line| format!("    {line}")));
    lines.join("\n")
}

fn explain_words(explain: &Explain) -> String {
    let cosine =
        explain.cosine.map_or_else(|| "no vector".to_owned(), |cosine| format!("cosine {cosine:.2}"));
    let fused = explain
        .fused
        .map_or_else(String::new, |fused| format!(", {fused:+.1} deviations above the average line"));
    format!("words {:.2}, coverage {:.2}, {cosine}{fused}", explain.words, explain.coverage)
}

fn marked(query: &str, text: &str, marks: Marks) -> String {
    if marks == Marks::Off {
        return text.to_owned();
    }
    let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
    for range in matched_words(query, text) {
        shown.push_str(&text[end..range.start]);
        shown.push_str(MARK.0);
        shown.push_str(&text[range.clone()]);
        shown.push_str(MARK.1);
        end = range.end;
    }
    shown.push_str(&text[end..]);
    shown
}

/// Why there is nothing, and what helps.
fn nothing_words(query: &Query, answer: &Answer, status: Option<&Status>) -> String {
    match (status, answer.best_left_out(query.min_score)) {
        (Some(status), _) if status.files == 0 && !answer.stale => no_notes_words(&status.skipped),
        (_, Some(best)) => format!(
            "nothing scores {} or more; the best result scores {best}, and --min-score 0 shows it",
            query.min_score
        ),
        (Some(status), None) if status.embedded < status.passages => format!(
            "nothing found by words, and only {} of {} passages can be found by meaning; `openclaw memory index` makes the \
             missing vectors",
            status.embedded, status.passages
        ),
        // What is found here says nothing about what is missing.
        (_, None) if answer.stale => "nothing found in what is indexed so far".to_owned(),
        (_, None) => "nothing in the notes is about this; try other words".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Marks, marked, words};
    use openclaw_memory::{Answer, Explain, Fallback, Hit, MeaningWeight, Query, SelfTest, Source};

    fn answer() -> Answer {
        let hit = Hit {
            path: "memory/2024-05-01.md".into(),
            start_line: 3,
            end_line: 4,
            score: 0.934,
            snippet: "- The spare key is under the blue pot.\n- \u{1b}[2JMilk".into(),
            source: Source::Memory,
            citation: "memory/2024-05-01.md#L3-L4".into(),
            heading: Some("Keys".into()),
            date: Some("2024-05-01".into()),
            repeated: 2,
            elsewhere: Vec::new(),
            cut: None,
            explain: Some(Explain {
                fused: Some(4.21),
                words: 0.712,
                coverage: 1.0,
                cosine: None,
                weight: Some(MeaningWeight {
                    weight: 0.5,
                    measured: Some(SelfTest { meaning: 0.6, words: 0.7 }),
                }),
            }),
        };
        Answer {
            results: vec![hit],
            provider: "openai".into(),
            model: "m".into(),
            fallback: Some(Fallback { from: "voyage/v".into(), reason: "no answer within 15 s".into() }),
            confidence: 0.934,
            stale: false,
            degraded: None,
            note: Some("2 changed notes are still being indexed".into()),
            days: None,
        }
    }

    #[test]
    fn results_are_easy_to_read() {
        let shown = words(&Query::new("where is the key"), &answer(), None, Marks::Off);
        let expected = "\u{20}1  0.93  memory/2024-05-01.md#L3-L4  Keys  2024-05-01  (said 2 times more)\n\
            \u{20}   words 0.71, coverage 1.00, no vector, +4.2 deviations above the average line\n\
            \u{20}   - The spare key is under the blue pot.\n\
            \u{20}   - [2JMilk\n\n\
            meaning counts 0.50, measured by the self-test (0.60 by meaning alone, 0.70 by words alone)\n\n\
            2 changed notes are still being indexed\n\n\
            openai/m stepped in for voyage/v: no answer within 15 s";
        assert_eq!(shown, expected);
        let mut of_a_day = answer();
        of_a_day.results[0].heading = of_a_day.results[0].date.clone();
        let shown = words(&Query::new("key"), &of_a_day, None, Marks::Off);
        assert_eq!(
            shown.lines().next().unwrap().matches("2024-05-01").count(),
            2,
            "in the path, and once as the day"
        );
        let marked = words(&Query::new("where is the key"), &answer(), None, Marks::On);
        assert!(marked.contains("spare \u{1b}[1mkey\u{1b}[0m is"), "{marked}");
    }

    #[test]
    fn only_what_was_asked_for_is_marked() {
        assert_eq!(marked("keys", "no such thing", Marks::On), "no such thing");
        assert_eq!(marked("会议", "明天会议", Marks::On), "明天\u{1b}[1m会议\u{1b}[0m");
    }

    #[test]
    fn nothing_has_a_reason() {
        let nothing = Answer { results: Vec::new(), fallback: None, note: None, ..answer() };
        let query = Query { min_score: 0.95, ..Query::new("key") };
        let shown = words(&query, &nothing, None, Marks::Off);
        assert_eq!(
            shown,
            "nothing scores 0.95 or more; the best result scores 0.934, and --min-score 0 shows it"
        );
        // What is not enough never reads like what is asked for.
        let query = Query { min_score: 0.99, ..query };
        let shown = words(&query, &Answer { confidence: 0.98996, ..nothing.clone() }, None, Marks::Off);
        assert!(shown.contains("scores 0.99 or more; the best result scores 0.989,"), "{shown}");
        let nothing = Answer { confidence: 0.0, ..nothing };
        let shown = words(&Query::new("key"), &nothing, None, Marks::Off);
        assert_eq!(shown, "nothing in the notes is about this; try other words");
        let note = Some("2 changed files are still being indexed".into());
        let pending = Answer { stale: true, note, ..nothing };
        let shown = words(&Query::new("key"), &pending, None, Marks::Off);
        assert_eq!(
            shown,
            "nothing found in what is indexed so far\n\n2 changed files are still being indexed"
        );
    }
}
