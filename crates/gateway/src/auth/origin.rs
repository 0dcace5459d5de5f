//! Which names a request may call us by, and which pages may talk to us (S-009, S-010).
//!
//! A page in the owner's browser can reach loopback; a rebound DNS name can make our address look like its own.
//! Both are stopped before any credential is looked at.

use std::net::IpAddr;

/// The names and origins this gateway answers to.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedNames {
    /// Addresses we are bound to, besides loopback.
    pub(crate) addresses: Vec<IpAddr>,
    /// Names of this machine, lower case; none on a loopback bind.
    pub(crate) names: Vec<String>,
    /// Origins of `gateway.controlUi.allowedOrigins`, as written.
    pub(crate) origins: Vec<String>,
    /// Whether a proxy in front may use any name (`gateway.trustedProxies`, Tailscale serve).
    pub(crate) behind_proxy: bool,
}

/// The host part of a `Host` header or an authority: lower case, without port, brackets and one trailing dot.
/// `None` when it is no authority at all.
pub(crate) fn host_name(authority: &str) -> Option<String> {
    let (name, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (name, port) = rest.split_once(']')?;
            (name, port.strip_prefix(':').or(Some(port).filter(|port| port.is_empty()))?)
        }
        None => authority.rsplit_once(':').unwrap_or((authority, "")),
    };
    let bad = name.is_empty()
        || name.contains(['@', '/', '\\', ' ', '#', '?', '%', ':']) && !authority.starts_with('[');
    if bad || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    Some(name.strip_suffix('.').map_or(name.clone(), ToOwned::to_owned))
}

/// Whether a host name means this machine, and nothing that DNS could point elsewhere.
pub(crate) fn is_loopback_name(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

impl AllowedNames {
    /// Whether a request may call us by this `Host` header.
    pub(crate) fn permits_host(&self, header: Option<&str>) -> bool {
        let Some(name) = header.and_then(host_name) else { return false };
        if is_loopback_name(&name) || self.names.contains(&name) {
            return true;
        }
        let is_bound = name.parse::<IpAddr>().is_ok_and(|address| {
            self.addresses
                .iter()
                .any(|bound| bound.is_unspecified() || bound.to_canonical() == address.to_canonical())
        });
        is_bound
            || self.behind_proxy
            || self.origins.iter().any(|origin| origin_host(origin).as_deref() == Some(&name))
    }

    /// Whether a page of this origin may talk to us, given the `Host` it used.
    ///
    /// Own origin (same host and port), a loopback page when we are called by a loopback name, and configured
    /// origins pass. `null` and non-HTTP origins never do unless configured word for word.
    pub(crate) fn permits_origin(&self, origin: &str, host: &str) -> bool {
        if self
            .origins
            .iter()
            .any(|allowed| allowed == "*" || allowed.trim_end_matches('/').eq_ignore_ascii_case(origin))
        {
            return true;
        }
        let Some(authority) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
        else {
            return false;
        };
        if authority.eq_ignore_ascii_case(host) {
            return true;
        }
        host_name(authority).is_some_and(|name| is_loopback_name(&name))
            && host_name(host).is_some_and(|name| is_loopback_name(&name))
    }
}

fn origin_host(origin: &str) -> Option<String> {
    host_name(origin.split_once("://")?.1.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::{AllowedNames, host_name};

    #[test]
    fn hosts() {
        let names = AllowedNames {
            addresses: vec!["192.168.1.5".parse().unwrap()],
            names: vec!["box.local".into()],
            origins: vec!["https://claw.example.org".into()],
            behind_proxy: false,
        };
        let rows = [
            (Some("127.0.0.1:18789"), true),
            (Some("localhost"), true),
            (Some("LOCALHOST.:1"), true),
            (Some("[::1]:18789"), true),
            (Some("[::ffff:127.0.0.1]"), true),
            (Some("192.168.1.5:18789"), true),
            (Some("claw.example.org"), true),
            (Some("box.local:18789"), true),
            (Some("box.tail1.ts.net"), false),
            (Some("evil.example"), false),
            (Some("localhost.evil.example"), false),
            (Some("127.0.0.1.evil.example"), false),
            (Some("evil@127.0.0.1"), false),
            (Some("192.168.1.6"), false),
            (Some(""), false),
            (Some("[::1"), false),
            (Some("localhost:80x"), false),
            (None, false),
        ];
        for (host, expected) in rows {
            assert_eq!(names.permits_host(host), expected, "{host:?}");
        }
        assert_eq!(host_name("[::1]:80").as_deref(), Some("::1"));
    }

    #[test]
    fn origins() {
        let names = AllowedNames { origins: vec!["https://ui.example/".into()], ..AllowedNames::default() };
        let host = "127.0.0.1:18789";
        let rows = [
            ("http://127.0.0.1:18789", true),
            ("http://localhost:18789", true),
            ("http://[::1]:18789", true),
            ("https://ui.example", true),
            ("http://localhost:3000", true),
            ("https://evil.example", false),
            ("http://127.0.0.1.evil.example:18789", false),
            ("http://localhost@evil.example:18789", false),
            ("null", false),
            ("file://", false),
            ("chrome-extension://127.0.0.1:18789", false),
            ("", false),
        ];
        for (origin, expected) in rows {
            assert_eq!(names.permits_origin(origin, host), expected, "{origin}");
        }
        assert!(!names.permits_origin("http://box.ts.net", "127.0.0.1:18789"));
        assert!(names.permits_origin("https://box.ts.net", "box.ts.net"));
    }
}
