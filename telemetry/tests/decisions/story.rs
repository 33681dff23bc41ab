//! The story of every case: what it promises comes true.

use mesh::{Loader, Object, ProxyKind, Workload};
use serde_json::json;
use telemetry::{Change, Decision, Side, Story, Target, Telemetry, View};

use crate::table::{Case, cases};

/// The pod of a case, read from its manifest.
fn workload(case: &Case) -> Workload {
    let target = case.pod.target();
    let args = ["proxy", target.kind.as_str()];
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod", "namespace": target.namespace, "labels": target.labels},
        "spec": {"containers": [{"name": "istio-proxy", "args": args}]},
    });
    let mut loader = Loader::new();
    loader.add("pod.json", pod.to_string().as_bytes());
    let mut workload = loader.finish().inventory.workloads.remove(0);
    assert_eq!(workload.proxy.kind, target.kind, "{}", case.case);
    // The labels as they are, whatever the loader makes of a revision.
    workload.labels.clone_from(target.labels);
    workload
}

fn story(case: &Case, telemetries: &[Telemetry]) -> Story {
    let mesh = case.mesh();
    let istiod = case.istiod(&mesh);
    let view = View::new(telemetries, &istiod);
    Story::new(&view, &workload(case), case.pod.target().service)
}

/// The object of a proposal, read from its YAML as a user would apply it.
fn applied(yaml: &str) -> Object {
    let mut loader = Loader::new();
    loader.add("change.yaml", yaml.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?} in\n{yaml}", loaded.errors);
    loaded.inventory.objects.into_iter().next().expect("an object")
}

fn sides(kind: ProxyKind) -> &'static [Side] {
    match kind {
        ProxyKind::Sidecar => &[Side::Client, Side::Server],
        ProxyKind::Router => &[Side::Client],
        ProxyKind::Waypoint => &[Side::Server],
        ProxyKind::None => &[],
    }
}

fn emits(case: &Case, telemetries: &[Telemetry]) -> Vec<bool> {
    let mesh = case.mesh();
    let istiod = case.istiod(&mesh);
    let view = View::new(telemetries, &istiod);
    let target = case.pod.target();
    sides(target.kind).iter().map(|side| Decision::of(&view, &target, *side).emits).collect()
}

#[test]
fn changes_do_what_they_promise() {
    let mut failures = Vec::new();
    let mut none = 0;
    for (_, case) in &cases() {
        let mut telemetries = case.telemetries();
        let before = emits(case, &telemetries);
        let Change { turns_on, proposal, why_not } = story(case, &telemetries).change;
        assert_eq!(turns_on, before.contains(&false), "{}", case.case);
        let Some(proposal) = proposal else {
            assert!(why_not.is_some_and(|why| why.contains("discoverySelectors")), "{}", case.case);
            none += 1;
            continue;
        };
        let read = Telemetry::read(&applied(&proposal.yaml)).expect("a Telemetry");
        let at = telemetries.iter_mut().find(|it| it.meta.qualified_name() == proposal.object);
        match at {
            Some(old) => {
                assert!(proposal.edits, "{}", case.case);
                // Applying keeps the age that an object has.
                let created = old.meta.created;
                *old = read;
                old.meta.created = created;
            }
            None => {
                assert!(!proposal.edits, "{}", case.case);
                telemetries.push(read);
            }
        }
        let after = emits(case, &telemetries);
        if after.iter().any(|emits| *emits != turns_on) {
            failures.push(format!("{}: {after:?} after\n{}", case.case, proposal.yaml));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(none, 2, "cases without a change");
}

#[test]
fn changes_keep_what_logs_now() {
    for (_, case) in &cases() {
        let mut telemetries = case.telemetries();
        let (mesh, target) = (case.mesh(), case.pod.target());
        let istiod = case.istiod(&mesh);
        let Change { turns_on: true, proposal: Some(proposal), .. } =
            story(case, &telemetries).change
        else {
            continue;
        };
        let loggers = |telemetries: &[Telemetry], side: Side| {
            Decision::of(&View::new(telemetries, &istiod), &target, side).loggers
        };
        let before: Vec<_> =
            sides(target.kind).iter().map(|side| loggers(&telemetries, *side)).collect();
        let read = Telemetry::read(&applied(&proposal.yaml)).expect("a Telemetry");
        telemetries.retain(|it| it.meta.qualified_name() != proposal.object);
        telemetries.push(read);
        for (side, before) in sides(target.kind).iter().zip(before) {
            let after = loggers(&telemetries, *side);
            let named = before.iter().filter(|it| it.logger.provider.is_some());
            for logger in named {
                assert!(after.contains(logger), "{}:\n{}", case.case, proposal.yaml);
            }
        }
    }
}

#[test]
fn stories_name_every_object_of_the_case_that_could_count() {
    for (_, case) in &cases() {
        let telemetries = case.telemetries();
        let story = story(case, &telemetries);
        let target = case.pod.target();
        let levels = {
            let mesh = case.mesh();
            let istiod = case.istiod(&mesh);
            let view = View::new(&telemetries, &istiod);
            view.levels(&target).len()
        };
        let counted = story.objects.iter().filter(|seen| seen.counts).count();
        assert_eq!(counted, levels, "{}:\n{story}", case.case);
        let here: &Target<'_> = &target;
        for telemetry in telemetries.iter().filter(|it| it.meta.namespace == here.namespace) {
            let name = telemetry.meta.qualified_name();
            assert!(story.objects.iter().any(|seen| seen.object == name), "{}: {name}", case.case);
        }
    }
}

#[test]
fn the_story_in_plain_text() {
    let (_, case) = cases()
        .into_iter()
        .find(|(_, case)| {
            case.case == "an entry of the other side breaks the chain to the level above"
        })
        .expect("the case");
    let story = story(&case, &case.telemetries());
    insta::assert_snapshot!(story.to_string());
}
