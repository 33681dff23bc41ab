//! The table of plans: what is asked for under which objects, and what is created or why nothing is.

#![allow(clippy::expect_used, clippy::panic, reason = "this is a test")]

mod table;

use mesh::{Inventory, Loader, Workload};
use serde_json::{Value, json};
use telemetry::enable::{Plan, Refusal, Request, expires, is_ours};
use telemetry::{Cluster, Row};

use table::{Case, cases, creation, effects, now};

fn ask(case: &Case, inventory: &Inventory) -> Result<Plan, Refusal> {
    let chosen = case.chosen(&inventory.workloads);
    let request = Request {
        workloads: &chosen,
        filter: case.filter.as_deref(),
        suffix: "x1",
        now: now(),
        expires: now() + jiff::SignedDuration::from_mins(15),
    };
    Cluster::new(inventory).enable(&request)
}

fn check(case: &Case) -> Vec<String> {
    let inventory = case.inventory(&[]);
    let mut wrong = Vec::new();
    let mut differs = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
        let (expected, found) = (format!("{expected:#?}"), format!("{found:#?}"));
        if expected != found {
            wrong.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    match ask(case, &inventory) {
        Ok(plan) => {
            let created: Vec<String> = plan.objects().iter().map(creation).collect();
            differs("refused", &case.refused, &None::<String>);
            differs("created", &case.creates, &created);
            if let Some(logs) = &case.logs {
                differs("logs", logs, &effects(plan.effects()));
            }
            let remarks: Vec<&String> = plan.objects().iter().flat_map(|it| &it.remarks).collect();
            if case.remark.is_some() || !remarks.is_empty() {
                let found = remarks.first().map(|it| it.as_str()).unwrap_or_default();
                let expected = case.remark.as_deref().unwrap_or("nothing");
                differs("remark", &true, &found.contains(expected));
            }
            wrong.extend(comes_true(case, &inventory, &plan));
        }
        Err(refusal) => {
            let found = json!(refusal);
            let text = format!(
                "{}: {} | {}",
                found["code"].as_str().expect("a code"),
                found["message"].as_str().expect("a message"),
                found["instead"].as_str().unwrap_or("-")
            );
            let text = text.trim_end().replace('\n', " / ");
            differs("refused", &case.refused.as_deref(), &Some(text.as_str()));
        }
    }
    wrong
}

/// Applies the YAML of a plan as a user would, and decides anew.
fn comes_true(case: &Case, inventory: &Inventory, plan: &Plan) -> Vec<String> {
    let created: Vec<Value> = plan
        .objects()
        .iter()
        .map(|it| {
            let mut object: Value = serde_saphyr::from_str(&it.yaml).expect("YAML");
            object["metadata"]["creationTimestamp"] = json!(now().to_string());
            object
        })
        .collect();
    let after = case.inventory(&created);
    let rows = |inventory: &Inventory| -> Vec<(Workload, Vec<Row>)> {
        let cluster = Cluster::new(inventory);
        let row = |it: &Workload| (it.clone(), cluster.who([it], None));
        inventory.workloads.iter().map(row).collect()
    };
    let chosen = case.chosen(&inventory.workloads);
    let mut wrong = Vec::new();
    for ((workload, before), (_, after)) in rows(inventory).iter().zip(rows(&after)) {
        if inventory.pods.iter().any(|it| it.ended && it.meta.name == workload.meta.name) {
            continue;
        }
        let is_chosen = chosen.iter().any(|it| it.meta == workload.meta);
        for (before, after) in before.iter().zip(after) {
            let pairs = [(&before.client, &after.client), (&before.server, &after.server)];
            for (before, after) in pairs.into_iter().filter_map(|(b, a)| b.as_ref().zip(a.as_ref()))
            {
                let to_stdout = after.loggers.iter().any(|it| it.logger.is_container_log());
                let kept = before.loggers.iter().all(|it| {
                    after.loggers.iter().any(|after| after.logger.sink == it.logger.sink)
                });
                if is_chosen && !(to_stdout && kept)
                    || !is_chosen && before.loggers != after.loggers
                {
                    wrong.push(format!("{}: {before:?} becomes {after:?}", workload.meta.name));
                }
            }
        }
    }
    let cluster = Cluster::new(&after);
    for creation in plan.objects() {
        let names = |it: &&Workload| creation.workloads.contains(&it.display_name());
        let workload = after.workloads.iter().filter(|it| chosen.iter().any(|c| c.meta == it.meta));
        let workload = workload.into_iter().find(names).expect("a workload of the object");
        if !cluster.enabled(workload).iter().any(|it| it.meta.name == creation.name) {
            wrong.push(format!("{} is not found again", creation.name));
        }
    }
    let foreign = after.workloads.iter().filter(|it| chosen.iter().all(|c| c.meta != it.meta));
    let found = foreign
        .flat_map(|it| cluster.enabled(it))
        .filter(|it| plan.objects().iter().any(|new| new.name == it.meta.name));
    let ended = after.pods.iter().any(|it| it.ended);
    if found.count() > 0 && !ended {
        wrong.push("an object attaches to others".to_owned());
    }
    for object in &after.objects {
        let ours = created.iter().any(|it| it["metadata"]["name"] == json!(object.meta.name));
        let until = Some(now() + jiff::SignedDuration::from_mins(15));
        if ours && (!is_ours(&object.meta) || expires(&object.meta) != until) {
            wrong.push(format!("{} has other marks: {:?}", object.meta.name, object.meta));
        }
    }
    wrong
}

#[test]
fn plans_are_those_of_the_table() {
    let cases = cases();
    let mut failures = Vec::new();
    for case in &cases {
        let wrong = check(case);
        if !wrong.is_empty() {
            failures.push(format!("{}\n  {}", case.case, wrong.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn a_plan_has_the_documented_shape() {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "cart-1", "namespace": "shop", "labels": {"app": "cart"}},
        "spec": {"containers": [{"name": "istio-proxy", "args": ["proxy", "sidecar"]}]},
    });
    let mut loader = Loader::new();
    loader.add("pod.json", pod.to_string().as_bytes());
    let inventory = loader.finish().inventory;
    let workloads: Vec<&Workload> = inventory.workloads.iter().collect();
    let expires = now() + jiff::SignedDuration::from_mins(15);
    let request =
        Request { workloads: &workloads, filter: None, suffix: "x1", now: now(), expires };
    let plan = Cluster::new(&inventory).enable(&request).expect("a plan");
    let mut plan = json!(plan);
    for effect in plan["effects"].as_array_mut().expect("effects") {
        assert_eq!(effect["before"]["emits"], false);
        assert_eq!(effect["after"]["emits"], true);
        let effect = effect.as_object_mut().expect("an object");
        effect.remove("before");
        effect.remove("after");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&plan).expect("JSON"));
}
