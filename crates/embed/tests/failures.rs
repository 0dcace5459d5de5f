//! Every service with every failure.
#![allow(clippy::unwrap_used, reason = "a test stops at once when its own assumptions break")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use openclaw_embed::{Allowance, EmbedError, Embedder, Failure, Purpose, RemoteEmbedder, Vector};
use openclaw_guard::Secret;
use openclaw_testkit::embeddings::{Api, EmbeddingServer, Trouble};
use support::{CANARY, Turned, embedder, kind, spec, turned, turned_with};

/// What becomes of a call that meets the trouble once: the kind of failure, or nothing if the next attempt helps.
fn expected(trouble: Trouble) -> Option<&'static str> {
    match trouble {
        Trouble::RateLimited { .. }
        | Trouble::ServerError
        | Trouble::Unavailable
        | Trouble::HalfWritten
        | Trouble::DoneHalfWritten
        | Trouble::Silent
        | Trouble::DoneSilently
        | Trouble::TooManyTokens => None,
        Trouble::WrongKey => Some("auth"),
        Trouble::OutOfQuota => Some("quota"),
        Trouble::NoModel | Trouble::Redirect | Trouble::Leak => Some("refused"),
        Trouble::WrongCount
        | Trouble::WrongDimensions
        | Trouble::MixedDimensions
        | Trouble::Null
        | Trouble::NotANumber
        | Trouble::Zero
        | Trouble::NotJson
        | Trouble::Endless => Some("malformed"),
    }
}

/// What is left when it does not pass: the failure, and how many attempts were made.
fn lasting(trouble: Trouble) -> (&'static str, usize) {
    match trouble {
        Trouble::RateLimited { .. } => ("rate", 4),
        Trouble::ServerError | Trouble::Unavailable => ("overloaded", 4),
        Trouble::HalfWritten | Trouble::DoneHalfWritten => ("unreachable", 4),
        Trouble::Silent | Trouble::DoneSilently => ("timeout", 2),
        // Halved until the text is short.
        Trouble::TooManyTokens => ("refused", 3),
        Trouble::WrongKey
        | Trouble::OutOfQuota
        | Trouble::NoModel
        | Trouble::Redirect
        | Trouble::Leak
        | Trouble::WrongCount
        | Trouble::WrongDimensions
        | Trouble::MixedDimensions
        | Trouble::Null
        | Trouble::NotANumber
        | Trouble::Zero
        | Trouble::NotJson
        | Trouble::Endless => (expected(trouble).unwrap(), 1),
    }
}

/// One of them has about 1,000 tokens, so that it can be cut.
fn texts() -> Vec<String> {
    vec!["a short note".into(), "one long note of many words ".repeat(150), "another".into()]
}

/// A call at a service that has met a good one before, with `times` troubles ahead.
async fn call(api: Api, trouble: Trouble, times: usize) -> (Result<Vec<Vector>, EmbedError>, usize, Turned) {
    let server = EmbeddingServer::start(api);
    let turned = turned();
    let embedder = embedder(api, &server, &turned.means);
    embedder.embed(Purpose::Document, texts()).await.unwrap();
    for _ in 0..times {
        server.push(trouble);
    }
    let mut call = embedder.embed(Purpose::Document, texts());
    let mut silences = if trouble == Trouble::Silent { times } else { 0 };
    let mut arrived = 2;
    let outcome = loop {
        tokio::select! {
            outcome = &mut call => break outcome,
            () = server.wait_requests(arrived), if silences > 0 => {
                turned.timer.expire();
                silences -= 1;
                arrived += 1;
            }
        }
    };
    let attempts = server.asked().len() - 1;
    drop(call);
    (outcome, attempts, turned)
}

