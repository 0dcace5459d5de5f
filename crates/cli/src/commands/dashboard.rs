//! `openclaw dashboard`: an address for the browser.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, bail};
use openclaw_guard::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::args::{DashboardArgs, InstanceArgs};
use crate::client::{CALL_TIMEOUT, Client, Target};
use crate::instance::Instance;
use crate::{output, runtime};

pub(super) fn run(flags: &InstanceArgs, args: &DashboardArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    let target = Target::of(&instance, &args.connect)?;
    let base_path = instance.config().gateway.control_ui.base_path.as_deref();
    let (url, expires_at_ms) = runtime::block_on(async {
        let mut client = Client::connect(&target, CALL_TIMEOUT).await?;
        page_address(&mut client, &target.url, base_path).await
    })?;
    if args.json {
        return Ok(output::json(&json!({"url": url, "expiresAtMs": expires_at_ms}))?);
    }
    let minutes = (expires_at_ms - SystemClock.now_ms()) / 60_000;
    output::line(&output::printable(&url))?;
    output::line(&format!(
        "It works once, within {minutes} minutes. Whoever opens it may use this assistant."
    ))?;
    Ok(())
}

/// A fresh one-time address of the gateway's page, and when it expires in milliseconds since the epoch.
///
/// # Errors
/// The gateway gives no code.
pub(crate) async fn page_address(
    client: &mut Client,
    socket_url: &str,
    base_path: Option<&str>,
) -> anyhow::Result<(String, i64)> {
    let payload = client.call("device.pair.code", &json!({})).await?;
    let code = payload.get("code").and_then(Value::as_str).context("the gateway sent no pairing code")?;
    let expires = payload.get("expiresAtMs").and_then(Value::as_i64).unwrap_or_default();
    let Some(rest) = socket_url.strip_prefix("ws://") else { bail!("{socket_url} has no page") };
    let host = rest.trim_end_matches('/');
    Ok((pair_url(&format!("http://{host}{}", base(base_path)), code), expires))
}

/// The address of the page of a gateway that listens at `address`.
pub(crate) fn page_of(address: SocketAddr, base_path: Option<&str>) -> String {
    // One cannot connect to "every address"; this machine's own is among them.
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    format!("http://{}{}", SocketAddr::new(ip, address.port()), base(base_path))
}

/// The address with the one-time code in its fragment, which no server and no log ever sees.
pub(crate) fn pair_url(page: &str, code: &str) -> String {
    format!("{page}#pair={code}")
}

/// `openclaw/` means `/openclaw/`, nothing means `/`.
fn base(path: Option<&str>) -> String {
    match path.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty()) {
        Some(path) => format!("/{path}/"),
        None => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{page_of, pair_url};

    #[test]
    fn addresses_can_be_opened() {
        for (address, base, expected) in [
            ("127.0.0.1:18789", None, "http://127.0.0.1:18789/"),
            ("0.0.0.0:1", Some("/"), "http://127.0.0.1:1/"),
            ("[::]:1", Some("x"), "http://[::1]:1/x/"),
            ("192.0.2.7:1", Some("/a/b/"), "http://192.0.2.7:1/a/b/"),
        ] {
            assert_eq!(page_of(address.parse().unwrap(), base), expected);
        }
        assert_eq!(pair_url("http://127.0.0.1:1/", "c"), "http://127.0.0.1:1/#pair=c");
    }
}
