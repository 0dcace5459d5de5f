//! The program as the gateway sees it, with a model made by `tools/minilm-gguf.py`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops with the place")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// Cosine with the 32-bit floats of the original weights that 8-bit weights must reach.
const NEAR: f64 = 0.99;

fn model() -> PathBuf {
    let named = std::env::var_os("OPENCLAW_LOCAL_MODEL");
    PathBuf::from(
        named.expect("OPENCLAW_LOCAL_MODEL names no model; `cargo xtask local` makes one and runs this"),
    )
}

struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Worker {
    #[allow(clippy::disallowed_methods, reason = "the guard is in another workspace")]
    fn start(model: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_openclaw-local"))
            .arg(model)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    fn ready() -> Self {
        let mut worker = Self::start(&model());
        let hello = worker.next().expect("a hello");
        assert_eq!(hello["hello"]["dimensions"], 384, "{hello}");
        worker
    }

    /// The next line; nothing at the end.
    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    fn send(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn ask(&mut self, purpose: &str, texts: &[&str]) -> Value {
        self.send(&json!({"embed": {"id": 7, "purpose": purpose, "texts": texts}}).to_string());
        self.next().unwrap()
    }

    fn vectors(&mut self, purpose: &str, texts: &[&str]) -> Vec<Vec<f64>> {
        let answer = self.ask(purpose, texts);
        assert_eq!(answer["vectors"]["id"], 7, "{answer}");
        serde_json::from_value(answer["vectors"]["vectors"].clone()).unwrap()
    }

    /// Closes the input and waits.
    fn end(mut self) -> (std::process::ExitStatus, String) {
        drop(self.input.take());
        let status = self.child.wait().unwrap();
        let mut errors = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut errors).unwrap();
        (status, errors)
    }
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// What a program says about a file that it cannot use.
fn refusal(file: &Path) -> String {
    let mut worker = Worker::start(file);
    let said = worker.next().expect("words");
    assert_eq!(said["failed"]["kind"], "unusable", "{said}");
    let (status, errors) = worker.end();
    assert_eq!((status.code(), errors.as_str()), (Some(1), ""), "{said}");
    said["failed"]["message"].as_str().unwrap().to_owned()
}

fn file(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("model.gguf");
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}

/// A GGUF header without tensors (gguf.md of ggml): keys with texts or numbers.
fn header(keys: &[(&str, Result<&str, u32>)]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend((keys.len() as u64).to_le_bytes());
    for (key, value) in keys {
        text(&mut bytes, key);
        match value {
            Ok(value) => {
                bytes.extend(8_u32.to_le_bytes());
                text(&mut bytes, value);
            }
            Err(number) => {
                bytes.extend(4_u32.to_le_bytes());
                bytes.extend(number.to_le_bytes());
            }
        }
    }
    bytes
}

#[test]
fn vectors_are_those_of_the_original_weights() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("reference.json")).unwrap();
    assert!(rows.len() >= 12);
    let texts: Vec<&str> = rows.iter().map(|row| row["text"].as_str().unwrap()).collect();
    let mut worker = Worker::ready();
    let together = worker.vectors("document", &texts);
    for (row, vector) in rows.iter().zip(&together) {
        let expected: Vec<f64> = serde_json::from_value(row["vector"].clone()).unwrap();
        let near = cosine(vector, &expected);
        assert!(near >= NEAR, "{near} for {}", row["text"]);
        // Alone, and as a query, which this model does not tell apart: the same to the last bit.
        assert_eq!(&worker.vectors("query", &[row["text"].as_str().unwrap()])[0], vector);
    }
    assert!(cosine(&together[0], &together[1]) > cosine(&together[0], &together[2]) + 0.2);
    let (status, errors) = worker.end();
    assert!(status.success() && errors.is_empty(), "{status} {errors}");
}

#[test]
fn a_long_text_is_cut_and_an_empty_one_has_a_vector() {
    let mut worker = Worker::ready();
    let long = "the boiler was serviced ".repeat(1000);
    let longer = "the boiler was serviced ".repeat(100_000);
    let vectors = worker.vectors("document", &[&long, &longer, "", " \u{0} \u{fffd} \u{200b}"]);
    assert_eq!(vectors[0], vectors[1]);
    assert!(vectors.iter().all(|vector| vector.len() == 384));
    // It ends as every text does: near to a text that fits.
    let fits = &worker.vectors("document", &[&"the boiler was serviced ".repeat(120)])[0];
    assert!(cosine(&vectors[0], fits) > 0.98, "{}", cosine(&vectors[0], fits));
}

