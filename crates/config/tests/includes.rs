//! Configurations of several files.

mod common;

use std::os::unix::fs::symlink;

use common::Home;
use openclaw_config::{Config, Env, LocationFlags, Locations, MAX_INCLUDES, ProblemKind, load, load_files};
use openclaw_guard::write_atomic;
use proptest::prelude::*;
use serde_json::{Value, json};

fn config(home: &Home) -> Result<Config, String> {
    home.load(&Env::default()).map(|loaded| *loaded.config).map_err(|lines| lines.join("\n"))
}

#[test]
fn a_file_replaces_the_object_that_names_it() {
    let home = Home::new(&[
        ("openclaw.json", "{agents: {$include: './agents.json5'}, gateway: {port: 4000}}"),
        ("agents.json5", "\u{feff}// mine\n{list: {$include: 'clients/all.json5'}}"),
        ("clients/all.json5", "{$include: ['a.json5', '../b.json5']}"),
        ("clients/a.json5", "[{id: 'one'}]"),
        ("b.json5", "[{id: 'two', default: true}]"),
    ])
    .unwrap();
    let config = config(&home).unwrap();
    assert_eq!(config.gateway.port, Some(4000));
    assert_eq!(config.agents.default_id(), "two");
    let (files, loaded) = load_files(&home.at, &Env::default());
    let names = ["openclaw.json", "agents.json5", "clients/all.json5", "clients/a.json5", "b.json5"];
    assert_eq!(files, names.map(|name| home.path(name)));
    let raw = loaded.ok().and_then(|loaded| loaded.raw).unwrap();
    assert!(raw.contains("$include"), "{raw}");
}

#[test]
fn later_files_and_the_keys_beside_lie_on_top() {
    let a = ("a.json", "{port: 1, auth: {mode: 'token', token: 'A'}, trustedProxies: ['1.1.1.1']}");
    let b = ("b.json", "{auth: {token: 'B'}, bind: 'lan', trustedProxies: ['2.2.2.2']}");
    for (main, expected) in [
        (
            "{$include: './a.json'}",
            json!({"port": 1, "auth": {"mode": "token", "token": "A"}, "trustedProxies": ["1.1.1.1"]}),
        ),
        (
            "{$include: ['a.json', './b.json']}",
            json!({"port": 1, "auth": {"mode": "token", "token": "B"}, "bind": "lan", "trustedProxies": ["1.1.1.1", "2.2.2.2"]}),
        ),
        (
            "{port: 9, $include: ['b.json', 'a.json'], trustedProxies: ['3.3.3.3'], auth: {mode: 'password'}}",
            json!({"port": 9, "auth": {"mode": "password", "token": "A"}, "bind": "lan", "trustedProxies": ["2.2.2.2", "1.1.1.1", "3.3.3.3"]}),
        ),
        ("{$include: [], port: 2}", json!({"port": 2})),
        ("{$include: []}", json!({})),
        (
            "{$include: 'b.json', $include: 'a.json', port: 3, auth: {}, trustedProxies: []}",
            json!({"port": 3, "auth": {"mode": "token", "token": "A"}, "trustedProxies": ["1.1.1.1"]}),
        ),
    ] {
        let home = Home::new(&[("openclaw.json", &format!("{{gateway: {main}}}")), a, b]).unwrap();
        assert_eq!(
            home.load(&Env::default()).map(|loaded| loaded.parsed["gateway"].clone()),
            Ok(expected),
            "{main}"
        );
    }
}

