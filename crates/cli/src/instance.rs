//! The instance a command works on: its places and its configuration.

use std::path::Path;

use openclaw_config::{
    Config, ConfigError, Env, Loaded, LocationError, LocationFlags, Locations, gateway_port, load,
};

use crate::args::InstanceArgs;

/// Places and configuration of one instance.
pub(crate) struct Instance {
    pub(crate) at: Locations,
    pub(crate) loaded: Loaded,
}

impl Instance {
    /// Finds the instance of the flags and of this process's environment.
    ///
    /// # Errors
    /// The configuration is wrong: every problem, one per line.
    pub(crate) fn open(flags: &InstanceArgs) -> anyhow::Result<Self> {
        let (instance, problem) = Self::diagnose(flags)?;
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
