//! A configuration beside the one that runs and the one the gateway started with.

use std::sync::Arc;

use openclaw_config::{Loaded, Loss, Plan, Reload as Class, loss};

use crate::core::Core;

/// What a configuration changes.
pub(super) struct Changes {
    /// What it asks for: its changes, and those of earlier ones that still wait.
    pub(super) plan: Plan,
    /// Keys that differ from the running configuration, or else those that wait.
    pub(super) paths: Vec<String>,
    /// Keys that wait for a restart.
    pub(super) pending: Vec<String>,
}

impl Changes {
    /// Live keys are compared with what runs, the others with what the gateway started with: a key that was changed and
    /// changed back needs no restart.
    fn between(started: &Loaded, running: &Loaded, loaded: &Loaded) -> Self {
        let since_start = Plan::between(started, loaded);
        let mut changed = Plan::between(running, loaded).changed;
        let differing: Vec<String> = changed.iter().map(|key| key.path.to_string()).collect();
        let pending: Vec<String> = since_start.waiting().map(ToString::to_string).collect();
        changed.retain(|key| key.class != Class::Restart);
        changed.extend(since_start.changed.into_iter().filter(|key| key.class == Class::Restart));
        let paths = if differing.is_empty() { pending.clone() } else { differing };
        Self { plan: Plan { changed }, paths, pending }
    }
}

/// What a configuration lost and what it changes, found on a blocking thread: it may have megabytes. `None` after a
/// panic, which the log has.
pub(super) async fn compare(core: &Arc<Core>, loaded: &Arc<Loaded>) -> Option<(Option<Loss>, Changes)> {
    let (core, loaded) = (Arc::clone(core), Arc::clone(loaded));
    let compared = tokio::task::spawn_blocking(move || {
        let running = core.snapshot();
        let changes = Changes::between(&core.reload.started.loaded, &running.loaded, &loaded);
        (lost(&running.loaded, &loaded), changes)
    });
    compared.await.ok()
}

fn lost(running: &Loaded, loaded: &Loaded) -> Option<Loss> {
    let len = |loaded: &Loaded| loaded.raw.as_ref().map_or(0, String::len);
    loss(&running.parsed, len(running), &loaded.parsed, len(loaded))
}

#[cfg(test)]
mod tests {
    use super::Changes;
    use openclaw_config::{Action, Env, Loaded, Parsed, ReloadMode, parse};

    fn loaded(text: &str) -> Loaded {
        let parsed =
            parse(text, "openclaw.json", &Env::default()).map_err(|problems| problems[0].to_string());
        let Parsed { config, value, effective, env, .. } = parsed.unwrap();
        Loaded {
            config: Box::new(config),
            parsed: value,
            effective,
            ..Loaded::defaults("openclaw.json".into(), env)
        }
    }

    #[test]
    fn what_waits_is_measured_by_the_start() {
        let ui =
            |name: &str, port: u16| format!("{{gateway:{{port:{port}}},ui:{{assistant:{{name:'{name}'}}}}}}");
        // started, running, new; action in mode hot, keys that changed, keys that wait
        let rows: [(_, _, _, Action, &[&str], &[&str]); 4] = [
            (ui("a", 1), ui("a", 1), ui("b", 1), Action::Apply, &["ui.assistant.name"], &[]),
            (
                ui("a", 1),
                ui("a", 1),
                ui("b", 2),
                Action::ApplySome,
                &["gateway.port", "ui.assistant.name"],
                &["gateway.port"],
            ),
            (ui("a", 1), ui("b", 2), ui("b", 2), Action::ApplySome, &["gateway.port"], &["gateway.port"]),
            (ui("a", 1), ui("b", 2), ui("b", 1), Action::Nothing, &["gateway.port"], &[]),
        ];
        for (started, running, new, action, paths, pending) in rows {
            let changes = Changes::between(&loaded(&started), &loaded(&running), &loaded(&new));
            assert_eq!(changes.plan.action(ReloadMode::Hot), action, "{new}");
            assert_eq!((changes.paths, changes.pending), (strings(paths), strings(pending)), "{new}");
        }
    }

    fn strings(items: &[&str]) -> Vec<String> {
        items.iter().map(|&item| item.to_owned()).collect()
    }
}