#[test]
fn the_whole_file_may_be_an_include_and_variables_work_in_it() {
    let home = Home::new(&[
        ("openclaw.json", "{$include: 'base.json5', gateway: {port: 7}}"),
        ("base.json5", "{env: {vars: {MINE: 'm'}}, gateway: {port: 1, auth: {token: '${MINE}-${GIVEN}'}}}"),
    ])
    .unwrap();
    let loaded = load(&home.at, &Env::from([("GIVEN", "g")])).map_err(|error| error.to_string()).unwrap();
    assert!(loaded.config.gateway.auth.token.as_ref().unwrap().matches("m-g"));
    assert_eq!(loaded.config.gateway.port, Some(7));
    assert_eq!(loaded.parsed["gateway"]["auth"]["token"], "${MINE}-${GIVEN}");
    let told = home.problems();
    assert_eq!(
        told,
        [
            "~/base.json5:1:61 gateway.auth.token: ${GIVEN} is not set or empty; set it in the environment or in the .env file of the state directory (included from ~/openclaw.json:1:12)"
        ]
    );
}

#[test]
fn places_are_those_of_the_file_that_says_it() {
    let home = Home::new(&[
        (
            "openclaw.json",
            "{\n  agents: {\n    $include: ['./a.json5', './b.json5'],\n    defalts: {},\n  },\n  gatway: {$include: 'g.json5'},\n}",
        ),
        ("a.json5", "{ list: [\n  {id: 'one'},\n  {id: 'two', nme: 'Two'},\n] }"),
        (
            "b.json5",
            "{ list: [\n  {id: 'three'},\n  {\n    id: 4 },\n  {name: 'sekret'},\n  {$include: 'c/c.json5'},\n] }",
        ),
        ("c/c.json5", "\n{ id: 'six', default: 'sekret' }"),
        ("g.json5", "{}"),
    ]).unwrap();
    let mut told = home.problems();
    told.sort();
    assert_eq!(
        told,
        [
            "~/a.json5:3:15 agents.list[1].nme: unknown key, did you mean \"name\"? (included from ~/openclaw.json:3:16)",
            "~/b.json5:4:9 agents.list[3].id: expected a string, found a number (included from ~/openclaw.json:3:29)",
            "~/b.json5:5:3 agents.list[4].id: is missing and required; add it (included from ~/openclaw.json:3:29)",
            "~/c/c.json5:2:23 agents.list[5].default: expected true or false, found a string (included from ~/b.json5:6:14, from ~/openclaw.json:3:29)",
            "~/openclaw.json:4:5 agents.defalts: unknown key, did you mean \"defaults\"?",
            "~/openclaw.json:6:3 gatway: unknown key, did you mean \"gateway\"?",
        ]
    );
}

/// The main file, another file `x.json`, and what is told.
const REFUSED: [(&str, &str, &str); 16] = [
    (
        "{$include: 'x.json'}",
        "{a: 'sekret'",
        "~/x.json:1:1: syntax: this object is never closed; add its } (included from ~/openclaw.json:1:12)",
    ),
    (
        "{agents: {$include: 'x.json'}}",
        "{a: 'sek\\u00zz'}",
        "~/x.json:1:9 agents: syntax: this string holds an escape that JSON5 does not know; write \\\\ for a backslash (included from ~/openclaw.json:1:21)",
    ),
    (
        "{$include: 'x.json'}",
        "",
        "~/x.json:1:1: the file holds no value; write {} for the defaults (included from ~/openclaw.json:1:12)",
    ),
    (
        "{$include: 'x.json'}",
        "{}\n\0",
        "~/x.json:2:1: the file holds a NUL byte and is probably damaged; restore it from a backup (included from ~/openclaw.json:1:12)",
    ),
    (
        "{$include: './none.json'}",
        "",
        "~/openclaw.json:1:12 $include: ~/none.json does not exist; create it or correct its name",
    ),
    ("{$include: 'x.json/y'}", "", "~/openclaw.json:1:12 $include: ~/x.json/y is not a regular file"),
    (
        "{$include: '../x.json'}",
        "",
        "~/openclaw.json:1:12 $include: ~/../x.json is outside the directory of the configuration file; move it there",
    ),
    (
        "{$include: '/etc/hostname'}",
        "",
        "~/openclaw.json:1:12 $include: /etc/hostname is outside the directory of the configuration file; move it there",
    ),
    ("{$include: ''}", "", "~/openclaw.json:1:12 $include: ~ is not a regular file"),
    (
        "{$include: 'openclaw.json'}",
        "",
        "~/openclaw.json:1:12 $include: the files include each other in a circle: ~/openclaw.json -> ~/openclaw.json",
    ),
    (
        "{$include: 'x.json'}",
        "{$include: './sub/../openclaw.json'}",
        "~/x.json:1:12 $include: the files include each other in a circle: ~/openclaw.json -> ~/x.json -> ~/openclaw.json (included from ~/openclaw.json:1:12)",
    ),
    (
        "{agents: {$include: 3}}",
        "",
        "~/openclaw.json:1:21 agents.$include: expected a file name or a list of file names, found a number",
    ),
    (
        "{$include: ['x.json', {a: 's'}]}",
        "{}",
        "~/openclaw.json:1:23 $include: expected a file name or a list of file names, found an object",
    ),
    (
        "{agents: {list: {$include: 'x.json', more: 1}}}",
        "[]",
        "~/openclaw.json:1:28 agents.list.$include: the included file holds a list; with keys beside $include it must hold an object",
    ),
    (
        "{gateway: {$include: 'x.json', port: 1}}",
        "'sekret'",
        "~/openclaw.json:1:22 gateway.$include: the included file holds a string; with keys beside $include it must hold an object",
    ),
    (
        "{gateway: {$include: 'x.json'}}",
        "'sekret'",
        "~/x.json:1:1 gateway: expected an object, found a string (included from ~/openclaw.json:1:22)",
    ),
];

