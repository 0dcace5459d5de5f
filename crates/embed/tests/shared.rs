//! Agents of one process share the model in the program and the program that runs a model file.
#![allow(clippy::unwrap_used, reason = "a test stops at once when its own assumptions break")]

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt as _;
use openclaw_config::{Env, LocationFlags, Locations};
use openclaw_embed::{Embedder, LocalModel, LocalSpec, Makers as _, OwnMakers, Purpose};

/// What the places of an instance are in a folder of its own.
fn locations(home: &std::path::Path) -> Locations {
    Locations::resolve(&Env::from([("HOME", home.to_str().unwrap())]), LocationFlags::default()).unwrap()
}

fn spec(model: LocalModel) -> LocalSpec {
    LocalSpec { model, cache_dir: None }
}

#[test]
fn two_agents_have_one_model_file_in_memory_and_two_files_are_two_models() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| -> PathBuf {
        let path = home.path().join(name);
        openclaw_guard::write_atomic(&path, content).unwrap();
        path
    };
    let (first, second) = (file("a.gguf", b"GGUF a"), file("b.gguf", b"GGUF b"));
    let (at, env) = (locations(home.path()), Env::from([]));
    let other_env = Env::from([("HF_TOKEN", "t0ken")]);
    let local = |env: &Env, path: &PathBuf| -> Arc<dyn Embedder> {
        // Each agent is resolved by makers of its own.
        OwnMakers { at: &at, env }.local(&spec(LocalModel::File(path.clone()))).unwrap()
    };
    let (one, two) = (local(&env, &first), local(&env, &first));
    assert!(Arc::ptr_eq(&one, &two));
    assert!(!Arc::ptr_eq(&one, &local(&env, &second)));
    assert!(!Arc::ptr_eq(&one, &local(&other_env, &first)), "it would get another token");
    let identity = one.identity().clone();
    file("a.gguf", b"GGUF of next year");
    let replaced = local(&env, &first);
    assert!(!Arc::ptr_eq(&one, &replaced));
    assert_ne!(&identity, replaced.identity());
}

/// Threads of this process of one name, with what they add to their nice value.
#[cfg(target_os = "linux")]
fn threads(name: &str) -> Vec<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok());
    // `12 (name) S …`: the nice value is the 19th field.
    let named = stats.filter(|stat| stat.contains(&format!("({name})")));
    let nice = named.map(|stat| stat.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().parse());
    nice.map(Result::unwrap).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn documents_of_two_agents_have_one_thread_and_it_lets_others_pass() {
    const NICE: i32 = 10;
    let home = tempfile::tempdir().unwrap();
    let (at, env) = (locations(home.path()), Env::from([]));
    let agent = || OwnMakers { at: &at, env: &env }.builtin().unwrap();
    let (one, two) = (agent(), agent());
    assert!(Arc::ptr_eq(&one, &two));
    // More than anybody waits for: both are dropped when the threads were seen.
    let text = "Water the plants, call the bank, renew the passport. ".repeat(12);
    let mut calls = [&one, &two].map(|agent| agent.embed(Purpose::Document, vec![text.clone(); 5_000]));
    for call in &mut calls {
        assert!(call.now_or_never().is_none());
    }
    let own = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let own: i32 = own.rsplit_once(')').unwrap().1.split_whitespace().nth(16).unwrap().parse().unwrap();
    let low = (own + NICE).min(19);
    let begun = std::time::Instant::now();
    // A thread has its name and its priority a moment after it was made.
    while threads("embed-documents") != [low] {
        assert!(begun.elapsed().as_secs() < 10, "{:?}", threads("embed-documents"));
        std::thread::yield_now();
    }
    let question = one.embed(Purpose::Query, vec!["passport".to_owned()]).await.unwrap();
    assert_eq!((question.len(), threads("embed-query")), (1, vec![own]));
}
