//! Istio's Sidecar object: what a proxy can reach, and what its access logs say it does reach.

mod balance;
mod because;
mod calls;
mod check;
mod class;
mod delegates;
mod destination_rules;
mod endpoints;
mod hostname;
mod judge;
mod lint;
mod object;
mod observed;
mod outbound;
mod problems;
mod registry;
mod scope;
mod suggest;
mod version;
mod view;

pub use balance::{
    Attempt, Balance, BalanceReport, Evenness, FAILURE_FLAGS, HostReport, Latency, MOST_HOSTS,
    Pods, ServiceLoad, Spread,
};
pub use because::Because;
pub use calls::{
    Calls, Destination as CalledDestination, MOST_DESTINATIONS, WorkloadCalls, WorkloadId,
};
pub use check::{CheckReport, Checked, CheckedWorkload, Checker, Period};
pub use class::{
    Class, ClusterName, Direction, MeshServerName, PodAddress, Protocol, Traffic, classify,
    namespace_of,
};
pub use endpoints::{
    EndpointChange, EndpointRow, EndpointTable, PodAddresses, Status, Unresolved, endpoints,
};
pub use judge::{Judgement, Verdict, judge};
pub use lint::{CODES, LintOptions, lint};
pub use object::{
    Delegate, Destination, DestinationRule, EgressListener, HttpMatch, HttpRoute, IngressListener,
    L4Match, L4Route, ListenerPort, OutboundTrafficPolicy, PolicyMode, Sidecar, Subset,
    TrafficPolicy, VirtualService,
};
pub use observed::Observed;
pub use outbound::{Call, Fate, Outbound, Outcome, Speech};
pub use problems::{Problem, problems};
pub use registry::{
    Alias, Endpoint, ExportTo, Health, Port, Provider, Registry, Resolution, Seen, Service,
};
pub use scope::{InScope, Scope, ScopeChange, ScopeReport, ServiceReport, Target};
pub use suggest::{
    Confidence, Draft, DraftPort, Grouping, Reason, SuggestOptions, SuggestedHost,
    SuggestedSidecar, Suggestion, suggest,
};
pub use version::{IstioVersion, VersionError};
pub use view::{Settings, View};
