//! Adding and removing one item of an object or list in a text, and not a byte more than that.

use super::layout::{
    Items, Span, Trivia, indent_at, line_break, line_indent, line_start, skip_blanks, skip_trivia,
};
use super::style::Style;

/// A stretch of a text and what comes in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) span: Span,
    pub(crate) text: String,
}

fn splice(start: usize, end: usize, text: impl Into<String>) -> Splice {
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

/// An object or list in a text, where a new item may go.
pub(crate) struct Place<'p> {
    /// The whole text.
    pub(crate) text: &'p str,
    /// The items that are there.
    pub(crate) items: &'p Items,
    /// How the text is written.
    pub(crate) style: &'p Style,
}

impl Place<'_> {
    /// A new item becomes item `index`; `item` writes it, given the indentation of the line it begins on.
    pub(crate) fn add_item(&self, index: usize, item: impl FnOnce(&str) -> String) -> Vec<Splice> {
        let Self { text, items, .. } = self;
        if items.ranges.is_empty() {
            return vec![self.first_item(item)];
        }
        let near =
            items.ranges.iter().take(index.max(1)).rev().find_map(|range| indent_at(text, range.start));
        match near {
            Some(indent) => self.on_own_line(index, &item(indent), indent),
            None => self.in_line(index, &item(line_indent(text, items.open))),
        }
    }

    /// The first item of an empty object or list.
    fn first_item(&self, item: impl FnOnce(&str) -> String) -> Splice {
        let Self { text, items: Items { open, close, .. }, style } = *self;
        let base = line_indent(text, *open);
        let indent = format!("{base}{}", style.unit);
        let comma = if style.trailing_comma { "," } else { "" };
        let newline = style.newline;
        let last_line = indent_at(text, *close).map(|blank| close - blank.len());
        if let Some(last_line) = last_line.filter(|at| at >= open) {
            return splice(last_line, last_line, format!("{indent}{}{comma}{newline}", item(&indent)));
        }
        let inner = &text[*open..*close];
        let kept = open + inner.trim_end().len();
        if is_pretty(text, *open) {
            return splice(kept, *close, format!("{newline}{indent}{}{comma}{newline}{base}", item(&indent)));
        }
        let pad = if inner.is_empty() { "" } else { " " };
        splice(kept, *close, format!("{pad}{}{pad}", item(base)))
    }

    /// Items stand on lines of their own: the new one gets one behind the item before it and that item's comment.
    fn on_own_line(&self, index: usize, item: &str, indent: &str) -> Vec<Splice> {
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
        let added = splice(at, at, format!("{}{indent}{item}{own_comma}", style.newline));
        match (comma, before) {
            (None, Some((_, range))) => vec![splice(range.end, range.end, ","), added],
            _ => vec![added],
        }
    }

    /// Items stand behind each other.
    fn in_line(&self, index: usize, item: &str) -> Vec<Splice> {
        let Self { text, items, .. } = self;
        if let Some(next) = items.ranges.get(index) {
            return vec![splice(next.start, next.start, format!("{item}, "))];
        }
        let last = items.ranges.len() - 1;
        vec![match items.comma_after(text, last) {
            Some(comma) => splice(comma + 1, comma + 1, format!(" {item},")),
            None => splice(items.ranges[last].end, items.ranges[last].end, format!(", {item}")),
        }]
    }
}

/// Whether a text, or the outermost object of it, has its items on lines of their own.
fn is_pretty(text: &str, open: usize) -> bool {
    text.trim().contains('\n') || text[..open].trim() == "{"
}

/// Takes item `index` out, its comma with it; its line, too, when nothing else is on it. Comments around it stay.
pub(crate) fn remove_item(text: &str, items: &Items, index: usize) -> Vec<Splice> {
    let item = items.ranges[index];
    let own_comma = items.comma_after(text, index);
    if let Some(comma) = own_comma {
        let is_near = text[item.end..comma].trim().is_empty();
        return match is_near {
            true => vec![cut(text, Span { start: item.start, end: comma + 1 })],
            false => vec![splice(item.start, item.end, ""), splice(comma, comma + 1, "")],
        };
    }
    let before = index.checked_sub(1).and_then(|before| items.comma_after(text, before));
    match before {
        Some(comma) if text[comma + 1..item.start].chars().all(|c| c == ' ' || c == '\t') => {
            vec![splice(comma, item.end, "")]
        }
        Some(comma) => vec![splice(comma, comma + 1, ""), cut(text, item)],
        None => vec![cut(text, item)],
    }
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
    use super::{Place, apply, remove_item};
    use crate::edit::layout::Items;
    use crate::edit::style::Style;
    use crate::text;

    fn add(before: &str, index: usize, item: &str) -> String {
        let tree = text::parse(before).unwrap();
        let (items, style) = (Items::of(&tree).unwrap(), Style::of(before, &tree));
        let after = apply(
            before,
            &Place { text: before, items: &items, style: &style }.add_item(index, |_| item.to_owned()),
        );
        text::parse(&after).unwrap_or_else(|_| panic!("{after}"));
        after
    }

    fn remove(before: &str, index: usize) -> String {
        let tree = text::parse(before).unwrap();
        let after = apply(before, &remove_item(before, &Items::of(&tree).unwrap(), index));
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
        for (before, index, item, after) in rows {
            assert_eq!(add(before, index, item), after, "{before:?}");
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
            assert_eq!(remove(before, index), after, "{before:?}");
        }
    }
}
