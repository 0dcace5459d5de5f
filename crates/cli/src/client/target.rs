//! Which gateway, and with which credential. A decision over values.

use std::path::PathBuf;

use openclaw_config::{Config, Env, GatewayAuthMode, GatewayMode};
use openclaw_guard::Secret;

use super::ClientError;
use crate::args::ConnectArgs;
use crate::instance::Instance;

/// What opens the door.
#[derive(Clone)]
pub(crate) enum Credential {
    /// Sent as `auth.token`.
    Token(Secret),
    /// Sent as `auth.password`.
    Password(Secret),
}

/// A gateway to connect to.
pub(crate) struct Target {
    /// `ws://host:port/…`
    pub(crate) url: String,
    /// The shared secret, if there is one; without it the device's own token is tried.
    pub(crate) credential: Option<Credential>,
    /// Where this machine's identity is.
    pub(crate) identity_dir: PathBuf,
    /// Whether the device's stored token may be sent there: it belongs to the configured gateway.
    pub(crate) is_configured: bool,
    /// The state directory of the gateway, when it is the one of this instance on this machine.
    pub(crate) state_dir: Option<PathBuf>,
}

impl Target {
    /// The gateway of the flags, or the one of the configuration.
    ///
    /// # Errors
    /// Remote mode without an address, or a port variable that holds no port.
    pub(crate) fn of(instance: &Instance, flags: &ConnectArgs) -> anyhow::Result<Self> {
        let port = instance.port(None)?;
        Ok(Self::choose(instance, flags, port)?)
    }

    /// The gateway of this machine on a port, as `quickstart` looks for it.
    pub(crate) fn local(instance: &Instance, port: u16) -> Self {
        Self {
            url: format!("ws://127.0.0.1:{port}"),
            credential: local_credential(&instance.loaded.env, instance.config()),
            identity_dir: instance.at.state_dir.join("identity"),
            is_configured: true,
            state_dir: Some(instance.at.state_dir.clone()),
        }
    }

    fn choose(instance: &Instance, flags: &ConnectArgs, port: u16) -> Result<Self, ClientError> {
        let (env, config) = (&instance.loaded.env, instance.config());
        let given = flag_credential(flags).or_else(|| flags.url.as_ref().and_then(|_| env_credential(env)));
        let configured = Self::local(instance, port);
        if let Some(url) = &flags.url {
            // The secrets of the configuration belong to its gateway and go nowhere else.
            return Ok(Self {
                url: url.clone(),
                credential: given,
                is_configured: false,
                state_dir: None,
                ..configured
            });
        }
        if config.gateway.mode == Some(GatewayMode::Remote) {
            let remote = &config.gateway.remote;
            let path = || instance.loaded.path.clone();
            let url = remote.url.clone().ok_or_else(|| ClientError::NoRemoteAddress { path: path() })?;
            let token = remote.token.clone().map(Credential::Token);
            let own = token.or_else(|| remote.password.clone().map(Credential::Password));
            let credential = given.or_else(|| env_credential(env)).or(own);
            return Ok(Self { url, credential, state_dir: None, ..configured });
        }
        let credential = given.or_else(|| configured.credential.clone());
        Ok(Self { credential, ..configured })
    }
}

fn flag_credential(flags: &ConnectArgs) -> Option<Credential> {
    let token = flags.token.clone().map(|token| Credential::Token(Secret::new(token)));
    token.or_else(|| flags.password.clone().map(|password| Credential::Password(Secret::new(password))))
}

fn env_secret(env: &Env, name: &str) -> Option<Secret> {
    env.non_blank(name).map(|text| Secret::new(text.to_owned()))
}

fn env_credential(env: &Env) -> Option<Credential> {
    let token = env_secret(env, "OPENCLAW_GATEWAY_TOKEN").map(Credential::Token);
    token.or_else(|| env_secret(env, "OPENCLAW_GATEWAY_PASSWORD").map(Credential::Password))
}