#[test]
fn what_cannot_be_included_is_told_with_its_place_and_without_its_content() {
    for (main, other, expected) in REFUSED {
        let home = Home::new(&[("openclaw.json", main), ("x.json", other)]).unwrap();
        let up = home.dir.path().join("x.json");
        let expected = expected.replace("~/../x.json", &up.to_string_lossy());
        assert_eq!(home.problems(), [expected], "{main}");
    }
}

#[test]
fn every_broken_file_is_told_and_nothing_is_guessed_about_the_rest() {
    let home = Home::new(&[
        (
            "openclaw.json",
            "{agents: {$include: ['no.json', 'bad.json']}, hooks: {$include: 'no.json'}, gateway: {auth: {token: '${FROM_INCLUDE}'}}}",
        ),
        ("bad.json", "{"),
    ]).unwrap();
    let told = home.problems();
    assert_eq!(told.len(), 3, "{told:#?}");
    let (files, loaded) = load_files(&home.at, &Env::default());
    assert!(loaded.is_err());
    assert_eq!(files, [home.path("openclaw.json"), home.path("bad.json")]);
}

#[test]
fn links_are_followed_inside_the_directory_only() {
    let home =
        Home::new(&[("openclaw.json", "{gateway: {$include: 'link.json'}}"), ("real/in.json", "{port: 5}")])
            .unwrap();
    symlink("real/in.json", home.path("link.json")).unwrap();
    assert_eq!(config(&home).unwrap().gateway.port, Some(5));

    let outside = home.dir.path().join("outside.json");
    write_atomic(&outside, b"{port: 6}").unwrap();
    std::fs::remove_file(home.path("link.json")).unwrap();
    symlink(&outside, home.path("link.json")).unwrap();
    let expected = "~/openclaw.json:1:22 gateway.$include: ~/link.json is outside the directory of the configuration file; move it there";
    assert_eq!(home.problems(), [expected]);

    home.write("openclaw.json", b"{gateway: {$include: 'dir/outside.json'}}").unwrap();
    symlink(home.dir.path(), home.path("dir")).unwrap();
    assert!(home.problems()[0].contains("is outside the directory"), "{:?}", home.problems());
}

