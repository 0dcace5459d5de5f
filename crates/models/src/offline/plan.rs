//! Chooses the next step of a turn: a pure function of the request.

use serde_json::{Value, json};

use super::answer::{answer, closest};
use super::commands::{ABOUT, ASKS_FOR_NOTES, MAY_ASK_FOR_NOTES};
use super::evidence::{Evidence, Hits, Kept, SearchFault, Wish};
use super::follow::{Followed, followed, points_back};
use super::forget::{Offer, Pending, edits, gone, offer, report};
use super::intent::{Intent, SmallTalk, after, intent};
use super::listing::{Extent, Wanted, listing};
use super::phrases::{LANGUAGES, Phrases, in_brackets};
use super::remember::Besides;
use super::reply::{Reply, reply};
use super::score::{Kind, Question};
use super::tongue::Tongue;
use super::turn::{Outcome, Turn};
use super::words::{Word, content_words};
use crate::ModelRequest;

/// Rounds of tool calls in one turn: the longest plan has three, and a loop must end whatever the tools answer.
const MAX_ROUNDS: usize = 4;
/// How many results to search for.
const MAX_RESULTS: usize = 6;
/// The same for a list: more lines than it shows.
const MAX_LISTED: usize = 20;
/// The same for a number: all that a search gives.
const MAX_COUNTED: usize = 50;
/// The same for what is to be removed: few, because each is read before a yes.
const MAX_FORGOTTEN: usize = 10;
/// How long a yes is taken for an answer to what was shown: an hour. A later one may be to anything.
const MAX_PENDING_MS: i64 = 3_600_000;
/// Longest query, in characters: the rest of a long message adds noise, not meaning.
const MAX_QUERY_CHARS: usize = 500;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// End the turn with this text.
    Say(String),
    /// Run these tools.
    Call(Vec<Call>),
}

/// One tool call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) arguments: Value,
}

/// The next step of the turn.
pub(super) fn plan(request: &ModelRequest) -> Step {
    let turn = Turn::read(request);
    let pending = turn.said.as_deref().and_then(Pending::read);
    let tongue = Tongue::in_talk(&turn.user.text, &turn.earlier);
    let planner = Planner { turn, request, phrases: tongue.phrases(), tongue };
    let step = match planner.wish(pending.as_ref()) {
        Err(token) => return Step::Say(token.to_owned()),
        Ok(step) => step,
    };
    match step {
        Step::Say(text) if planner.turn.first => {
            Step::Say(format!("{text}\n\n{}", planner.phrases.talk.hint))
        }
        Step::Say(_) | Step::Call(_) => step,
    }
}

/// What a step is chosen from.
pub(super) struct Planner<'a> {
    pub(super) turn: Turn<'a>,
    request: &'a ModelRequest,
    tongue: Tongue,
    pub(super) phrases: &'static Phrases,
}

