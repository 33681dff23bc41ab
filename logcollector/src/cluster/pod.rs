//! Pods as far as their logs go: which containers ran, run, and will run.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::visible;

/// What is known of a pod's container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// The id of the container that runs, or of the last that did.
    pub(crate) id: Option<String>,
    /// Whether that one has ended.
    pub(crate) ended: bool,
    /// When the one that runs was started, in nanoseconds since 1970.
    pub(crate) started: Option<i64>,
    /// The id of the one before.
    pub(crate) previous: Option<String>,
    /// How often it was restarted.
    pub(crate) restarts: i32,
    /// How the last that ended did, in words.
    pub(crate) exit: Option<String>,
    /// Whether none will run any more.
    pub(crate) finished: bool,
}

impl State {
    /// The state of a container of a pod.
    pub(crate) fn of(pod: &Pod, container: &str) -> Self {
        let status = pod.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref()).unwrap_or_default();
        let mut state =
            Self { finished: matches!(phase, "Succeeded" | "Failed"), ..Self::default() };
        let all = status.into_iter().flat_map(|status| {
            let init = status.init_container_statuses.iter().flatten();
            init.chain(status.container_statuses.iter().flatten())
        });
        if let Some(status) = all.into_iter().find(|status| status.name == container) {
            state.read(status);
        }
        state
    }

    fn read(&mut self, status: &ContainerStatus) {
        let now = status.state.as_ref();
        let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
        let terminated = now.and_then(|state| state.terminated.as_ref());
        let running = now.and_then(|state| state.running.as_ref());
        let started = running.and_then(|running| running.started_at.as_ref());
        self.started = started.and_then(|time| i64::try_from(time.0.as_nanosecond()).ok());
        self.restarts = status.restart_count;
        let id = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
        let before = last.and_then(|last| id(&last.container_id));
        match terminated.and_then(|terminated| id(&terminated.container_id)) {
            Some(ended) => (self.id, self.previous, self.ended) = (Some(ended), before, true),
            None if now.is_some_and(|state| state.running.is_some()) => {
                (self.id, self.previous) = (id(&status.container_id), before);
            }
            None => (self.id, self.ended) = (before, true),
        }
        self.exit = terminated.or(last).map(|ended| {
            let reason = ended.reason.as_deref().filter(|reason| *reason != "Error");
            let reason =
                reason.map(|reason| format!(", {}", visible::clipped(reason.as_bytes(), 60)));
            format!("exit code {}{}", ended.exit_code, reason.unwrap_or_default())
        });
    }
}

/// The containers of a pod by name, those too that come before the others.
pub(crate) fn containers(pod: &Pod) -> impl Iterator<Item = &str> {
    let spec = pod.spec.as_ref();
    let init = spec.into_iter().flat_map(|spec| spec.init_containers.iter().flatten());
    let plain = spec.into_iter().flat_map(|spec| spec.containers.iter());
    plain.chain(init).map(|container| container.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(text: &str) -> State {
        let pod = format!(
            r#"{{"metadata":{{}},"status":{{"phase":"Running","containerStatuses":[{text}]}}}}"#
        );
        State::of(&serde_json::from_str(&pod).unwrap(), "istio-proxy")
    }

    #[test]
    fn states() {
        let status = |state: &str, last: &str, id: &str| {
            format!(
                r#"{{"name":"istio-proxy","image":"x","imageID":"","ready":true,"restartCount":2,
                    "containerID":"{id}","state":{{{state}}},"lastState":{{{last}}}}}"#
            )
        };
        let ended = r#""terminated":{"exitCode":137,"reason":"OOMKilled","containerID":"a"}"#;
        let cases = [
            ("running", r#""running":{}"#, "", "b", (Some("b"), false, None)),
            ("restarted", r#""running":{}"#, ended, "b", (Some("b"), false, Some("a"))),
            ("ended", ended, "", "a", (Some("a"), true, None)),
            ("waits for its restart", r#""waiting":{}"#, ended, "a", (Some("a"), true, None)),
            ("not begun", r#""waiting":{}"#, "", "", (None, true, None)),
        ];
        for (label, now, last, id, (current, is_ended, previous)) in cases {
            let state = state(&status(now, last, id));
            let found = (state.id.as_deref(), state.ended, state.previous.as_deref());
            assert_eq!(found, (current, is_ended, previous), "{label}");
            let exit = (now.len() + last.len() > 40).then_some("exit code 137, OOMKilled");
            assert_eq!(state.exit.as_deref(), exit, "{label}");
        }
    }
}
