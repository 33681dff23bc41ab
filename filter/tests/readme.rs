//! What the README shows is what the code does.

use filter::config::{Config, DEFAULT};

const README: &str = include_str!("../README.md");

fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn ok_its_configurations() {
    let [default, everything] = blocks("json")[..] else { panic!("two configurations") };
    let parse = |text: &str| Config::parse(text.as_bytes()).unwrap();
    assert_eq!(parse(default), parse(DEFAULT));
    let access_log = parse(everything).access_log.unwrap();
    assert_eq!(access_log.fields.len(), 7);
    assert!(access_log.keep.is_some());
}

#[test]
fn ok_its_expression() {
    assert!(blocks("yaml")[0].contains(&format!("expression: \"{}\"", filter::KEEP_EXPRESSION)));
}

#[test]
fn ok_its_grammar() {
    let grammar = include_str!("../src/history.rs");
    for line in blocks("").iter().find(|block| block.starts_with("history =")).unwrap().lines() {
        let rule = line.split("  ;").next().unwrap().trim_end();
        assert!(grammar.contains(rule), "{rule}");
    }
}
