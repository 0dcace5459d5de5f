//! Adding and removing items of an object or list in a text, and not a byte more than that.

use super::comments::{Attached, ends_line};
use super::layout::{
    Items, Span, Trivia, indent_at, line_break, line_indent, line_start, skip_blanks, skip_trivia,
};
use super::style::{NewItem, Style, Written};

/// A stretch of a text and what comes in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) span: Span,
    pub(crate) text: String,
}

pub(super) fn splice(start: usize, end: usize, text: impl Into<String>) -> Splice {
    Splice { span: Span { start, end }, text: text.into() }
}

/// The text with the splices done; they do not overlap and stand in the order of the text.
pub(crate) fn apply(text: &str, splices: &[Splice]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for Splice { span, text: new } in splices {
        out.push_str(&text[copied..span.start]);
        out.push_str(new);
        copied = span.end;
    }
    out.push_str(&text[copied..]);
    out
}

/// Brings splices of different places into the order of the text; `None` if two of them overlap.
pub(crate) fn in_order(mut splices: Vec<Splice>) -> Option<Vec<Splice>> {
    // At the same byte, what was made first comes first, and what is put in before what is replaced.
    splices.sort_by_key(|splice| (splice.span.start, splice.span.end));
    let overlap = |pair: &[Splice]| pair[1].span.start < pair[0].span.end;
    (!splices.windows(2).any(overlap)).then_some(splices)
}

/// An object or list in a text, where new items may go.
pub(crate) struct Place<'p> {
    /// The whole text.
    pub(crate) text: &'p str,
    /// The items that are there.
    pub(crate) items: &'p Items,
    /// How the text is written.
    pub(crate) style: &'p Style,
}

