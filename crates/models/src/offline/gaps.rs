//! Where the search shows less than there is.

use super::double::{Double, STALE};
use super::world::World;

fn world(files: &[(&str, &str)], window: usize) -> World {
    let mut world = World::new(files);
    world.double = Some(Double { window, ..Double::default() });
    world
}

#[test]
fn equal_lines_elsewhere_are_counted_listed_and_forgotten() {
    let line = "- The boat is red and fast.\n";
    let files = [("memory/2026-11-01.md", line), ("memory/2026-11-02.md", line)];
    let answer = world(&files, 700).say("How many notes about the boat?");
    assert!(answer.starts_with("Lines found in your notes: 2; files: 2.\n\n"), "{answer}");
    let answer = world(&files, 700).say("What did I note about the boat?");
    assert_eq!(answer.matches("> - The boat").count(), 2, "{answer}");
    let mut world = world(&files, 700);
    let answer = world.say("forget the boat");
    assert_eq!(answer.matches("> - The boat").count(), 2, "{answer}");
    world.say("yes");
    assert!(world.files.values().all(String::is_empty), "{:?}", world.files);
}

#[test]
fn a_line_in_more_places_than_the_search_names_says_so() {
    let many: Vec<(String, &str)> = (1..=20)
        .map(|day| (format!("memory/2026-10-{day:02}.md"), "- The boat is red and fast.\n"))
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(path, line)| (path.as_str(), *line)).collect();
    for message in ["How many notes about the boat?", "forget the boat"] {
        let answer = world(&many, 700).say(message);
        assert!(answer.contains("There may be more"), "{message}: {answer}");
    }
}

#[test]
fn a_full_page_of_results_to_forget_may_not_be_all() {
    let lines: String = (0..10).map(|n| format!("# Part {n}\n\n- Trip {n} by boat\n")).collect();
    let mut world = world(&[("MEMORY.md", &lines)], 30);
    world.talks.insert("sessions/one.jsonl".to_owned(), "User: the boat and the boat trip".to_owned());
    let answer = world.say("forget the boat trip");
    assert!(answer.contains("There may be more"), "{answer}");
}

#[test]
fn an_item_goes_whole_or_not_at_all() {
    let item = format!("- The boat engine:\n{}- tea\n", "  a line of it\n".repeat(20));
    let mut short = world(&[("MEMORY.md", &item)], 20);
    let answer = short.say("forget the boat engine");
    assert_eq!(answer.matches(">   a line of it").count(), 20, "{answer}");
    short.say("yes");
    assert_eq!(short.files["MEMORY.md"], "- tea\n");
    let item = format!("- The boat engine:\n{}- tea\n", "  a line of it\n".repeat(60));
    let mut long = world(&[("MEMORY.md", &item)], 20);
    let answer = long.say("forget the boat engine");
    assert!(answer.starts_with("From your notes:\n\n> - The boat engine:"), "{answer}");
    long.say("yes");
    assert_eq!(long.files["MEMORY.md"], item);
}

#[test]
fn a_piece_of_a_line_is_marked_or_read_on() {
    let line = format!("{}The falcon flies. {}", "It rains. ".repeat(20), "It snows. ".repeat(20));
    let answer = world(&[("MEMORY.md", &line)], 90).say("When does the falcon fly?");
    assert!(answer.contains("> … The falcon flies. It snows."), "{answer}");
    let mut unread = world(&[], 90);
    unread.talks.insert("sessions/a.jsonl".to_owned(), line);
    unread.without_get = true;
    let answer = unread.say("When does the falcon fly?");
    let quote = answer.lines().find_map(|line| line.strip_prefix("> ")).unwrap();
    assert!(quote.starts_with("… ") && quote.ends_with(" …"), "{answer}");
}

#[test]
fn a_search_that_is_behind_says_so_in_every_answer() {
    for message in ["Where is the boat?", "What did I note about the boat?", "How many notes about the boat?"]
    {
        let mut world = world(&[("MEMORY.md", "- The boat is in the bay.\n")], 700);
        world.indexed = Some(world.files.clone());
        world.files.insert("MEMORY.md".to_owned(), "- The boat is in the dock.\n".to_owned());
        let answer = world.say(message);
        assert!(answer.contains("> - The boat is in the dock.\n") && !answer.contains("bay"), "{answer}");
        assert!(answer.contains(&format!("\n\n({STALE})")), "{answer}");
    }
}

#[test]
fn conversations_are_no_notes() {
    let mut world = world(&[("MEMORY.md", "- Tea is green.\n")], 700);
    world.talks.insert("sessions/one.jsonl".to_owned(), "User: the boat is in the bay".to_owned());
    let answer = world.say("Where is the boat?");
    assert!(answer.starts_with("From an earlier conversation:\n\n> User: the boat"), "{answer}");
    for message in ["How many notes about the boat?", "What did I note about the boat?", "forget the boat"] {
        let answer = world.say(message);
        assert!(answer.starts_with("I found nothing about"), "{message}: {answer}");
    }
}
