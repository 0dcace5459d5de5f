//! `openclaw models auth order`

use anyhow::bail;
use openclaw_models::catalog::table::canonical_provider;
use serde_json::json;

use super::view::ModelsView;
use crate::args::{AuthOrderCommand, InstanceArgs};
use crate::{format, output};

pub(super) fn run(
    flags: &InstanceArgs,
    agent: Option<&str>,
    command: &AuthOrderCommand,
) -> anyhow::Result<()> {
    let view = ModelsView::open(flags, agent)?;
    let settings = view.auth.settings();
    let (provider, said) = match command {
        AuthOrderCommand::Get { provider, json: as_json } => {
            let provider = canonical_provider(provider);
            let order = view.credentials.own_order(&provider, settings);
            let file = view.auth.places().file();
            if *as_json {
                return Ok(output::json(&json!({
                    "agentId": view.agent, "agentDir": view.agent_dir, "provider": provider,
                    "authStorePath": file, "order": order,
                }))?);
            }
            let order = order.map_or_else(|| "(none)".to_owned(), |ids| ids.join(", "));
            let file = format::short_path(&file, &view.instance.at.home);
            (provider, format!("Auth file: {file}\nOrder override: {order}"))
        }
        AuthOrderCommand::Set { provider, profiles } => {
            let provider = canonical_provider(provider);
            for id in profiles {
                match view.credentials.profile(id) {
                    None => bail!("Auth profile {id:?} not found in {}.", view.agent_dir.display()),
                    Some(profile) if !settings.same_provider(&profile.provider, &provider) => {
                        bail!("Auth profile {id:?} is for {}, not {provider}.", profile.provider)
                    }
                    Some(_) => {}
                }
            }
            view.auth.update(|file| {
                file.clear_order(|name| settings.same_provider(name, &provider));
                file.set_order(&provider, profiles);
            })?;
            let said = format!("Order override: {}", profiles.join(", "));
            (provider, said)
        }
        AuthOrderCommand::Clear { provider } => {
            let provider = canonical_provider(provider);
            view.auth.update(|file| file.clear_order(|name| settings.same_provider(name, &provider)))?;
            (provider, "Cleared per-agent order override.".to_owned())
        }
    };
    let text = format!("Agent: {}\nProvider: {provider}\n{said}", view.agent);
    Ok(output::line(&output::printable(&text))?)
}
