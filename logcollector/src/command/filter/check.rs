//! `filter check`: whether a configuration is valid, and what it does.

use filter::config::{AccessLog, Field, Redact, Replace, Source};
use filter::keep::Keep;
use serde_json::{Value, json};

use super::configuration::{Configuration, Text};
use super::formats::operators;
use crate::cli::{FilterCheckArgs, Role};
use crate::command::document::json;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::grid::Grid;
use crate::paint::{BOLD, Paint};
use crate::visible;

/// Runs `filter check`.
pub(super) fn run(args: &FilterCheckArgs) -> Result<Outcome, Error> {
    let text = Text::read(args.config.as_deref())?;
    let paint = pretty(args.output);
    match (Configuration::read(&text), paint) {
        (Ok(read), Some(paint)) => print(explained(&read, paint).as_bytes()),
        (Ok(read), None) => print(&json(&document(&read))?),
        (Err(error), Some(_)) => {
            text.error(&error).report();
            Ok(Outcome::No)
        }
        (Err(error), None) => {
            let found = json!({"path": error.path(), "message": error.message().to_string()});
            print(&json(&json!({"valid": false, "errors": [found]}))?)?;
            Ok(Outcome::No)
        }
    }
}

/// The operators that print what the parts make.
fn printed(read: &Configuration) -> Vec<String> {
    let roles: Vec<Role> = read.roles().filter(|role| read.prints(*role)).collect();
    operators(&roles).into_iter().map(|(operator, _)| format!("%{operator}%")).collect()
}

fn document(read: &Configuration) -> Value {
    let section = read.section(Role::AccessLog);
    let fields = read.config.access_log.iter().flat_map(|section| &section.fields);
    let field = |field: &Field| {
        let hashes = field.redact.is_some().then_some(field.replace == Replace::Hash);
        json!({
            "name": field.name,
            "value": source(section, field),
            "redact": section["fields"][&field.name]["redact"],
            "replace_with": hashes.map(|hashes| if hashes { "hash" } else { "mark" }),
            "max_bytes": field.max_bytes,
        })
    };
    json!({
        "valid": true,
        "errors": [],
        "roles": read.roles().map(Role::section).collect::<Vec<_>>(),
        "fields": fields.map(field).collect::<Vec<_>>(),
        "keep": section["keep"],
        "operators": printed(read),
        "filter": read.keeps().then_some(filter::KEEP_EXPRESSION),
    })
}

/// Where the value of a field comes from, as it was written.
fn source<'c>(section: &'c Value, field: &Field) -> &'c str {
    let written = &section["fields"][&field.name];
    written.as_str().or(written["value"].as_str()).unwrap_or_default()
}

fn explained(read: &Configuration, paint: Paint) -> String {
    let mut text = String::new();
    if let Some(attempts) = read.config.attempts {
        text.push_str(&paint.text(BOLD, "attempts"));
        text.push_str(": the history of a request's upstream attempts\n");
        text.push_str(match attempts.survive_internal_redirects {
            true => "  an internal redirect goes on with the history\n",
            false => "  an internal redirect begins anew\n",
        });
    }
    if let Some(section) = &read.config.access_log {
        text.push_str(&paint.text(BOLD, "access_log"));
        text.push_str(&fields(read.section(Role::AccessLog), section, paint));
        let rate = &read.section(Role::AccessLog)["keep"]["rate"];
        text.push_str(&section.keep.as_ref().map_or_else(String::new, |it| kept(it, rate)));
    }
    if read.roles().next().is_none() {
        return "nothing: neither `attempts` nor `access_log` is there\n".to_owned();
    }
    text.push_str("\nprinted by\n");
    printed(read).iter().for_each(|operator| text.push_str(&format!("  {operator}\n")));
    if read.keeps() {
        let expression = filter::KEEP_EXPRESSION;
        text.push_str(&format!(
            "requests that are not kept are left out by the filter\n  {expression}\n"
        ));
    }
    text
}

fn fields(section: &Value, read: &AccessLog, paint: Paint) -> String {
    let mut text = if read.fields.is_empty() {
        ": no fields\n".to_owned()
    } else {
        format!(": a JSON object of at most {} bytes\n", read.max_bytes)
    };
    if !read.fields.is_empty() {
        let mut grid = Grid::new(["  FIELD", "VALUE", "MAX BYTES", "TAKEN OUT"]);
        for field in &read.fields {
            let value = visible::text(source(section, field).as_bytes());
            let most = if is_text(field) { field.max_bytes.to_string() } else { String::new() };
            grid.row([format!("  {}", field.name), value, most, taken_out(field)]);
        }
        text.push_str(
            &grid.text(|row, _| if row == 0 { BOLD } else { anstyle::Style::new() }, paint),
        );
    }
    if read.attempt_count {
        text.push_str(&format!(
            "  the number of upstream attempts for expressions, as filter_state['{}']\n",
            filter::key::ATTEMPT_COUNT
        ));
    }
    text
}

/// Whether the value of a field is a text, which may be cut off.
fn is_text(field: &Field) -> bool {
    match &field.source {
        Source::Attribute(attribute) => attribute.kind() == filter::attribute::Kind::Text,
        Source::Retry | Source::AttemptCount => false,
    }
}

fn taken_out(field: &Field) -> String {
    let what = match &field.redact {
        None => return String::new(),
        Some(Redact::Value) => "all of it".to_owned(),
        Some(Redact::Query) => "the query string".to_owned(),
        Some(Redact::QueryParameters(names)) => {
            format!("the query parameters {}", visible::text(names.join(", ").as_bytes()))
        }
    };
    match field.replace {
        Replace::Mark => what,
        Replace::Hash => format!("{what}, for a keyed hash"),
    }
}

/// Which requests are worth a line; `rate` is the share as it was written.
fn kept(keep: &Keep, rate: &Value) -> String {
    let mut rules = Vec::new();
    rules.extend(
        keep.code_at_least.map(|code| format!("those with a status code of {code} or more")),
    );
    rules.extend(keep.any_response_flag.then(|| "those with a response flag".to_owned()));
    rules.extend(keep.retried.then(|| "those that took several upstream attempts".to_owned()));
    rules.extend(keep.slower_than_ms.map(|ms| format!("those that took longer than {ms} ms")));
    let paths: Vec<String> = keep.paths.iter().map(ToString::to_string).collect();
    if !paths.is_empty() {
        rules.push(format!("those for {}", visible::text(paths.join(", ").as_bytes())));
    }
    let others = if rules.is_empty() { "requests" } else { "the others" };
    rules.push(format!("of {others}, a share of {rate}, by request id"));
    let lines = rules.iter().map(|rule| format!("    {rule}\n"));
    format!("  requests that are kept\n{}", lines.collect::<String>())
}
