//! The chat page in a real browser.

use std::path::{Path, PathBuf};
use std::time::Duration;

use openclaw_testkit::browser::{Browser, ColorScheme, Key, Viewport};
use openclaw_testkit::home::TempHome;
use openclaw_testkit::process::{GatewayProcess, free_port};
use serde_json::Value;

use crate::support::{PATIENCE, binary, stdout};

const WAIT: Duration = Duration::from_secs(30);

/// Pictures of the last run, for people: beside the test binary.
fn screenshots() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    openclaw_guard::create_private_dir(&folder).unwrap();
    folder
}

/// A gateway that `quickstart` has set up in an empty home, and what it reported.
async fn quickstarted() -> (TempHome, GatewayProcess, Value) {
    let home = TempHome::new();
    let port = free_port();
    let args = ["quickstart", "--non-interactive", "--json", "--port", &port.to_string()];
    let gateway = GatewayProcess::start_with(binary(), &home, port, &args).await;
    gateway.wait_stdout("\n", PATIENCE).await;
    let report: Value = serde_json::from_str(gateway.stdout().lines().next().unwrap()).unwrap();
    (home, gateway, report)
}

#[tokio::test]
async fn a_browser_pairs_by_its_address_chats_and_shows_the_source() {
    let (home, gateway, report) = quickstarted().await;
    let port = gateway.port();
    let url = report["pairUrl"].as_str().unwrap();

    let browser = Browser::launch().await.expect("a browser: see README, \"Tests\"");
    let page = browser.open(url).await.unwrap();
    page.set_viewport(Viewport { width: 1280, height: 800, scheme: ColorScheme::Light }).await.unwrap();
    page.wait_for("document.querySelector('#dot')?.dataset.state === 'online'", WAIT).await.unwrap();
    assert_eq!(page.eval("location.hash").await.unwrap(), "", "the code leaves the address bar");

    page.click("#message").await.unwrap();
    page.type_text("remember that the boiler was serviced on 3 March by Hansen & Co").await.unwrap();
    page.press(Key::Enter).await.unwrap();
    let answered = "document.querySelectorAll('.answer[data-state=done]').length === 1";
    page.wait_for(answered, WAIT).await.unwrap();
    page.click("#new-chat").await.unwrap();
    page.click("#message").await.unwrap();
    page.type_text("who serviced the boiler?").await.unwrap();
    page.press(Key::Enter).await.unwrap();
    let found = "[...document.querySelectorAll('.answer[data-state=done]')].some(a => a.textContent.includes('Hansen'))";
    page.wait_for(found, WAIT).await.unwrap();
    page.wait_for("document.querySelector('.chip[data-path]') !== null", WAIT).await.unwrap();
    let chip = page.eval("document.querySelector('.chip[data-path]').dataset.path").await.unwrap();
    assert!(chip.as_str().unwrap().starts_with("memory/"), "{chip}");
    // The line of the search comes with the record, and with it the text of the source.
    page.wait_for("document.querySelector('.tool') !== null", WAIT).await.unwrap();
    page.click(".chip[data-path]").await.unwrap();
    page.wait_for("document.querySelector('#source-text')?.textContent.includes('Hansen')", WAIT)
        .await
        .unwrap();
    let sessions = page.eval("document.querySelectorAll('.session[data-key]').length").await.unwrap();
    assert!(sessions.as_u64().unwrap() >= 2, "both conversations are listed");
    page.screenshot(&screenshots().join("chat.png")).await.unwrap();

    assert_eq!(page.console_errors(), Vec::<String>::new());
    let own = format!("127.0.0.1:{port}");
    let foreign: Vec<String> = page
        .requests()
        .into_iter()
        .filter(|url| !url.contains(&own) && !url.starts_with("data:") && !url.starts_with("about:"))
        .collect();
    assert_eq!(foreign, Vec::<String>::new(), "the page talks to nobody else");

    let again = browser.open(&format!("http://127.0.0.1:{port}/")).await.unwrap();
    again.wait_for("document.querySelector('#dot')?.dataset.state === 'online'", WAIT).await.unwrap();

    let stranger = Browser::launch().await.unwrap();
    let used = stranger.open(url).await.unwrap();
    used.wait_for("document.querySelector('#gate') && !document.querySelector('#gate').hidden", WAIT)
        .await
        .unwrap();
    used.screenshot(&screenshots().join("used-code.png")).await.unwrap();
    let fresh = stdout(&home, &["dashboard"]);
    let fresh = fresh.split_whitespace().find(|word| word.contains("/#pair=")).unwrap().to_owned();
    let paired = stranger.open(&fresh).await.unwrap();
    paired.wait_for("document.querySelector('#dot')?.dataset.state === 'online'", WAIT).await.unwrap();
}

#[tokio::test]
async fn a_wrong_configuration_is_told_in_the_page_until_it_is_corrected() {
    let (home, _gateway, report) = quickstarted().await;

    let browser = Browser::launch().await.expect("a browser: see README, \"Tests\"");
    let page = browser.open(report["pairUrl"].as_str().unwrap()).await.unwrap();
    page.wait_for("document.querySelector('#dot')?.dataset.state === 'online'", WAIT).await.unwrap();
    let right = home.read(".openclaw/openclaw.json").unwrap();
    home.write(".openclaw/openclaw.json", &right.replacen('{', "{ modles: {}, lo99ing: {},", 1));
    let shown = "!document.querySelector('#settings').hidden";
    page.wait_for(shown, WAIT).await.unwrap();
    let words = page.eval("document.querySelector('#settings').textContent").await.unwrap();
    let words = words.as_str().unwrap();
    assert!(
        words.contains("did you mean \"models\"?") && words.contains("the first of 2 problems"),
        "{words}"
    );
    page.screenshot(&screenshots().join("wrong-settings.png")).await.unwrap();
    page.click("#settings button").await.unwrap();
    page.wait_for("document.querySelector('#settings').hidden", WAIT).await.unwrap();

    home.write(".openclaw/openclaw.json", &right.replacen('{', "{ modles: {},", 1));
    page.wait_for(shown, WAIT).await.unwrap();
    home.write(".openclaw/openclaw.json", &right);
    page.wait_for("document.querySelector('#settings').hidden", WAIT).await.unwrap();
    assert_eq!(page.console_errors(), Vec::<String>::new());
}