/// The secret of the gateway on this machine, chosen exactly as the gateway chooses it, so that the two cannot
/// disagree: the file before the environment, and without a mode the password before the token.
fn local_credential(env: &Env, config: &Config) -> Option<Credential> {
    let auth = &config.gateway.auth;
    let token = auth.token.clone().or_else(|| env_secret(env, "OPENCLAW_GATEWAY_TOKEN"));
    let password = auth.password.clone().or_else(|| env_secret(env, "OPENCLAW_GATEWAY_PASSWORD"));
    let (token, password) = (token.map(Credential::Token), password.map(Credential::Password));
    match auth.mode {
        Some(GatewayAuthMode::Token) => token,
        Some(GatewayAuthMode::Password) => password,
        None => password.or(token),
    }
}

#[cfg(test)]
mod tests {
    use super::{Credential, Target};
    use crate::args::ConnectArgs;
    use crate::instance::Instance;
    use openclaw_config::{Env, LocationFlags, Locations, load, write_new};

    fn shown(credential: Option<&Credential>) -> String {
        match credential {
            Some(Credential::Token(secret)) => format!("token {}", secret.expose()),
            Some(Credential::Password(secret)) => format!("password {}", secret.expose()),
            None => "none".to_owned(),
        }
    }

    /// The address and credential for a configuration, environment variables and flags.
    fn choose(config: &str, variables: &[(&str, &str)], flags: ConnectArgs) -> (String, String) {
        let home = tempfile::tempdir().unwrap();
        let env: Env = variables.iter().copied().chain([("HOME", home.path().to_str().unwrap())]).collect();
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        write_new(&at.config_path, config).unwrap();
        let loaded = load(&at, &env).map_err(|error| error.to_string()).unwrap();
        let target = Target::of(&Instance { at, loaded }, &flags).unwrap();
        let credential = shown(target.credential.as_ref());
        (target.url, credential)
    }

    #[test]
    fn each_gateway_gets_its_own_secret_only() {
        const LOCAL: &str = "{gateway: {port: 4000, auth: {token: 'file'}}}";
        const REMOTE: &str = "{gateway: {mode: 'remote', auth: {token: 'file'},
            remote: {url: 'ws://far:1', password: 'far'}}}";
        let token = [("OPENCLAW_GATEWAY_TOKEN", "env")];
        let flag = || ConnectArgs { token: Some("flag".into()), ..ConnectArgs::default() };
        let url = || ConnectArgs { url: Some("ws://x:1".into()), ..ConnectArgs::default() };
        let rows = [
            (LOCAL, &[][..], ConnectArgs::default(), "ws://127.0.0.1:4000", "token file"),
            (LOCAL, &token, ConnectArgs::default(), "ws://127.0.0.1:4000", "token file"),
            (LOCAL, &token, flag(), "ws://127.0.0.1:4000", "token flag"),
            ("{}", &token, ConnectArgs::default(), "ws://127.0.0.1:18789", "token env"),
            (
                "{gateway: {auth: {mode: 'password', token: 't', password: 'p'}}}",
                &[],
                ConnectArgs::default(),
                "ws://127.0.0.1:18789",
                "password p",
            ),
            (
                LOCAL,
                &[("OPENCLAW_GATEWAY_PASSWORD", "p")],
                ConnectArgs::default(),
                "ws://127.0.0.1:4000",
                "password p",
            ),
            ("{}", &[], ConnectArgs::default(), "ws://127.0.0.1:18789", "none"),
            (LOCAL, &[], url(), "ws://x:1", "none"),
            (LOCAL, &token, url(), "ws://x:1", "token env"),
            (REMOTE, &[], ConnectArgs::default(), "ws://far:1", "password far"),
            (REMOTE, &token, ConnectArgs::default(), "ws://far:1", "token env"),
            (REMOTE, &[("OPENCLAW_GATEWAY_PORT", "7")], url(), "ws://x:1", "none"),
        ];
        for (config, variables, flags, url, credential) in rows {
            let label = format!("{config} {variables:?} {flags:?}");
            assert_eq!(choose(config, variables, flags), (url.to_owned(), credential.to_owned()), "{label}");
        }
    }
}
