//! The crate accepts and refuses the format strings that the real Envoy accepts and refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

//!
//! One Envoy gets a listener for each format and tells of each whether it takes it, and why not.

use std::fs;
use std::path::Path;

use accesslog::{Encoding, Format, Preset, WarningKind};
use tests::cases;
use tests::client::{self, Door};
use tests::config::{self, Logger, Template, World};
use tests::envoy::Envoy;

#[test]
fn what_the_crate_accepts_envoy_loads() {
    let formats = fixture("accepted.txt");
    let refused: Vec<String> = ask_envoy(&texts(&formats))
        .into_iter()
        .zip(&formats)
        .filter_map(|(refusal, format)| Some(format!("`{format}`: {}", refusal?)))
        .collect();
    assert!(refused.is_empty(), "refused by Envoy:\n{}", refused.join("\n"));
    let refused: Vec<String> = formats
        .iter()
        .filter_map(|format| Some(format!("`{format}`: {}", Format::compile(format).err()?)))
        .collect();
    let (count, some) = (refused.len(), refused.get(..20).unwrap_or(&refused).join("\n"));
    assert!(refused.is_empty(), "{count} refused by the crate, such as:\n{some}");
    println!("{} formats accepted by both", formats.len());
}

#[test]
fn what_envoy_refuses_the_crate_refuses() {
    let formats = fixture("rejected.txt");
    assert_refused_by_envoy(&formats);
    let accepted: Vec<_> = formats.iter().filter(|text| Format::compile(text).is_ok()).collect();
    assert!(accepted.is_empty(), "accepted by the crate: {accepted:#?}");
    println!("{} formats refused by both", formats.len());
}

#[test]
fn what_only_the_crate_accepts_is_known_and_warned_of() {
    let formats = fixture("unknown.txt");
    assert_refused_by_envoy(&formats);
    for format in &formats {
        let compiled = Format::compile(format).unwrap_or_else(|e| panic!("`{format}`: {e}"));
        let is_unknown = |kind: &WarningKind| matches!(kind, WarningKind::UnknownOperator { .. });
        let is_warned = compiled.warnings().iter().any(|warning| is_unknown(warning.kind()));
        // The expressions of CEL are left to Envoy.
        let has_cel = format.contains("CEL");
        assert!(is_warned || has_cel, "`{format}` has a warning of an unknown operator");
    }
    println!("{} formats accepted by the crate only", formats.len());
}

#[test]
fn envoy_loads_every_preset() {
    let templates: Vec<Template> = Preset::ALL
        .iter()
        .map(|preset| match preset.encoding() {
            Encoding::Text => Template::Text(preset.text().to_owned()),
            Encoding::Json => Template::Json(serde_json::from_str(preset.text()).unwrap()),
        })
        .collect();
    for (preset, refusal) in Preset::ALL.iter().zip(ask_envoy(&templates)) {
        assert_eq!(refusal, None, "{}", preset.name());
    }
}

#[test]
fn envoys_own_default_is_the_preset_envoy() {
    let (_dir, world) = world();
    let preset = Preset::from_name("envoy").unwrap().text().to_owned();
    let own = logger("own", Template::Default);
    let ours = logger("ours", Template::Text(preset));
    let config = config::minimal(&world, &[own.clone(), ours.clone()]);
    let envoy = Envoy::start(&config, &world.dir);
    let door = Door::Tcp(envoy.ports()["minimal"]);
    let cases = [
        cases::get("plain", "/a?b=c"),
        cases::get("hostile", "/").agent("a\" \"b \\ \u{e9}").header("x-forwarded-for", "1.2.3.4"),
        cases::get("bare", "/").without("user-agent").header("x-envoy-original-path", "/x y"),
    ];
    for (count, case) in cases.iter().enumerate() {
        client::play(&door, None, &world.certs, &case.act());
        envoy.wait_for_lines(&own.path(&world), count + 1, &case.name);
    }
    envoy.stop();
    let [own, ours] = [own, ours].map(|logger| fs::read(logger.path(&world)).unwrap());
    assert_eq!(own.escape_ascii().to_string(), ours.escape_ascii().to_string());
}

fn world() -> (tempfile::TempDir, World) {
    let dir = tempfile::tempdir().unwrap();
    let world = World::create(dir.path());
    (dir, world)
}

/// The formats of a fixture, one a line; blank lines and those that start with `#` are comments.
fn fixture(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let formats = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let formats: Vec<String> = formats.map(str::to_owned).collect();
    assert!(!formats.is_empty(), "{name} has no formats");
    formats
}

fn logger(name: &str, template: Template) -> Logger {
    Logger { file: format!("{name}.log"), template, omit_empty_values: false, filter: None }
}

fn texts(formats: &[String]) -> Vec<Template> {
    formats.iter().cloned().map(Template::Text).collect()
}

fn assert_refused_by_envoy(formats: &[String]) {
    let refusals = ask_envoy(&texts(formats));
    let accepted: Vec<_> =
        formats.iter().zip(refusals).filter(|(_, r)| r.is_none()).map(|(f, _)| f).collect();
    assert!(accepted.is_empty(), "accepted by Envoy: {accepted:#?}");
}

/// Why Envoy refuses each of these formats; `None` for those that it accepts.
fn ask_envoy(templates: &[Template]) -> Vec<Option<String>> {
    let (_dir, world) = world();
    let loggers: Vec<Logger> =
        templates.iter().cloned().map(|template| logger("any", template)).collect();
    let envoy = Envoy::start(&config::one_by_one(&world, &loggers), &world.dir);
    let mut refusals = envoy.refusals();
    (0..loggers.len())
        .map(|index| refusals.remove(&index.to_string()).expect("a verdict on each listener"))
        .collect()
}
