//! Which port the gateway takes.

use crate::env::Env;
use crate::keys::Config;
use crate::locations::Locations;

/// The gateway's port unless something else is said.
pub const DEFAULT_PORT: u16 = 18789;
/// The port of the development instance.
pub const DEV_PORT: u16 = 19001;

/// A port variable that does not hold a port.
#[derive(Debug, thiserror::Error)]
#[error("{variable} is not a port: use a number from 1 to 65535")]
pub struct PortError {
    /// The environment variable.
    pub variable: &'static str,
}

/// The port by precedence: the flag, `OPENCLAW_GATEWAY_PORT`, `gateway.port`, the development instance's, the default.
///
/// # Errors
/// When the variable is set and is not a port: the wrong port taken silently is harder to find than this message.
pub fn gateway_port(flag: Option<u16>, env: &Env, config: &Config, at: &Locations) -> Result<u16, PortError> {
    if let Some(port) = flag {
        return Ok(port);
    }
    for variable in ["OPENCLAW_GATEWAY_PORT", "CLAWDBOT_GATEWAY_PORT"] {
        if let Some(text) = env.non_blank(variable) {
            let port = text.parse().ok().filter(|port| *port > 0); // what is wrong with it does not matter
            return port.ok_or(PortError { variable });
        }
    }
    let default = if at.is_dev() { DEV_PORT } else { DEFAULT_PORT };
    Ok(config.gateway.port.unwrap_or(default))
}

#[cfg(test)]
mod tests {
    use super::gateway_port;
    use crate::{Config, Env, LocationFlags, Locations};

    #[test]
    fn flag_then_environment_then_file_then_default() {
        let rows = [
            (Some(1), Some("2"), Some(3), false, Some(1)),
            (None, Some(" 2 "), Some(3), true, Some(2)),
            (None, Some(""), Some(3), true, Some(3)),
            (None, None, None, true, Some(19001)),
            (None, None, None, false, Some(18789)),
            (None, Some("0"), Some(3), false, None),
            (None, Some("70000"), None, false, None),
        ];
        for (flag, variable, in_file, dev, expected) in rows {
            let env: Env = variable.into_iter().map(|value| ("OPENCLAW_GATEWAY_PORT", value)).collect();
            let home = Env::from([("HOME", "/nonexistent")]);
            let at = Locations::resolve(&home, LocationFlags { profile: None, dev }).unwrap();
            let mut config = Config::default();
            config.gateway.port = in_file;
            assert_eq!(gateway_port(flag, &env, &config, &at).ok(), expected);
        }
    }
}