impl Planner<'_> {
    /// The step towards what the message wants, or the token that the gateway asks for.
    fn wish(&self, pending: Option<&Pending>) -> Result<Step, &'static str> {
        if self.turn.rounds >= MAX_ROUNDS {
            return Ok(Step::Say(self.phrases.finding.gave_up.to_owned()));
        }
        let Some(pending) = pending else { return self.own_wish() };
        let kept = || Step::Say(pending.tongue.phrases().forgetting.kept.to_owned());
        match reply(&self.turn.user.text, pending.tongue) {
            Reply::Yes if self.may_confirm() => Ok(self.remove(pending)),
            Reply::Yes | Reply::No => Ok(kept()),
            Reply::Unclear if !self.may_confirm() => self.own_wish(),
            Reply::Unclear if !stands_for_itself(&self.turn.user.text) => Ok(kept()),
            // Whoever goes on to something else is told what became of the question.
            Reply::Unclear => Ok(match self.own_wish()? {
                Step::Say(text) => Step::Say(format!("{}\n\n{text}", self.phrases.forgetting.kept)),
                Step::Call(calls) => Step::Call(calls),
            }),
        }
    }

    /// The same of a message that is no reply.
    fn own_wish(&self) -> Result<Step, &'static str> {
        let text = &self.turn.user.text;
        if let Some(followed) = followed(&self.turn)
            && matches!(intent(text), Intent::Ask(_) | Intent::SmallTalk(SmallTalk::NoWords))
        {
            return Ok(self.follow(&followed));
        }
        Ok(match intent(text) {
            Intent::Token(token) => return Err(token),
            Intent::Remember(fact) => self.remember(&fact, Besides::Nothing),
            Intent::Remind(fact) => self.remember(&fact, Besides::Reminder),
            Intent::RememberNothing => Step::Say(self.phrases.noting.what.to_owned()),
            Intent::Ask(question) => self.ask(&question),
            Intent::List(question) => self.list(&self.with_subject(question), Wanted::Lines),
            Intent::Count(question) => self.list(&self.with_subject(question), Wanted::Number),
            Intent::Forget(what) => self.forget(&what),
            Intent::ForgetNothing => Step::Say(self.phrases.forgetting.which.to_owned()),
            Intent::SmallTalk(kind) => Step::Say(self.phrases.small_talk(kind)),
            Intent::NoCommand(command) => Step::Say(self.phrases.no_command(&command)),
        })
    }

    pub(super) fn has(&self, tool: &str) -> bool {
        self.request.tools.iter().any(|definition| definition.name == tool)
    }

    pub(super) fn call(&self, calls: Vec<(&'static str, Value)>) -> Step {
        let first = self.turn.calls_made + 1;
        let numbered = calls.into_iter().enumerate();
        Step::Call(
            numbered
                .map(|(n, (name, arguments))| Call { id: format!("recall_{}", first + n), name, arguments })
                .collect(),
        )
    }

    /// What the search found, or the step before or instead of that. `places` are looked at besides.
    fn searched(&self, search: Search<'_>) -> Result<Hits, Step> {
        let Some(found) = self.turn.outcome("memory_search") else {
            if !self.has("memory_search") {
                return Err(Step::Say(self.phrases.missing_tool("memory_search")));
            }
            let query: String = search.query.chars().take(MAX_QUERY_CHARS).collect();
            let arguments = json!({ "query": query, "maxResults": search.results });
            let places = if self.has("memory_get") { search.places } else { &[] };
            let mut calls = vec![("memory_search", arguments)];
            calls.extend(places.iter().map(|place| ("memory_get", place.clone())));
            return Err(self.call(calls));
        };
        let fault = match Hits::parse(&found.text) {
            // A failed search says why in the result's form; any other failure is the tool's own text.
            Err(SearchFault::NotJson) | Ok(_) if found.failed => found.text.clone(),
            Err(fault) => fault.to_string(),
            Ok(hits) => return Ok(hits),
        };
        Err(Step::Say(self.phrases.search_failed(&fault)))
    }

    /// The lines of the results, and of what was read; first the step that reads what else is needed. `places` were read
    /// with the search.
    fn evidence(&self, hits: &Hits, wish: Wish, places: usize) -> Result<Evidence, Step> {
        let reads = self.reads();
        let wanted = hits.reads(wish, reads.get(..places).unwrap_or_default());
        if !wanted.is_empty() && reads.len() <= places && self.has("memory_get") {
            return Err(self.call(wanted.into_iter().map(|arguments| ("memory_get", arguments)).collect()));
        }
        Ok(Evidence::of_both(hits, &reads))
    }

    fn reads(&self) -> Vec<&Outcome<'_>> {
        self.turn.outcomes.iter().filter(|outcome| outcome.tool == "memory_get").collect()
    }

    /// Searches, reads on where a result was cut, and quotes.
    fn ask(&self, text: &str) -> Step {
        let step = || {
            let mut hits = self.searched(Search { query: text, results: MAX_RESULTS, places: &[] })?;
            let question = Question::read_in(text, self.tongue).reaching_beside();
            let only_days = hits.days.as_ref().is_some_and(|days| self.is_empty(&days.about));
            let kept = if only_days { hits.keep_days(text) } else { Kept::All };
            let extent = extent(hits.count(), MAX_RESULTS);
            hits.leave_out_echoes(text);
            let evidence = self.evidence(&hits, Wish::Cut, 0)?.without_echoes(text);
            let found = match kept {
                Kept::All => answer(&question, &evidence, self.tongue),
                Kept::OtherDays => closest(&question, &evidence, self.tongue),
                Kept::Days => {
                    let all = Question { words: Vec::new(), ..question };
                    listing(&all, &evidence, Wanted::Lines, extent, self.tongue)
                }
            };
            Ok(self.noting(found, text, &hits))
        };
        said(step())
    }

    /// An answer with what the search says about itself, or that there is none.
    fn noting(&self, found: Option<String>, asked: &str, hits: &Hits) -> String {
        match (found, hits.note.as_deref()) {
            (Some(found), Some(note)) => format!("{found}\n\n{}", in_brackets(note)),
            (Some(found), None) => found,
            (None, note) => {
                let nothing = self.phrases.nothing_found(asked, note);
                if Tongue::is_foreign(asked) { format!("{nothing}\n\n{LANGUAGES}") } else { nothing }
            }
        }
    }

    /// The same for a question that leans on the answer before: its notes are looked at again.
    fn follow(&self, followed: &Followed) -> Step {
        let step = || {
            let text = &self.turn.user.text;
            let query = format!("{} {text}", followed.subject);
            let search = Search { query: &query, results: MAX_RESULTS, places: &followed.places };
            let mut hits = self.searched(search)?;
            hits.leave_out_echoes(text);
            let evidence = self.evidence(&hits, Wish::Cut, followed.places.len())?.without_echoes(text);
            let question = Question::read_in(text, self.tongue)
                .following(Question::read_in(&followed.subject, self.tongue))
                .reaching_beside();
            Ok(self.noting(answer(&question, &evidence, self.tongue), text, &hits))
        };
        said(step())
    }

    /// "And how many notes about it?" is about what was asked before; "how many notes do I have?" is not.
    fn with_subject(&self, question: String) -> String {
        let leans = points_back(&question) && about(&question, self.tongue).words.is_empty();
        let followed = followed(&self.turn).filter(|_| leans);
        match followed {
            Some(followed) => format!("{} {question}", followed.subject),
            None => question,
        }
    }

    fn is_empty(&self, text: &str) -> bool {
        content_words(text, self.tongue).is_empty()
    }

    /// Searches further than for an answer, and shows every line.
    fn list(&self, text: &str, wanted: Wanted) -> Step {
        let results = match wanted {
            Wanted::Lines => MAX_LISTED,
            Wanted::Number => MAX_COUNTED,
        };
        if about(text, self.tongue).words.is_empty() {
            return Step::Say(self.phrases.finding.all.to_owned());
        }
        let step = || {
            let mut hits = self.searched(Search { query: text, results, places: &[] })?;
            // Where only days are asked for, theirs come first; if others came too, these are all.
            let found = hits.count();
            let kept = hits.keep_days(text);
            let only_days = hits.days.as_ref().is_some_and(|days| days.about.is_empty());
            let extent = if only_days { extent(hits.count(), results) } else { extent(found, results) };
            hits.keep_notes();
            let evidence = self.evidence(&hits, Wish::Copies, 0)?;
            if kept == Kept::OtherDays {
                let found = closest(&about(text, self.tongue), &evidence, self.tongue);
                return Ok(self.noting(found, text, &hits));
            }
            let extent = if hits.misses(&evidence) { Extent::Part } else { extent };
            let question = about(hits.days.as_ref().map_or(text, |days| days.about.as_str()), self.tongue);
            // Without days and without words there is nothing to list by.
            let named = hits.days.is_some() || !question.words.is_empty();
            let found = named.then(|| listing(&question, &evidence, wanted, extent, self.tongue)).flatten();
            let found = found.or_else(|| answer(&question, &evidence, self.tongue));
            Ok(self.noting(found, text, &hits))
        };
        said(step())
    }

    /// Shows the lines that would go, and asks.
    fn forget(&self, what: &str) -> Step {
        if let Some(missing) = self.missing_to_forget() {
            return Step::Say(self.phrases.missing_tool(missing));
        }
        let step = || {
            let Remains { hits, evidence, extent } = self.found_to_forget(what)?;
            let question = Question::read_in(what, self.tongue);
            Ok(match offer(&question, &evidence, extent, self.tongue) {
                Offer::Asked(text) => text,
                // What cannot go this way is shown all the same.
                Offer::Withheld => self.noting(answer(&question, &evidence, self.tongue), what, &hits),
                Offer::Nothing => self.phrases.nothing_found(what, hits.note.as_deref()),
            })
        };
        said(step())
    }

    fn missing_to_forget(&self) -> Option<&'static str> {
        ["memory_search", "memory_get", "edit"].into_iter().find(|tool| !self.has(tool))
    }

    /// What the search found in notes, read once more: what is shown must be whole lines, as they are now.
    fn found_to_forget(&self, what: &str) -> Result<Remains, Step> {
        let mut hits = self.searched(Search { query: what, results: MAX_FORGOTTEN, places: &[] })?;
        let extent = extent(hits.count(), MAX_FORGOTTEN);
        hits.keep_notes();
        let since = self.turn.outcomes.iter().skip_while(|outcome| outcome.tool != "memory_search");
        let reads: Vec<&Outcome<'_>> = since.filter(|outcome| outcome.tool == "memory_get").collect();
        let wanted = hits.reads(Wish::Whole, &[]);
        if reads.is_empty() && !wanted.is_empty() {
            return Err(self.call(wanted.into_iter().map(|place| ("memory_get", place)).collect()));
        }
        let evidence = Evidence::of_reads(&hits, &reads);
        // What the search has not read yet may say it too.
        let more = hits.note.is_some() || hits.misses(&evidence);
        Ok(Remains { hits, evidence, extent: if more { Extent::Part } else { extent } })
    }

    /// Whether a yes is to what was shown: of whoever it was shown to, and soon enough that it is remembered.
    fn may_confirm(&self) -> bool {
        let age = self.request.now_ms.saturating_sub(self.turn.said_ms);
        self.turn.sender_before.as_ref() == Some(&self.turn.user.sender) && age <= MAX_PENDING_MS
    }

    /// Looks whether the lines are still there as they were shown, removes those, and tells.
    fn remove(&self, pending: &Pending) -> Step {
        if let Some(missing) = self.missing_to_forget() {
            return Step::Say(pending.tongue.phrases().missing_tool(missing));
        }
        let edited: Vec<&Outcome<'_>> =
            self.turn.outcomes.iter().filter(|outcome| outcome.tool == "edit").collect();
        if !edited.is_empty() {
            return Step::Say(report(pending, &edited));
        }
        let looks = self.reads();
        if looks.is_empty() {
            return self.call(pending.blocks.iter().map(|block| ("memory_get", block.look())).collect());
        }
        match edits(&pending.blocks, &looks) {
            Some(edits) => self.call(edits.into_iter().map(|edit| ("edit", edit)).collect()),
            None => self.show_anew(pending),
        }
    }

    /// Shows what is there now of what was to be forgotten, and asks again.
    fn show_anew(&self, pending: &Pending) -> Step {
        let wish = self.turn.earlier.iter().find_map(|text| match intent(text) {
            Intent::Forget(what) => Some(what),
            Intent::Remember(_)
            | Intent::Remind(_)
            | Intent::RememberNothing
            | Intent::Ask(_)
            | Intent::List(_)
            | Intent::Count(_)
            | Intent::ForgetNothing
            | Intent::SmallTalk(_)
            | Intent::NoCommand(_)
            | Intent::Token(_) => None,
        });
        let Some(what) = wish else { return Step::Say(gone(pending)) };
        let step = || {
            let Remains { evidence, extent, .. } = self.found_to_forget(&what)?;
            let question = Question::read_in(&what, pending.tongue);
            let anew = pending.tongue.phrases().forgetting.anew;
            Ok(match offer(&question, &evidence, extent, pending.tongue) {
                Offer::Asked(offered) => format!("{anew}\n\n{offered}"),
                Offer::Withheld | Offer::Nothing => gone(pending),
            })
        };
        said(step())
    }
}

