//! `auth`: which profiles there should be, in which order, and how long they rest.

use openclaw_config::{AuthProfileMode, Config};

use crate::cooldown::CooldownRules;
use crate::profile::{Credential, Profile};

/// What the configuration says of profiles.
#[derive(Clone)]
pub struct AuthSettings {
    /// `auth.order`: provider and profiles.
    pub order: Vec<(String, Vec<String>)>,
    /// `auth.profiles`.
    pub profiles: Vec<(String, ConfiguredProfile)>,
    /// `auth.cooldowns`.
    pub cooldowns: CooldownRules,
    /// `auth.cooldowns.billingBackoffHoursByProvider`.
    pub billing_hours: Vec<(String, f64)>,
    /// The one spelling of a provider's id.
    pub canonical: fn(&str) -> String,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            profiles: Vec::new(),
            cooldowns: CooldownRules::default(),
            billing_hours: Vec::new(),
            canonical: |id| id.trim().to_ascii_lowercase(),
        }
    }
}

/// `auth.profiles.<id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredProfile {
    /// The provider.
    pub provider: String,
    /// What kind of credential it should be.
    pub mode: Option<Mode>,
}

/// What kind of credential a profile should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A key.
    ApiKey,
    /// A token that is renewed, or one that is not.
    OAuth,
    /// A token that is not renewed.
    Token,
}

impl AuthSettings {
    /// What `openclaw.json` says. `canonical` knows the spellings of providers.
    #[must_use]
    pub fn from_config(config: &Config, canonical: fn(&str) -> String) -> Self {
        let auth = &config.system.auth;
        let profiles = auth.profiles.iter().map(|(id, profile)| {
            let mode = profile.mode.map(|mode| match mode {
                AuthProfileMode::ApiKey => Mode::ApiKey,
                AuthProfileMode::Oauth => Mode::OAuth,
                AuthProfileMode::Token => Mode::Token,
            });
            (id.clone(), ConfiguredProfile { provider: profile.provider.clone(), mode })
        });
        let rules = CooldownRules::default();
        let cooldowns = &auth.cooldowns;
        Self {
            order: auth.order.iter().map(|(provider, ids)| (provider.clone(), ids.clone())).collect(),
            profiles: profiles.collect(),
            cooldowns: CooldownRules {
                billing_hours: cooldowns.billing_backoff_hours.unwrap_or(rules.billing_hours),
                billing_max_hours: cooldowns.billing_max_hours.unwrap_or(rules.billing_max_hours),
                window_hours: cooldowns.failure_window_hours.unwrap_or(rules.window_hours),
            },
            billing_hours: cooldowns
                .billing_backoff_hours_by_provider
                .iter()
                .map(|(provider, hours)| (provider.clone(), *hours))
                .collect(),
            canonical,
        }
    }

    /// Whether two spellings mean one provider.
    #[must_use]
    pub fn same_provider(&self, one: &str, other: &str) -> bool {
        (self.canonical)(one) == (self.canonical)(other)
    }

    /// The rules for a provider's profiles.
    #[must_use]
    pub fn rules_for(&self, provider: &str) -> CooldownRules {
        let own = self.billing_hours.iter().find(|(name, _)| self.same_provider(name, provider));
        CooldownRules {
            billing_hours: own.map_or(self.cooldowns.billing_hours, |(_, hours)| *hours),
            ..self.cooldowns
        }
    }

    pub(crate) fn order_of(&self, provider: &str) -> Option<Vec<String>> {
        let (_, ids) = self.order.iter().find(|(name, _)| self.same_provider(name, provider))?;
        Some(ids.clone())
    }

    pub(crate) fn profiles_of(&self, provider: &str) -> Vec<String> {
        let of_it = self.profiles.iter().filter(|(_, it)| self.same_provider(&it.provider, provider));
        of_it.map(|(id, _)| id.clone()).collect()
    }

    /// Whether a profile is what the configuration says of it, if it says anything.
    pub(crate) fn agrees(&self, profile: &Profile) -> bool {
        let Some((_, configured)) = self.profiles.iter().find(|(id, _)| *id == profile.id) else {
            return true;
        };
        let kind_fits = match (configured.mode, &profile.credential) {
            (None, _)
            | (Some(Mode::ApiKey), Credential::ApiKey { .. })
            | (Some(Mode::OAuth), Credential::OAuth(_) | Credential::Token { .. })
            | (Some(Mode::Token), Credential::Token { .. }) => true,
            (Some(Mode::ApiKey), Credential::OAuth(_) | Credential::Token { .. })
            | (Some(Mode::OAuth), Credential::ApiKey { .. })
            | (Some(Mode::Token), Credential::ApiKey { .. } | Credential::OAuth(_)) => false,
        };
        kind_fits && self.same_provider(&configured.provider, &profile.provider)
    }
}
