//! The program behaves, crashes, hangs and lies, and the embedder says what happened and goes on.
//!
//! The program of these tests is `sh`, and the model's file is the script it runs; the real one is tested in
//! crates/local.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at once, with the place"
)]

use std::io::Write as _;
use std::path::PathBuf;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use openclaw_embed::local::{Hub, Limits, LocalModel, ModelReference, ModelSource, Program};
use openclaw_embed::{EmbedError, Embedder, Failure, Purpose, Readiness, Vector};
use openclaw_testkit::hub::{FakeHub, Trouble};

/// No test waits for it.
const PATIENT: Duration = Duration::from_secs(60);
const LIMITS: Limits = Limits { query: PATIENT, documents: PATIENT, start: PATIENT, idle: PATIENT };
/// Short enough to wait for; whoever is late by this much is meant to be.
const SOON: Duration = Duration::from_millis(150);

/// Writes down its start and each request, and then does `on_text` for every request, with `$line`, `$id` and the
/// functions `vectors` and `say`.
const SCRIPT: &str = r#"
say() { printf '%s\n' "$1"; }
hello() { say '{"hello":{"protocol":1,"prompts":1,"model":"fake","architecture":"bert","dimensions":2,"tokens":9,"prompt":"none"}}'; }
vectors() { say '{"vectors":{"id":'"$id"',"vectors":['"$1"']}}'; }
echo "start $$" >>"$0.log"
ON_START
while read -r line; do
  id=$(expr "$line" : '.*"id":\([0-9]*\)')
  case $line in *'"query"'*) echo query ;; *) echo document ;; esac >>"$0.log"
  ON_TEXT
done
"#;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(on_start: &str, on_text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = SCRIPT.replace("ON_START", on_start).replace("ON_TEXT", on_text);
        openclaw_guard::write_atomic(&folder.path().join("model.gguf"), script.as_bytes()).unwrap();
        Self { folder }
    }

    /// A program that answers every text with the same vector.
    fn good() -> Self {
        Self::new("hello", "vectors '[3,4]'")
    }

    fn source(&self) -> ModelSource {
        ModelSource {
            reference: ModelReference::File(self.file("model.gguf")),
            cache: self.file("models"),
            also: Vec::new(),
            hub: Hub::new("http://127.0.0.1:9/", None).unwrap(),
        }
    }

    fn model(&self, limits: Limits) -> LocalModel {
        LocalModel::with_limits(self.source(), || Ok(Program::at("/bin/sh".into())), limits)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the program wrote down.
    fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file("model.gguf.log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn starts(&self) -> usize {
        self.log().iter().filter(|line| line.starts_with("start")).count()
    }

    fn processes(&self) -> Vec<rustix::process::Pid> {
        let log = self.log();
        let ids = log.iter().filter_map(|line| line.strip_prefix("start "));
        ids.map(|id| rustix::process::Pid::from_raw(id.parse().unwrap()).unwrap()).collect()
    }
}

async fn query(model: &LocalModel, text: &str) -> Result<Vec<Vector>, EmbedError> {
    model.embed(Purpose::Query, vec![text.to_owned()]).await
}

async fn failure(model: &LocalModel, text: &str) -> Failure {
    query(model, text).await.unwrap_err().failure
}

fn unavailable(failure: &Failure) -> &str {
    let Failure::Unavailable(words) = failure else { panic!("{failure:?}") };
    words
}

/// A text that is a group of its own.
fn big(text: &str) -> String {
    format!("{text} {}", "x".repeat(3000))
}

/// Begins a call, and says whether it is waiting for its answer now.
fn begin(call: &mut BoxFuture<'_, Result<Vec<Vector>, EmbedError>>) -> bool {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// Waits, without sleeping, for what another thread is about to do.
fn soon(happened: impl Fn() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(10), "it never happened");
        std::thread::yield_now();
    }
}

#[test]
fn one_program_serves_every_call_under_any_runtime() {
    let place = Place::good();
    let model = place.model(LIMITS);
    assert_eq!(place.starts(), 0, "nothing starts before the first call");
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let texts = vec![big("a"), big("b"), big("c")];
        let vectors = runtime.block_on(model.embed(Purpose::Document, texts)).unwrap();
        assert_eq!(vectors.len(), 3);
        assert_eq!(vectors[2].as_slice(), [0.6, 0.8]);
        assert_eq!(runtime.block_on(model.embed(Purpose::Query, Vec::new())).unwrap(), Vec::new());
    }
    assert_eq!(place.starts(), 1);
    assert_eq!(model.identity().provider, "local");
    let [process] = place.processes()[..] else { panic!("{:?}", place.log()) };
    drop(model);
    soon(|| rustix::process::test_kill_process(process).is_err());
}