#[tokio::test]
async fn a_failure_that_passes_is_repeated_and_others_are_not() {
    for api in Api::ALL {
        for trouble in Trouble::ALL {
            let (outcome, attempts, _) = call(api, trouble, 1).await;
            match (&outcome, expected(trouble)) {
                (Ok(vectors), None) => assert_eq!((vectors.len(), attempts), (3, 2), "{api:?} {trouble:?}"),
                (Err(error), Some(word)) => {
                    assert_eq!((kind(&error.failure), attempts), (word, 1), "{api:?} {trouble:?} {error}");
                    assert!(!error.failure.is_passing(), "{api:?} {trouble:?}");
                }
                (outcome, _) => panic!("{api:?} {trouble:?}: {outcome:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_failure_that_lasts_ends_after_a_few_attempts_and_says_no_secret() {
    for api in Api::ALL {
        for trouble in Trouble::ALL {
            let (outcome, attempts, turned) = call(api, trouble, 8).await;
            let error = outcome.expect_err("it lasts");
            assert_eq!((kind(&error.failure), attempts), lasting(trouble), "{api:?} {trouble:?} {error}");
            let words = format!("{error} {error:?}");
            assert!(!words.contains(CANARY), "{words}");
            assert!(error.to_string().chars().count() < 500, "{words}");
            let mut least = Duration::from_millis(500);
            for pause in turned.timer.pauses() {
                assert!(pause >= least && pause <= least.mul_f64(1.2), "{api:?} {trouble:?} {pause:?}");
                least *= 2;
            }
        }
    }
}

#[tokio::test]
async fn a_service_is_left_alone_as_long_as_it_asks_and_not_much_longer_than_that() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        let turned = turned();
        let embedder = embedder(api, &server, &turned.means);
        server.push(Trouble::RateLimited { retry_after: Some(30) });
        embedder.embed(Purpose::Document, texts()).await.unwrap();
        assert_eq!(turned.timer.pauses(), [Duration::from_secs(30)], "{api:?}");

        for (purpose, seconds) in [(Purpose::Document, 61), (Purpose::Query, 6)] {
            server.push(Trouble::RateLimited { retry_after: Some(seconds) });
            let error = embedder.embed(purpose, texts()).await.unwrap_err();
            let wait = Duration::from_secs(seconds.into());
            let Failure::RateLimited { retry_after, .. } = error.failure else { panic!("{api:?} {error}") };
            assert_eq!(retry_after, Some(wait), "{api:?}: the caller is told");
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_said_and_sent_nowhere_else() {
    for api in Api::ALL {
        let server = EmbeddingServer::with_key(api, "another-key-entirely");
        let embedder = embedder(api, &server, &turned().means);
        let error = embedder.embed(Purpose::Query, texts()).await.unwrap_err();
        assert_eq!(kind(&error.failure), "auth", "{api:?} {error}");
        let asked = server.asked();
        let name = if api == Api::Gemini { "x-goog-api-key" } else { "authorization" };
        assert!(asked[0].header(name).is_some_and(|value| value.ends_with(CANARY)), "{api:?}");
        assert!(!asked[0].path.contains(CANARY), "{api:?}: not in the address");
    }
}

#[tokio::test]
async fn without_a_key_no_key_is_sent_and_headers_are() {
    let server = EmbeddingServer::start(Api::OpenAi);
    let mut spec = spec(Api::OpenAi, &server);
    spec.key = None;
    spec.base_url.push('/');
    spec.headers = vec![("X-Custom".into(), Secret::new("value".into()))];
    let embedder = RemoteEmbedder::new(&spec, turned().means).unwrap();
    embedder.embed(Purpose::Query, texts()).await.unwrap();
    let asked = server.asked();
    assert_eq!((asked[0].header("authorization"), asked[0].header("x-custom")), (None, Some("value")));
    assert_eq!(asked[0].path, "/v1/embeddings");
}

#[tokio::test]
async fn a_dropped_call_ends_its_request() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        let embedder = Arc::new(embedder(api, &server, &turned().means));
        server.push(Trouble::Silent);
        let call = tokio::spawn(async move { embedder.embed(Purpose::Query, texts()).await });
        server.wait_requests(1).await;
        call.abort();
        server.wait_disconnects(1).await;
    }
}

#[tokio::test]
async fn a_question_overtakes_documents() {
    let server = EmbeddingServer::start(Api::OpenAi);
    let embedder = Arc::new(embedder(Api::OpenAi, &server, &turned().means));
    let mut calls = Vec::new();
    let most = embedder.limits().concurrency;
    for _ in 0..most {
        server.push(Trouble::Silent);
    }
    for _ in 0..most + 2 {
        let embedder = Arc::clone(&embedder);
        calls.push(tokio::spawn(async move { embedder.embed(Purpose::Document, texts()).await }));
    }
    server.wait_requests(most).await;
    assert!(embedder.embed(Purpose::Query, texts()).await.is_ok());
    assert_eq!(server.asked().len(), most + 1, "the other documents wait");
    calls.into_iter().for_each(|call| call.abort());
}

#[tokio::test]
async fn the_budget_ends_before_the_money() {
    let server = EmbeddingServer::start(Api::Voyage);
    let turned = turned_with(Allowance { requests: 10, tokens: 1_000_000 });
    let embedder = embedder(Api::Voyage, &server, &turned.means);
    let mut failure = None;
    for _ in 0..50 {
        failure = embedder.embed(Purpose::Document, texts()).await.err().map(|error| error.failure);
    }
    assert_eq!(failure.as_ref().map(kind), Some("budget"));
    assert_eq!(server.asked().len(), 9);
    assert!(embedder.embed(Purpose::Query, texts()).await.is_ok(), "questions have a reserve");
    turned.clock.advance(Duration::from_secs(3_600));
    assert!(embedder.embed(Purpose::Document, texts()).await.is_ok(), "the next hour");
}

#[tokio::test]
async fn repeated_attempts_cost_budget_too() {
    let server = EmbeddingServer::start(Api::OpenAi);
    let turned = turned_with(Allowance { requests: 3, tokens: 1_000_000 });
    let embedder = embedder(Api::OpenAi, &server, &turned.means);
    for _ in 0..8 {
        server.push(Trouble::Unavailable);
    }
    let error = embedder.embed(Purpose::Query, texts()).await.unwrap_err();
    assert_eq!((kind(&error.failure), server.asked().len()), ("overloaded", 3));
    let error = embedder.embed(Purpose::Query, texts()).await.unwrap_err();
    assert_eq!((kind(&error.failure), server.asked().len()), ("budget", 3));
}

#[tokio::test]
async fn a_text_is_cut_until_the_model_takes_it() {
    for api in Api::ALL {
        let server = EmbeddingServer::with_max_words(api, 400);
        let embedder = embedder(api, &server, &turned().means);
        let long = "tea ".repeat(9_000) + "harbour";
        let texts = vec!["short".to_owned(), long, "also short".to_owned()];
        let vectors = embedder.embed(Purpose::Document, texts).await.unwrap();
        let tea = embedder.embed(Purpose::Query, vec!["tea".into()]).await.unwrap();
        let alike: f32 = vectors[1].as_slice().iter().zip(tea[0].as_slice()).map(|(a, b)| a * b).sum();
        assert!(alike > 0.999, "{api:?}: the beginning stays, {alike}");
        let alone = embedder.embed(Purpose::Query, vec!["also short".into()]).await.unwrap();
        assert_eq!(vectors[2], alone[0], "{api:?}: the neighbours are whole");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_said() {
    let gone = EmbeddingServer::start(Api::OpenAi);
    let spec = spec(Api::OpenAi, &gone);
    drop(gone);
    let turned = turned();
    let embedder = RemoteEmbedder::new(&spec, turned.means.clone()).unwrap();
    let error = embedder.embed(Purpose::Query, texts()).await.unwrap_err();
    let expected =
        "embeddings of openai/text-embedding-3-small: cannot be reached (the connection was refused)";
    assert_eq!(error.to_string(), expected);
    assert_eq!(turned.timer.pauses().len(), 2);
}
