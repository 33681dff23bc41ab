//! Objects that no API server takes, among those that decide what proxies can reach.

use mesh::{LoadError, LoadWarning, Object, Problem};

use super::say_all;
use crate::notes::Notes;

/// Takes out what an API server refuses, and says why, with what else is wrong.
pub(super) fn take_out(objects: &mut Vec<Object>, notes: &Notes) -> Vec<LoadError> {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    objects.retain(|object| {
        let before = errors.len();
        for problem in sidecar::problems(object) {
            match problem.rejected_by {
                Some(_) => errors.push(error(object, &problem.field, problem.message)),
                None => warnings.push(LoadWarning {
                    origin: object.meta.origin.clone(),
                    object: Some(name(object)),
                    message: problem.to_string(),
                }),
            }
        }
        let is_taken = errors.len() == before;
        if !is_taken {
            let message = "an API server refuses it, so that it does not count".to_owned();
            errors.push(error(object, "", message));
        }
        is_taken
    });
    say_all(notes, "error", &errors);
    say_all(notes, "warning", &warnings);
    errors
}

fn error(object: &Object, field: &str, message: String) -> LoadError {
    LoadError {
        origin: object.meta.origin.clone(),
        object: Some(name(object)),
        problem: Problem::Field { path: field.to_owned(), message },
    }
}

fn name(object: &Object) -> String {
    format!("{}/{}", object.kind, object.meta.qualified_name())
}