#[tokio::test]
async fn a_crash_is_told_and_the_next_call_is_answered() {
    let place = Place::new("hello", "case $line in *poison*) kill -SEGV $$ ;; esac; vectors '[3,4]'");
    let model = place.model(LIMITS);
    assert!(query(&model, "fine").await.is_ok());
    let words = failure(&model, "poison").await;
    assert!(unavailable(&words).contains("signal 11"), "{words}");
    assert!(query(&model, "fine").await.is_ok());
    assert_eq!(place.starts(), 2);
    // The first crash is forgiven; the second is not.
    failure(&model, "poison").await;
    let words = failure(&model, "fine").await;
    let Failure::NotReady(words) = &words else { panic!("its own text has done nothing: {words:?}") };
    assert!(words.contains("signal 11") && words.contains("tried again in"), "{words}");
    assert_eq!(place.starts(), 2);
}

#[tokio::test]
async fn a_processor_that_is_too_old_is_told_and_not_tried_again_at_once() {
    let place = Place::new("kill -ILL $$", "");
    let model = place.model(LIMITS);
    for _ in 0..3 {
        let words = failure(&model, "a").await;
        assert!(unavailable(&words).contains("built for a newer processor"), "{words}");
    }
    assert_eq!(place.starts(), 1);
}

#[tokio::test]
async fn memory_that_runs_out_and_an_end_without_a_word_have_words() {
    for (end, words) in [("kill -KILL $$", "memory ran out"), ("exit 3", "exit status: 3")] {
        let place = Place::new("hello", end);
        let found = failure(&place.model(LIMITS), "a").await;
        assert!(unavailable(&found).contains(words), "{found}");
    }
}

