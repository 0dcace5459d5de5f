//! Images as each API takes them.

use std::borrow::Cow;

/// Which images an API takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageRule {
    /// MIME types.
    pub(crate) kinds: &'static [&'static str],
    /// Most bytes of base64.
    pub(crate) max_base64: usize,
}

/// An image that the API takes, or the words that stand in its place.
pub(crate) fn fitting<'a>(
    data: &'a str,
    mime: &'a str,
    rule: Option<ImageRule>,
) -> Result<(Cow<'a, str>, &'static str), Cow<'static, str>> {
    let Some(rule) = rule else {
        return Err(Cow::Borrowed("[an image was left out: this model reads text only]"));
    };
    let (data, mime) = without_data_url(data, mime);
    let mime = mime.trim();
    let mime = if mime.eq_ignore_ascii_case("image/jpg") { "image/jpeg" } else { mime };
    let Some(kind) = rule.kinds.iter().find(|kind| kind.eq_ignore_ascii_case(mime)) else {
        return Err(Cow::Borrowed("[an image was left out: the provider does not take this kind of image]"));
    };
    let data = standard_base64(data);
    let Some(data) = data.filter(|data| !data.is_empty()) else {
        return Err(Cow::Borrowed("[an image was left out: its data is damaged]"));
    };
    if data.len() > rule.max_base64 {
        let most = rule.max_base64 / (1024 * 1024);
        return Err(Cow::Owned(format!("[an image was left out: it is larger than {most} MB]")));
    }
    Ok((data, kind))
}

/// Some clients store `data:image/png;base64,…` where only the data belongs.
fn without_data_url<'a>(data: &'a str, mime: &'a str) -> (&'a str, &'a str) {
    let Some((head, rest)) = data.strip_prefix("data:").and_then(|url| url.split_once(',')) else {
        return (data, mime);
    };
    let kind = head.split(';').next().filter(|kind| !kind.is_empty());
    (rest, kind.unwrap_or(mime))
}

/// RFC 4648 section 4 with padding, which is what all APIs ask for; nothing when the text is not base64.
fn standard_base64(data: &str) -> Option<Cow<'_, str>> {
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let body = data.trim_end_matches('=');
    let padding = data.len() - body.len();
    if body.bytes().all(is_code) && padding <= 2 && data.len().is_multiple_of(4) {
        return Some(Cow::Borrowed(data));
    }
    let mut clean = String::with_capacity(data.len() + 3);
    for c in data.chars().filter(|c| !c.is_ascii_whitespace()) {
        clean.push(match c {
            '-' => '+',
            '_' => '/',
            other => other,
        });
    }
    let body = clean.trim_end_matches('=').len();
    clean.truncate(body);
    if !clean.bytes().all(is_code) || clean.len() % 4 == 1 {
        return None;
    }
    while !clean.len().is_multiple_of(4) {
        clean.push('=');
    }
    Some(Cow::Owned(clean))
}

#[cfg(test)]
mod tests {
    use super::{ImageRule, fitting};

    #[test]
    fn images_fit_or_are_named() {
        let rule = Some(ImageRule { kinds: &["image/png", "image/jpeg"], max_base64: 1024 * 1024 });
        let big = "A".repeat(1024 * 1024 + 4);
        let rows = [
            ("QUJD", "image/png", Ok(("QUJD", "image/png"))),
            ("QUJD", "IMAGE/JPG", Ok(("QUJD", "image/jpeg"))),
            ("QU\nJD", "image/png", Ok(("QUJD", "image/png"))),
            ("QUI", "image/png", Ok(("QUI=", "image/png"))),
            ("-_-_", "image/png", Ok(("+/+/", "image/png"))),
            ("data:image/jpeg;base64,QUJD", "image/png", Ok(("QUJD", "image/jpeg"))),
            ("QUJDR", "image/png", Err("damaged")),
            ("Q=JD", "image/png", Err("damaged")),
            ("", "image/png", Err("damaged")),
            ("é", "image/png", Err("damaged")),
            ("QUJD", "image/bmp", Err("kind of image")),
            (big.as_str(), "image/png", Err("larger than 1 MB")),
        ];
        for (data, mime, expected) in rows {
            match (fitting(data, mime, rule), expected) {
                (Ok((data, mime)), Ok(expected)) => assert_eq!((data.as_ref(), mime), expected),
                (Err(words), Err(expected)) => assert!(words.contains(expected), "{words}"),
                (got, expected) => panic!("{got:?} instead of {expected:?}"),
            }
        }
        assert!(fitting("QUJD", "image/png", None).unwrap_err().contains("text only"));
    }
}
