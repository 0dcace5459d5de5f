//! Whatever is cut, mixed up or damaged on the pipe comes out whole or as an error.
//! Beside `protocol.rs` and not in it, because that file is compiled into `openclaw-local` too.

use std::io::{BufReader, Cursor, Read};

use proptest::prelude::*;

use super::protocol::{
    For, Hello, Kind, MAX_LINE_BYTES, MAX_TEXTS, Reply, Request, WireError, next_message, to_line,
};

fn request() -> impl Strategy<Value = Request> {
    let purpose = prop_oneof![Just(For::Query), Just(For::Document)];
    (any::<u64>(), purpose, proptest::collection::vec(any::<String>(), 0..4))
        .prop_map(|(id, purpose, texts)| Request::Embed { id, purpose, texts })
}

fn reply() -> impl Strategy<Value = Reply> {
    let number = any::<f32>().prop_filter("a worker sends finite numbers", |number| number.is_finite());
    let vectors = proptest::collection::vec(proptest::collection::vec(number, 0..5), 0..4);
    let kind = prop_oneof![Just(Kind::Unusable), Just(Kind::Refused)];
    let hello = (any::<(u32, u32, usize, usize)>(), any::<(String, String, String)>()).prop_map(
        |((protocol, prompts, dimensions, tokens), (model, architecture, prompt))| {
            Reply::Hello(Hello { protocol, prompts, model, architecture, dimensions, tokens, prompt })
        },
    );
    prop_oneof![
        hello,
        (any::<u64>(), vectors).prop_map(|(id, vectors)| Reply::Vectors { id, vectors }),
        (any::<Option<u64>>(), kind, any::<String>()).prop_map(|(id, kind, message)| Reply::Failed {
            id,
            kind,
            message
        }),
    ]
}

/// Gives bytes in pieces of these sizes, then one by one, as a pipe may.
struct Pieces(Cursor<Vec<u8>>, Vec<usize>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self.1.pop().unwrap_or(1).clamp(1, buffer.len());
        self.0.read(&mut buffer[..size])
    }
}

proptest! {
    #[test]
    fn messages_survive_any_cut_of_the_pipe(
        requests in proptest::collection::vec(request(), 0..5),
        replies in proptest::collection::vec(reply(), 0..5),
        sizes in proptest::collection::vec(1_usize..50, 0..50),
    ) {
        let bytes: Vec<u8> = requests.iter().flat_map(|one| to_line(one).unwrap()).collect();
        let mut pipe = BufReader::with_capacity(7, Pieces(Cursor::new(bytes), sizes.clone()));
        for expected in requests {
            prop_assert_eq!(next_message::<Request>(&mut pipe).unwrap(), Some(expected));
        }
        prop_assert!(next_message::<Request>(&mut pipe).unwrap().is_none());
        let bytes: Vec<u8> = replies.iter().flat_map(|one| to_line(one).unwrap()).collect();
        let mut pipe = BufReader::with_capacity(7, Pieces(Cursor::new(bytes), sizes));
        for expected in replies {
            prop_assert_eq!(next_message::<Reply>(&mut pipe).unwrap(), Some(expected));
        }
        prop_assert!(next_message::<Reply>(&mut pipe).unwrap().is_none());
    }

    #[test]
    fn a_message_that_is_cut_is_never_taken_for_a_whole_one(one in reply(), cut in any::<prop::sample::Index>()) {
        let line = to_line(&one).unwrap();
        let cut = cut.index(line.len());
        let result = next_message::<Reply>(&mut &line[..cut]);
        match cut {
            0 => prop_assert!(matches!(result, Ok(None))),
            _ => prop_assert!(matches!(result, Err(WireError::Pipe(_)))),
        }
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut pipe = bytes.as_slice();
        let mut messages = 0;
        while let Ok(Some(_)) | Err(WireError::NoMessage(_)) = next_message::<Reply>(&mut pipe) {
            messages += 1;
            prop_assert!(messages <= bytes.len());
        }
    }
}

#[test]
fn a_line_is_read_up_to_its_limit_and_no_further() {
    let endless = std::io::repeat(b'x').take(1 << 40);
    assert!(matches!(next_message::<Reply>(&mut BufReader::new(endless)), Err(WireError::TooLong)));
    let message = "x".repeat(MAX_LINE_BYTES);
    let long = Reply::Failed { id: None, kind: Kind::Refused, message };
    assert!(matches!(to_line(&long), Err(WireError::TooLong)));
}

#[test]
fn the_largest_honest_answer_fits() {
    let vectors = vec![vec![-1.234_567_8e-10_f32; 8192]; MAX_TEXTS];
    assert!(to_line(&Reply::Vectors { id: u64::MAX, vectors }).is_ok());
}

#[test]
fn the_lines_are_those_of_version_one() {
    let request = Request::Embed { id: 1, purpose: For::Query, texts: vec!["a\nb".to_owned()] };
    let line = String::from_utf8(to_line(&request).unwrap()).unwrap();
    assert_eq!(line, "{\"embed\":{\"id\":1,\"purpose\":\"query\",\"texts\":[\"a\\nb\"]}}\n");
    let failed = Reply::Failed { id: None, kind: Kind::Unusable, message: "no".to_owned() };
    let line = String::from_utf8(to_line(&failed).unwrap()).unwrap();
    assert_eq!(line, "{\"failed\":{\"id\":null,\"kind\":\"unusable\",\"message\":\"no\"}}\n");
}
