//! Models come from the hub whole, whatever the network does.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at once, with the place"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use openclaw_embed::local::{DownloadError, Hub, HubError, ModelReference, ModelSource, Progress};
use openclaw_guard::Secret;
use openclaw_testkit::hub::{Claims, FakeHub, Host, Trouble, sha256};
use tokio::sync::watch;

const MIB: usize = 1024 * 1024;
const NAME: &str = "hf_a_b_c.gguf";
/// No test waits for it.
const PATIENT: Duration = Duration::from_secs(60);

/// Bytes that differ from place to place.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 31 + at / 251) as u8).collect()
}

struct Place {
    hub: FakeHub,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
    silence: Duration,
}

impl Place {
    fn new(size: usize) -> Self {
        let bytes = content(size);
        let hub = FakeHub::start("a/b/c.gguf", bytes.clone());
        Self { hub, folder: tempfile::tempdir().unwrap(), bytes, silence: PATIENT }
    }

    fn source_at(&self, base: &str) -> ModelSource {
        let hub = Hub::new(base, Some(Secret::new("t0ken".to_owned()))).unwrap();
        ModelSource {
            reference: ModelReference::parse("hf:a/b/c.gguf", None).unwrap(),
            cache: self.folder.path().join("models"),
            also: Vec::new(),
            hub: hub.with_patience(self.silence, Duration::ZERO),
        }
    }

    fn source(&self) -> ModelSource {
        self.source_at(&self.hub.base_url())
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("models").join(format!("{NAME}.{}.part", &sha256(&self.bytes)[..16]))
    }

    async fn fetch(&self) -> Result<PathBuf, DownloadError> {
        let (progress, _) = watch::channel(Progress::default());
        self.source().fetch(&progress).await.map(|path| path.expect("hub models are fetched"))
    }

    /// Fetches, and looks at what is there then.
    async fn fetch_whole(&self) {
        let path = self.fetch().await.unwrap();
        assert_eq!(path, self.folder.path().join("models").join(NAME));
        assert!(std::fs::read(&path).unwrap() == self.bytes, "the file is another");
        assert!(!self.part().exists());
    }