#[test]
fn what_makes_no_sense_is_refused_and_the_next_request_is_answered() {
    let mut worker = Worker::ready();
    let many = vec!["a"; 17];
    for line in ["", "{}", "{\"embed\":{\"id\":1}}", "\u{0}", &format!("[{}]", "[".repeat(100_000))] {
        worker.send(line);
        let answer = worker.next().unwrap();
        assert_eq!(answer["failed"]["kind"], "refused", "{line} {answer}");
    }
    let answer = worker.ask("query", &many);
    assert_eq!((&answer["failed"]["id"], &answer["failed"]["kind"]), (&json!(7), &json!("refused")));
    assert_eq!(worker.vectors("query", &["still here"]).len(), 1);
}

#[test]
fn a_line_that_never_ends_ends_the_conversation() {
    let mut worker = Worker::ready();
    let input = worker.input.as_mut().unwrap();
    let piece = vec![b'x'; 1 << 16];
    // It stops reading at the limit, and the pipe breaks.
    for _ in 0..=64 {
        if input.write_all(&piece).is_err() {
            break;
        }
    }
    let answer = worker.next().unwrap();
    assert!(answer["failed"]["message"].as_str().unwrap().contains("more than 4194304 bytes"), "{answer}");
    assert!(worker.next().is_none());
    assert!(worker.child.wait().unwrap().success());
}

#[test]
fn it_ends_with_its_input_even_in_the_middle_of_work() {
    let mut worker = Worker::ready();
    let long = "the boiler was serviced ".repeat(200);
    for _ in 0..4 {
        let request = json!({"embed": {"id": 1, "purpose": "document", "texts": vec![&long; 16]}});
        worker.send(&request.to_string());
    }
    drop(worker.input.take());
    let mut answers = 0;
    while worker.next().is_some() {
        answers += 1;
    }
    assert!(answers < 4, "it worked to the end for nobody");
    assert!(worker.child.wait().unwrap().success());
}

#[test]
fn a_file_that_is_no_model_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(folder.path()).contains("is a folder"));
    assert!(refusal(&folder.path().join("none.gguf")).contains("cannot be read"));
    assert!(refusal(&file(&folder, b"<!doctype html>")).contains("is not a GGUF file"));
    let chat = header(&[("general.architecture", Ok("llama"))]);
    assert!(refusal(&file(&folder, &chat)).contains("not an embedding model (architecture llama"));
    let ranks = header(&[("general.architecture", Ok("bert")), ("bert.pooling_type", Err(4))]);
    assert!(refusal(&file(&folder, &ranks)).contains("ranks pairs"));
    // A number where a text belongs, and the other way round.
    let odd = header(&[("general.architecture", Err(4))]);
    assert!(refusal(&file(&folder, &odd)).contains("cannot be loaded"));
    let odd = header(&[("general.architecture", Ok("llama")), ("llama.pooling_type", Ok("mean"))]);
    assert!(refusal(&file(&folder, &odd)).contains("not an embedding model"));
    let empty = header(&[("general.architecture", Ok("bert")), ("bert.pooling_type", Err(1))]);
    assert!(refusal(&file(&folder, &empty)).contains("cannot be loaded"));
    let unknown = header(&[("general.architecture", Ok("bort")), ("bort.pooling_type", Err(1))]);
    assert!(refusal(&file(&folder, &unknown)).contains("unknown model architecture"));
}

#[test]
fn a_file_that_is_cut_is_refused_wherever_it_is_cut() {
    let whole = std::fs::read(model()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lengths =
        [8, 9, 24, 31, 100, 4096, 65_536, 400_000, 700_000, 1 << 20, whole.len() / 2, whole.len() - 1];
    for length in lengths {
        let said = refusal(&file(&folder, &whole[..length]));
        assert!(said.contains("cannot be loaded") && said.contains("download it again"), "{length}: {said}");
    }
}

#[test]
fn a_damaged_header_ends_in_words_or_in_the_end_of_the_program_alone() {
    let whole = std::fs::read(model()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Keys are at the beginning, tensors behind the vocabulary.
    let places = (8..600).step_by(37).chain((700_000..760_000).step_by(4999));
    let mut refused = 0;
    for place in places {
        let mut bytes = whole[..1 << 20].to_vec();
        bytes[place] ^= 0xff;
        bytes.extend_from_slice(&whole[1 << 20..]);
        let mut worker = Worker::start(&file(&folder, &bytes));
        let said = worker.next();
        refused += usize::from(said.is_some_and(|said| said["failed"]["kind"] == "unusable"));
        worker.end();
    }
    assert!(refused > 10, "{refused} refusals");
}
