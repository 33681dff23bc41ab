//! The commands of `docs/troubleshooting.md` print what the page says they print.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use std::path::{Path, PathBuf};

use tests::story::page::{self, Block, Piece};
use tests::story::play;
use tests::story::situation::{Situation, fixture, folder};
use tests::tail_play::SILENT_MESH;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/troubleshooting.md")
}

/// Where the commands run: with what the page says was written before.
fn desk() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    for (file, name) in
        [("productpage-retries.log", "retries.log"), ("../format-changes.log", "changed.log")]
    {
        std::fs::copy(folder().join(file), desk.path().join(name)).unwrap();
    }
    let cluster = format!("{SILENT_MESH}---\n{}", fixture("bookinfo.yaml"));
    std::fs::write(desk.path().join("cluster.yaml"), cluster).unwrap();
    desk
}

#[test]
fn commands_print_what_the_page_says() {
    let is_update = std::env::var_os("UPDATE_DOCS").is_some();
    let text = std::fs::read_to_string(path()).unwrap();
    let mut pieces = page::read(&text);
    assert_eq!(page::write(&pieces), text, "the page is put together as it was");
    let desk = desk();
    let mut wrong = Vec::new();
    let mut steps = 0;
    for piece in &mut pieces {
        if let Piece::Block(block) = piece {
            steps += block.steps.len();
            wrong.extend(play(block, desk.path()));
        }
    }
    assert!(steps >= 10, "the page has its commands");
    if is_update {
        std::fs::write(path(), page::write(&pieces)).unwrap();
    } else {
        assert!(wrong.is_empty(), "{}\nrun `make docs`", wrong.join("\n"));
    }
}

/// Runs a block's commands; those that print something else get it, and are told.
fn play(block: &mut Block, desk: &Path) -> Vec<String> {
    let situation = Situation::of(&block.situation);
    let mut wrong = Vec::new();
    for step in &mut block.steps {
        let printed = play::run(&step.command, &situation, block.until.as_deref(), desk);
        if !page::is_of_both(&step.shown, &printed.out, &printed.err) {
            wrong.push(format!(
                "`{}` prints\n{}\nand the page says\n{}\n",
                step.command,
                printed.lines.join("\n"),
                step.shown.join("\n")
            ));
            step.shown = printed.lines;
        }
    }
    wrong
}

#[test]
fn flags_mean_what_the_page_says() {
    let text = std::fs::read_to_string(path()).unwrap();
    let (_, section) = text.split_once("| flag | meaning | next |\n|---|---|---|\n").unwrap();
    let rows: Vec<&str> = section.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 10, "the page has a table of flags");
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        let short = cells[0].trim_start_matches("| ").trim_matches('`');
        let flag = accesslog::ResponseFlag::ALL.iter().find(|flag| flag.short == short);
        assert_eq!(flag.map(|flag| flag.meaning), Some(cells[1]), "{row}");
    }
}

#[test]
fn links_lead_to_headings() {
    let text = std::fs::read_to_string(path()).unwrap();
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -".contains(*c));
        kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
    };
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let anchors: Vec<String> =
        headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect();
    let links: Vec<&str> =
        text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() >= 6, "the page begins with links");
    for link in links {
        assert!(anchors.iter().any(|it| it == link), "{link}: {anchors:?}");
    }
}

/// Makes the logs of the page anew.
#[test]
#[ignore = "it writes the fixtures anew; it needs Envoy, root and network namespaces"]
fn make_the_logs() {
    tests::story::logs::make(&folder());
}
