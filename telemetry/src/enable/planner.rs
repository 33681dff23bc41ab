//! Makes the objects of a plan, and tries them.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use mesh::{
    Inventory, MeshConfigSource, Meta, Object, ProxyKind, ServiceRef, Workload, WorkloadKind,
};
use serde_json::{Value, json};

use super::effect::Comparison;
use super::group::{Attachment, Group, Part, groups, is_same};
use super::logging::{Wish, asked, check_filter, sides};
use super::mark::{self, MANAGER, expires, is_ours};
use super::refusal::qualified;
use super::{Creation, Plan, Refusal, Request};
use crate::attach::{Istiod, LevelKind, Target, View, selects};
use crate::cluster::Cluster;
use crate::entry::Entry;
use crate::object::{GROUP, Telemetry};
use crate::story::{Proposal, plain};
use crate::who::{Row, qualified_name};

/// Works out the plan.
pub(crate) fn plan(cluster: &Cluster<'_>, request: &Request<'_>) -> Result<Plan, Refusal> {
    check_filter(request.filter)?;
    let is_chosen = |it: &Workload| request.workloads.iter().any(|chosen| is_same(chosen, it));
    let all = running(cluster.inventory(), is_chosen);
    let chosen: Vec<&Workload> = all.iter().copied().filter(|it| is_chosen(it)).collect();
    check_proxies(&chosen)?;
    let before = cluster.each(all.iter().copied(), None);
    let mut planner = Planner { cluster, request, before: &before, objects: Vec::new() };
    for (group, attachment) in groups(&chosen, &all)? {
        planner.group(&group, &attachment)?;
    }
    let objects = planner.objects;
    let with = cluster.with(objects.iter().map(|it| it.telemetry.clone()));
    let compared = Comparison { before: &before, cluster: &with, filter: request.filter };
    let effects = compared.effects(is_chosen)?;
    Ok(match objects.is_empty() {
        true => Plan::AlreadyOn { effects },
        false => Plan::Create { objects, effects },
    })
}

/// The workloads without pods that have ended, in which nothing logs any more, but for the chosen.
fn running(inventory: &Inventory, is_chosen: impl Fn(&Workload) -> bool) -> Vec<&Workload> {
    let ended = inventory.pods.iter().filter(|it| it.ended);
    let ended: HashSet<(&str, &str)> =
        ended.map(|it| (it.meta.namespace.as_str(), it.meta.name.as_str())).collect();
    let has_ended = |it: &Workload| {
        it.kind == WorkloadKind::Pod && ended.contains(&(&*it.meta.namespace, &*it.meta.name))
    };
    inventory.workloads.iter().filter(|it| !has_ended(it) || is_chosen(it)).collect()
}

fn check_proxies(chosen: &[&Workload]) -> Result<(), Refusal> {
    if chosen.is_empty() {
        return Err(Refusal::NothingChosen);
    }
    let without = chosen.iter().filter(|it| it.proxy.kind == ProxyKind::None);
    let without: Vec<(String, String)> =
        without.map(|it| (qualified(it), it.proxy.because.clone())).collect();
    if without.is_empty() { Ok(()) } else { Err(Refusal::NoProxy(without)) }
}

/// Collects the objects of a plan.
struct Planner<'a> {
    cluster: &'a Cluster<'a>,
    request: &'a Request<'a>,
    before: &'a [(&'a Workload, Vec<Row>)],
    objects: Vec<Creation>,
}

