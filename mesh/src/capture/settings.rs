//! What `istio-iptables` is told, read from its arguments and environment.
//!
//! Follows `tools/common/config/config.go` at istio/istio 86c9f01f.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::error::CaptureError;
use super::prefix::Prefix;

/// The most that one list may hold.
const LONGEST_LIST: usize = 4096;

/// The environment variables that matter.
pub(super) const ENVIRONMENT: &[&str] = &[
    "ISTIO_META_DNS_CAPTURE",
    "CAPTURE_ALL_DNS",
    "ISTIO_DUAL_STACK",
    "INVALID_DROP",
    "ISTIO_OUTBOUND_OWNER_GROUPS",
    "ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE",
    "ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR",
];

/// The environment of the container that sets the rules, as far as it matters.
pub(super) type Environment = BTreeMap<String, String>;

/// The texts of the settings, before they are read; each is a list with commas, but for the mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) outbound_port: String,
    pub(super) inbound_port: String,
    pub(super) user: String,
    pub(super) group: String,
    pub(super) mode: String,
    pub(super) include_ranges: String,
    pub(super) exclude_ranges: String,
    pub(super) include_inbound_ports: String,
    pub(super) exclude_inbound_ports: String,
    pub(super) include_outbound_ports: String,
    pub(super) exclude_outbound_ports: String,
    pub(super) reroute_interfaces: String,
    pub(super) exclude_interfaces: String,
}

/// What `istio-iptables` sets rules by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) outbound_port: u16,
    pub(super) inbound_port: u16,
    pub(super) users: Vec<u32>,
    pub(super) groups: Vec<u32>,
    pub(super) transparent: bool,
    /// `None` is every range.
    pub(super) include_ranges: Option<Vec<Prefix>>,
    pub(super) exclude_ranges: Vec<Prefix>,
    /// `None` is every port.
    pub(super) include_inbound_ports: Option<Vec<u16>>,
    pub(super) exclude_inbound_ports: Vec<u16>,
    pub(super) include_outbound_ports: Vec<u16>,
    pub(super) exclude_outbound_ports: Vec<u16>,
    pub(super) reroute_interfaces: Vec<String>,
    pub(super) exclude_interfaces: Vec<String>,
    /// The groups of the application whose calls are captured; `None` is all but
    /// [`exclude_groups`](Self::exclude_groups).
    pub(super) include_groups: Option<Vec<String>>,
    pub(super) exclude_groups: Vec<String>,
    pub(super) dns: Dns,
    pub(super) drop_invalid: bool,
    pub(super) dual_stack: bool,
    pub(super) loopback: Prefix,
}

/// Which DNS is captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dns {
    /// None.
    Off,
    /// To these servers.
    Servers(Vec<IpAddr>),
    /// All to port 53.
    All,
}

impl Default for Texts {
    /// What the init container is given where nobody says anything.
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            outbound_port: text("15001"),
            inbound_port: text("15006"),
            user: text("1337"),
            group: String::new(),
            mode: text("REDIRECT"),
            include_ranges: text("*"),
            exclude_ranges: String::new(),
            include_inbound_ports: text("*"),
            exclude_inbound_ports: text("15090,15021,15020"),
            include_outbound_ports: String::new(),
            exclude_outbound_ports: String::new(),
            reroute_interfaces: String::new(),
            exclude_interfaces: String::new(),
        }
    }
}

impl Texts {
    /// Reads the arguments of `istio-iptables`: short and long flags, with the value behind `=` or as
    /// the next argument.
    pub(super) fn of_arguments(arguments: &[String]) -> Self {
        let nothing = String::new;
        // What is not given is the command's own default, not the injector's.
        let mut texts = Self {
            user: "1337".to_owned(),
            include_ranges: nothing(),
            include_inbound_ports: nothing(),
            exclude_inbound_ports: nothing(),
            mode: nothing(),
            ..Self::default()
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (flag, value) = match argument.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let Some(place) = texts.place(flag) else { continue };
            if let Some(value) = value.or_else(|| arguments.next().cloned()) {
                *place = value;
            }
        }
        texts
    }

    /// Where the value of a flag goes; `None` for flags that change no rule.
    fn place(&mut self, flag: &str) -> Option<&mut String> {
        Some(match flag {
            "-p" | "--envoy-port" => &mut self.outbound_port,
            "-z" | "--inbound-capture-port" => &mut self.inbound_port,
            "-u" | "--proxy-uid" => &mut self.user,
            "-g" | "--proxy-gid" => &mut self.group,
            "-m" | "--istio-inbound-interception-mode" => &mut self.mode,
            "-i" | "--istio-service-cidr" => &mut self.include_ranges,
            "-x" | "--istio-service-exclude-cidr" => &mut self.exclude_ranges,
            "-b" | "--istio-inbound-ports" => &mut self.include_inbound_ports,
            "-d" | "--istio-local-exclude-ports" => &mut self.exclude_inbound_ports,
            "-q" | "--istio-outbound-ports" => &mut self.include_outbound_ports,
            "-o" | "--istio-local-outbound-ports-exclude" => &mut self.exclude_outbound_ports,
            "-k" | "--kube-virt-interfaces" => &mut self.reroute_interfaces,
            "-c" | "--istio-exclude-interfaces" => &mut self.exclude_interfaces,
            _ => return None,
        })
    }
}

