//! Which profile of a provider is next. Pure.

use crate::cooldown::{Rest, rest_of};
use crate::profile::{Credential, Profile};
use crate::settings::AuthSettings;
use crate::usage::Usage;

/// A profile in its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Its name.
    pub id: String,
    /// How long it rests, for the model in question.
    pub rest: Option<Rest>,
}

/// What [`rotation`] decides over.
pub(crate) struct Known<'a> {
    /// The profiles there are, in the file's order.
    pub(crate) profiles: &'a [Profile],
    /// The order that was set for this agent.
    pub(crate) own_order: Option<Vec<String>>,
    /// How they fared.
    pub(crate) usage: &'a dyn Fn(&str) -> Usage,
}

/// The usable profiles of a provider, the first to be tried first: in the order that was set for the agent, else in that
/// of `auth.order`; else tokens before keys, and of one kind the one that waited longest. Those that rest come last, the
/// one first that is well again soonest.
#[must_use]
pub fn rotation(
    known: &[Profile],
    own_order: Option<Vec<String>>,
    usage: &dyn Fn(&str) -> Usage,
    (provider, model): (&str, &str),
    (settings, now_ms): (&AuthSettings, i64),
) -> Vec<Rotation> {
    let known = Known { profiles: known, own_order, usage };
    known.rotation((provider, model), settings, now_ms)
}

impl Known<'_> {
    fn rotation(
        &self,
        (provider, model): (&str, &str),
        settings: &AuthSettings,
        now_ms: i64,
    ) -> Vec<Rotation> {
        let is_it = |other: &str| settings.same_provider(provider, other);
        let set = self.own_order.clone().or_else(|| settings.order_of(provider));
        let is_set = set.is_some();
        let named: Vec<String> = set.unwrap_or_else(|| {
            let configured = settings.profiles_of(provider);
            let all = self.profiles.iter().filter(|profile| is_it(&profile.provider));
            if configured.is_empty() { all.map(|profile| profile.id.clone()).collect() } else { configured }
        });
        let mut usable: Vec<&Profile> = Vec::new();
        for id in named {
            let profile = self.profiles.iter().find(|profile| profile.id == id);
            let fits = |profile: &&Profile| {
                is_it(&profile.provider)
                    && profile.credential.is_usable(now_ms)
                    && settings.agrees(profile)
                    && usable.iter().all(|known| known.id != profile.id)
            };
            if let Some(profile) = profile.filter(fits) {
                usable.push(profile);
            }
        }
        let mut turns: Vec<(Rotation, (u8, i64))> = usable
            .into_iter()
            .map(|profile| {
                let usage = (self.usage)(&profile.id);
                let rest = rest_of(&usage, model, now_ms);
                let rank = if is_set { (0, 0) } else { (kind_rank(profile), usage.last_used.unwrap_or(0)) };
                (Rotation { id: profile.id.clone(), rest }, rank)
            })
            .collect();
        // A stable sort: what is equal keeps its order.
        turns.sort_by_key(|(turn, rank)| {
            let until = turn.rest.map_or(i64::MIN, |rest| rest.until);
            (turn.rest.is_some(), until, *rank)
        });
        turns.into_iter().map(|(turn, _)| turn).collect()
    }
}

fn kind_rank(profile: &Profile) -> u8 {
    match profile.credential {
        Credential::OAuth(_) => 0,
        Credential::Token { .. } => 1,
        Credential::ApiKey { .. } => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::rotation;
    use crate::profile::Profile;
    use crate::settings::{AuthSettings, ConfiguredProfile, Mode};
    use crate::usage::Usage;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn profiles() -> Vec<Profile> {
        let rows = [
            ("p:key1", json!({"type": "api_key", "provider": "p", "key": "1"})),
            ("p:key2", json!({"type": "api_key", "provider": "P", "key": "2"})),
            (
                "p:oauth",
                json!({"type": "oauth", "provider": "p", "access": "a", "refresh": "r", "expires": 1}),
            ),
            ("p:token", json!({"type": "token", "provider": "p", "token": "t"})),
            ("p:over", json!({"type": "token", "provider": "p", "token": "t", "expires": 5})),
            ("q:key", json!({"type": "api_key", "provider": "q", "key": "q"})),
        ];
        rows.iter().map(|(id, value)| Profile::read(id, value).unwrap()).collect()
    }

    fn order(own: Option<&[&str]>, settings: &AuthSettings, usage: &[(&str, Usage)]) -> Vec<String> {
        let usage: BTreeMap<&str, Usage> = usage.iter().cloned().collect();
        let look = |id: &str| usage.get(id).cloned().unwrap_or_default();
        let own = own.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        let turns = rotation(&profiles(), own, &look, ("p", "m"), (settings, 1_000));
        turns.into_iter().map(|turn| turn.id).collect()
    }

    fn used(at: i64) -> Usage {
        Usage { last_used: Some(at), ..Usage::default() }
    }

    fn resting(until: i64) -> Usage {
        Usage { cooldown_until: Some(until), ..Usage::default() }
    }

    #[test]
    fn the_order_of_a_provider_s_profiles() {
        let plain = AuthSettings::default();
        let configured = AuthSettings {
            order: vec![(
                "P".into(),
                vec!["p:key2".into(), "p:key1".into(), "p:none".into(), "p:key2".into()],
            )],
            ..AuthSettings::default()
        };
        let one = ConfiguredProfile { provider: "p".into(), mode: Some(Mode::ApiKey) };
        let wrong = ConfiguredProfile { provider: "p".into(), mode: Some(Mode::ApiKey) };
        let named = AuthSettings {
            profiles: vec![("p:key1".into(), one), ("p:oauth".into(), wrong)],
            ..AuthSettings::default()
        };
        assert_eq!(order(None, &plain, &[]), ["p:oauth", "p:token", "p:key1", "p:key2"]);
        assert_eq!(order(None, &plain, &[("p:key1", used(9))]), ["p:oauth", "p:token", "p:key2", "p:key1"]);
        assert_eq!(order(None, &configured, &[("p:key2", used(9))]), ["p:key2", "p:key1"]);
        assert_eq!(order(Some(&["p:token"]), &configured, &[]), ["p:token"]);
        assert_eq!(
            order(None, &named, &[]),
            ["p:key1"],
            "a profile of another kind than configured is not used"
        );
        assert_eq!(
            order(
                None,
                &plain,
                &[("p:oauth", resting(3_000)), ("p:token", resting(2_000)), ("p:key1", resting(1_000))]
            ),
            ["p:key1", "p:key2", "p:token", "p:oauth"],
            "who rests comes last, and a rest that is over is none"
        );
        assert_eq!(order(None, &configured, &[("p:key2", resting(2_000))]), ["p:key1", "p:key2"]);
        assert!(order(Some(&["q:key", "p:over"]), &plain, &[]).is_empty());
    }
}