#[test]
fn a_circle_through_a_link_is_found() {
    let home = Home::new(&[("openclaw.json", "{$include: 'a.json'}"), ("a.json", "{$include: 'link.json'}")])
        .unwrap();
    symlink("a.json", home.path("link.json")).unwrap();
    assert!(home.problems()[0].contains("in a circle"), "{:?}", home.problems());
    std::fs::remove_file(home.path("a.json")).unwrap();
    symlink("link.json", home.path("a.json")).unwrap();
    assert!(home.problems()[0].contains("cannot be read"), "{:?}", home.problems());
}

#[test]
fn the_directory_of_the_file_may_be_a_link() {
    let home =
        Home::new(&[("openclaw.json", "{gateway: {$include: 'g.json'}}"), ("g.json", "{port: 8}")]).unwrap();
    let alias = home.dir.path().join("alias");
    symlink(home.path(""), &alias).unwrap();
    let alias = alias.to_string_lossy().into_owned();
    let env = Env::from([("HOME", "/nonexistent"), ("OPENCLAW_STATE_DIR", &*alias)]);
    let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
    assert_eq!(load(&at, &env).map_err(|error| error.to_string()).unwrap().config.gateway.port, Some(8));
}

#[test]
fn directories_and_pipes_are_refused_at_once() {
    let home = Home::new(&[("openclaw.json", "{$include: ['dir', 'pipe']}"), ("dir/x", "")]).unwrap();
    let made = openclaw_guard::child_command("mkfifo").arg(home.path("pipe")).status().unwrap();
    assert!(made.success());
    assert_eq!(
        home.problems(),
        [
            "~/openclaw.json:1:13 $include: ~/dir is not a regular file",
            "~/openclaw.json:1:20 $include: ~/pipe is not a regular file"
        ]
    );
}

#[test]
fn all_files_together_are_bounded() {
    let home = Home::new(&[("openclaw.json", "{$include: 'big.json'}")]).unwrap();
    home.write("big.json", &vec![b' '; 5 * 1024 * 1024]).unwrap();
    let expected = "~/openclaw.json:1:12 $include: the configuration and its included files are larger than 4194304 bytes together";
    assert_eq!(home.problems(), [expected]);

    home.write("openclaw.json", b"{$include: ['big.json', 'big.json']}").unwrap();
    home.write("big.json", &[b"{}".as_slice(), &vec![b' '; 3 * 1024 * 1024]].concat()).unwrap();
    assert!(home.problems()[0].ends_with("bytes together"), "{:?}", home.problems());

    // Each file asks for the next one many times: 20 to the power of nine reads without a bound.
    home.write("openclaw.json", b"{$include: 'f0.json'}").unwrap();
    for level in 0..9 {
        let names = format!("'f{}.json',", level + 1).repeat(20);
        home.write(&format!("f{level}.json"), format!("{{$include: [{names}]}}").as_bytes()).unwrap();
    }
    home.write("f9.json", b"{}").unwrap();
    let told = home.problems();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains(&format!("more than {MAX_INCLUDES} files")), "{told:#?}");
}

#[test]
fn ten_files_deep_and_no_deeper() {
    let chain = |levels: usize| {
        let home = Home::new(&[
            ("openclaw.json", "{gateway: {$include: 'f1.json'}}"),
            (&format!("f{levels}.json"), "{port: 3}"),
        ])
        .unwrap();
        for level in 1..levels {
            home.write(&format!("f{level}.json"), format!("{{$include: 'f{}.json'}}", level + 1).as_bytes())
                .unwrap();
        }
        home
    };
    assert_eq!(config(&chain(10)).unwrap().gateway.port, Some(3));
    let told = chain(11).problems();
    assert!(
        told[0].starts_with("~/f10.json:1:12 gateway.$include: files include each other more than 10 deep"),
        "{told:?}"
    );
    assert_eq!(told[0].matches(", from ").count(), 9, "{told:?}");
}

