//! Batch jobs at every service, in every state.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use openclaw_embed::{
    BatchApi, BatchItem, BatchJob, BatchJobs, BatchPolicy, Embedder, Ended, JobLine, JobMark, JobState,
    Purpose, RemoteEmbedder, text_id, wait,
};
use openclaw_testkit::embeddings::{Api, EmbeddingServer, JobEnd, JobPlan, Trouble};
use support::{CANARY, embedder, kind, spec, turned};

const POLICY: BatchPolicy = BatchPolicy {
    wait: true,
    concurrency: 2,
    poll: Duration::from_secs(2),
    timeout: Duration::from_secs(3_600),
};

const TEXTS: [&str; 4] = ["the harbour at night", "green tea\nand \"honey\"", "--openclaw\r\n--b", "日本語"];

fn items() -> Vec<BatchItem> {
    TEXTS.iter().map(|text| BatchItem::new((*text).to_owned())).collect()
}

fn mark() -> JobMark {
    JobMark::of(b"a job of the test")
}

async fn collect(jobs: &dyn BatchJobs, job: &BatchJob) -> BTreeMap<String, JobLine> {
    let lines: Vec<JobLine> = jobs.results(job).map(Result::unwrap).collect().await;
    lines.into_iter().map(|line| (line.id.clone(), line)).collect()
}

#[tokio::test]
async fn a_job_ends_in_every_way_and_what_is_done_is_collected() {
    let failed = || Ended::Failed("Line 1 is not valid.".into());
    let ends = [
        (JobEnd::Done, Ended::Finished, 4, 0),
        (JobEnd::DoneWithErrors(1), Ended::Finished, 3, 1),
        (JobEnd::Failed, failed(), 0, 0),
        (JobEnd::Expired(2), Ended::Partly(JobState::Expired), 2, 2),
    ];
    for api in Api::ALL {
        for (end, expected, good, bad) in &ends {
            let server = EmbeddingServer::with_key(api, CANARY);
            server.plan(JobPlan { looks: 3, end: *end });
            let turned = turned();
            let embedder = embedder(api, &server, &turned.means);
            let jobs = embedder.batch().unwrap();
            let job = jobs.submit(items(), &mark()).await.unwrap();
            assert_eq!(job.count, 4);
            let ended = wait(jobs, &job, POLICY, &turned.means).await;
            assert_eq!(ended, *expected, "{api:?} {end:?}");
            assert_eq!(turned.timer.pauses(), [Duration::from_secs(2); 3], "{api:?} {end:?}");

            let lines = collect(jobs, &job).await;
            let done = lines.values().filter(|line| line.outcome.is_ok()).count();
            assert_eq!((done, lines.len() - done), (*good, *bad), "{api:?} {end:?}");
            for text in &TEXTS[..*good] {
                let vector = lines[&text_id(text)].outcome.clone().unwrap();
                let inline = embedder.embed(Purpose::Document, vec![(*text).to_owned()]).await.unwrap();
                assert_eq!(vector, inline[0], "{api:?}: a job makes the same vectors");
            }
        }
    }
}

#[tokio::test]
async fn a_job_survives_a_restart_and_belongs_to_its_settings() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        let turned = turned();
        let stored = {
            let embedder = embedder(api, &server, &turned.means);
            let job = embedder.batch().unwrap().submit(items(), &mark()).await.unwrap();
            serde_json::to_string(&job).unwrap()
        };
        let job: BatchJob = serde_json::from_str(&stored).unwrap();
        let embedder = embedder(api, &server, &turned.means);
        let jobs = embedder.batch().unwrap();
        assert_eq!(wait(jobs, &job, POLICY, &turned.means).await, Ended::Finished, "{api:?}");
        assert_eq!(collect(jobs, &job).await.len(), 4, "{api:?}");

        let mut other = spec(api, &server);
        other.model = "another-model".into();
        let other = RemoteEmbedder::new(&other, turned.means.clone()).unwrap();
        let error = other.batch().unwrap().state(&job).await.unwrap_err();
        assert_eq!(kind(&error.failure), "refused", "{api:?} {error}");
    }
}

#[tokio::test]
async fn texts_lie_at_the_service_no_longer_than_needed() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        server.plan(JobPlan { looks: 0, end: JobEnd::DoneWithErrors(1) });
        let embedder = embedder(api, &server, &turned().means);
        let jobs = embedder.batch().unwrap();
        let job = jobs.submit(items(), &mark()).await.unwrap();
        assert_eq!(server.files().len(), 1, "{api:?}: one file for all texts");
        assert_eq!(collect(jobs, &job).await.len(), 4, "{api:?}");
        jobs.forget(&job).await.unwrap();
        assert_eq!(server.files(), Vec::<String>::new(), "{api:?}");
    }
}

