//! Which comments belong to an item: they go where it goes.

use super::layout::{Items, Span, indent_at, line_break, skip_blanks};

/// The comments of an item, and the stretch of the text that they and it take.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    /// Those on lines of their own directly above, and those before it in its line.
    pub(crate) lead: Vec<Span>,
    /// Those behind it, up to the end of its line.
    pub(crate) trail: Vec<Span>,
    /// From the first comment to the last one, the item and its comma between them.
    pub(crate) stretch: Span,
}

/// The comments that stand in a stretch without strings.
pub(crate) fn comments(text: &str, Span { start, end }: Span) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = start;
    while let Some(next) = text.get(at..end).and_then(|rest| rest.find('/')).map(|next| at + next) {
        at = comment_end(text, next).unwrap_or(next + 1);
        if at > next + 1 && at <= end {
            found.push(Span { start: next, end: at });
        }
    }
    found
}

/// The end of the comment that begins at a byte.
fn comment_end(text: &str, start: usize) -> Option<usize> {
    let rest = &text[start..];
    if rest.starts_with("//") {
        return Some(start + rest.find(['\n', '\r']).unwrap_or(rest.len()));
    }
    rest.strip_prefix("/*")?.find("*/").map(|len| start + len + 4)
}

/// Whether a comment goes on to the end of its line, so that nothing can stand behind it there.
pub(crate) fn ends_line(comment: &str) -> bool {
    comment.starts_with("//")
}

/// The comments of an item.
pub(crate) fn attached(text: &str, items: &Items, index: usize) -> Attached {
    let (item, comma) = (items.ranges[index], items.comma_after(text, index));
    let lead = lead(text, items, index);
    let (mut trail, behind) = match comma {
        Some(comma) => (comments(text, Span { start: item.end, end: comma }), comma + 1),
        None => (Vec::new(), item.end),
    };
    trail.extend(rest_of_line(text, items, behind));
    let start = lead.first().map_or(item.start, |first| first.start);
    let end = trail.last().map_or(behind, |last| last.end.max(behind));
    Attached { lead, trail, stretch: Span { start, end } }
}

fn lead(text: &str, items: &Items, index: usize) -> Vec<Span> {
    let from = match index.checked_sub(1) {
        Some(before) => items.comma_after(text, before).map_or(items.ranges[before].end, |comma| comma + 1),
        None => items.open,
    };
    let mut next = items.ranges[index].start;
    let mut lead = comments(text, Span { start: from, end: next });
    let mut first = lead.len();
    for (position, comment) in lead.iter().enumerate().rev() {
        let lines = text[comment.end..next].matches('\n').count();
        // One that has other things before it in its line is about those, unless the item follows in that line.
        let is_own = lines == 0 || lines == 1 && indent_at(text, comment.start).is_some();
        if !is_own {
            break;
        }
        (first, next) = (position, comment.start);
    }
    lead.split_off(first)
}

/// The comments from a byte to the end of its line; none if another item stands there, for they are about that one.
fn rest_of_line(text: &str, items: &Items, from: usize) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = skip_blanks(text, from);
    while let Some(end) = comment_end(text, at) {
        found.push(Span { start: at, end });
        at = skip_blanks(text, end);
    }
    if line_break(text, at).is_some() || at == items.close { found } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::attached;
    use crate::edit::layout::Items;
    use crate::text;

    #[test]
    fn comments_belong_to_the_item_they_stand_at() {
        let rows = [
            ("{\n  // a\n  // b\n  x: 1, // c\n  // d\n  y: 2 }", 0, "// a|// b", "// c"),
            ("{\n  // a\n  x: 1, // c\n  // d\n  y: 2 }", 1, "// d", ""),
            ("{\n  // a\n\n  x: 1,\n}", 0, "", ""),
            ("{ // of the object\n  x: 1 /* c */, /* d */ y: 2\n}", 0, "", "/* c */"),
            ("{ // of the object\n  x: 1 /* c */, /* d */ y: 2\n}", 1, "/* d */", ""),
            ("{ x: 1, /* c */ }", 0, "", "/* c */"),
            ("[1, // one\n 2 // two\n]", 1, "", "// two"),
            ("{\n  x: 1 // a\n  , // b\n  y: 2\n}", 0, "", "// a|// b"),
            ("{\r\n  // é\r\n  x: 1,\r\n}", 0, "// é", ""),
        ];
        for (text, index, lead, trail) in rows {
            let items = Items::of(&text::parse(text).unwrap()).unwrap();
            let found = attached(text, &items, index);
            let shown = |spans: &[super::Span]| {
                spans.iter().map(|span| &text[span.start..span.end]).collect::<Vec<_>>().join("|")
            };
            assert_eq!((&*shown(&found.lead), &*shown(&found.trail)), (lead, trail), "{text:?} {index}");
        }
    }
}
