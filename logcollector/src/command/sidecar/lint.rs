//! `sidecar lint`: what is wrong with Sidecars.

use sidecar::{LintOptions, lint};

use crate::cli::SidecarLintArgs;
use crate::cluster::Topic;
use crate::command::Outcome;
use crate::command::lint::{Linted, finish, unreadable};
use crate::error::Error;
use crate::manifests::{Among, Manifests};
use crate::notes::Notes;
use crate::workloads::parse_selector;

/// The kinds whose objects findings are about.
const KINDS: [&str; 3] = ["Sidecar", "VirtualService", "DestinationRule"];

/// Runs `sidecar lint`.
pub(crate) fn run(args: &SidecarLintArgs) -> Result<Outcome, Error> {
    let selector = args.selector.as_deref().map(parse_selector).transpose()?;
    let among = Among::of(args.lint.namespace.as_deref(), args.lint.all_namespaces);
    let manifests = Manifests::of(&args.lint.objects, Topic::Reach, among, &Notes::new())?;
    let (mut findings, lost) = unreadable(&manifests, &KINDS);
    let revision = manifests.revision.as_deref().unwrap_or(mesh::DEFAULT_REVISION);
    let options = LintOptions {
        version: args
            .istio
            .istio_version
            .or_else(|| manifests.istio_version(revision))
            .unwrap_or_default(),
        revision: manifests.revision.clone(),
        selector,
    };
    findings.extend(lint(&manifests.inventory, &options));
    let sidecars = manifests.inventory.objects.iter().filter(|it| it.kind == "Sidecar");
    let linted =
        Linted { findings, lost, kind: "Sidecars", objects: sidecars.count(), marked: &|_| None };
    finish(&args.lint, linted, &manifests.inventory)
}
