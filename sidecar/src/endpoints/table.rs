//! The table, its order, and how it is printed.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::Status;

/// What stands between two columns, as istioctl prints them.
const GAP: usize = 5;

/// The heads of the columns.
const HEAD: [&str; 4] = ["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"];

/// The endpoints of a proxy.
///
/// It displays as `istioctl proxy-config endpoint` prints it, and serialises to a list of rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndpointTable {
    /// The rows: by address as a text, then port, then cluster.
    pub rows: Vec<EndpointRow>,
    /// Names that the proxy asks DNS for; a proxy has rows for the addresses.
    pub unresolved: BTreeSet<Unresolved>,
}

/// A row: one endpoint of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointRow {
    /// The address: an IP address, or `unix://PATH`.
    pub address: String,
    /// The port; 0 with a path.
    pub port: u16,
    /// The cluster.
    pub cluster: String,
    /// The status.
    pub status: Status,
}

/// An endpoint whose addresses only DNS knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Unresolved {
    /// The cluster.
    pub cluster: String,
    /// The name that is asked for.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A table before and after a change, as `sidecar endpoints --with` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointChange {
    /// Before.
    pub before: EndpointTable,
    /// After.
    pub after: EndpointTable,
}

impl EndpointTable {
    /// Adds a row.
    pub(super) fn add(&mut self, address: &str, port: u16, status: Status, cluster: String) {
        self.rows.push(EndpointRow { address: address.to_owned(), port, cluster, status });
    }

    /// Sorts the rows and drops those that are there twice.
    pub(super) fn sort(&mut self) {
        self.rows.sort();
        self.rows.dedup_by(|next, former| {
            (&next.address, next.port, &next.cluster)
                == (&former.address, former.port, &former.cluster)
        });
    }
}

impl EndpointChange {
    /// The rows that are only in the table before.
    pub fn removed(&self) -> Vec<&EndpointRow> {
        difference(&self.before, &self.after)
    }

    /// The rows that are only in the table after.
    pub fn added(&self) -> Vec<&EndpointRow> {
        difference(&self.after, &self.before)
    }
}

/// The rows of `one` that `other` has not.
fn difference<'t>(one: &'t EndpointTable, other: &EndpointTable) -> Vec<&'t EndpointRow> {
    let others: BTreeSet<&EndpointRow> = other.rows.iter().collect();
    one.rows.iter().filter(|row| !others.contains(row)).collect()
}

impl EndpointRow {
    /// The endpoint as istioctl prints it: `ADDRESS:PORT`, or a path.
    pub fn endpoint(&self) -> String {
        match self.address.starts_with("unix://") {
            true => self.address.clone(),
            false => format!("{}:{}", self.address, self.port),
        }
    }

    /// The row's columns.
    fn cells(&self) -> [String; 4] {
        let (status, outliers) = (self.status.as_str().to_owned(), "OK".to_owned());
        [self.endpoint(), status, outliers, self.cluster.clone()]
    }
}

impl fmt::Display for EndpointTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![HEAD.map(str::to_owned)];
        lines.extend(self.rows.iter().map(EndpointRow::cells));
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|cells| cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default() + GAP
        };
        let widths = [width(0), width(1), width(2)];
        for [endpoint, status, outliers, cluster] in &lines {
            let [one, two, three] = widths;
            writeln!(f, "{endpoint:one$}{status:two$}{outliers:three$}{cluster}")?;
        }
        Ok(())
    }
}

impl Serialize for EndpointTable {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.rows)
    }
}

impl Serialize for EndpointRow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut row = serializer.serialize_struct("EndpointRow", 4)?;
        row.serialize_field("endpoint", &self.endpoint())?;
        row.serialize_field("status", &self.status)?;
        row.serialize_field("outlier_check", "OK")?;
        row.serialize_field("cluster", &self.cluster)?;
        row.end()
    }
}
