//! The files of the built-in chat page, compiled into the binary.

/// One file of the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    /// Path on the port, without the base path.
    pub(crate) path: &'static str,
    /// Content type.
    pub(crate) mime: &'static str,
    /// Content.
    pub(crate) bytes: &'static [u8],
}

const JS: &str = "text/javascript; charset=utf-8";

macro_rules! assets {
    ($($path:literal, $mime:expr;)*) => {
        /// All files of the page.
        pub(crate) const ASSETS: &[Asset] = &[$(Asset {
            path: concat!("/", $path),
            mime: $mime,
            bytes: include_bytes!(concat!("../../../../ui/", $path)),
        },)*];
    };
}

assets! {
    "index.html", "text/html; charset=utf-8";
    "app.css", "text/css; charset=utf-8";
    "favicon.svg", "image/svg+xml";
    "js/chat.js", JS;
    "js/composer.js", JS;
    "js/connection.js", JS;
    "js/conversation.js", JS;
    "js/dom.js", JS;
    "js/gate.js", JS;
    "js/identity.js", JS;
    "js/main.js", JS;
    "js/markdown.js", JS;
    "js/sessions.js", JS;
    "js/settings.js", JS;
    "js/sources.js", JS;
    "js/turns.js", JS;
}

/// The file of a path; `/` is the page.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    let path = if path == "/" { "/index.html" } else { path };
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, find};
    use std::path::Path;

    #[test]
    fn every_script_of_the_page_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/js");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(find(&format!("/js/{name}")).is_some(), "{name} is not in the table");
        }
        assert!(find("/").is_some_and(|asset| asset.mime.starts_with("text/html")));
        assert!(ASSETS.iter().all(|asset| !asset.bytes.is_empty()));
    }
}
