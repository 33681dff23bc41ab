//! The configurations of the plugins that share a VM.
//!
//! Envoy tells a module which plugin a request belongs to by having it create a context for the request.
//! That is a call for each request, and these modules do without: nearly always the plugins of a VM have
//! one configuration in common. Where they do not, Envoy is asked.

/// What the plugins of a VM are told, each known by its root context.
#[derive(Debug)]
pub(crate) struct Roots<T> {
    /// What the first one was told. Root contexts that are told the same are not marked.
    common: Option<T>,
    /// Marked root contexts, with what each was told; the newest at the end.
    others: Vec<(u32, T)>,
}

/// The most root contexts beside the first one that are remembered: Envoy does not say when one is gone.
const MOST: usize = 64;

impl<T: PartialEq> Roots<T> {
    pub(crate) const fn new() -> Self {
        Self { common: None, others: Vec::new() }
    }

    /// Remembers what a plugin is told, whose root context is at hand.
    ///
    /// `mark` puts a mark on that root context and says whether it could. Without marks, what the newest
    /// plugin is told holds for all.
    pub(crate) fn set(&mut self, root: u32, told: T, mark: impl FnOnce() -> bool) {
        if let Some((_, known)) = self.others.iter_mut().find(|(known, _)| *known == root) {
            *known = told;
        } else if self.common.is_none() {
            self.common = Some(told);
        } else if self.common.as_ref() != Some(&told) {
            if mark() {
                let surplus = (self.others.len() + 1).saturating_sub(MOST);
                self.others.drain(..surplus);
                self.others.push((root, told));
            } else {
                self.common = Some(told);
            }
        }
    }

    /// What the plugin of the request at hand is told; `None` where nothing is.
    ///
    /// `marked` gives the mark of its root context, if that has one.
    pub(crate) fn get(&self, marked: impl FnOnce() -> Option<u32>) -> Option<&T> {
        let Some((_, newest)) = self.others.last() else { return self.common.as_ref() };
        match marked() {
            Some(root) => {
                let found = self.others.iter().find(|(known, _)| *known == root);
                Some(found.map_or(newest, |(_, told)| told))
            }
            None => self.common.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unmarked() -> Option<u32> {
        panic!("Envoy is asked, although there is one configuration")
    }

    #[test]
    fn ok_one_configuration_needs_no_question() {
        let mut roots = Roots::new();
        assert_eq!(roots.get(unmarked), None);
        roots.set(1, "a", || panic!("the first one is marked"));
        roots.set(2, "a", || panic!("an equal one is marked"));
        assert_eq!(roots.get(unmarked), Some(&"a"));
    }

    #[test]
    fn ok_each_plugin_has_its_own() {
        let mut roots = Roots::new();
        roots.set(1, "a", || false);
        roots.set(2, "b", || true);
        roots.set(3, "a", || false);
        roots.set(4, "c", || true);
        roots.set(2, "d", || false);
        for (mark, told) in [(None, "a"), (Some(2), "d"), (Some(4), "c"), (Some(9), "c")] {
            assert_eq!(roots.get(|| mark), Some(&told));
        }
    }

    #[test]
    fn ok_without_marks_the_newest_holds() {
        let mut roots = Roots::new();
        roots.set(1, "a", || false);
        roots.set(2, "b", || false);
        assert_eq!(roots.get(unmarked), Some(&"b"));
    }

    #[test]
    fn ok_no_more_than_so_many_are_remembered() {
        let mut roots = Roots::new();
        for root in 0..1000 {
            roots.set(root, root, || true);
        }
        assert_eq!(roots.others.len(), MOST);
        assert_eq!(roots.get(|| Some(999)), Some(&999));
        assert_eq!(roots.get(|| None), Some(&0));
    }
}
