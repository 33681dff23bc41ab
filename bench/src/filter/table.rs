//! What was measured, as a table.

use std::fmt;

use super::Route;
use super::variant::{FLOOR, Goal, LUA, NONE, Variant};
use crate::measure::median;
use crate::report::{write_table, yes_or_no};

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) requests: u32,
    pub(crate) rounds: u32,
    pub(crate) groups: Vec<Group>,
}

/// The slices of all variants on one route.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) route: Route,
    /// How many requests a slice has.
    pub(crate) requests: u32,
    /// The CPU nanoseconds of each slice, one a round.
    pub(crate) rows: Vec<(Variant, Vec<i64>)>,
}

type Row = [String; 6];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, rounds, .. } = self;
        writeln!(f, "Slices of {requests} requests, {rounds} rounds.\n")?;
        let head = ["variant", "CPU us/request", "above none", "x floor", "goal", "met"];
        let mut rows = vec![head.map(str::to_owned), Row::default()];
        for group in &self.groups {
            rows.push(group.title());
            rows.extend(group.rows.iter().map(|(variant, slices)| group.row(variant, slices)));
        }
        write_table(&rows, f)
    }
}

impl Group {
    /// A group without slices so far, of the variants that do anything on a route.
    pub(crate) fn new(route: Route, requests: u32, variants: &[Variant]) -> Self {
        let rows = variants.iter().filter(|variant| variant.takes(route));
        Self { route, requests, rows: rows.map(|variant| (variant.clone(), Vec::new())).collect() }
    }

    fn title(&self) -> Row {
        let title = match self.route {
            Route::Proxied => "**Proxied to an upstream**",
            Route::Direct => "**Answered by Envoy**",
        };
        let mut row = Row::default();
        row[0] = title.to_owned();
        row
    }

    fn row(&self, variant: &Variant, slices: &[i64]) -> Row {
        let above = self.above_none(slices);
        let floors = above / self.above(FLOOR);
        let is_none = variant.name == NONE;
        let met = variant.goal.map(|goal| self.is_met(goal, above));
        [
            variant.name.clone(),
            format!("{:.2}", self.per_request(slices.iter().copied())),
            if is_none { String::new() } else { format!("{above:+.2}") },
            if is_none { String::new() } else { format!("{floors:.2}") },
            variant.goal.map(Goal::text).unwrap_or_default(),
            met.map(|met| yes_or_no(met).to_owned()).unwrap_or_default(),
        ]
    }

    /// Whether so many microseconds above no filter are within the goal.
    fn is_met(&self, goal: Goal, above: f64) -> bool {
        above <= goal.floors * self.above(FLOOR) && !(goal.below_lua && above >= self.above(LUA))
    }

    /// The microseconds of a variant above no filter.
    fn above(&self, name: &str) -> f64 {
        self.slices(name).map_or(f64::NAN, |slices| self.above_none(slices))
    }

    /// The median of the differences from no filter in the same round.
    fn above_none(&self, slices: &[i64]) -> f64 {
        let none = self.slices(NONE).unwrap_or_default();
        self.per_request(slices.iter().zip(none).map(|(cpu, none)| cpu - none))
    }

    fn slices(&self, name: &str) -> Option<&[i64]> {
        let found = self.rows.iter().find(|(variant, _)| variant.name == name);
        found.map(|(_, slices)| slices.as_slice())
    }

    /// The median of slices, as microseconds a request.
    #[allow(clippy::cast_precision_loss, reason = "a slice takes seconds at most")]
    fn per_request(&self, slices: impl IntoIterator<Item = i64>) -> f64 {
        median(slices).unwrap_or_default() as f64 / 1000.0 / f64::from(self.requests)
    }
}

impl Goal {
    fn text(self) -> String {
        let lua = if self.below_lua { ", below Lua" } else { "" };
        format!("{} x floor{lua}", self.floors)
    }
}