#[tokio::test]
async fn a_job_that_is_stopped_gives_what_it_had() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        server.plan(JobPlan { looks: 0, end: JobEnd::Endless(1) });
        let turned = turned();
        let embedder = embedder(api, &server, &turned.means);
        let jobs = embedder.batch().unwrap();
        let job = jobs.submit(items(), &mark()).await.unwrap();
        assert!(matches!(jobs.state(&job).await.unwrap(), JobState::Running { .. }), "{api:?}");
        turned.clock.advance(Duration::from_secs(3_600));
        assert_eq!(wait(jobs, &job, POLICY, &turned.means).await, Ended::TimedOut, "{api:?}");
        jobs.cancel(&job).await.unwrap();
        let ended = wait(jobs, &job, POLICY, &turned.means).await;
        assert_eq!(ended, Ended::Partly(JobState::Cancelled), "{api:?}");
        assert_eq!(collect(jobs, &job).await.len(), 1, "{api:?}");
    }
}

#[tokio::test]
async fn a_job_is_not_begun_twice_when_nobody_knows_whether_it_was() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        let turned = turned();
        let embedder = embedder(api, &server, &turned.means);
        let jobs = embedder.batch().unwrap();
        // The upload may be repeated: a second file costs nothing.
        server.push(Trouble::HalfWritten);
        assert!(jobs.submit(items(), &mark()).await.is_ok(), "{api:?}");
        assert_eq!(server.asked().len(), 3, "{api:?}");
        // A service that says that it failed has not begun one.
        server.push_good();
        server.push(Trouble::Unavailable);
        assert!(jobs.submit(items(), &mark()).await.is_ok(), "{api:?}");
        assert_eq!(server.asked().len(), 6, "{api:?}");
        server.push_good();
        server.push(Trouble::HalfWritten);
        let error = jobs.submit(items(), &mark()).await.unwrap_err();
        assert_eq!(kind(&error.failure), "unreachable", "{api:?} {error}");
        assert_eq!(server.asked().len(), 8, "{api:?}: not repeated");
    }
}

#[tokio::test]
async fn one_line_for_each_text_and_no_job_without_texts() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        let embedder = embedder(api, &server, &turned().means);
        let jobs = embedder.batch().unwrap();
        let mut twice = items();
        twice.extend(items());
        let job = jobs.submit(twice, &mark()).await.unwrap();
        assert_eq!(job.count, 4, "{api:?}");
        let input = server.file(&server.files()[0]).unwrap();
        assert_eq!(input.lines().count(), 4, "{api:?}");
        let error = jobs.submit(Vec::new(), &mark()).await.unwrap_err();
        assert_eq!(kind(&error.failure), "refused", "{api:?}");
        let big = vec![BatchItem::new("x".repeat(jobs.limits().bytes + 1))];
        assert_eq!(kind(&jobs.submit(big, &mark()).await.unwrap_err().failure), "refused", "{api:?}");
    }
}

#[tokio::test]
async fn a_result_that_breaks_off_is_an_error_and_can_be_read_again() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        server.plan(JobPlan { looks: 0, end: JobEnd::Done });
        let embedder = embedder(api, &server, &turned().means);
        let jobs = embedder.batch().unwrap();
        let job = jobs.submit(items(), &mark()).await.unwrap();
        let mut results = jobs.results(&job);
        // The look, and then the file that breaks off.
        server.push_good();
        server.push(Trouble::HalfWritten);
        let error = results.next().await.unwrap().unwrap_err();
        assert_eq!(kind(&error.failure), "unreachable", "{api:?} {error}");
        assert!(results.next().await.is_none(), "{api:?}: nothing after an error");
        drop(results);
        server.push(Trouble::Unavailable);
        assert_eq!(collect(jobs, &job).await.len(), 4, "{api:?}");
    }
}

#[tokio::test]
async fn jobs_are_offered_only_where_they_are_wanted() {
    let server = EmbeddingServer::start(Api::OpenAi);
    let mut spec = spec(Api::OpenAi, &server);
    spec.batch = BatchApi::Absent;
    assert!(RemoteEmbedder::new(&spec, turned().means).unwrap().batch().is_none());
}

#[tokio::test]
async fn a_job_whose_name_was_lost_is_found_by_its_mark() {
    for api in Api::ALL {
        let server = EmbeddingServer::start(api);
        let turned = turned();
        let embedder = embedder(api, &server, &turned.means);
        let jobs = embedder.batch().unwrap();
        assert_eq!(jobs.find(&mark()).await.unwrap(), None, "{api:?}");
        server.push_good();
        server.push(Trouble::DoneHalfWritten);
        let lost = jobs.submit(items(), &mark()).await.unwrap_err();
        assert_eq!(kind(&lost.failure), "unreachable", "{api:?} {lost}");
        // Others are begun behind it, more than one page of the list shows.
        for number in 0..120_u32 {
            jobs.submit(items(), &JobMark::of(&number.to_be_bytes())).await.unwrap();
        }
        let found = jobs.find(&mark()).await.unwrap().unwrap();
        assert_eq!(wait(jobs, &found, POLICY, &turned.means).await, Ended::Finished, "{api:?}");
        assert_eq!(collect(jobs, &found).await.len(), 4, "{api:?}");
        assert_eq!(jobs.find(&JobMark::of(b"another")).await.unwrap(), None, "{api:?}");
    }
}
