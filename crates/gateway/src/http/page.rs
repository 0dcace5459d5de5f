//! The page: the built-in one, or the files of `gateway.controlUi.root`.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use openclaw_guard::Root;
use ring::digest;

use super::assets;
use super::gate::text;

/// Policy of the built-in page: nothing but its own files and its own socket (S-023).
const BUILT_IN_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'";
/// Largest file served from a folder: the release's script is half a megabyte.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Where the page's files come from.
pub(crate) enum Page {
    /// `gateway.controlUi.enabled` is false.
    Off,
    /// The chat page in the binary.
    BuiltIn,
    /// A folder of the owner's choice, for example the release's Control UI.
    Folder { root: Root, shown: PathBuf },
}

/// What the page is told when it is a foreign one.
pub(crate) struct Identity {
    pub(crate) base_path: String,
    pub(crate) assistant: String,
}

/// Answers a GET or HEAD for a path without the base path. `None`: not the page's business.
pub(crate) fn serve(
    page: &Page,
    method: &Method,
    headers: &HeaderMap,
    path: &str,
    identity: &Identity,
) -> Option<Response<Body>> {
    let wants_page =
        text(headers, header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/html"));
    match page {
        Page::Off => None,
        Page::BuiltIn => {
            let asset = assets::find(path).or_else(|| assets::find("/").filter(|_| wants_page))?;
            Some(answer(method, headers, asset.mime, asset.bytes.to_vec(), BUILT_IN_POLICY))
        }
        Page::Folder { root, shown } => {
            folder_file(root, shown, (method, headers, path), wants_page, identity)
        }
    }
}

fn folder_file(
    root: &Root,
    shown: &Path,
    request: (&Method, &HeaderMap, &str),
    wants_page: bool,
    identity: &Identity,
) -> Option<Response<Body>> {
    let (method, headers, path) = request;
    // Links in the page are relative, so a deep path may ask for `/sessions/assets/x.js`.
    let name =
        path.find("/assets/").and_then(|at| path.get(at + 1..)).unwrap_or(path.trim_start_matches('/'));
    let is_index = name.is_empty() || name == "index.html";
    if !is_index && let Ok(bytes) = root.read_capped(Path::new(name), MAX_FILE_BYTES) {
        return Some(answer(method, headers, mime_of(name), bytes, &folder_policy(None)));
    }
    if !is_index && !wants_page {
        return None;
    }
    match root.read_capped(Path::new("index.html"), MAX_FILE_BYTES) {
        Ok(bytes) => {
            let (html, script_hash) = with_globals(&String::from_utf8_lossy(&bytes), identity);
            let policy = folder_policy(Some(&script_hash));
            Some(answer(method, headers, "text/html; charset=utf-8", html.into_bytes(), &policy))
        }
        Err(error) => {
            tracing::error!(folder = %shown.display(), %error, "gateway.controlUi.root has no readable index.html");
            let words = "gateway.controlUi.root has no readable index.html";
            let mut response =
                answer(method, headers, "text/plain; charset=utf-8", words.into(), BUILT_IN_POLICY);
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Some(response)
        }
    }
}

/// A foreign page brings its own styles; its scripts must be files, but for the one we put in.
fn folder_policy(script_hash: Option<&str>) -> String {
    let extra = script_hash.map(|hash| format!(" 'sha256-{hash}'")).unwrap_or_default();
    format!(
        "default-src 'self'; script-src 'self'{extra}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; \
         frame-ancestors 'none'"
    )
}

/// Puts the globals the release's page reads in front of `</head>`, and returns the hash of that script.
fn with_globals(html: &str, identity: &Identity) -> (String, String) {
    let avatar: String =
        identity.assistant.chars().next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let script = format!(
        "window.__OPENCLAW_CONTROL_UI_BASE_PATH__={};window.__OPENCLAW_ASSISTANT_NAME__={};\
         window.__OPENCLAW_ASSISTANT_AVATAR__={};",
        script_string(&identity.base_path),
        script_string(&identity.assistant),
        script_string(&avatar),
    );
    let hash = digest::digest(&digest::SHA256, script.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash.as_ref());
    if html.contains("__OPENCLAW_ASSISTANT_NAME__") {
        return (html.to_owned(), hash);
    }
    let tag = format!("<script>{script}</script></head>");
    (html.replacen("</head>", &tag, 1), hash)
}

/// A JSON string that cannot end a script element (V-108).
fn script_string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c").replace(['\u{2028}', '\u{2029}'], "")
}