impl Place<'_> {
    /// New items become those from `index` on.
    pub(crate) fn add_items(&self, index: usize, new: &[NewItem<'_>]) -> Vec<Splice> {
        let Self { text, items, style } = self;
        let written = |indent: &str| new.iter().map(|new| style.item(new, indent)).collect::<Vec<_>>();
        if items.ranges.is_empty() {
            return vec![self.first_items(written)];
        }
        let near =
            items.ranges.iter().take(index.max(1)).rev().find_map(|range| indent_at(text, range.start));
        if let Some(indent) = near {
            return self.on_own_lines(index, &written(indent), indent, "");
        }
        let base = line_indent(text, items.open);
        let new = written(base);
        if !new.iter().any(Written::ends_line) {
            return self.in_line(index, &new);
        }
        let indent = format!("{base}{}", style.unit);
        self.on_own_lines(index, &written(&indent), &indent, &format!("{}{base}", style.newline))
    }

    /// The first items of an empty object or list.
    fn first_items(&self, written: impl Fn(&str) -> Vec<Written>) -> Splice {
        let Self { text, items: Items { open, close, .. }, style } = *self;
        let base = line_indent(text, *open);
        let indent = format!("{base}{}", style.unit);
        let comma = if style.trailing_comma { "," } else { "" };
        let newline = style.newline;
        let new = written(&indent);
        let on_lines = self.lines(&new, comma, &indent);
        let last_line = indent_at(text, *close).map(|blank| close - blank.len());
        if let Some(last_line) = last_line.filter(|at| at >= open) {
            return splice(last_line, last_line, format!("{indent}{on_lines}{newline}"));
        }
        let inner = &text[*open..*close];
        let kept = open + inner.trim_end().len();
        if is_pretty(text, *open) || new.iter().any(Written::ends_line) {
            return splice(kept, *close, format!("{newline}{indent}{on_lines}{newline}{base}"));
        }
        let pad = if inner.is_empty() { "" } else { " " };
        let in_line: Vec<String> = written(base).iter().map(|item| item.in_line("")).collect();
        splice(kept, *close, format!("{pad}{}{pad}", in_line.join(", ")))
    }

    /// Items on lines of their own, the first one without its indentation; `comma` is that of the last one.
    fn lines(&self, new: &[Written], comma: &str, indent: &str) -> String {
        let newline = self.style.newline;
        let mut text = String::new();
        for (position, item) in new.iter().enumerate() {
            let is_last = position + 1 == new.len();
            text.push_str(&item.on_lines(if is_last { comma } else { "," }, newline, indent));
            if !is_last {
                text.extend([newline, indent]);
            }
        }
        text
    }

    /// The new items get lines of their own behind the item before them and that item's comment; `end` is what follows
    /// on the last one.
    fn on_own_lines(&self, index: usize, new: &[Written], indent: &str, end: &str) -> Vec<Splice> {
        let Self { text, items, style } = *self;
        let is_last = index >= items.ranges.len();
        let before =
            index.checked_sub(1).and_then(|before| items.ranges.get(before).map(|range| (before, range)));
        let comma = before.and_then(|(before, _)| items.comma_after(text, before));
        let behind = match (comma, before) {
            (Some(comma), _) => comma + 1,
            (None, Some((_, range))) => range.end,
            (None, None) => items.open,
        };
        let line_end = skip_trivia(text, behind, Trivia::SameLine);
        let at = if line_break(text, line_end).is_some() { line_end } else { behind };
        let own_comma = if !is_last || comma.is_some() { "," } else { "" };
        let new_lines = self.lines(new, own_comma, indent);
        let behind_line = line_break(text, at).is_some();
        // A comment must not take along what goes on in the line.
        let needs_end = new.last().is_some_and(Written::ends_line) && !behind_line && end.is_empty();
        let own_end = if needs_end {
            format!("{}{}", style.newline, line_indent(text, items.open))
        } else {
            end.to_owned()
        };
        let added = splice(at, at, format!("{}{indent}{new_lines}{own_end}", style.newline));
        match (comma, before) {
            (None, Some((_, range))) => vec![splice(range.end, range.end, ","), added],
            _ => vec![added],
        }
    }

    /// Items stand behind each other.
    fn in_line(&self, index: usize, new: &[Written]) -> Vec<Splice> {
        let Self { text, items, .. } = self;
        let join = |comma: &str, between: &str| {
            new.iter().map(|item| item.in_line(comma)).collect::<Vec<_>>().join(between)
        };
        if let Some(next) = items.ranges.get(index) {
            return vec![splice(next.start, next.start, format!("{}, ", join("", ", ")))];
        }
        let last = items.ranges.len() - 1;
        vec![match items.comma_after(text, last) {
            Some(comma) => splice(comma + 1, comma + 1, format!(" {}", join(",", " "))),
            None => splice(items.ranges[last].end, items.ranges[last].end, format!(", {}", join("", ", "))),
        }]
    }
}

/// Whether a text, or the outermost object of it, has its items on lines of their own.
fn is_pretty(text: &str, open: usize) -> bool {
    text.trim().contains('\n') || text[..open].trim() == "{"
}

/// An item that goes.
pub(crate) struct Gone<'g> {
    /// Its position.
    pub(crate) index: usize,
    /// Comments of its own that go with it; without them those around it stay.
    pub(crate) attached: Option<Attached>,
    /// Comments in it that stay in its place.
    pub(crate) kept: Vec<&'g str>,
}

/// Neighbours that go, with nothing but blanks and commas between them.
struct Run {
    first: usize,
    last: usize,
    span: Span,
}

