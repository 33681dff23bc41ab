//! `tail`: what to follow, and from where on.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{KubeArgs, ReadArgs};

/// Follow the access logs of pods, of a file or of standard input, and print records as they arrive
///
/// In a cluster, each pod's lines are read in the format that its own proxy was given. Pods that come
/// are followed, pods that go are told, streams that are cut go on where they were, and a gap that
/// cannot be excluded is shown as one. Where no chosen pod writes an access log, it is told why, and
/// what would change it.
///
/// A file is read from its start and then followed: across rename and create, across truncation,
/// and from before it exists. An unterminated last line waits for its end. A pipe, such as
/// /dev/stdin or a FIFO, is read to its end. Ends with the input, or with Ctrl-C, and then prints the
/// account on standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector tail deploy/reviews -n bookinfo
  logcollector tail -n bookinfo -l app=reviews --since 10m --where 'response.code >= 500'
  logcollector tail 'reviews|ratings' -A --tail 100
  logcollector tail deploy/reviews --enable --filter 'response.code >= 500'
  kubectl logs -f deploy/reviews -c istio-proxy | logcollector tail
  logcollector tail /var/log/envoy/access.log
  logcollector tail ./access.log --no-follow -o json")]
pub(crate) struct TailArgs {
    /// Pods by name, by TYPE/NAME such as deploy/reviews, or by a regular expression on their names;
    /// or a file, an existing one or a path with `/`, `./` or `../` in front. Without one, standard
    /// input, or with -n, -A or -l pods
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,

    /// End when what is there was read, instead of waiting for more
    #[arg(long)]
    pub(crate) no_follow: bool,

    /// Taken for kubectl's sake: following is what this command does
    #[arg(short = 'f', long, conflicts_with = "no_follow", hide_short_help = true)]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) live: LiveArgs,

    #[command(flatten)]
    pub(crate) kube: KubeArgs,

    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Which pods of a cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pods")]
pub(crate) struct TargetArgs {
    /// Pods of this namespace [default: that of the context]
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Pods of every namespace
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,

    /// Pods with these labels, as `app=reviews,version!=v1`
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,

    /// Pods with these fields, as `spec.nodeName=node-1`
    #[arg(long, value_name = "FIELDS")]
    pub(crate) field_selector: Option<String>,
}

/// Which pods of a cluster, and what of their logs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pods")]
pub(crate) struct LiveArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// The container [default: the pod's Envoy proxy]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) container: Option<String>,

    /// Lines no older than this, as 10m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "since_time")]
    pub(crate) since: Option<Duration>,

    /// Lines from this time on, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) since_time: Option<jiff::Timestamp>,

    /// So many of each pod's lines that are there already; -1 is all
    /// [default: 10, or all with --since, --since-time, --previous or --no-follow]
    #[arg(long, value_name = "LINES", allow_negative_numbers = true)]
    pub(crate) tail: Option<i64>,

    /// The log of the container before its last restart
    #[arg(short, long)]
    pub(crate) previous: bool,

    /// The most logs that are followed at once
    #[arg(long, value_name = "NUMBER", default_value_t = 250)]
    pub(crate) max_log_requests: usize,

    /// The order of several pods' lines
    #[arg(long, value_enum, default_value_t = OrderArg::Time)]
    pub(crate) order: OrderArg,

    #[command(flatten)]
    pub(crate) enable: LookArgs,
}

/// Switching on what is looked at.
#[derive(Debug, Args)]
#[command(next_help_heading = "Switching on")]
pub(crate) struct LookArgs {
    /// Switch access logging on for these pods while this command runs
    ///
    /// Creates a Telemetry object for exactly these workloads, after showing what it would do, and
    /// removes it whatever ends the command. What a killed process leaves expires after 10 minutes, and
    /// the next `tail`, or `telemetry disable --expired`, removes it.
    #[arg(long, conflicts_with_all = ["no_follow", "previous"])]
    pub(crate) enable: bool,

    /// Log only what this filter keeps, a CEL expression such as 'response.code >= 500'
    #[arg(long = "filter", value_name = "CEL", requires = "enable")]
    pub(crate) log_filter: Option<String>,

    /// Do not ask
    #[arg(short = 'y', long, requires = "enable")]
    pub(crate) yes: bool,
}

impl LiveArgs {
    /// Whether anything says that pods are meant.
    pub(crate) fn choose(&self) -> bool {
        let TargetArgs { namespace, all_namespaces, selector, field_selector } = &self.target;
        namespace.is_some() || *all_namespaces || selector.is_some() || field_selector.is_some()
    }

    /// An option that only pods have, if one is given.
    pub(crate) fn only_for_pods(&self) -> Option<&'static str> {
        let given = [
            (self.target.namespace.is_some(), "--namespace"),
            (self.target.all_namespaces, "--all-namespaces"),
            (self.target.selector.is_some(), "--selector"),
            (self.target.field_selector.is_some(), "--field-selector"),
            (self.enable.enable, "--enable"),
            (self.container.is_some(), "--container"),
            (self.since.is_some(), "--since"),
            (self.since_time.is_some(), "--since-time"),
            (self.tail.is_some(), "--tail"),
            (self.previous, "--previous"),
        ];
        given.into_iter().find_map(|(given, name)| given.then_some(name))
    }
}

/// The order of several pods' lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    /// By the start of the requests, as far as lines arrive within a moment
    Time,
    /// As they arrive
    Arrival,
}

/// Reads a duration as Go writes them, such as `1h30m`, `90s` or `1.5h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a duration such as 30s, 10m or 1h30m, found `{text}`");
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let digits = rest.strip_suffix(number).ok_or_else(wrong)?;
        let after = number.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match number.strip_suffix(after).ok_or_else(wrong)? {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        let seconds = digits.parse::<f64>().map_err(|_| wrong())? * unit;
        let more = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
        total = total.checked_add(more).ok_or_else(wrong)?;
        rest = after;
    }
    if total.is_zero() { Err(wrong()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [("30s", 30_000), ("1h30m", 5_400_000), ("1.5h", 5_400_000), ("250ms", 250)];
        for (text, milliseconds) in cases {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "10", "s", "0s", "-1s", "1d", "1e400h", "10 m", "..s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