/// What there is about something that is to be forgotten.
struct Remains {
    hits: Hits,
    evidence: Evidence,
    extent: Extent,
}

/// A search and what is read with it.
struct Search<'a> {
    query: &'a str,
    results: usize,
    places: &'a [Value],
}

/// Whether a message says something of its own, where a yes or a no was waited for.
fn stands_for_itself(text: &str) -> bool {
    match intent(text) {
        Intent::Ask(question) => question.contains(['?', '？']) || Kind::of(&question) != Kind::Anything,
        Intent::SmallTalk(kind) => kind == SmallTalk::Help,
        Intent::Remember(_)
        | Intent::Remind(_)
        | Intent::RememberNothing
        | Intent::List(_)
        | Intent::Count(_)
        | Intent::Forget(_)
        | Intent::ForgetNothing
        | Intent::NoCommand(_)
        | Intent::Token(_) => true,
    }
}

/// What a question for a list is about, besides notes.
fn about(text: &str, tongue: Tongue) -> Question {
    let question = Question::read_in(text, tongue).reaching();
    let subject = subject(text)
        .filter(|_| tongue == Tongue::English)
        .map(|subject| Question::read_in(subject, tongue).words);
    let subject = subject.filter(|words| !words.is_empty());
    let asks = |list: &str, word: &Word| list.split_whitespace().any(|asks| asks == word.stem);
    let words = subject.unwrap_or_else(|| {
        let may =
            trimmed(&question.words, |word| asks(ASKS_FOR_NOTES, word) || asks(MAY_ASK_FOR_NOTES, word));
        if may.is_empty() { trimmed(&question.words, |word| asks(ASKS_FOR_NOTES, word)) } else { may }
    });
    Question { words, ..question }
}

