//! What every `Tool` must do. A new tool adds itself to `tools`.

use std::sync::Arc;
use std::time::Duration;

use openclaw_tools::{
    EditTool, ExecTool, MemoryGetTool, MemorySearchTool, Need, ReadTool, SessionStatusTool, Tool, WriteTool,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::home::{Home, call, text_of};

fn tools() -> Vec<Arc<dyn Tool>> {
    vec![
        Arc::new(ReadTool),
        Arc::new(WriteTool::default()),
        Arc::new(EditTool::default()),
        Arc::new(ExecTool),
        Arc::new(MemorySearchTool::default()),
        Arc::new(MemoryGetTool::default()),
        Arc::new(SessionStatusTool),
    ]
}

#[test]
fn declarations_are_sound() {
    for tool in tools() {
        let spec = tool.spec();
        assert!(spec.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", spec.name);
        assert!(!spec.description.is_empty() && spec.description.len() < 400, "{}", spec.name);
        assert!(!spec.description.contains("  "), "{}", spec.name);
        let mut names: Vec<&str> =
            spec.params.iter().flat_map(|param| param.aliases.iter().chain([&param.name])).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{}", spec.name);
        if let Some(label) = spec.label {
            assert!(spec.params.iter().any(|param| param.name == label && param.need == Need::Required));
        }
        let schema = spec.definition().parameters;
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["properties"].as_object().unwrap().len(), spec.params.len());
    }
}

#[tokio::test]
async fn missing_and_misfit_arguments_are_errors_in_the_usual_form() {
    let home = Home::new();
    for tool in tools() {
        let spec = tool.spec();
        let mut rows = vec![json!(null), json!([]), json!("text"), json!(7)];
        if spec.params.iter().any(|param| param.need == Need::Required) {
            rows.push(json!({}));
        }
        for param in spec.params {
            let mut arguments: serde_json::Map<String, Value> =
                spec.params.iter().map(|param| (param.name.to_owned(), json!("1"))).collect();
            arguments.insert(param.name.to_owned(), json!({"nested": [1, 2, 3]}));
            rows.push(Value::Object(arguments));
        }
        for arguments in rows {
            let outcome = tool.run(call(spec.name, arguments.clone()), home.cx.clone()).await;
            assert!(outcome.is_error, "{} {arguments}", spec.name);
            let shown: Value = serde_json::from_str(&text_of(&outcome)).unwrap();
            assert_eq!(Some(&shown), outcome.details.as_ref());
            assert_eq!(shown["tool"], spec.name);
        }
    }
}

#[tokio::test]
async fn a_stopped_turn_ends_every_call() {
    let home = Home::new();
    home.cx.abort.cancel();
    for tool in tools() {
        let arguments = json!({"path": "a", "content": "x", "oldText": "x", "newText": "y", "query": "q",
            "command": "while :; do :; done"});
        let ended = tool.run(call(tool.spec().name, arguments), home.cx.clone());
        assert!(tokio::time::timeout(Duration::from_secs(20), ended).await.is_ok(), "{}", tool.spec().name);
    }
}

fn hostile() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "(\\.\\./|/|\\PC|\u{0}|a){0,12}".prop_map(Value::from),
        Just(Value::from("x".repeat(200_000))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| proptest::collection::vec(inner, 0..3).prop_map(Value::from))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_arguments_never_panic_or_leave_the_workspace(values in proptest::collection::vec(hostile(), 8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let home = Home::new();
        // Commands are not run here: with hostile text they would do what it says.
        for tool in tools().into_iter().filter(|tool| tool.spec().name != "exec") {
            let params = tool.spec().params.iter().map(|param| param.name.to_owned());
            let arguments = Value::Object(params.zip(values.iter().cloned()).collect());
            let outcome = runtime.block_on(tool.run(call(tool.spec().name, arguments), home.cx.clone()));
            prop_assert!(!text_of(&outcome).contains("canary"));
            prop_assert_eq!(home.text("openclaw.json"), "canary");
        }
    }
}
