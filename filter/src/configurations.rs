//! The configurations of the plugins that share a VM.
//!
//! Envoy tells a module which plugin a request belongs to by having it create a context for the request.
//! That is a call for each request, and these modules do without: nearly always the plugins of a VM have
//! one configuration in common. Where they do not, each root context is given a number, and Envoy is asked
//! for the one of the request at hand.

/// The configurations of a VM, each once.
#[derive(Debug)]
pub(crate) struct Configurations<T> {
    /// What root contexts without a number are configured with: the first configuration.
    first: Option<T>,
    /// The others, by the number of their root contexts; the newest at the end.
    numbered: Vec<(u32, T)>,
    /// Whether there are root contexts that cannot be told apart.
    is_lost: bool,
}

/// The root context at hand could not be asked for its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unknown;

/// The most configurations beside the first one that are remembered: modules are not told when one is gone.
const MOST: usize = 64;

impl<T: PartialEq> Configurations<T> {
    pub(crate) const fn new() -> Self {
        Self { first: None, numbered: Vec::new(), is_lost: false }
    }

    /// Remembers the configuration of the root context at hand, and says whether it can be found again.
    ///
    /// `number` gives that root context a number and says whether it has it. If it has not, no request of
    /// this VM has a configuration from now on: that of another plugin could show what this one takes out.
    pub(crate) fn add(&mut self, configuration: T, number: impl FnOnce(u32) -> bool) -> bool {
        if self.first.as_ref().is_none_or(|first| *first == configuration) {
            self.first = Some(configuration);
            return true;
        }
        let known = self.numbered.iter().find(|(_, known)| *known == configuration);
        let known = known.map(|(number, _)| *number);
        let next = self.numbered.last().map_or(1, |(newest, _)| newest + 1);
        self.is_lost |= !number(known.unwrap_or(next));
        if known.is_none() {
            if self.numbered.len() == MOST {
                self.numbered.remove(0);
            }
            self.numbered.push((next, configuration));
        }
        !self.is_lost
    }

    /// The configuration of the request at hand; `None` where it is not known.
    ///
    /// `number` gives the number of its root context, `None` where that has none.
    pub(crate) fn get(&self, number: impl FnOnce() -> Result<Option<u32>, Unknown>) -> Option<&T> {
        if self.is_lost {
            return None;
        }
        if self.numbered.is_empty() {
            return self.first.as_ref();
        }
        match number() {
            Ok(Some(number)) => {
                let found = self.numbered.iter().find(|(known, _)| *known == number);
                found.map(|(_, configuration)| configuration)
            }
            Ok(None) => self.first.as_ref(),
            Err(Unknown) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_asked() -> Result<Option<u32>, Unknown> {
        panic!("Envoy is asked, although there is one configuration")
    }

    #[test]
    fn ok_one_configuration_needs_no_number() {
        let mut configurations = Configurations::new();
        assert_eq!(configurations.get(not_asked), None);
        assert!(configurations.add("a", |_| panic!("the first one gets a number")));
        assert!(configurations.add("a", |_| panic!("an equal one gets a number")));
        assert_eq!(configurations.get(not_asked), Some(&"a"));
    }

    #[test]
    fn ok_each_root_context_has_its_own() {
        let mut configurations = Configurations::new();
        let mut numbers = Vec::new();
        for name in ["a", "b", "a", "c", "b"] {
            configurations.add(name, |number| {
                numbers.push((name, number));
                true
            });
        }
        assert_eq!(numbers, [("b", 1), ("c", 2), ("b", 1)]);
        for (number, name) in [(None, "a"), (Some(1), "b"), (Some(2), "c")] {
            assert_eq!(configurations.get(|| Ok(number)), Some(&name));
        }
    }

    #[test]
    fn ok_what_is_not_known_is_never_that_of_another() {
        let mut configurations = Configurations::new();
        configurations.add("a", |_| true);
        configurations.add("b", |_| true);
        assert_eq!(configurations.get(|| Ok(Some(9))), None);
        assert_eq!(configurations.get(|| Err(Unknown)), None);
        assert!(!configurations.add("c", |_| false));
        for number in [None, Some(1), Some(2)] {
            assert_eq!(configurations.get(|| Ok(number)), None);
        }
    }

    #[test]
    fn ok_no_more_than_so_many_are_remembered() {
        let mut configurations = Configurations::new();
        for configuration in 0..1000 {
            configurations.add(configuration, |_| true);
        }
        assert_eq!(configurations.numbered.len(), MOST);
        assert_eq!(configurations.get(|| Ok(Some(999))), Some(&999));
        assert_eq!(configurations.get(|| Ok(Some(1))), None);
        assert_eq!(configurations.get(|| Ok(None)), Some(&0));
    }
}
