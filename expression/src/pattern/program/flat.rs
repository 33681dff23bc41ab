//! Flattening: from instructions that lead to one another to lists of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Inst;

/// The size of the program once it is flattened: each instruction that others lead to is the head
/// of a list of all that can be reached from it without taking a byte.
pub(super) fn size(insts: &[Inst], unanchored: usize, start: usize) -> usize {
    let (mut roots, parents, reachable) = successors(insts, unanchored, start);
    let heads: Vec<usize> = roots.iter().copied().collect();
    for head in heads.into_iter().rev() {
        if head != unanchored && head != start && reachable.contains(&head) {
            mark_dominators(insts, head, &mut roots, &parents);
        }
    }
    roots.iter().map(|&root| list_length(insts, root, &roots)).sum()
}

type Parents = BTreeMap<usize, Vec<usize>>;

fn successors(
    insts: &[Inst],
    unanchored: usize,
    start: usize,
) -> (BTreeSet<usize>, Parents, BTreeSet<usize>) {
    let mut roots = BTreeSet::from([0, unanchored, start]);
    let mut parents = Parents::new();
    let mut reachable = BTreeSet::new();
    let mut stack = vec![unanchored];
    while let Some(at) = stack.pop() {
        if !reachable.insert(at) {
            continue;
        }
        match insts.get(at) {
            Some(Inst::Alt(a, b) | Inst::AltMatch(a, b)) => {
                for out in [*a, *b] {
                    parents.entry(out).or_default().push(at);
                    stack.push(out);
                }
            }
            Some(Inst::Bytes { out, .. } | Inst::Other(out)) => {
                roots.insert(*out);
                stack.push(*out);
            }
            Some(Inst::Nop(out)) => stack.push(*out),
            _ => {}
        }
    }
    (roots, parents, reachable)
}

/// What the list of `head` reaches, and others too, becomes a head of its own.
fn mark_dominators(insts: &[Inst], head: usize, roots: &mut BTreeSet<usize>, parents: &Parents) {
    let mut reached = BTreeSet::new();
    let mut stack = vec![head];
    while let Some(at) = stack.pop() {
        if !reached.insert(at) || at != head && roots.contains(&at) {
            continue;
        }
        match insts.get(at) {
            Some(Inst::Alt(a, b) | Inst::AltMatch(a, b)) => stack.extend([*a, *b]),
            Some(Inst::Nop(out)) => stack.push(*out),
            _ => {}
        }
    }
    for at in &reached {
        let outside = |parent: &usize| !reached.contains(parent);
        if parents.get(at).is_some_and(|parents| parents.iter().any(outside)) {
            roots.insert(*at);
        }
    }
}

fn list_length(insts: &[Inst], root: usize, roots: &BTreeSet<usize>) -> usize {
    let mut seen = BTreeSet::new();
    let mut stack = vec![root];
    let mut length = 0;
    while let Some(at) = stack.pop() {
        if !seen.insert(at) {
            continue;
        }
        if at != root && roots.contains(&at) {
            // One instruction that leads on to another list.
            length += 1;
            continue;
        }
        match insts.get(at) {
            Some(Inst::AltMatch(a, b)) => {
                length += 1;
                stack.extend([*b, *a]);
            }
            Some(Inst::Alt(a, b)) => stack.extend([*b, *a]),
            Some(Inst::Nop(out)) => stack.push(*out),
            _ => length += 1,
        }
    }
    length
}