impl Settings {
    /// Reads the texts and the environment. `dns_servers` are those that the pod asks.
    ///
    /// # Errors
    ///
    /// When a text is none that rules can be set by.
    pub(super) fn of(
        texts: &Texts,
        environment: &Environment,
        dns_servers: &[IpAddr],
    ) -> Result<Self, CaptureError> {
        let variable = |name: &str| environment.get(name).map(String::as_str).unwrap_or_default();
        let is_on = |name: &str| is_true(variable(name));
        let group = if texts.group.is_empty() { &texts.user } else { &texts.group };
        let owners = |name| environment.get(name).map_or("", String::as_str);
        let include = environment.get("ISTIO_OUTBOUND_OWNER_GROUPS").map_or("*", String::as_str);
        let exclude = owners("ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE");
        let loopback = match variable("ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR") {
            "" => "127.0.0.1/32",
            given => given,
        };
        Ok(Self {
            outbound_port: port("outbound capture port", &texts.outbound_port)?,
            inbound_port: port("inbound capture port", &texts.inbound_port)?,
            users: owner_ids("user", &texts.user)?,
            groups: owner_ids("group", group)?,
            transparent: texts.mode == "TPROXY",
            include_ranges: ranges("includeOutboundIPRanges", &texts.include_ranges)?,
            exclude_ranges: excluded_ranges(&texts.exclude_ranges)?,
            include_inbound_ports: any_or_ports(
                "includeInboundPorts",
                &texts.include_inbound_ports,
            )?,
            exclude_inbound_ports: ports("excludeInboundPorts", &texts.exclude_inbound_ports)?,
            include_outbound_ports: ports("includeOutboundPorts", &texts.include_outbound_ports)?,
            exclude_outbound_ports: ports("excludeOutboundPorts", &texts.exclude_outbound_ports)?,
            reroute_interfaces: interfaces(
                "reroute-virtual-interfaces",
                &texts.reroute_interfaces,
            )?,
            exclude_interfaces: interfaces("excludeInterfaces", &texts.exclude_interfaces)?,
            include_groups: (include != "*").then(|| group_names(include)).transpose()?,
            exclude_groups: group_names(exclude)?,
            dns: match (is_on("ISTIO_META_DNS_CAPTURE"), is_on("CAPTURE_ALL_DNS")) {
                (false, _) => Dns::Off,
                (true, true) => Dns::All,
                (true, false) => Dns::Servers(dns_servers.to_vec()),
            },
            drop_invalid: is_on("INVALID_DROP"),
            dual_stack: is_on("ISTIO_DUAL_STACK"),
            loopback: Prefix::parse(loopback).filter(Prefix::is_ipv4).ok_or_else(|| {
                let name = "ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR";
                CaptureError::new(name, "a range of IPv4 addresses", loopback)
            })?,
        })
    }
}

/// Whether a text is true to Go's `strconv.ParseBool`.
pub(super) fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "TRUE" | "true" | "True")
}

/// The items of a list; empty ones count for nothing.
fn items<'t>(setting: &'static str, text: &'t str) -> Result<Vec<&'t str>, CaptureError> {
    let items: Vec<&str> = text.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    if items.len() > LONGEST_LIST {
        let found = format!("{} items", items.len());
        return Err(CaptureError::new(setting, "at most 4096 items", &found));
    }
    Ok(items)
}

/// A port, as Go's `strconv.ParseUint` reads it.
pub(super) fn port(setting: &'static str, text: &str) -> Result<u16, CaptureError> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| CaptureError::new(setting, "a port from 0 to 65535", text))
}

fn ports(setting: &'static str, text: &str) -> Result<Vec<u16>, CaptureError> {
    items(setting, text)?.into_iter().map(|item| port(setting, item)).collect()
}

fn any_or_ports(setting: &'static str, text: &str) -> Result<Option<Vec<u16>>, CaptureError> {
    if text == "*" { Ok(None) } else { ports(setting, text).map(Some) }
}

/// Ranges; what is none, `istio-iptables` passes over.
fn ranges(setting: &'static str, text: &str) -> Result<Option<Vec<Prefix>>, CaptureError> {
    if text == "*" {
        return Ok(None);
    }
    if text.split(',').count() > LONGEST_LIST {
        return Err(CaptureError::new(setting, "at most 4096 items", "more"));
    }
    Ok(Some(text.split(',').filter_map(Prefix::parse).collect()))
}

fn excluded_ranges(text: &str) -> Result<Vec<Prefix>, CaptureError> {
    let setting = "excludeOutboundIPRanges";
    ranges(setting, text)?.ok_or_else(|| CaptureError::new(setting, "ranges of addresses", "*"))
}

fn owner_ids(setting: &'static str, text: &str) -> Result<Vec<u32>, CaptureError> {
    let id = |item: &str| item.parse().map_err(|_| CaptureError::new(setting, "a number", item));
    items(setting, text)?.into_iter().map(id).collect()
}

fn names(
    setting: &'static str,
    text: &str,
    expected: &'static str,
    is_name: fn(&str) -> bool,
) -> Result<Vec<String>, CaptureError> {
    let name = |item: &str| match is_name(item) {
        true => Ok(item.to_owned()),
        false => Err(CaptureError::new(setting, expected, item)),
    };
    items(setting, text)?.into_iter().map(name).collect()
}

pub(super) fn interfaces(setting: &'static str, text: &str) -> Result<Vec<String>, CaptureError> {
    names(setting, text, "the name of an interface", |item| {
        item.len() <= 15 && item.bytes().all(|byte| is_word(byte) || b"@:+".contains(&byte))
    })
}

fn group_names(text: &str) -> Result<Vec<String>, CaptureError> {
    names("ISTIO_OUTBOUND_OWNER_GROUPS", text, "a group", |item| item.bytes().all(is_word))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}
