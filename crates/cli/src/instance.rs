//! The instance a command works on: its places and its configuration.

use std::path::Path;

use openclaw_config::{
    Config, ConfigError, Env, GatewayMode, Loaded, LocationError, LocationFlags, Locations, gateway_port,
    last_good_path, load,
};
use openclaw_store::StateVersion;

use crate::args::InstanceArgs;
use crate::copies;

/// Places and configuration of one instance.
pub(crate) struct Instance {
    pub(crate) at: Locations,
    pub(crate) loaded: Loaded,
}

impl Instance {
    /// Finds the instance of the flags and of this process's environment.
    ///
    /// # Errors
    /// The configuration is wrong: every problem, one per line. The state is a newer program's, or may be.
    pub(crate) fn open(flags: &InstanceArgs) -> anyhow::Result<Self> {
        let (at, env) = locate_to_use(flags)?;
        let (instance, problem) = Self::read(at, env);
        match problem {
            None => Ok(instance),
            Some(error) => Err(error.into()),
        }
    }

    /// The same for commands that must work when the configuration does not: then the defaults hold, and the error
    /// comes beside them.
    ///
    /// # Errors
    /// There is no home directory, or the flags name no instance.
    pub(crate) fn diagnose(flags: &InstanceArgs) -> anyhow::Result<(Self, Option<ConfigError>)> {
        let (at, env) = locate(flags)?;
        Ok(Self::read(at, env))
    }

    /// The same for commands that talk to a gateway which may run already: where the file is wrong, gone, or says
    /// nothing about the gateway, that of the last good copy is looked for.
    ///
    /// # Errors
    /// There is no home directory, or the flags name no instance.
    pub(crate) fn reach(flags: &InstanceArgs) -> anyhow::Result<(Self, Option<ConfigError>)> {
        let (mut instance, problem) = Self::diagnose(flags)?;
        instance.recall(problem.is_some());
        Ok((instance, problem))
    }

    /// Takes what the configuration does not say about the gateway from the last good copy.
    fn recall(&mut self, is_wrong: bool) {
        let gateway = &self.loaded.config.gateway;
        let has_secret = gateway.auth.token.is_some() || gateway.auth.password.is_some();
        let is_told = gateway.mode == Some(GatewayMode::Remote) || gateway.port.is_some() && has_secret;
        let Some(copy) = (!is_told).then(|| self.last_good()).flatten() else { return };
        let (gateway, copy) = (&mut self.loaded.config.gateway, copy.config.gateway);
        if is_wrong || !self.loaded.exists {
            *gateway = copy;
            return;
        }
        gateway.port = gateway.port.or(copy.port);
        if !has_secret {
            gateway.auth = copy.auth;
        }
    }

    /// The last configuration that worked, beside the file or beside what it is a link to.
    fn last_good(&self) -> Option<Loaded> {
        let names = copies::names(&self.at.config_path).into_iter();
        names.map(|name| last_good_path(&name)).find_map(|config_path| {
            let at = Locations { config_path, ..self.at.clone() };
            // One that cannot be read is no help, and no fault of the command.
            load(&at, &self.loaded.env).ok().filter(|loaded| loaded.exists)
        })
    }

    /// The same with another file as the configuration.
    ///
    /// # Errors
    /// There is no home directory, the flags name no instance, or there is no working directory.
    pub(crate) fn diagnose_file(
        flags: &InstanceArgs,
        file: &Path,
    ) -> anyhow::Result<(Self, Option<ConfigError>)> {
        let (at, env) = locate(flags)?;
        Ok(Self::read(Locations { config_path: std::path::absolute(file)?, ..at }, env))
    }

    fn read(at: Locations, env: Env) -> (Self, Option<ConfigError>) {
        let (loaded, problem) = match load(&at, &env) {
            Ok(loaded) => (loaded, None),
            Err(error) => (Loaded::defaults(at.config_path.clone(), env), Some(error)),
        };
        (Self { at, loaded }, problem)
    }

    /// The typed configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// The gateway's port; `flag` is what the command line says.
    ///
    /// # Errors
    /// A port variable of the environment holds no port.
    pub(crate) fn port(&self, flag: Option<u16>) -> anyhow::Result<u16> {
        Ok(gateway_port(flag, &self.loaded.env, &self.loaded.config, &self.at)?)
    }
}

/// The places of the instance that the flags and the environment of this process name, and that environment.
///
/// # Errors
/// There is no home directory, or the flags name no instance.
pub(crate) fn locate(flags: &InstanceArgs) -> Result<(Locations, Env), LocationError> {
    let env = Env::process();
    let flags = LocationFlags { profile: flags.profile.clone(), dev: flags.dev };
    Ok((Locations::resolve(&env, flags)?, env))
}

/// The same for a command that reads or changes what is there, which a newer program's state does not allow.
///
/// # Errors
/// The same, and the state is a newer program's, or may be.
pub(crate) fn locate_to_use(flags: &InstanceArgs) -> anyhow::Result<(Locations, Env)> {
    let (at, env) = locate(flags)?;
    StateVersion::check(&at.state_dir)?;
    Ok((at, env))
}

#[cfg(test)]
mod tests {
    use super::Instance;
    use crate::args::ConnectArgs;
    use crate::client::Target;
    use openclaw_config::{Env, LocationFlags, Locations, keep_last_good};
    use openclaw_guard::write_atomic;

    /// Where a gateway that runs is looked for, with this file and a good copy that names port 4000.
    fn reached(file: Option<&str>) -> String {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        openclaw_guard::create_private_dir(&at.state_dir).unwrap();
        keep_last_good(&at.config_path, "{gateway: {mode: 'local', port: 4000, auth: {token: 't'}}}")
            .unwrap();
        if let Some(file) = file {
            write_atomic(&at.config_path, file.as_bytes()).unwrap();
        }
        let (mut instance, problem) = Instance::read(at, env);
        instance.recall(problem.is_some());
        let target = Target::of(&instance, &ConnectArgs::default()).unwrap();
        format!("{} {}", target.url, target.credential.is_some())
    }

    #[test]
    fn a_gateway_is_found_by_the_last_good_copy() {
        let known = "ws://127.0.0.1:4000 true";
        for file in [None, Some(""), Some("{"), Some("{}"), Some("{gateway: {prot: 1, port: 7}}")] {
            assert_eq!(reached(file), known, "{file:?}");
        }
        assert_eq!(reached(Some("{gateway: {port: 7}}")), "ws://127.0.0.1:7 true");
        let remote = "{gateway: {mode: 'remote', remote: {url: 'ws://far:1'}}}";
        assert_eq!(reached(Some(remote)), "ws://far:1 false");
    }
}
