//! The gate: what is refused before anything is routed (S-009, S-010, S-011, S-013, S-024).

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};

use crate::auth::decide::OriginVerdict;
use crate::auth::origin::AllowedNames;

/// A refusal: status and a short reason for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) StatusCode, pub(crate) &'static str);

/// Query parameters that used to carry secrets. Their values never reach a log.
const SECRET_PARAMETERS: &[&str] = &["token", "password", "access_token", "api_key", "code", "pair"];

/// Judges a request by its head alone.
pub(crate) fn judge(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    names: &AllowedNames,
) -> Result<OriginVerdict, Refused> {
    let host = text(headers, header::HOST.as_str());
    if !names.permits_host(host) {
        return Err(Refused(StatusCode::MISDIRECTED_REQUEST, "this host name is not served here"));
    }
    check_path(uri.path())?;
    if uri.query().is_some_and(has_secret) {
        return Err(Refused(
            StatusCode::BAD_REQUEST,
            "secrets do not belong in a URL; use the Authorization header",
        ));
    }
    let origin = match headers.get(header::ORIGIN) {
        None => OriginVerdict::Absent,
        Some(value) => {
            let allowed =
                value.to_str().is_ok_and(|origin| names.permits_origin(origin, host.unwrap_or_default()));
            if !allowed {
                return Err(Refused(StatusCode::FORBIDDEN, "this origin may not talk to the gateway"));
            }
            OriginVerdict::Ours
        }
    };
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && text(headers, "sec-fetch-site") == Some("cross-site") {
        return Err(Refused(StatusCode::FORBIDDEN, "cross-site requests are refused"));
    }
    Ok(origin)
}

/// One header's text, if it is text and there is exactly one.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

/// Paths on which a matcher and a router could disagree are nobody's.
fn check_path(path: &str) -> Result<(), Refused> {
    let lower = path.to_ascii_lowercase();
    let encoded = ["%2e", "%2f", "%5c", "%00", "%25", "%3b"];
    let ambiguous = encoded.iter().any(|code| lower.contains(code))
        || lower.contains("//")
        || lower.contains(['\\', ';'])
        || lower.split('/').any(|part| part == "." || part == "..");
    if ambiguous { Err(Refused(StatusCode::BAD_REQUEST, "ambiguous path")) } else { Ok(()) }
}

fn has_secret(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = name.replace("%5F", "_").replace("%5f", "_").to_ascii_lowercase();
        // A percent sign in a name can spell any of the words; no honest client of ours sends one.
        name.contains('%') || SECRET_PARAMETERS.contains(&name.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::{Refused, judge};
    use crate::auth::decide::OriginVerdict;
    use crate::auth::origin::AllowedNames;
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

    fn verdict(method: &Method, target: &str, headers: &[(&str, &str)]) -> Result<OriginVerdict, u16> {
        let mut map = HeaderMap::new();
        map.insert("host", HeaderValue::from_static("127.0.0.1:18789"));
        for (name, value) in headers {
            map.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        judge(method, &target.parse().unwrap(), &map, &AllowedNames::default())
            .map_err(|Refused(status, _)| status.as_u16())
    }

    #[test]
    fn the_gate() {
        let get = Method::GET;
        type Row<'a> = (&'a Method, &'a str, &'a [(&'a str, &'a str)], Result<OriginVerdict, u16>);
        let rows: Vec<Row<'_>> = vec![
            (&get, "/", &[], Ok(OriginVerdict::Absent)),
            (&get, "/?session=main", &[], Ok(OriginVerdict::Absent)),
            (&get, "/", &[("origin", "http://127.0.0.1:18789")], Ok(OriginVerdict::Ours)),
            (&get, "/", &[("origin", "https://evil.example")], Err(403)),
            (&get, "/", &[("origin", "null")], Err(403)),
            (&get, "/", &[("host", "evil.example")], Err(421)),
            (&get, "/?token=abc", &[], Err(400)),
            (&get, "/?a=1&Token=abc", &[], Err(400)),
            (&get, "/?%74oken=abc", &[], Err(400)),
            (&get, "/a/../b", &[], Err(400)),
            (&get, "/a/%2e%2e/b", &[], Err(400)),
            (&get, "/a%2Fb", &[], Err(400)),
            (&get, "/a%252Fb", &[], Err(400)),
            (&get, "//a", &[], Err(400)),
            (&get, "/a;b", &[], Err(400)),
            (&Method::POST, "/x", &[("sec-fetch-site", "cross-site")], Err(403)),
            (&Method::POST, "/x", &[("sec-fetch-site", "same-origin")], Ok(OriginVerdict::Absent)),
        ];
        for (method, target, headers, expected) in rows {
            assert_eq!(verdict(method, target, headers), expected, "{target} {headers:?}");
        }
    }

    #[test]
    fn a_refusal_names_no_secret() {
        let Err(Refused(status, words)) = judge(
            &Method::GET,
            &"/?token=canary".parse().unwrap(),
            &HeaderMap::from_iter([(axum::http::header::HOST, HeaderValue::from_static("localhost"))]),
            &AllowedNames::default(),
        ) else {
            panic!("let through")
        };
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(!words.contains("canary"));
    }
}