/// Takes items out, in their order, their commas with them; their lines, too, when nothing else is on them.
pub(crate) fn remove_items(text: &str, items: &Items, gone: &[Gone<'_>]) -> Vec<Splice> {
    let mut splices = Vec::new();
    let mut runs: Vec<Run> = Vec::new();
    for item in gone {
        let span = items.ranges[item.index];
        if let Some(Attached { stretch, .. }) = &item.attached {
            match items.comma_after(text, item.index) {
                Some(_) => splices.push(cut(text, *stretch)),
                None => splices.extend(without_own_comma(text, items, gone, item.index, *stretch)),
            }
        } else if !item.kept.is_empty() {
            splices.extend(leave(text, items, gone, item));
        } else if let Some(run) = runs.last_mut().filter(|run| continues(text, items, run, item.index)) {
            (run.last, run.span.end) = (item.index, span.end);
        } else {
            runs.push(Run { first: item.index, last: item.index, span });
        }
    }
    for run in runs {
        splices.extend(remove_run(text, items, gone, &run));
    }
    splices
}

/// Whether an item follows a run in the same line.
fn continues(text: &str, items: &Items, run: &Run, index: usize) -> bool {
    let between = text.get(run.span.end..items.ranges[index].start);
    run.last + 1 == index
        && between.is_some_and(|between| between.chars().all(|c| matches!(c, ' ' | '\t' | ',')))
}

fn remove_run(text: &str, items: &Items, gone: &[Gone<'_>], run: &Run) -> Vec<Splice> {
    let Span { start, end } = run.span;
    if let Some(comma) = items.comma_after(text, run.last) {
        let is_near = text[end..comma].trim().is_empty();
        return match is_near {
            true => vec![cut(text, Span { start, end: comma + 1 })],
            false => vec![splice(start, end, ""), splice(comma, comma + 1, "")],
        };
    }
    without_own_comma(text, items, gone, run.first, run.span)
}

/// Removes a stretch; if it ends the object or list without a comma, the item that is the last one then loses its own.
fn without_own_comma(
    text: &str,
    items: &Items,
    gone: &[Gone<'_>],
    first: usize,
    stretch: Span,
) -> Vec<Splice> {
    match last_comma(text, items, gone, first) {
        Some(comma) if text[comma + 1..stretch.start].chars().all(|c| c == ' ' || c == '\t') => {
            vec![splice(comma, stretch.end, "")]
        }
        Some(comma) => vec![splice(comma, comma + 1, ""), cut(text, stretch)],
        None => vec![cut(text, stretch)],
    }
}

/// The comma that is not needed any more when the items from `first` on go: that of the last one that stays.
fn last_comma(text: &str, items: &Items, gone: &[Gone<'_>], first: usize) -> Option<usize> {
    let last = items.ranges.len() - 1;
    let goes = |index: usize| gone.binary_search_by_key(&index, |gone| gone.index).is_ok();
    if items.comma_after(text, last).is_some() || !(first..=last).all(goes) {
        return None;
    }
    // Of several runs at the end, the last one says it.
    let stays = (0..first).rev().find(|index| !goes(*index))?;
    items.comma_after(text, stays)
}

/// Leaves the comments of an item in its place.
fn leave(text: &str, items: &Items, gone: &[Gone<'_>], item: &Gone<'_>) -> Vec<Splice> {
    let span = items.ranges[item.index];
    let comma = items.comma_after(text, item.index);
    let near = comma.filter(|comma| text[span.end..*comma].trim().is_empty());
    let end = near.map_or(span.end, |comma| comma + 1);
    let is_line_end = line_break(text, skip_blanks(text, end)).is_some();
    let indent = line_indent(text, span.start);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (mut kept, mut end) = (String::new(), end);
    for (position, comment) in item.kept.iter().enumerate() {
        kept.push_str(comment);
        let is_last = position + 1 == item.kept.len();
        match ends_line(comment) {
            true if is_last && is_line_end => {}
            true => {
                kept.extend([newline, indent]);
                end = if is_last { skip_blanks(text, end) } else { end };
            }
            false if !is_last => kept.push(' '),
            false => {}
        }
    }
    let mut splices = vec![splice(span.start, end, kept)];
    match (comma, near) {
        (Some(comma), None) => splices.push(splice(comma, comma + 1, "")),
        (None, _) => splices
            .extend(last_comma(text, items, gone, item.index).map(|comma| splice(comma, comma + 1, ""))),
        (Some(_), Some(_)) => {}
    }
    splices
}

/// Removes a stretch, with its line when the line is blank then, else with the white space behind it.
fn cut(text: &str, Span { start, end }: Span) -> Splice {
    let behind = skip_blanks(text, end);
    match (indent_at(text, start), line_break(text, behind)) {
        (Some(_), Some(next_line)) => splice(line_start(text, start), next_line, ""),
        (None, Some(_)) => splice(start, end, ""),
        (_, None) => splice(start, behind, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{Gone, Place, apply, in_order, remove_items};
    use crate::edit::layout::Items;
    use crate::edit::style::{Content, Moved, NewItem, Style};
    use crate::text;

    fn add(before: &str, index: usize, new: &[NewItem<'_>]) -> String {
        let tree = text::parse(before).unwrap();
        let (items, style) = (Items::of(&tree).unwrap(), Style::of(before, &tree));
        let place = Place { text: before, items: &items, style: &style };
        let after = apply(before, &in_order(place.add_items(index, new)).unwrap());
        text::parse(&after).unwrap_or_else(|_| panic!("{after}"));
        after
    }

    fn item<'t>(text: &'t str, lead: &[&'t str], trail: &[&'t str]) -> NewItem<'t> {
        let moved = Moved { text, indent: "", lead: lead.to_vec(), trail: trail.to_vec() };
        NewItem { names: Vec::new(), is_named: false, content: Content::Moved(moved) }
    }

    fn remove(before: &str, indices: &[usize]) -> String {
        let tree = text::parse(before).unwrap();
        let gone = |index: &usize| Gone { index: *index, attached: None, kept: Vec::new() };
        let gone: Vec<Gone<'_>> = indices.iter().map(gone).collect();
        let splices = in_order(remove_items(before, &Items::of(&tree).unwrap(), &gone)).unwrap();
        let after = apply(before, &splices);
        text::parse(&after).unwrap_or_else(|_| panic!("{after}"));
        after
    }

    #[test]
    fn items_are_added_as_a_person_would() {
        let rows = [
            ("{}", 0, "b: 2", "{\n  b: 2\n}"),
            ("{ }", 0, "b: 2", "{\n  b: 2\n}"),
            ("{\n}", 0, "b: 2", "{\n  b: 2\n}"),
            ("{\n  // note\n}\n", 0, "b: 2", "{\n  // note\n  b: 2\n}\n"),
            ("{ // note\n}", 0, "b: 2", "{ // note\n  b: 2\n}"),
            ("// head\n{ /* in */ }", 0, "b: 2", "// head\n{ /* in */\n  b: 2\n}"),
            ("{\n  a: 1\n}", 1, "b: 2", "{\n  a: 1,\n  b: 2\n}"),
            ("{\n  a: 1,\n}", 1, "b: 2", "{\n  a: 1,\n  b: 2,\n}"),
            ("{\n  a: 1, // one\n  // end\n}", 1, "b: 2", "{\n  a: 1, // one\n  b: 2,\n  // end\n}"),
            ("{\n  a: 1 // one\n}", 1, "b: 2", "{\n  a: 1, // one\n  b: 2\n}"),
            ("{\n\ta: 1 /* x\n y */ ,\n}", 1, "b: 2", "{\n\ta: 1 /* x\n y */ ,\n\tb: 2,\n}"),
            ("{\r\n  a: 1\r\n}", 1, "b: 2", "{\r\n  a: 1,\r\n  b: 2\r\n}"),
            ("{ a: 1 }", 1, "b: 2", "{ a: 1, b: 2 }"),
            ("{ a: 1, }", 1, "b: 2", "{ a: 1, b: 2, }"),
            ("{\n  a: 1 }", 1, "b: 2", "{\n  a: 1,\n  b: 2 }"),
            ("[]", 0, "1", "[1]"),
            ("[1, 3]", 1, "2", "[1, 2, 3]"),
            (
                "[\n  // one\n  1,\n  // three\n  3,\n]",
                1,
                "2",
                "[\n  // one\n  1,\n  2,\n  // three\n  3,\n]",
            ),
            ("[\n  // one\n  1\n]", 0, "0", "[\n  0,\n  // one\n  1\n]"),
        ];
        for (before, index, text, after) in rows {
            assert_eq!(add(before, index, &[item(text, &[], &[])]), after, "{before:?}");
        }
    }

    #[test]
    fn items_go_and_comments_stay() {
        let rows = [
            ("{ a: 1, b: 2 }", 0, "{ b: 2 }"),
            ("{ a: 1, b: 2 }", 1, "{ a: 1 }"),
            ("{ a: 1 }", 0, "{ }"),
            ("{\n  a: 1,\n  b: 2\n}", 1, "{\n  a: 1\n}"),
            ("{\n  a: 1,\n  b: 2\n}", 0, "{\n  b: 2\n}"),
            ("{\n  // a\n  a: 1, // one\n  b: 2, // two\n}", 0, "{\n  // a\n  // one\n  b: 2, // two\n}"),
            ("{\r\n  a: {\r\n    x: 1,\r\n  },\r\n  b: 2,\r\n}", 0, "{\r\n  b: 2,\r\n}"),
            ("{\n  a: 1, // one\n  b: 2\n}", 1, "{\n  a: 1 // one\n}"),
            ("{\n  a: 1 /* why */,\n  b: 2\n}", 0, "{\n   /* why */\n  b: 2\n}"),
            ("[1, // one\n 2]", 1, "[1 // one\n ]"),
            ("[1, 2, 3]", 1, "[1, 3]"),
            ("{\n  a: 1 }", 0, "{\n  }"),
        ];
        for (before, index, after) in rows {
            assert_eq!(remove(before, &[index]), after, "{before:?}");
        }
    }

    #[test]
    fn several_items_are_added_at_once() {
        let rows = [
            ("{}", 0, "{\n  b: 2,\n  c: 3\n}"),
            ("{ a: 1 }", 1, "{ a: 1, b: 2, c: 3 }"),
            ("{ a: 1, }", 1, "{ a: 1, b: 2, c: 3, }"),
            ("{\n  a: 1 // one\n}", 1, "{\n  a: 1, // one\n  b: 2,\n  c: 3\n}"),
            ("{\n  a: 1,\n}", 1, "{\n  a: 1,\n  b: 2,\n  c: 3,\n}"),
        ];
        for (before, index, after) in rows {
            assert_eq!(add(before, index, &[item("b: 2", &[], &[]), item("c: 3", &[], &[])]), after);
        }
    }

    #[test]
    fn items_are_added_with_their_comments() {
        let rows = [
            ("{}", "{\n  // l\n  b: 2 // t\n}"),
            ("{ a: 1 }", "{ a: 1,\n  // l\n  b: 2 // t\n }"),
            ("{\n  a: 1,\n}", "{\n  a: 1,\n  // l\n  b: 2, // t\n}"),
            ("{\n  a: 1 }", "{\n  a: 1,\n  // l\n  b: 2 // t\n }"),
        ];
        for (before, after) in rows {
            let len = usize::from(before != "{}");
            assert_eq!(add(before, len, &[item("b: 2", &["// l"], &["// t"])]), after);
        }
        let block = item("b: 2", &["/* l */"], &["/* t */"]);
        assert_eq!(add("{ a: 1 }", 1, &[block]), "{ a: 1, /* l */ b: 2 /* t */ }");
    }

    #[test]
    fn several_items_go_at_once() {
        let rows: [(&str, &[usize], &str); 6] = [
            ("{ a: 1, b: 2, c: 3 }", &[1, 2], "{ a: 1 }"),
            ("{ a: 1, b: 2, c: 3 }", &[0, 2], "{ b: 2 }"),
            ("{ a: 1, b: 2 }", &[0, 1], "{ }"),
            ("{\n  a: 1,\n  b: 2,\n  c: 3\n}", &[1, 2], "{\n  a: 1\n}"),
            ("{\n  a: 1,\n  b: 2,\n  c: 3\n}", &[0, 1, 2], "{\n}"),
            ("{\n  a: 1, b: 2,\n  // c\n  c: 3\n}", &[0, 1], "{\n  // c\n  c: 3\n}"),
        ];
        for (before, indices, after) in rows {
            assert_eq!(remove(before, indices), after, "{before:?}");
        }
    }
}