    async fn refused(&self) -> DownloadError {
        let error = self.fetch().await.unwrap_err();
        assert!(!self.folder.path().join("models").join(NAME).exists());
        error
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_model_is_downloaded_once_and_the_storage_sees_no_token() {
    let place = Place::new(3 * MIB + 5);
    let (progress, heard) = watch::channel(Progress::default());
    let path = place.source().fetch(&progress).await.unwrap().unwrap();
    assert!(std::fs::read(&path).unwrap() == place.bytes);
    let size = place.bytes.len() as u64;
    assert_eq!(*heard.borrow(), Progress { received: size, total: Some(size) });
    assert_eq!((mode(&place.folder.path().join("models")), mode(&path)), (0o700, 0o600));
    for request in place.hub.requests() {
        let expected = (request.host == Host::Hub).then_some("Bearer t0ken");
        assert_eq!(request.header("authorization"), expected, "{request:?}");
        assert_eq!(request.header("accept-encoding"), Some("identity"));
    }
    let count = place.hub.requests().len();
    place.fetch_whole().await;
    assert_eq!(place.hub.requests().len(), count, "it was there");
}

#[tokio::test]
async fn a_transfer_that_is_cut_goes_on_where_it_stopped() {
    let place = Place::new(5 * MIB);
    for cut in [2 * MIB + 7, MIB, 0] {
        place.hub.push(Trouble::CutAfter(cut));
    }
    place.fetch_whole().await;
    let ranges = place.hub.ranges();
    assert_eq!(ranges.len(), 4, "{ranges:?}");
    // Bytes on their way when the connection broke may be lost, but not what was there before.
    let starts: Vec<usize> =
        ranges[1..].iter().map(|range| range["bytes=".len()..range.len() - 1].parse().unwrap()).collect();
    assert!(starts[0] >= MIB && starts[1] > starts[0] && starts[2] >= starts[1], "{ranges:?}");
}

#[tokio::test]
async fn a_download_that_was_stopped_goes_on_with_the_next_call() {
    let place = Place::new(4 * MIB);
    place.hub.push(Trouble::HoldAfter(3 * MIB));
    let (progress, mut heard) = watch::channel(Progress::default());
    let source = place.source();
    tokio::select! {
        result = source.fetch(&progress) => panic!("{result:?}"),
        seen = heard.wait_for(|progress| progress.received >= MIB as u64) => assert!(seen.is_ok()),
    }
    assert!(place.part().exists());
    place.fetch_whole().await;
    assert!(place.hub.ranges()[1].starts_with("bytes="), "{:?}", place.hub.ranges());
}

#[tokio::test]
async fn a_silent_transfer_is_begun_again() {
    let mut place = Place::new(2 * MIB);
    place.silence = Duration::from_millis(300);
    place.hub.push(Trouble::HoldAfter(MIB));
    place.fetch_whole().await;
    assert!(place.hub.ranges().len() >= 2, "{:?}", place.hub.ranges());
}

#[tokio::test]
async fn a_storage_without_ranges_sends_everything_again() {
    let place = Place::new(3 * MIB);
    place.hub.push(Trouble::CutAfter(2 * MIB));
    place.hub.push(Trouble::IgnoreRange);
    place.fetch_whole().await;
}

#[tokio::test]
async fn an_unfinished_file_that_is_too_long_is_thrown_away() {
    let place = Place::new(1000);
    std::fs::create_dir(place.folder.path().join("models")).unwrap();
    openclaw_guard::write_atomic(&place.part(), &content(2000)).unwrap();
    place.fetch_whole().await;
    assert_eq!(place.hub.ranges(), ["bytes=2000-", ""]);
}

#[tokio::test]
async fn a_whole_file_that_only_lacks_its_name_is_checked_and_gets_it() {
    let place = Place::new(1000);
    std::fs::create_dir(place.folder.path().join("models")).unwrap();
    openclaw_guard::write_atomic(&place.part(), &place.bytes).unwrap();
    place.fetch_whole().await;
    assert!(place.hub.ranges().is_empty());
}

#[tokio::test]
async fn a_damaged_file_is_fetched_once_more_and_then_refused() {
    let place = Place::new(MIB + 1);
    place.hub.push(Trouble::WrongByte);
    place.fetch_whole().await;
    let place = Place::new(MIB + 1);
    place.hub.push(Trouble::WrongByte);
    place.hub.push(Trouble::WrongByte);
    let error = place.refused().await;
    assert!(matches!(error, DownloadError::Checksum(_)), "{error}");
    assert!(!place.part().exists(), "the damage would be continued");
    place.fetch_whole().await;
}

#[tokio::test]
async fn a_file_without_a_checksum_is_never_continued() {
    let place = Place::new(3 * MIB);
    place.hub.claim(Claims { sha256: Some(String::new()), ..Claims::default() });
    std::fs::create_dir(place.folder.path().join("models")).unwrap();
    let part = place.folder.path().join("models").join(format!("{NAME}.unversioned.part"));
    openclaw_guard::write_atomic(&part, &[7; 1000]).unwrap();
    place.hub.push(Trouble::CutAfter(2 * MIB));
    place.fetch_whole().await;
    assert_eq!(place.hub.ranges()[0], "");
    assert!(!part.exists());
}

#[tokio::test]
async fn refusals_of_the_hub_have_words() {
    let place = Place::new(10);
    let table: [(u16, &str, usize); 4] = [
        (404, "check the spelling", 1),
        (401, "set HF_TOKEN", 1),
        (403, "set HF_TOKEN", 1),
        // It may pass: five tries.
        (503, "status 503", 5),
    ];
    for (status, words, tries) in table {
        place.hub.answer_with(Some(status));
        let before = place.hub.requests().len();
        let error = place.refused().await.to_string();
        assert!(error.contains("hf:a/b/c.gguf cannot be downloaded") && error.contains(words), "{error}");
        assert_eq!(place.hub.requests().len() - before, tries, "{status}");
    }
    place.hub.answer_with(None);
    place.hub.push(Trouble::Status(429));
    place.hub.push(Trouble::Status(500));
    place.fetch_whole().await;
}

#[tokio::test]
async fn nobody_there_is_nobody_there() {
    let place = Place::new(10);
    let (progress, _) = watch::channel(Progress::default());
    // Port 9 of loopback is `discard`, which nobody runs.
    let error = place.source_at("http://127.0.0.1:9/").fetch(&progress).await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1: the connection was refused"), "{error}");
}

#[tokio::test]
async fn redirects_are_followed_but_not_for_ever_and_not_anywhere() {
    let place = Place::new(10);
    let (progress, _) = watch::channel(Progress::default());
    let renamed = place.source_at(&format!("{}renamed", place.hub.base_url()));
    assert!(renamed.fetch(&progress).await.unwrap().is_some());
    std::fs::remove_file(place.folder.path().join("models").join(NAME)).unwrap();
    for (location, words) in [
        ("/a/b/resolve/main/c.gguf".to_owned(), "in circles"),
        ("ftp://127.0.0.1/c.gguf".to_owned(), "anybody could answer"),
        ("https://[".to_owned(), "nowhere"),
    ] {
        place.hub.claim(Claims { location: Some(location), ..Claims::default() });
        let error = place.refused().await;
        let is_redirect = matches!(&error, DownloadError::Hub { source: HubError::Redirect(_), .. });
        assert!(is_redirect && error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn more_than_the_file_has_is_not_written() {
    let place = Place::new(2 * MIB);
    place.hub.push(Trouble::TooMuch(5 * MIB));
    let error = place.refused().await;
    assert!(error.to_string().contains("more than the file has"), "{error}");
    assert!(place.part().metadata().unwrap().len() <= 2 * MIB as u64);
}

#[tokio::test]
async fn a_full_disk_is_told_before_the_first_byte() {
    let place = Place::new(10);
    place.hub.claim(Claims { size: Some(1 << 60), ..Claims::default() });
    let error = place.refused().await;
    assert!(matches!(error, DownloadError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("set local.modelCacheDir"), "{error}");
    assert!(place.hub.ranges().is_empty());
}

#[test]
fn two_who_want_the_same_model_download_it_once() {
    let place = Place::new(2 * MIB);
    place.hub.push(Trouble::HoldAfter(10));
    let source = place.source();
    let fetch = |progress: watch::Sender<Progress>| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(source.fetch(&progress)).unwrap().unwrap()
    };
    std::thread::scope(|scope| {
        let ([one, two], runtime) = (
            [(); 2].map(|()| watch::channel(Progress::default())),
            tokio::runtime::Builder::new_current_thread().build().unwrap(),
        );
        let first = scope.spawn(|| fetch(one.0));
        // Now it has the lock.
        place.hub.wait_held(1);
        let second = scope.spawn(|| fetch(two.0));
        // The one that waits sees how large the file is.
        let mut heard = two.1;
        let total = Some(place.bytes.len() as u64);
        runtime.block_on(heard.wait_for(|progress| progress.total == total)).unwrap();
        place.hub.release();
        assert_eq!(first.join().unwrap(), second.join().unwrap());
    });
    assert_eq!(place.hub.ranges(), [""]);
}

#[tokio::test]
async fn what_openclaw_has_downloaded_is_used() {
    let mut place = Place::new(10);
    place.silence = Duration::from_millis(1);
    let theirs = place.folder.path().join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    openclaw_guard::write_atomic(&theirs.join(NAME), b"GGUF").unwrap();
    let source = ModelSource { also: vec![theirs.clone()], ..place.source() };
    let (progress, _) = watch::channel(Progress::default());
    assert_eq!(source.fetch(&progress).await.unwrap(), Some(theirs.join(NAME)));
    let file = ModelSource {
        reference: ModelReference::File(NAME.into()),
        also: vec![theirs.clone()],
        ..place.source()
    };
    assert_eq!(file.present(), Some(theirs.join(NAME)));
    let none = ModelSource { reference: ModelReference::File("none.gguf".into()), ..place.source() };
    assert_eq!(none.fetch(&progress).await.unwrap(), None);
    assert!(place.hub.requests().is_empty());
}
