//! `openclaw models auth add` and `paste-token`: credentials come from standard input, never from the command line, where
//! other users of the machine and the shell's history would see them.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};
use openclaw_config::{Change, EditError, Editor, KeyPath, Terms, edit};
use openclaw_credentials::{Credential, Profile};
use openclaw_guard::{Clock as _, Secret, SystemClock};
use openclaw_models::catalog::table::canonical_provider;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::{Value, json};

use super::view::ModelsView;
use crate::args::{AuthAddArgs, InstanceArgs, PasteTokenArgs};
use crate::instance::locate_to_use;
use crate::output;
use crate::signals::on_interrupt;

/// Longer than any key or token in use.
const MAX_SECRET_BYTES: u64 = 16 * 1024;

pub(super) fn add(flags: &InstanceArgs, agent: Option<&str>, args: &AuthAddArgs) -> anyhow::Result<()> {
    let provider = canonical_provider(&args.provider);
    let id = args.profile_id.clone().unwrap_or_else(|| format!("{provider}:default"));
    let key = secret(&format!("API key for {provider}: "))?;
    keep(flags, agent, Profile { id, provider, credential: Credential::ApiKey { key }, email: None })
}

pub(super) fn paste_token(
    flags: &InstanceArgs,
    agent: Option<&str>,
    args: &PasteTokenArgs,
) -> anyhow::Result<()> {
    let provider = canonical_provider(&args.provider);
    let id = args.profile_id.clone().unwrap_or_else(|| format!("{provider}:manual"));
    let lasts_ms = args.expires_in.as_deref().map(lasts_ms).transpose()?;
    let expires = lasts_ms.map(|lasts| SystemClock.now_ms().saturating_add(lasts));
    let token = secret(&format!("Token for {provider}: "))?;
    keep(
        flags,
        agent,
        Profile { id, provider, credential: Credential::Token { token, expires }, email: None },
    )
}

fn keep(flags: &InstanceArgs, agent: Option<&str>, profile: Profile) -> anyhow::Result<()> {
    if profile.id.trim().is_empty() || profile.id.chars().any(char::is_control) {
        bail!("a profile's name is a word such as {}:work", profile.provider);
    }
    let view = ModelsView::open(flags, agent)?;
    view.auth.update(|file| file.put(&profile))?;
    let kind = profile.credential.kind();
    append_to_own_order(&view, &profile)?;
    configure(flags, &view, &profile)?;
    output::line(&format!("Auth profile: {} ({}/{kind})", profile.id, profile.provider))?;
    output::line(&format!("Kept in {}", view.auth.places().file().display()))?;
    if view.catalog.entry(&profile.provider).is_err() {
        output::complain(&format!(
            "warning: no provider {0:?} is configured; add models.providers.{0} with a baseUrl",
            profile.provider
        ));
    }
    Ok(())
}

/// An order that was set for the agent leaves out what is not in it.
fn append_to_own_order(view: &ModelsView, profile: &Profile) -> anyhow::Result<()> {
    let settings = view.auth.settings();
    let own = view.credentials.own_order(&profile.provider, settings);
    let Some(mut order) = own.filter(|order| !order.contains(&profile.id)) else { return Ok(()) };
    order.push(profile.id.clone());
    view.auth.update(|file| {
        file.clear_order(|name| settings.same_provider(name, &profile.provider));
        file.set_order(&profile.provider, &order);
    })?;
    Ok(output::line(&format!("Order of agent {}: {}", view.agent, order.join(", ")))?)
}