fn answer(method: &Method, headers: &HeaderMap, mime: &str, bytes: Vec<u8>, policy: &str) -> Response<Body> {
    let tag = digest::digest(&digest::SHA256, &bytes);
    let tag = format!("\"{}\"", openclaw_protocol::device::hex(tag.as_ref().get(..16).unwrap_or_default()));
    let unchanged = text(headers, header::IF_NONE_MATCH.as_str()) == Some(tag.as_str());
    let length = bytes.len();
    let body = if *method == Method::HEAD || unchanged { Body::empty() } else { Body::from(bytes) };
    let mut response = Response::new(body);
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        put(&mut response, header::CONTENT_LENGTH, &length.to_string());
    }
    put(&mut response, header::CONTENT_TYPE, mime);
    put(&mut response, header::ETAG, &tag);
    put(&mut response, header::CACHE_CONTROL, "no-cache");
    put(&mut response, header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// Headers every answer but the upgrade carries. `Connection: close` keeps a connection to one request, so that no
/// second head gets past the check of the first (S-025).
pub(crate) fn harden(response: &mut Response<Body>) {
    put(response, header::CONNECTION, "close");
    put(response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(response, header::X_FRAME_OPTIONS, "DENY");
    put(response, header::REFERRER_POLICY, "no-referrer");
    put(response, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    put(response, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if !response.headers().contains_key(header::CONTENT_SECURITY_POLICY) {
        put(response, header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    }
}

fn put(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn mime_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map" | "webmanifest") => "application/json; charset=utf-8",
        Some("woff2") => "font/woff2",
        Some(_) | None => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, Page, serve, with_globals};
    use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
    use openclaw_guard::{Root, create_private_dir, write_atomic};

    fn identity() -> Identity {
        Identity { base_path: String::new(), assistant: "Ann</script><script>alert(1)</script>".into() }
    }

    fn html() -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("text/html"))])
    }

    #[test]
    fn a_name_cannot_become_a_script() {
        let (page, _) = with_globals("<html><head></head></html>", &identity());
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(!page.contains("<script>alert"));
    }

    #[test]
    fn unknown_paths_are_the_page_for_people_and_nothing_for_programs() {
        let get = Method::GET;
        assert!(serve(&Page::BuiltIn, &get, &html(), "/sessions", &identity()).is_some());
        assert!(serve(&Page::BuiltIn, &get, &HeaderMap::new(), "/sessions", &identity()).is_none());
        let page = serve(&Page::BuiltIn, &get, &HeaderMap::new(), "/", &identity()).unwrap();
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(!policy.contains("unsafe"));
        assert!(serve(&Page::Off, &get, &html(), "/", &identity()).is_none());
    }

    #[test]
    fn a_folder_is_served_and_nothing_outside_it() {
        let dir = tempfile::tempdir().unwrap();
        create_private_dir(&dir.path().join("ui/assets")).unwrap();
        write_atomic(&dir.path().join("secret"), b"s").unwrap();
        write_atomic(&dir.path().join("ui/index.html"), b"<head></head>").unwrap();
        write_atomic(&dir.path().join("ui/assets/a.js"), b"1").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), dir.path().join("ui/assets/link")).unwrap();
        let shown = dir.path().join("ui");
        let page = Page::Folder { root: Root::open(&shown).unwrap(), shown };
        let get = Method::GET;
        assert!(serve(&page, &get, &HeaderMap::new(), "/sessions/assets/a.js", &identity()).is_some());
        assert!(serve(&page, &get, &HeaderMap::new(), "/assets/link", &identity()).is_none());
        assert!(serve(&page, &get, &HeaderMap::new(), "/../secret", &identity()).is_none());
        let index = serve(&page, &get, &html(), "/chat", &identity()).unwrap();
        assert!(index.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("'sha256-"));
    }

    #[test]
    fn an_unchanged_file_is_not_sent_again() {
        let get = Method::GET;
        let first = serve(&Page::BuiltIn, &get, &HeaderMap::new(), "/app.css", &identity()).unwrap();
        let again = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
        let second = serve(&Page::BuiltIn, &get, &again, "/app.css", &identity()).unwrap();
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    }
}
