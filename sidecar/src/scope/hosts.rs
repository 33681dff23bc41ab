//! The `hosts` of an egress listener.

use std::collections::HashMap;

use crate::hostname::{is_covered, is_wildcard, overlap};

/// The entry that stands for every namespace.
const EVERYWHERE: &str = "*";

/// The host entries of an egress listener, by namespace.
#[derive(Debug, Default)]
pub(super) struct Hosts<'l> {
    groups: HashMap<&'l str, Group<'l>>,
    /// The entries that are none, by index.
    pub(super) illegal: Vec<usize>,
}

/// The entries of one namespace.
#[derive(Debug, Default)]
struct Group<'l> {
    exact: HashMap<&'l str, usize>,
    wild: Vec<(&'l str, usize)>,
    all: Vec<(&'l str, usize)>,
    excluded: Vec<(&'l str, usize)>,
}

/// What an egress listener makes of a service or a VirtualService.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// An entry imports it, by index.
    Imported(usize),
    /// An entry takes it away, by index.
    Excluded(usize),
    /// No entry is about it.
    Absent,
}

impl<'l> Hosts<'l> {
    /// Sorts the entries. `own` is the proxy's namespace, which `.` stands for.
    pub(super) fn new(entries: &'l [String], own: &'l str, excludes_by_tilde: bool) -> Self {
        let mut hosts = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            let Some((namespace, name)) = entry.split_once('/').filter(|it| !it.1.contains('/'))
            else {
                hosts.illegal.push(index);
                continue;
            };
            let taken_away = namespace.strip_prefix('~').filter(|_| excludes_by_tilde);
            let namespace = match taken_away {
                Some("") => EVERYWHERE,
                Some(namespace) => namespace,
                None => namespace,
            };
            let namespace = if namespace == "." { own } else { namespace };
            let group = hosts.groups.entry(namespace).or_default();
            if taken_away.is_some() {
                group.excluded.push((name, index));
            } else {
                if is_wildcard(name) {
                    group.wild.push((name, index));
                } else {
                    group.exact.entry(name).or_insert(index);
                }
                group.all.push((name, index));
            }
        }
        hosts
    }

    /// The entries that import, as namespace and name.
    pub(super) fn imports(&self) -> impl Iterator<Item = (&'l str, &'l str)> + '_ {
        let entries = self.groups.iter().map(|(namespace, group)| (*namespace, group));
        entries.flat_map(|(namespace, group)| group.all.iter().map(move |it| (namespace, it.0)))
    }

    /// What becomes of a service: entries of its own namespace are tried before those of all.
    pub(super) fn service(&self, host: &str, namespace: &str) -> Verdict {
        if let Some(index) = self.excluded(host, namespace) {
            return Verdict::Excluded(index);
        }
        let groups = self.groups_of(namespace);
        let found = groups.into_iter().flatten().find_map(|group| group.service(host));
        found.map_or(Verdict::Absent, Verdict::Imported)
    }

    /// What becomes of a VirtualService: one of its hosts is enough.
    pub(super) fn virtual_service(
        &self,
        hosts: &[String],
        namespace: &str,
        one_direction: bool,
    ) -> Verdict {
        let mut excluded = None;
        for group in self.groups_of(namespace).into_iter().flatten() {
            for host in hosts {
                let Some(index) = group.virtual_service(host, one_direction) else { continue };
                match self.excluded(host, namespace) {
                    None => return Verdict::Imported(index),
                    Some(index) => excluded = excluded.or(Some(index)),
                }
            }
        }
        excluded.map_or(Verdict::Absent, Verdict::Excluded)
    }

    /// Whether an alias is imported beside a service, by the entries that imported the service.
    pub(super) fn alias(&self, alias: &str, service: &str, namespace: &str) -> bool {
        let groups = self.groups_of(namespace);
        let by = groups.into_iter().flatten().find(|group| group.service(service).is_some());
        by.is_some_and(|group| group.service(alias).is_some())
    }

    fn excluded(&self, host: &str, namespace: &str) -> Option<usize> {
        let groups = self.groups_of(namespace).into_iter().flatten();
        let mut entries = groups.flat_map(|group| &group.excluded);
        entries.find(|(name, _)| is_covered(host, name)).map(|(_, index)| *index)
    }

    fn groups_of(&self, namespace: &str) -> [Option<&Group<'l>>; 2] {
        [self.groups.get(namespace), self.groups.get(EVERYWHERE)]
    }
}

impl Group<'_> {
    fn service(&self, host: &str) -> Option<usize> {
        if let Some(index) = self.exact.get(host) {
            return Some(*index);
        }
        let covers = |(name, _): &&(&str, usize)| is_covered(host, name);
        self.wild.iter().find(covers).map(|(_, index)| *index)
    }

    fn virtual_service(&self, host: &str, one_direction: bool) -> Option<usize> {
        if let Some(index) = self.exact.get(host) {
            return Some(*index);
        }
        let matches = |(name, _): &&(&str, usize)| {
            if one_direction { is_covered(host, name) } else { overlap(host, name) }
        };
        // Two exact names match only if they are equal.
        let entries = if is_wildcard(host) { &self.all } else { &self.wild };
        entries.iter().find(matches).map(|(_, index)| *index)
    }
}
