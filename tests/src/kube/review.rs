//! What a user may do, as the user asks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::route::{Answer, Asked};
use super::rules::Attempt;
use super::shared::Shared;
use super::status::Failure;

/// Answers a review of these.
pub(crate) fn answer(shared: &Arc<Shared>, plural: &str, asked: &Asked) -> Result<Answer, Failure> {
    let mut review: Value = serde_json::from_slice(&asked.body)
        .map_err(|error| Failure::bad_request(error.to_string()))?;
    let access = shared.access.lock().unwrap();
    let status = match plural {
        "selfsubjectaccessreviews" => {
            let wanted = &review["spec"]["resourceAttributes"];
            let text = |field: &str| wanted[field].as_str().unwrap_or_default();
            let attempt = Attempt {
                verb: text("verb"),
                group: text("group"),
                plural: text("resource"),
                subresource: text("subresource"),
                namespace: text("namespace"),
                name: text("name"),
            };
            json!({"allowed": access.allows(&asked.user, &attempt)})
        }
        "selfsubjectrulesreviews" => {
            let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
            json!({
                "resourceRules": access.rules(&asked.user, namespace),
                "nonResourceRules": [], "incomplete": false,
            })
        }
        _ => return Err(Failure::no_such_path()),
    };
    if !review.is_object() {
        return Err(Failure::bad_request("expected a review"));
    }
    review["status"] = status;
    Ok(Answer::Document(201, review))
}