/// What stands behind the first "about".
fn subject(text: &str) -> Option<&str> {
    let behind = |about: &&str| {
        text.char_indices().filter(|(_, c)| *c == ' ').find_map(|(at, _)| after(&text[at..], about))
    };
    ABOUT.iter().find_map(behind)
}

/// Without the words at both ends that only ask.
fn trimmed(words: &[Word], asks: impl Fn(&Word) -> bool) -> Vec<Word> {
    let first = words.iter().position(|word| !asks(word)).unwrap_or(words.len());
    let end = words.iter().rposition(|word| !asks(word)).map_or(first, |last| last + 1);
    words[first..end].to_vec()
}

fn said(step: Result<String, Step>) -> Step {
    step.map_or_else(|step| step, Step::Say)
}

fn extent(found: usize, wanted: usize) -> Extent {
    if found < wanted { Extent::All } else { Extent::Part }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ROUNDS, Step, plan};
    use crate::{ModelRequest, ToolDefinition};
    use openclaw_protocol::message::{
        AssistantMessage, Content, Message, Part, ToolResultMessage, UserMessage,
    };
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::sync::Arc;

    const ALL_TOOLS: &[&str] = &["read", "write", "memory_search", "memory_get"];

    fn request(text: &str, tools: &[&str]) -> ModelRequest {
        let message = Message::User(UserMessage { content: Content::Text(text.into()), timestamp: 0 });
        let tool = |name: &&str| ToolDefinition {
            name: (*name).into(),
            description: String::new(),
            parameters: json!({}),
        };
        ModelRequest {
            messages: vec![Arc::new(message)],
            tools: tools.iter().map(tool).collect(),
            now_ms: 1_795_170_420_000,
            ..ModelRequest::default()
        }
    }

    /// What a tool answers: its text, and whether it failed.
    type Answer = (String, bool);

    /// Plays the turn loop; gives the calls made and the final text.
    fn run(
        mut request: ModelRequest,
        tools: impl Fn(&str, &Value) -> Answer,
    ) -> (Vec<(String, Value)>, String) {
        let mut calls = Vec::new();
        for _ in 0..=MAX_ROUNDS {
            match plan(&request) {
                Step::Say(text) => return (calls, text),
                Step::Call(wanted) => {
                    let parts =
                        wanted.iter().map(|c| Part::tool_call(&c.id, c.name, c.arguments.clone())).collect();
                    request.messages.push(Arc::new(assistant(parts)));
                    for call in wanted {
                        let (text, is_error) = tools(call.name, &call.arguments);
                        request.messages.push(Arc::new(Message::ToolResult(ToolResultMessage {
                            tool_call_id: call.id,
                            tool_name: call.name.into(),
                            content: vec![Part::text(text)],
                            details: None,
                            is_error,
                            timestamp: 0,
                        })));
                        calls.push((call.name.to_owned(), call.arguments));
                    }
                }
            }
        }
        panic!("the plan does not end: {calls:?}");
    }

    fn assistant(content: Vec<Part>) -> Message {
        Message::Assistant(AssistantMessage {
            content,
            api: String::new(),
            provider: String::new(),
            model: String::new(),
            usage: Default::default(),
            stop_reason: Default::default(),
            error_message: None,
            timestamp: 0,
        })
    }

    fn ok(text: impl Into<String>) -> Answer {
        (text.into(), false)
    }

    #[test]
    fn a_fact_is_appended_and_the_first_of_a_day_gets_a_title() {
        let wrapped = "[Sat 2026-11-21 00:10 CET] remember that tea is green\n[message_id: m]";
        let tools = [ALL_TOOLS, &["edit"]].concat();
        let write = |tool: &str, _: &Value| match tool {
            "write" => ok("Appended 1 line to memory/2026-11-21.md (line 1)"),
            "edit" => ok("Replaced 1 match in memory/2026-11-21.md (line 1)"),
            _ => ("nothing else is called".into(), true),
        };
        let (calls, text) = run(request(wrapped, &tools), write);
        let path = "memory/2026-11-21.md";
        let title = json!({"path":path,"line":1,"oldText":"- tea is green","newText":"# 2026-11-21\n\n- tea is green"});
        let note = json!({"path":path,"content":"- tea is green\n","append":true});
        assert_eq!(calls, [("write".to_owned(), note), ("edit".to_owned(), title)]);
        assert!(
            text.starts_with("Noted in memory/2026-11-21.md#L3: tea is green\n\n(offline/recall"),
            "{text}"
        );
        // Without the tool there is no title.
        let (calls, text) = run(request(wrapped, ALL_TOOLS), write);
        assert_eq!(calls.len(), 1);
        assert!(text.starts_with("Noted in memory/2026-11-21.md#L1: tea is green"), "{text}");
    }

    #[test]
    fn a_failed_write_is_said_and_a_place_that_nobody_names_is_looked_for() {
        let (calls, text) = run(request("note: x", ALL_TOOLS), |_, _| {
            (r#"{"status":"error","tool":"write","error":"disk is full."}"#.into(), true)
        });
        assert_eq!((calls.len(), &calls[0].1["content"]), (1, &json!("- x\n")));
        assert!(
            text.starts_with("I could not write memory/2026-11-20.md: disk is full. Nothing was noted"),
            "{text}"
        );
        let (_, text) = run(request("note: x", ALL_TOOLS), |tool, _| match tool {
            "read" => ok("- a\n- x\n"),
            _ => ok("done"),
        });
        assert!(text.starts_with("Noted in memory/2026-11-20.md#L2: x"), "{text}");
    }

    #[test]
    fn a_question_is_searched_read_on_and_quoted() {
        let (calls, text) = run(request("When does Project Falcon ship?", ALL_TOOLS), |tool, _| match tool {
            "memory_search" => {
                ok(json!({"results":[{"path":"MEMORY.md","startLine":5,"endLine":8,"score":0.8,
                "snippet":"## Projects\n- Project Fal…","source":"memory"}],"provider":"p","model":"m"})
                .to_string())
            }
            _ => ok(json!({"path":"MEMORY.md","text":"## Projects\n- Project Falcon ships on Friday.\n"})
                .to_string()),
        });
        assert_eq!(
            calls[0],
            ("memory_search".into(), json!({"query":"When does Project Falcon ship?","maxResults":6}))
        );
        assert_eq!(calls[1], ("memory_get".into(), json!({"path":"MEMORY.md","from":5,"lines":4})));
        assert!(
            text.starts_with(
                "From your notes:\n\n> - Project Falcon ships on Friday.\nSource: MEMORY.md#L6\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let nothing = |_: &str, _: &Value| ok(r#"{"results":[]}"#);
        let off = |_: &str, _: &Value| ok(r#"{"results":[],"disabled":true,"error":"no index"}"#);
        let off_and_failed = |tool: &str, arguments: &Value| (off(tool, arguments).0, true);
        let building = |_: &str, _: &Value| ok(r#"{"results":[],"note":"the index is being built"}"#);
        let broken = |_: &str, _: &Value| ("boom".to_owned(), true);
        let said = |text: &str, tools: &[&str], answers: &dyn Fn(&str, &Value) -> Answer| {
            run(request(text, tools), answers).1
        };
        let rows = [
            (said("Who is Bob?", ALL_TOOLS, &nothing), "I found nothing about \"Who is Bob\" in your notes."),
            (said("Who is Bob?", ALL_TOOLS, &off_and_failed), "Searching your notes failed: no index."),
            (
                said("Who is Bob?", ALL_TOOLS, &building),
                "I found nothing about \"Who is Bob\" in your notes (the index is being built).",
            ),
            (said("Who is Bob?", ALL_TOOLS, &off), "Searching your notes failed: no index."),
            (said("Who is Bob?", ALL_TOOLS, &broken), "Searching your notes failed: boom."),
            (said("Who is Bob?", &["read"], &nothing), "I cannot do this: the tool \"memory_search\""),
            (said("note: x", &["read"], &nothing), "I cannot do this: the tool \"write\""),
            (said("remember", ALL_TOOLS, &nothing), "What should I note?"),
            (said("help", ALL_TOOLS, &nothing), "I am offline/recall"),
        ];
        for (text, expected) in rows {
            assert!(text.starts_with(expected), "{text}");
        }
        assert_eq!(said("reply HEARTBEAT_OK if idle", ALL_TOOLS, &nothing), "HEARTBEAT_OK");
    }

    #[test]
    fn the_hint_ends_only_the_first_answer_and_ids_stay_unique() {
        let mut request = request("hello", ALL_TOOLS);
        request.messages.push(Arc::new(assistant(vec![
            Part::tool_call("recall_1", "read", json!({})),
            Part::text("hi"),
        ])));
        let next = UserMessage { content: Content::Text("who is Bob?".into()), timestamp: 0 };
        request.messages.push(Arc::new(Message::User(next)));
        let Step::Call(calls) = plan(&request) else { panic!("a call was expected") };
        assert_eq!(calls[0].id, "recall_2");
        let (_, text) = run(request, |_, _| ok(r#"{"results":[]}"#));
        assert!(!text.contains("(offline/recall"), "{text}");
    }

    proptest! {
        #[test]
        fn every_turn_ends_whatever_the_tools_answer(
            text in "(remember that |note: |who is |where )?[ -~é猫\n]{0,40}",
            answer in prop_oneof![
                "\\PC{0,60}",
                ("[a-c #>\n…]{0,60}", 0usize..9, 0usize..9, 0.0f64..1.0).prop_map(|(snippet, start, end, score)| {
                    json!({"results":[{"path":"p","startLine":start,"endLine":end,"score":score,"snippet":snippet}]}).to_string()
                }),
                Just(json!({"results":[{"path":"p","startLine":u64::MAX,"endLine":u64::MAX,"snippet":"a\nb"}]}).to_string()),
            ],
            failed in any::<bool>(),
            tools in proptest::sample::subsequence(ALL_TOOLS, 0..=4),
            now_ms in any::<i64>(),
        ) {
            let request = ModelRequest { now_ms, ..request(&text, &tools) };
            let (_, said) = run(request, |_, _| (answer.clone(), failed));
            prop_assert!(!said.is_empty());
        }
    }
}
