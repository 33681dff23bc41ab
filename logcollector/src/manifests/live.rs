//! What a cluster holds, in place of manifests.

use std::collections::BTreeMap;

use mesh::{Loaded, Loader};
use sidecar::IstioVersion;

use super::{Manifests, content, name, say};
use crate::cli::ObjectArgs;
use crate::cluster::{self, Answers, Client, Scope, Topic, snapshot};
use crate::error::Error;
use crate::notes::Notes;
use crate::progress::Spinner;

/// Whose pods are looked at in a cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Among<'a> {
    /// Those of every namespace.
    All,
    /// Those of one.
    Named(&'a str),
    /// Those of the namespace that the context stands in.
    Current,
}

impl<'a> Among<'a> {
    /// What `--namespace` and `--all-namespaces` say.
    pub(crate) fn of(namespace: Option<&'a str>, all: bool) -> Self {
        match namespace {
            _ if all => Self::All,
            Some(namespace) => Self::Named(namespace),
            None => Self::Current,
        }
    }
}

impl Manifests {
    /// Reads the manifests that the options name, or without any what the cluster holds.
    ///
    /// # Errors
    ///
    /// When the cluster does not answer, or when the MeshConfig cannot be read.
    pub(crate) fn of(
        args: &ObjectArgs,
        topic: Topic,
        among: Among<'_>,
        notes: &Notes,
    ) -> Result<Self, Error> {
        if !args.manifests.files.is_empty() {
            return Self::read(&args.manifests, notes);
        }
        let mut loader = Loader::new();
        if let Some(path) = &args.manifests.mesh_config {
            loader.add_mesh_config(&name(path), &content(path)?);
        }
        let spinner = Spinner::new("reading the cluster");
        let answers = cluster::runtime()?.block_on(async {
            let client = Client::connect(&args.kube).await?;
            let namespace = match among {
                Among::All => None,
                Among::Named(namespace) => Some(namespace.to_owned()),
                Among::Current => Some(client.namespace.clone()),
            };
            snapshot(&client, &Scope { topic, namespace }, true).await
        });
        drop(spinner);
        let answers = answers?;
        answers.say_refused(notes);
        answers.add_to(&mut loader);
        let loaded = loader.finish();
        say(&loaded, notes);
        let Loaded { inventory, errors, .. } = loaded;
        let revision = args.manifests.revision.clone();
        let versions = versions_of(&answers);
        let manifests = Self { inventory, revision, errors, unreadable: false, versions };
        manifests.say_defaults("cluster", notes);
        Ok(manifests)
    }

    /// What followed pods and the objects around them hold. What is wrong in them is not said: it is
    /// the business of `lint`.
    pub(crate) fn live(answers: &Answers, pods: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let mut loader = Loader::new();
        answers.add_to(&mut loader);
        for pod in pods {
            loader.add_answer("cluster", ("v1", "Pod"), pod.as_ref().as_bytes());
        }
        let Loaded { inventory, errors, .. } = loader.finish();
        let versions = versions_of(answers);
        Self { inventory, revision: None, errors, unreadable: false, versions }
    }
}

/// The versions of istiods that are those of releases.
fn versions_of(answers: &Answers) -> BTreeMap<String, IstioVersion> {
    let istiods = answers.istiods.iter();
    istiods.filter_map(|(revision, tag)| Some((revision.clone(), tag.parse().ok()?))).collect()
}
