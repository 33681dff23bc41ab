//! Which pods a target on the command line means.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::ListParams;
use kube::core::{NamespaceResourceScope, Resource, Selector};
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use regex::Regex;
use serde::de::DeserializeOwned;

use super::{Client, Failure};
use crate::cli::TargetArgs;
use crate::error::Error;
use crate::workloads::parse_selector;

/// The largest program that a regular expression may become, in bytes.
const LARGEST: usize = 1 << 20;

/// The pods that are meant.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The namespace; every one where there is none.
    pub(crate) namespace: Option<String>,
    labels: Option<String>,
    fields: Option<String>,
    names: Names,
    /// What the user wrote, to be shown.
    pub(crate) text: String,
}

/// Which names.
#[derive(Debug, Clone)]
enum Names {
    Any,
    One(String),
    Like(Regex),
    /// Those of the Jobs that a CronJob made.
    OfCronJob(String),
}

impl Target {
    /// Works out what is meant; a controller or Service is looked up for its selector.
    ///
    /// # Errors
    ///
    /// When the type is not one that has pods, when there is no such object, when the expression is
    /// none, or when the cluster does not answer.
    pub(crate) async fn find(
        client: &Client,
        text: Option<&str>,
        args: &TargetArgs,
    ) -> Result<Self, Error> {
        args.selector.as_deref().map(parse_selector).transpose()?;
        let own = args.namespace.clone().unwrap_or_else(|| client.namespace.clone());
        let namespace = (!args.all_namespaces).then_some(own);
        let mut target = Self {
            namespace,
            labels: args.selector.clone(),
            fields: args.field_selector.clone(),
            names: Names::Any,
            text: text.unwrap_or_default().to_owned(),
        };
        match text.map(|text| (text, text.split_once('/'))) {
            None => {}
            Some((_, Some((kind, name)))) => target.of_object(client, kind, name).await?,
            Some((name, None)) => target.names = target.by_name(client, name).await?,
        }
        Ok(target)
    }

    /// A pod's name where there is one, else an expression on names.
    async fn by_name(&self, client: &Client, text: &str) -> Result<Names, Error> {
        if self.namespace.is_some() && is_name(text) {
            let named = ListParams::default().fields(&format!("metadata.name={text}"));
            let found = self.pods(client).list(&named).await.map_err(Failure::from)?;
            if !found.items.is_empty() {
                return Ok(Names::One(text.to_owned()));
            }
        }
        let built = regex::RegexBuilder::new(text).size_limit(LARGEST).build();
        built.map(Names::Like).map_err(|error| Error::Expression {
            text: text.to_owned(),
            message: error.to_string(),
        })
    }

    /// The pods of an object, as kubectl finds them: by its selector.
    async fn of_object(&mut self, client: &Client, kind: &str, name: &str) -> Result<(), Error> {
        let kind = kind.to_ascii_lowercase();
        let Some(namespace) = self.namespace.clone() else { return Err(Error::NamespaceNeeded) };
        let find = Find { client, namespace: &namespace, name };
        let selector = match kind.as_str() {
            "po" | "pod" | "pods" => {
                self.names = Names::One(name.to_owned());
                return Ok(());
            }
            "cronjob" | "cronjobs" | "cj" => {
                self.names = Names::OfCronJob(name.to_owned());
                return Ok(());
            }
            "deploy" | "deployment" | "deployments" => {
                find.get::<Deployment>().await?.spec.map(|spec| spec.selector)
            }
            "sts" | "statefulset" | "statefulsets" => {
                find.get::<StatefulSet>().await?.spec.map(|spec| spec.selector)
            }
            "ds" | "daemonset" | "daemonsets" => {
                find.get::<DaemonSet>().await?.spec.map(|spec| spec.selector)
            }
            "rs" | "replicaset" | "replicasets" => {
                find.get::<ReplicaSet>().await?.spec.map(|spec| spec.selector)
            }
            "job" | "jobs" => find.get::<Job>().await?.spec.and_then(|spec| spec.selector),
            "svc" | "service" | "services" => {
                let labels = find.get::<Service>().await?.spec.and_then(|spec| spec.selector);
                labels.map(of_labels)
            }
            _ => return Err(Error::NoPodsOfType { kind }),
        };
        let selector = selector.and_then(|selector| Selector::try_from(selector).ok());
        let Some(selector) = selector.filter(|selector| !selector.selects_all()) else {
            return Err(Error::NoSelector { kind, name: name.to_owned() });
        };
        let own = selector.to_string();
        self.labels = Some(self.labels.take().map_or(own.clone(), |more| format!("{own},{more}")));
        Ok(())
    }

    /// What of the namespace's pods is to be listed and watched.
    pub(crate) fn watch(&self) -> watcher::Config {
        let mut config = watcher::Config::default();
        config.label_selector.clone_from(&self.labels);
        config.field_selector.clone_from(&self.fields);
        if let Names::One(name) = &self.names {
            let own = format!("metadata.name={name}");
            config.field_selector =
                Some(self.fields.as_ref().map_or(own.clone(), |more| format!("{own},{more}")));
        }
        config
    }

    /// The pods' collection.
    pub(crate) fn pods(&self, client: &Client) -> Api<Pod> {
        match &self.namespace {
            Some(namespace) => Api::namespaced(client.kube.clone(), namespace),
            None => Api::all(client.kube.clone()),
        }
    }

    /// Whether a pod that was listed is meant.
    pub(crate) fn is_meant(&self, pod: &Pod) -> bool {
        match &self.names {
            Names::Any => true,
            Names::One(name) => pod.metadata.name.as_ref() == Some(name),
            Names::Like(expression) => expression.is_match(&pod.name_any()),
            Names::OfCronJob(name) => pod.owner_references().iter().any(|owner| {
                let number = owner.name.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
                let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                owner.kind == "Job" && number.is_some_and(is_number)
            }),
        }
    }

    /// The pods that are meant and there now, by namespace and name.
    ///
    /// # Errors
    ///
    /// When there are none, or when the cluster does not answer.
    pub(crate) async fn list(&self, client: &Client) -> Result<Vec<(String, String)>, Error> {
        let watch = self.watch();
        let params = ListParams {
            label_selector: watch.label_selector,
            field_selector: watch.field_selector,
            ..ListParams::default()
        };
        let pods = self.pods(client).list(&params).await.map_err(Failure::from)?;
        let meant = pods.items.iter().filter(|pod| self.is_meant(pod));
        let names: Vec<_> =
            meant.map(|pod| (pod.namespace().unwrap_or_default(), pod.name_any())).collect();
        if names.is_empty() { Err(Error::NoPod { target: self.text.clone() }) } else { Ok(names) }
    }
}

/// Gets an object.
struct Find<'a> {
    client: &'a Client,
    namespace: &'a str,
    name: &'a str,
}

impl Find<'_> {
    async fn get<K>(&self) -> Result<K, Failure>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        let objects: Api<K> = Api::namespaced(self.client.kube.clone(), self.namespace);
        Ok(objects.get(self.name).await?)
    }
}

fn of_labels(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), match_expressions: None }
}

/// Whether a text may be a pod's name.
fn is_name(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    !text.is_empty() && text.len() < 254 && text.bytes().all(plain)
}
