//! A gateway in this process, and somebody who writes its configuration and asks what came of it.

use std::time::Duration;

use openclaw_config::{Env, LocationFlags, Locations, last_good, load};
use serde_json::{Value, json};

use super::Outcome;
use crate::core::Core;
use crate::gateway::{Again, Exit, Gateway};
use crate::start::{StartOptions, start};

struct Home {
    _dir: tempfile::TempDir,
    at: Locations,
    env: Env,
}

impl Home {
    fn new(config: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", &*dir.path().to_string_lossy())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        openclaw_guard::create_private_dir(&at.state_dir).unwrap();
        let home = Self { _dir: dir, at, env };
        home.write(config);
        home
    }

    fn write(&self, config: &Value) {
        openclaw_guard::write_atomic(&self.at.config_path, config.to_string().as_bytes()).unwrap();
    }

    fn options(&self) -> StartOptions {
        let loaded = load(&self.at, &self.env).unwrap();
        let options = StartOptions::new(self.at.clone(), loaded, 0, self.env.clone());
        // The system chooses the port, now and at every restart.
        StartOptions { port_flag: Some(0), ..options }
    }

    async fn start(&self) -> Gateway {
        start(self.options()).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

fn config(mode: &str, more: &Value) -> Value {
    let mut config =
        json!({"gateway": {"mode": "local", "auth": {"token": "t0ken"}, "reload": {"mode": mode}}});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

async fn written(core: &Core) -> Outcome {
    core.reload.written(Duration::ZERO).await.expect("an outcome")
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|&item| item.to_owned()).collect()
}

#[tokio::test]
async fn whoever_writes_the_file_is_told_what_came_of_it() {
    let named = |name: &str| config("hot", &json!({"ui": {"assistant": {"name": name}}}));
    let home = Home::new(&named("a"));
    let gateway = home.start().await;
    let core = gateway.core();
    // The look that follows a start is over when this is answered.
    assert_eq!(written(core).await, Outcome::Unchanged);
    home.write(&named("b"));
    assert_eq!(written(core).await, Outcome::Applied { paths: strings(&["ui.assistant.name"]) });
    assert_eq!(core.snapshot().identity.assistant, "b");
    assert_eq!(written(core).await, Outcome::Unchanged);
    home.write(&config("hot", &json!({"uii": 1})));
    let Outcome::Invalid { problems } = written(core).await else { panic!("taken") };
    assert!(problems[0].contains("did you mean \"ui\"?"), "{problems:?}");
    assert_eq!(core.snapshot().identity.assistant, "b");
    home.write(&json!({}));
    assert!(matches!(written(core).await, Outcome::Staged { .. }));
    home.write(&config("hot", &json!({"plugins": {"enabled": false}, "ui": {"assistant": {"name": "c"}}})));
    let pending = strings(&["plugins.enabled"]);
    let Outcome::RestartNeeded { paths, pending: waiting } = written(core).await else {
        panic!("not applied")
    };
    assert_eq!((paths.len(), waiting), (2, pending.clone()));
    assert_eq!(core.reload.summary(&core.snapshot().loaded)["pending"], json!(pending));
    assert!(last_good(&home.at.config_path).unwrap().contains("plugins"));
    core.control.stop();
    assert!(matches!(gateway.wait().await, Exit::Stopped));
}

#[tokio::test]
async fn a_restart_carries_the_options_that_worked() {
    let home = Home::new(&config("hybrid", &json!({})));
    let gateway = home.start().await;
    assert_eq!(written(gateway.core()).await, Outcome::Unchanged);
    // Taken away while it runs, which no way back may give again.
    let denied = json!({"tools": {"deny": ["exec", "write", "edit"]}});
    home.write(&config("hybrid", &denied));
    assert_eq!(written(gateway.core()).await, Outcome::Applied { paths: strings(&["tools.deny"]) });
    let mut wanted = config("hybrid", &denied);
    wanted["plugins"] = json!({"enabled": false});
    home.write(&wanted);
    let outcome = gateway.core().reload.written(Duration::from_millis(1)).await;
    assert_eq!(outcome, Some(Outcome::Restarting { paths: strings(&["plugins.enabled"]) }));
    let Exit::Restart(again) = gateway.wait().await else { panic!("stopped") };
    let Again { next, ran } = *again;
    assert!(!next.loaded.config.extensions.plugins.enabled, "what was judged");
    assert!(ran.loaded.config.extensions.plugins.enabled, "what ran, not what is on the disk");
    let back = start(ran).await.unwrap_or_else(|error| panic!("{error}"));
    let offered = back.core().snapshot().agents.all["main"].toolbox.definitions();
    let names: Vec<_> = offered.iter().map(|tool| tool.name.to_string()).collect();
    assert!(!names.iter().any(|name| ["exec", "write", "edit"].contains(&&**name)), "{names:?}");
    back.control().stop();
    assert!(matches!(back.wait().await, Exit::Stopped));
}

#[tokio::test]
async fn a_restart_whose_change_is_taken_back_does_not_happen() {
    let home = Home::new(&config("hybrid", &json!({})));
    let gateway = home.start().await;
    assert_eq!(written(gateway.core()).await, Outcome::Unchanged);
    home.write(&config("hybrid", &json!({"plugins": {"enabled": false}})));
    let soon = Duration::from_secs(3_600);
    let outcome = gateway.core().reload.written(soon).await;
    assert!(matches!(outcome, Some(Outcome::Restarting { .. })));
    home.write(&config("hybrid", &json!({})));
    assert_eq!(written(gateway.core()).await, Outcome::Unchanged);
    assert!(!gateway.core().control.withdraw(), "nothing is left to take back");
}

#[tokio::test]
async fn a_stop_wins_over_a_restart() {
    let home = Home::new(&config("hybrid", &json!({})));
    let gateway = home.start().await;
    gateway.core().request_restart(Duration::ZERO, "test");
    gateway.core().control.stop();
    assert!(matches!(gateway.wait().await, Exit::Stopped));
}

#[tokio::test]
async fn with_reloading_off_nothing_is_looked_at_and_a_restart_still_is() {
    let home = Home::new(&config("off", &json!({})));
    let gateway = home.start().await;
    home.write(&config("off", &json!({"ui": {"assistant": {"name": "b"}}})));
    assert_eq!(written(gateway.core()).await, Outcome::Ignored);
    gateway.core().request_restart(Duration::ZERO, "test");
    assert!(matches!(gateway.wait().await, Exit::Restart(_)));
}
