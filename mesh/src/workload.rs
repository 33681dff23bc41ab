//! Workloads and the proxies in them.

use std::net::IpAddr;

use crate::capture::PodSetup;
use crate::meta::{Labels, Meta};

/// A pod, or a controller whose pods are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// What it is.
    pub kind: WorkloadKind,
    /// The metadata of the pod or the controller.
    pub meta: Meta,
    /// The name of the controller that made the pod, the topmost that is known; `None` for a pod of
    /// its own, and for a controller.
    pub controller: Option<String>,
    /// The labels that selectors see: those of the pod, or of the controller's pod template.
    pub labels: Labels,
    /// The proxy in it.
    pub proxy: Proxy,
    /// The pod's addresses; none while it has none, and for a controller.
    pub ips: Vec<IpAddr>,
    /// Whether it uses the network of its node.
    pub host_network: bool,
    /// How its traffic is captured, as its spec shows.
    pub(crate) setup: Box<PodSetup>,
}

/// The kinds of workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// A pod.
    Pod,
    /// A Deployment without its pods.
    Deployment,
    /// A StatefulSet without its pods.
    StatefulSet,
    /// A DaemonSet without its pods.
    DaemonSet,
    /// A Job without its pods.
    Job,
    /// A CronJob without its pods.
    CronJob,
}

/// The proxy of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What kind of proxy it is.
    pub kind: ProxyKind,
    /// The revision of the istiod that serves it.
    pub revision: String,
    /// Why it is this kind, in words; what a user is told who expected another.
    pub because: String,
}

/// The kinds of proxies, by their node type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProxyKind {
    /// An Envoy beside an application.
    Sidecar,
    /// An Envoy as a gateway.
    Router,
    /// An Envoy as a waypoint of ambient mode.
    Waypoint,
    /// No Envoy: not injected, ambient, proxyless gRPC, or a host-network pod.
    None,
}

impl Workload {
    /// The name of the workload that a pod belongs to: its controller's, else its own.
    pub fn workload_name(&self) -> &str {
        self.controller.as_deref().unwrap_or(&self.meta.name)
    }

    /// The annotations of its pods.
    pub fn pod_annotations(&self) -> &Labels {
        self.setup.template.as_ref().unwrap_or(&self.meta.annotations)
    }

    /// The workload's name as commands print it: a pod's own, else `deploy/NAME` and the like.
    pub fn display_name(&self) -> String {
        match self.kind.prefix() {
            None => self.meta.name.clone(),
            Some(prefix) => format!("{prefix}/{}", self.meta.name),
        }
    }
}

impl WorkloadKind {
    /// The kind as Kubernetes writes it, such as `Deployment`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
        }
    }

    /// The kind of a controller by the name that Kubernetes has for it.
    pub(crate) fn of_controller(kind: &str) -> Option<Self> {
        let all = [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::Job, Self::CronJob];
        all.into_iter().find(|it| it.as_str() == kind)
    }

    /// The short form that kubectl takes; `None` for a pod.
    pub fn prefix(self) -> Option<&'static str> {
        Some(match self {
            Self::Pod => return None,
            Self::Deployment => "deploy",
            Self::StatefulSet => "sts",
            Self::DaemonSet => "ds",
            Self::Job => "job",
            Self::CronJob => "cronjob",
        })
    }
}

impl ProxyKind {
    /// The kind as it is printed: `sidecar`, `router`, `waypoint` or `none`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Router => "router",
            Self::Waypoint => "waypoint",
            Self::None => "none",
        }
    }
}