impl Planner<'_> {
    fn group(&mut self, group: &Group<'_>, attachment: &Attachment) -> Result<(), Refusal> {
        let Some(first) = group.members.first() else { return Ok(()) };
        let istiod = self.cluster.istiod(&first.proxy.revision);
        let services = self.cluster.services(first, &istiod);
        for part in group.parts(attachment, &services) {
            self.part(group, attachment, part, &services)?;
        }
        Ok(())
    }

    fn part(
        &mut self,
        group: &Group<'_>,
        attachment: &Attachment,
        part: Part,
        services: &[ServiceRef],
    ) -> Result<(), Refusal> {
        let (cluster, request) = (self.cluster, self.request);
        // What is to be turned on; all members have the same levels but for their istiods.
        let rows = self.rows(group, &part);
        let off = |row: &Row| sides(row).any(|(_, it)| asked(it, request.filter).is_none());
        let Some((workload, row)) = rows.iter().copied().find(|(_, row)| off(row)) else {
            return Ok(());
        };
        let istiod = cluster.istiod(&workload.proxy.revision);
        if istiod.undiscovered.contains(&part.namespace) {
            return Err(Refusal::Hidden { namespace: part.namespace });
        }
        let view = View::new(cluster.telemetries(), &istiod);
        let name = qualified(workload);
        let wish = Wish {
            view: &view,
            mesh_config: self.source(&istiod),
            workload: &name,
            filter: request.filter,
        };
        let entries = wish.entries(row)?;
        let targets: Vec<(&Workload, Target<'_>)> = rows
            .iter()
            .map(|(member, row)| {
                let service = services.iter().find(|it| row.service == Some(qualified_name(it)));
                (*member, Target::new(member, service))
            })
            .collect();
        no_other_object(&view, &targets, &entries)?;
        let creation = self.creation(group, attachment, part, &entries)?;
        self.objects.push(creation);
        Ok(())
    }

    /// The rows that a part is for.
    fn rows(&self, group: &Group<'_>, part: &Part) -> Vec<(&Workload, &Row)> {
        let member = |it: &Workload| group.members.iter().any(|member| is_same(member, it));
        let in_part = |row: &Row| match (&part.services, &row.service) {
            (Some(services), Some(service)) => services.contains(service),
            _ => true,
        };
        let of_members = self.before.iter().filter(|(it, _)| member(it));
        let rows = of_members.flat_map(|(it, rows)| rows.iter().map(move |row| (*it, row)));
        rows.filter(|(_, row)| in_part(row)).collect()
    }

    fn source(&self, istiod: &Istiod<'_>) -> MeshConfigSource<'_> {
        self.cluster.inventory().mesh_config_source(&istiod.revision)
    }

    fn creation(
        &self,
        group: &Group<'_>,
        attachment: &Attachment,
        part: Part,
        entries: &[Entry],
    ) -> Result<Creation, Refusal> {
        let (key, value) = part.field;
        let logging: Vec<Value> = entries.iter().map(Entry::json).collect();
        let meta = Meta {
            name: self.name(&part.namespace, &group.name),
            namespace: part.namespace,
            labels: mark::labels(),
            annotations: mark::annotations(self.request.expires),
            // The API server keeps no parts of a second.
            created: Timestamp::from_second(self.request.now.as_second()).ok(),
            ..Meta::default()
        };
        let telemetry = Telemetry::of(&Object {
            group: GROUP.to_owned(),
            version: "v1".to_owned(),
            kind: "Telemetry".to_owned(),
            meta,
            spec: json!({key: value, "accessLogging": logging}),
        });
        if let Some(violation) = telemetry.violations.first() {
            let (field, message) = (violation.field.clone(), violation.message.clone());
            return Err(Refusal::NotAccepted { field, message });
        }
        let manifest = telemetry.manifest();
        Ok(Creation {
            namespace: telemetry.meta.namespace.clone(),
            name: telemetry.meta.name.clone(),
            workloads: group.members.iter().map(|it| it.display_name()).collect(),
            yaml: serde_saphyr::to_string(&manifest).unwrap_or_else(|_| manifest.to_string()),
            manifest,
            remarks: self.remarks(&telemetry, attachment),
            telemetry,
        })
    }

    /// What is to be known of an object.
    fn remarks(&self, telemetry: &Telemetry, attachment: &Attachment) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Attachment::Selector(chosen) = attachment
            && !chosen.passing.is_empty()
        {
            let keys: Vec<String> = chosen.passing.iter().map(|key| format!("`{key}`")).collect();
            remarks.push(format!(
                "its selector goes by {}: a pod in the place of this one does not log",
                keys.join(" and ")
            ));
        }
        let entries = self.cluster.inventory().workload_entries.iter();
        let of_namespace = entries.filter(|it| it.meta.namespace == telemetry.meta.namespace);
        let selected = |labels| telemetry.match_labels().is_some_and(|it| selects(it, labels));
        let machines = of_namespace.filter(|it| selected(&it.labels));
        remarks.extend(machines.map(|it| {
            format!("an Envoy on the machine of WorkloadEntry {} would log too", it.meta.name)
        }));
        remarks
    }

    /// A name that no object has: `logcollector-<workload>-<suffix>`, as long as a label can be.
    fn name(&self, namespace: &str, workload: &str) -> String {
        const LONGEST: usize = 63;
        const SUFFIX: usize = 20;
        let there = self.cluster.telemetries().iter().map(|it| &it.meta);
        let planned = self.objects.iter().map(|it| &it.telemetry.meta);
        let here = there.chain(planned).filter(|it| it.namespace == namespace);
        let taken: BTreeSet<&str> = here.map(|it| it.name.as_str()).collect();
        let short =
            |text: &str, most: usize| plain(&plain(text).chars().take(most).collect::<String>());
        let suffix = short(self.request.suffix, SUFFIX);
        let name = |number: usize| {
            let number = if number == 1 { String::new() } else { number.to_string() };
            let ends = [number.as_str(), suffix.as_str()];
            let end: String =
                ends.iter().filter(|it| !it.is_empty()).map(|it| format!("-{it}")).collect();
            let stem = short(workload, LONGEST - MANAGER.len() - 1 - end.len());
            format!("{MANAGER}-{stem}{end}")
        };
        let mut names = (1..).map(name);
        names.find(|name| !taken.contains(name.as_str())).unwrap_or_default()
    }
}

/// Refuses where another object attaches to a workload: of two, the newer overrides the older, but
/// istiod may give one pod the result of another. An object without `accessLogging` does no harm where
/// all workloads have it.
fn no_other_object(
    view: &View<'_>,
    targets: &[(&Workload, Target<'_>)],
    entries: &[Entry],
) -> Result<(), Refusal> {
    let attached = |target: &Target<'_>| -> Vec<&Telemetry> {
        let levels = view.levels(target).into_iter();
        levels.filter(|it| it.kind == LevelKind::Workload).map(|it| it.telemetry).collect()
    };
    let of_first = targets.first().map(|(_, target)| attached(target)).unwrap_or_default();
    for (workload, target) in targets {
        let objects = attached(target);
        let names = |list: &[&Telemetry]| -> Vec<String> {
            list.iter().map(|it| it.meta.qualified_name()).collect()
        };
        let harmless = objects.iter().all(|it| it.access_logging.is_empty());
        let Some(last) =
            objects.last().filter(|_| !harmless || names(&objects) != names(&of_first))
        else {
            continue;
        };
        let change = (!is_ours(&last.meta)).then(|| Proposal::new(view, target, entries).yaml);
        return Err(Refusal::OtherObject {
            workload: qualified(workload),
            object: last.meta.qualified_name(),
            expires: expires(&last.meta),
            change,
        });
    }
    Ok(())
}