/// Where the configuration names the profiles or the order of the provider, the new one must be among them to be used.
fn configure(flags: &InstanceArgs, view: &ModelsView, profile: &Profile) -> anyhow::Result<()> {
    let settings = view.auth.settings();
    let is_it = |other: &str| settings.same_provider(other, &profile.provider);
    let named = settings.profiles.iter().any(|(_, known)| is_it(&known.provider));
    let order = settings.order.iter().find(|(provider, _)| is_it(provider));
    let order = order.filter(|(_, ids)| !ids.contains(&profile.id));
    if !named && order.is_none() {
        return Ok(());
    }
    let auth = KeyPath::default().key("auth");
    let entry = json!({"provider": profile.provider, "mode": profile.credential.kind()});
    let mut changes = Vec::new();
    if named {
        changes.push(Change::Set { path: auth.key("profiles").key(&profile.id), value: entry });
    }
    if let Some((provider, ids)) = order {
        let ids: Vec<Value> = ids.iter().chain([&profile.id]).map(|id| json!(id)).collect();
        changes.push(Change::Set { path: auth.key("order").key(provider), value: ids.into() });
    }
    let (at, env) = locate_to_use(flags)?;
    let apply = |editor: &mut Editor| -> Result<(), EditError> { editor.apply(&changes) };
    let (_, saved) = edit(&at, &env, &Terms::ANY_BASE, &apply)?;
    if let Some(file) = saved.files.first() {
        output::line(&format!("Updated {}", file.display()))?;
    }
    Ok(())
}

/// A secret from standard input; from a terminal without showing it.
fn secret(prompt: &str) -> anyhow::Result<Secret> {
    let input = io::stdin();
    let mut text = String::new();
    if input.is_terminal() {
        output::complain(prompt);
        let _quiet = Quiet::begin();
        input.lock().take(MAX_SECRET_BYTES + 1).read_line(&mut text).context("standard input")?;
    } else {
        input.lock().take(MAX_SECRET_BYTES + 1).read_to_string(&mut text).context("standard input")?;
    }
    if text.len() > usize::try_from(MAX_SECRET_BYTES)? {
        bail!(
            "a credential has at most {MAX_SECRET_BYTES} bytes; what was given is longer, and nothing of it is kept"
        );
    }
    let text = text.trim();
    if text.is_empty() {
        bail!("nothing was given; the credential is read from standard input");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        bail!("a credential is one word; what was given has blanks or lines in it");
    }
    Ok(Secret::new(text.to_owned()))
}

/// A terminal that does not show what is typed, until this ends.
struct Quiet(Option<Termios>);

impl Quiet {
    fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut quiet) = before.clone() {
            restore_when_interrupted(before.clone());
            quiet.local_modes.remove(LocalModes::ECHO);
            // One that cannot do it shows what is typed.
            tcsetattr(io::stdin(), OptionalActions::Now, &quiet).ok();
        }
        Self(before)
    }
}

/// Ctrl-C at the prompt ends the program, but not before the terminal shows again what is typed.
fn restore_when_interrupted(before: Option<Termios>) {
    let restored = on_interrupt(move || {
        if let Some(before) = &before {
            tcsetattr(io::stdin(), OptionalActions::Now, before).ok();
        }
    });
    if let Err(error) = restored {
        output::complain(&format!(
            "warning: after Ctrl-C this terminal may show nothing ({error}); `stty echo` heals it"
        ));
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            tcsetattr(io::stdin(), OptionalActions::Now, before).ok();
        }
    }
}

/// `365d`, `12h`, `30m`, `90s`; days without a unit.
fn lasts_ms(text: &str) -> anyhow::Result<i64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit_ms = match unit.trim() {
        "" | "d" => 86_400_000,
        "h" => 3_600_000,
        "m" => 60_000,
        "s" => 1_000,
        _ => bail!("{text:?} is no duration; write 365d, 12h or 30m"),
    };
    let number: i64 = number
        .parse()
        .ok()
        .filter(|number| *number > 0)
        .with_context(|| format!("{text:?} is no duration; write 365d, 12h or 30m"))?;
    number.checked_mul(unit_ms).with_context(|| format!("{text:?} is too long"))
}

#[cfg(test)]
mod tests {
    use super::lasts_ms;

    #[test]
    fn durations() {
        let rows = [
            ("365d", Some(365 * 86_400_000)),
            ("7", Some(7 * 86_400_000)),
            ("12h", Some(43_200_000)),
            ("30 m", Some(1_800_000)),
            ("0d", None),
            ("x", None),
            ("-1d", None),
            ("1w", None),
        ];
        for (text, expected) in rows {
            assert_eq!(lasts_ms(text).ok(), expected, "{text}");
        }
    }
}