#[tokio::test]
async fn what_the_program_says_about_its_model_is_passed_on() {
    let refusal =
        r#"say '{"failed":{"id":null,"kind":"unusable","message":"m.gguf is no embedding model"}}'; exit 1"#;
    let place = Place::new(refusal, "");
    let model = place.model(LIMITS);
    assert_eq!(failure(&model, "a").await, Failure::Unavailable("m.gguf is no embedding model".to_owned()));
    assert!(
        unavailable(&failure(&model, "a").await).starts_with("m.gguf is no embedding model; it is tried")
    );
    assert_eq!(place.starts(), 1);
    let place = Place::new("hello", r#"say '{"failed":{"id":'$id',"kind":"refused","message":"too odd"}}'"#);
    let model = place.model(LIMITS);
    assert_eq!(failure(&model, "a").await, Failure::Refused("too odd".to_owned()));
    assert_eq!(failure(&model, "a").await, Failure::Refused("too odd".to_owned()));
    assert_eq!(place.starts(), 1, "it works on");
}

#[tokio::test]
async fn another_version_is_told() {
    let hello = r#"say '{"hello":{"protocol":2,"prompts":1,"model":"","architecture":"","dimensions":2,"tokens":9,"prompt":""}}'"#;
    let words = failure(&Place::new(hello, "").model(LIMITS), "a").await;
    assert!(unavailable(&words).contains("protocol 2.1 instead of 1.1"), "{words}");
}

#[tokio::test]
async fn a_program_that_never_gets_ready_is_ended_and_tried_once_more() {
    let place = Place::new("", "");
    let model = place.model(Limits { start: SOON, ..LIMITS });
    let words = failure(&model, "a").await;
    assert!(unavailable(&words).contains("was not ready"), "{words}");
    assert_eq!(place.starts(), 2);
    for process in place.processes() {
        soon(|| rustix::process::test_kill_process(process).is_err());
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_ended() {
    let place =
        Place::new("hello", "case $line in *hang*) read -r never </dev/zero ;; esac; vectors '[3,4]'");
    let model = place.model(Limits { query: SOON, documents: SOON, ..LIMITS });
    for purpose in [Purpose::Query, Purpose::Document] {
        let result = model.embed(purpose, vec!["hang".to_owned()]).await;
        assert_eq!(result.unwrap_err().failure, Failure::TimedOut(SOON));
        if purpose == Purpose::Query {
            let patient = place.model(LIMITS);
            assert!(query(&patient, "fine").await.is_ok());
        }
    }
    let [first, ..] = place.processes()[..] else { panic!("it never started") };
    assert!(rustix::process::test_kill_process(first).is_err());
}

#[tokio::test]
async fn a_query_does_not_wait_for_documents_that_hang() {
    let place = Place::new("hello", "read -r never </dev/zero");
    let model = place.model(Limits { query: SOON, ..LIMITS });
    let mut documents = model.embed(Purpose::Document, vec!["a".to_owned()]);
    assert!(begin(&mut documents));
    assert_eq!(failure(&model, "b").await, Failure::TimedOut(SOON));
    assert!(begin(&mut documents));
}

#[tokio::test]
async fn nonsense_is_an_error_and_the_program_is_ended() {
    let nonsense = [
        "say 'llama_model_loader: loaded meta data'",
        "vectors ''",
        "vectors '[3,4],[3,4]'",
        "vectors '[3,4,5]'",
        "vectors '[0,0]'",
        "vectors '[null,1]'",
        "vectors '[1e39,1]'",
        "id=99; vectors '[3,4]'",
        "hello",
        "head -c 5000000 /dev/zero",
        r"printf '\377\376\n'",
        r#"deep=$(printf '%099999d' 0 | tr 0 '['); say '{"vectors":'"$deep""#,
    ];
    for on_text in nonsense {
        let place = Place::new("hello", on_text);
        let found = failure(&place.model(LIMITS), "a").await;
        assert!(matches!(found, Failure::Malformed(_)), "{on_text}: {found:?}");
        let [process] = place.processes()[..] else { panic!("{:?}", place.log()) };
        soon(|| rustix::process::test_kill_process(process).is_err());
    }
}

#[tokio::test]
async fn queries_overtake_documents_and_what_nobody_waits_for_is_not_done() {
    // It waits for a word before it answers the first request.
    let place =
        Place::new("hello", "if [ -p \"$0.gate\" ]; then read -r go <\"$0.gate\"; fi; vectors '[3,4]'");
    let gate = place.file("model.gguf.gate");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &gate,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let model = place.model(LIMITS);
    let mut documents = model.embed(Purpose::Document, vec![big("1"), big("2"), big("3")]);
    assert!(begin(&mut documents));
    // Opening it waits for the program to read: the first group is being worked on.
    let mut go = std::fs::OpenOptions::new().write(true).open(&gate).unwrap();
    let mut wanted = model.embed(Purpose::Query, vec!["q".to_owned()]);
    assert!(begin(&mut wanted));
    let mut unwanted = model.embed(Purpose::Document, vec![big("4"), big("5")]);
    assert!(begin(&mut unwanted));
    drop(unwanted);
    std::fs::remove_file(&gate).unwrap();
    writeln!(go, "go").unwrap();
    assert_eq!(wanted.await.unwrap().len(), 1);
    assert_eq!(documents.await.unwrap().len(), 3);
    assert!(query(&model, "last").await.is_ok());
    assert_eq!(place.log()[1..], ["document", "query", "document", "document", "query"]);
}

#[tokio::test]
async fn an_idle_program_is_ended_and_started_again() {
    let place = Place::good();
    let model = place.model(Limits { idle: Duration::ZERO, ..LIMITS });
    assert!(query(&model, "a").await.is_ok());
    let [process] = place.processes()[..] else { panic!("{:?}", place.log()) };
    soon(|| rustix::process::test_kill_process(process).is_err());
    assert!(query(&model, "a").await.is_ok());
    assert_eq!(place.starts(), 2);
}

#[tokio::test]
async fn a_long_text_is_cut_between_characters() {
    let place = Place::new("hello", "printf '%s' \"$line\" | wc -c >\"$0.size\"; vectors '[3,4]'");
    let model = place.model(LIMITS);
    assert!(query(&model, &"é".repeat(1_000_000)).await.is_ok());
    let size: usize = std::fs::read_to_string(place.file("model.gguf.size")).unwrap().trim().parse().unwrap();
    assert!((24_000..25_000).contains(&size), "{size}");
}

#[tokio::test]
async fn what_is_missing_is_named_before_anything_is_downloaded() {
    let hub = FakeHub::start("a/b/c.gguf", b"x".to_vec());
    let place = Place::good();
    let source = || ModelSource {
        reference: ModelReference::parse("hf:a/b/c.gguf", None).unwrap(),
        hub: Hub::new(&hub.base_url(), None).unwrap(),
        ..place.source()
    };
    let model = LocalModel::new(source(), Program::find);
    let words = failure(&model, "a").await;
    assert!(unavailable(&words).contains("cargo build --release` in crates/local"), "{words}");
    assert!(hub.requests().is_empty());
    let missing = ModelSource { reference: ModelReference::File("/none/m.gguf".into()), ..place.source() };
    let model = LocalModel::new(missing, || Ok(Program::at("/bin/sh".into())));
    assert!(unavailable(&failure(&model, "a").await).contains("no file /none/m.gguf"));
    let model = LocalModel::new(place.source(), || Ok(Program::at("/none/openclaw-local".into())));
    assert!(unavailable(&failure(&model, "a").await).contains("/none/openclaw-local does not start"));
}

#[tokio::test]
async fn documents_wait_for_a_download_and_queries_do_not() {
    let place = Place::good();
    let script = std::fs::read(place.file("model.gguf")).unwrap();
    let size = script.len() as u64;
    let hub = FakeHub::start("a/b/c.gguf", script);
    hub.push(Trouble::HoldAfter(20));
    let source = ModelSource {
        reference: ModelReference::parse("hf:a/b/c.gguf", None).unwrap(),
        hub: Hub::new(&hub.base_url(), None).unwrap(),
        ..place.source()
    };
    let model = LocalModel::with_limits(source, || Ok(Program::at("/bin/sh".into())), LIMITS);
    assert_eq!(model.readiness(), Readiness::Starting, "nobody has asked");
    let mut documents = model.embed(Purpose::Document, vec!["a".to_owned()]);
    assert!(begin(&mut documents));
    hub.wait_held(1);
    let found = failure(&model, "b").await;
    let Failure::NotReady(words) = &found else { panic!("{found:?}") };
    assert!(words.contains("still being downloaded") && found.is_passing(), "{found}");
    let Readiness::Downloading(progress) = model.readiness() else { panic!("{:?}", model.readiness()) };
    assert_eq!(progress.total, Some(size));
    hub.release();
    assert_eq!(documents.await.unwrap().len(), 1);
    assert!(query(&model, "b").await.is_ok());
    assert_eq!(model.readiness(), Readiness::Ready);
}

#[tokio::test]
async fn a_download_that_fails_fails_everybody_with_its_reason() {
    let hub = FakeHub::start("a/b/other.gguf", b"x".to_vec());
    let place = Place::good();
    let source = ModelSource {
        reference: ModelReference::parse("hf:a/b/c.gguf", None).unwrap(),
        hub: Hub::new(&hub.base_url(), None).unwrap(),
        ..place.source()
    };
    let model = LocalModel::with_limits(source, || Ok(Program::at("/bin/sh".into())), LIMITS);
    let error = model.embed(Purpose::Document, vec!["a".to_owned()]).await.unwrap_err();
    assert!(unavailable(&error.failure).contains("the hub has no such file (hf:a/b/c.gguf)"), "{error}");
    assert_eq!(hub.requests().len(), 1);
    // And not at once again.
    model.embed(Purpose::Document, vec!["a".to_owned()]).await.unwrap_err();
    assert_eq!(hub.requests().len(), 1);
}

#[test]
fn a_model_is_told_by_what_it_is_and_not_by_where_it_lies() {
    let place = Place::good();
    let identity = |file: &str| {
        let reference = ModelReference::File(place.file(file));
        let model = LocalModel::new(ModelSource { reference, ..place.source() }, Program::find);
        model.identity().fingerprint.clone()
    };
    std::fs::copy(place.file("model.gguf"), place.file("moved.gguf")).unwrap();
    let mut other = std::fs::read(place.file("model.gguf")).unwrap();
    other[7] ^= 1;
    openclaw_guard::write_atomic(&place.file("other.gguf"), &other).unwrap();
    assert_eq!(identity("model.gguf"), identity("moved.gguf"));
    assert_ne!(identity("model.gguf"), identity("other.gguf"));
    assert_ne!(identity("model.gguf"), identity("none.gguf"));
}