#[test]
fn depth_of_keys_is_bounded_over_files_too() {
    let nested =
        |levels: usize, inner: &str| format!("{}{inner}{}", "{a:".repeat(levels), "}".repeat(levels));
    let home =
        Home::new(&[("openclaw.json", &nested(65, "{$include: 'x.json'}")), ("x.json", "{}")]).unwrap();
    assert!(home.problems()[0].contains("too far down"), "{:?}", home.problems());
    let home = Home::new(&[
        ("openclaw.json", &nested(60, "{$include: 'x.json'}")),
        ("x.json", &("[".repeat(500) + &"]".repeat(500))),
    ])
    .unwrap();
    assert_eq!(home.problems(), ["~/openclaw.json:1:2 a: unknown key"]);
}

#[test]
fn warnings_of_included_files_are_kept_and_a_bad_number_is_told_once() {
    let home = Home::new(&[
        ("openclaw.json", "{gateway: {$include: ['g.json', 'h.json']}}"),
        ("g.json", "{port: 1,\n port: 2}"),
        ("h.json", "{bind: 'lan'}"),
    ])
    .unwrap();
    let loaded = load(&home.at, &Env::default()).map_err(|error| error.to_string()).unwrap();
    assert_eq!(loaded.config.gateway.port, Some(2));
    let [warning] = &loaded.warnings[..] else { panic!("{:?}", loaded.warnings) };
    assert_eq!((warning.place.map(|place| place.line), warning.included_from.len()), (Some(2), 1));
    assert!(matches!(warning.kind, ProblemKind::Duplicate { first_line: 1 }));
    home.write("h.json", b"{port: Infinity}").unwrap();
    assert_eq!(home.problems().len(), 1, "{:?}", home.problems());
}

/// How the merge is meant, told in values.
fn merged(under: Value, over: Value) -> Value {
    match (under, over) {
        (Value::Array(under), Value::Array(over)) => under.into_iter().chain(over).collect(),
        (Value::Object(mut under), Value::Object(over)) => {
            for (name, value) in over {
                let value = match under.remove(&name) {
                    Some(old) => merged(old, value),
                    None => value,
                };
                under.insert(name, value);
            }
            Value::Object(under)
        }
        (_, over) => over,
    }
}

fn free_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Into::into),
        (0..9_i64).prop_map(Into::into),
        "[a-c]".prop_map(Into::into)
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn free_object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-c]", free_json(), 0..3)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn files_merge_as_values_do(files in prop::collection::vec(free_object(), 1..4), own in free_object()) {
        let names: Vec<String> = (0..files.len()).map(|at| format!("f{at}.json")).collect();
        let mut object = own.as_object().cloned().unwrap_or_default();
        object.insert("$include".to_owned(), json!(names));
        let home = Home::new(&[]).unwrap();
        home.write("openclaw.json", json!({"plugins": {"entries": {"x": {"config": object}}}}).to_string().as_bytes()).unwrap();
        for (name, file) in names.iter().zip(&files) {
            home.write(name, file.to_string().as_bytes()).unwrap();
        }
        let expected = files.into_iter().chain([own]).reduce(merged).unwrap();
        let parsed = home.load(&Env::default()).unwrap().parsed;
        prop_assert_eq!(&parsed["plugins"]["entries"]["x"]["config"], &expected);
    }

    /// Whatever stands in the files, they are read or refused, and no file outside of the directory is read.
    #[test]
    fn any_files_are_read_or_refused(texts in prop::collection::vec("\\{?(\\$include: ?\\[?'[a-c./]{0,4}',?\\]?,?){0,2}[a-c:,0-9{}\\[\\]]{0,6}\\}?", 3)) {
        let home = Home::new(&[]).unwrap();
        for (name, text) in ["openclaw.json", "a", "b"].iter().zip(&texts) {
            home.write(name, text.as_bytes()).unwrap();
        }
        write_atomic(&home.dir.path().join("c"), b"{}").unwrap();
        let (files, loaded) = load_files(&home.at, &Env::default());
        prop_assert!(files.iter().all(|file| file.parent() == Some(&*home.at.state_dir)), "{:?}", files);
        if let Err(error) = loaded {
            prop_assert!(!error.problems().is_empty());
        }
    }
}
