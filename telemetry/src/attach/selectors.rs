//! Many selectors, asked at once which of them select a workload.

use std::collections::HashMap;

use mesh::Labels;

use super::selects;

/// Selectors by number, each filed under one of the labels it asks for, so that a workload is compared
/// with few of them.
#[derive(Debug, Default)]
pub(crate) struct Selectors<'a> {
    by_label: HashMap<(&'a str, &'a str), Vec<(usize, &'a Labels)>>,
}

impl<'a> Selectors<'a> {
    /// Files selectors under the label that fewest of them ask for. Those without labels are left out.
    pub(crate) fn new(selectors: &[(usize, &'a Labels)]) -> Self {
        let pairs =
            |labels: &'a Labels| labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut uses: HashMap<(&str, &str), usize> = HashMap::new();
        for pair in selectors.iter().flat_map(|(_, labels)| pairs(labels)) {
            *uses.entry(pair).or_default() += 1;
        }
        let mut filed = Self::default();
        for (number, labels) in selectors {
            if let Some(pair) = pairs(labels).min_by_key(|pair| uses.get(pair)) {
                filed.by_label.entry(pair).or_default().push((*number, labels));
            }
        }
        filed
    }

    /// The numbers of the selectors that select a workload with these labels, in order.
    pub(crate) fn matching(&self, labels: &Labels) -> Vec<usize> {
        let pairs = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let filed = pairs.filter_map(|pair| self.by_label.get(&pair));
        let selecting = filed.flatten().filter(|(_, selector)| selects(selector, labels));
        let mut numbers: Vec<usize> = selecting.map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_comparing_with_each_finds(
            selectors in vec(btree_map("[abc]", "[xy]", 1..4), 0..8),
            labels in btree_map("[abc]", "[xy]", 0..4),
        ) {
            let numbered: Vec<(usize, &Labels)> = selectors.iter().enumerate().collect();
            let each = numbered.iter().filter(|(_, selector)| selects(selector, &labels));
            let each: Vec<usize> = each.map(|(number, _)| *number).collect();
            prop_assert_eq!(Selectors::new(&numbered).matching(&labels), each);
        }
    }
}
