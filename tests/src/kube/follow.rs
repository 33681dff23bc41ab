//! Requests for logs: which container is meant, and its lines as they come.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::body::{Cut, Stream};
use super::logs::{Run, Wanted, since_time};
use super::route::{Answer, Asked, Target};
use super::shared::Shared;
use super::status::Failure;

pub(crate) fn answer(
    shared: &Arc<Shared>,
    target: &Target,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let wanted = wanted(target, asked)?;
    let key = (target.namespace.clone(), target.name.clone());
    let pod = shared.store.lock().unwrap().get(target.kind, &key);
    let pod = pod.ok_or_else(|| Failure::not_found(target.kind, &target.name))?;
    let container = container(&pod, &target.name, asked.parameter("container"))?;
    let (mut stream, body) = Stream::new(&shared.open_logs);
    if text(&pod["spec"]["nodeName"]).is_empty() {
        // No node yet, and so no log, but no error either.
        return Ok(Answer::Log(body));
    }
    let last = is_of_last_run(&pod, &target.name, &container, wanted.previous)?;
    let key = (target.namespace.clone(), target.name.clone(), container);
    let log = shared.logs.of(&key);
    let run = {
        let log = log.lock().unwrap();
        if last { log.previous.clone().unwrap_or_default() } else { log.current.clone() }
    };
    if last {
        run.end();
    }
    let mut faults = shared.faults.lock().unwrap();
    stream.slow = faults.slow;
    stream.cut_at = faults.cuts.get_mut(&key).and_then(std::collections::VecDeque::pop_front);
    drop(faults);
    let mut cuts = shared.log_cuts.subscribe();
    // Before the answer, so that a line that is written after it is seen.
    let start = run.start(&wanted);
    tokio::spawn(async move {
        let cut = tokio::select! {
            () = send(&mut stream, &run, start, &wanted) => return,
            _ = cuts.changed() => cuts.borrow_and_update().1,
        };
        stream.end(cut).await;
    });
    Ok(Answer::Log(body))
}

fn wanted(target: &Target, asked: &Asked) -> Result<Wanted, Failure> {
    let (seconds, time) = (asked.number("sinceSeconds")?, asked.parameter("sinceTime"));
    if seconds.is_some() && !time.is_empty() {
        let why =
            "sinceTime: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified";
        return Err(invalid(target, why));
    }
    let since =
        match seconds {
            Some(0) => {
                let why = "sinceSeconds: Invalid value: 0: must be greater than 0";
                return Err(invalid(target, why));
            }
            Some(seconds) => {
                let seconds = SignedDuration::from_secs(seconds.try_into().unwrap_or(i64::MAX));
                Some(Timestamp::now().checked_sub(seconds).unwrap_or(Timestamp::MIN))
            }
            None if time.is_empty() => None,
            None => Some(since_time(time).ok_or_else(|| {
                Failure::bad_request(format!("parsing time {time:?}: cannot parse"))
            })?),
        };
    let limit = asked.number("limitBytes")?;
    if limit == Some(0) {
        return Err(invalid(target, "limitBytes: Invalid value: 0: must be greater than 0"));
    }
    Ok(Wanted {
        follow: asked.is_set("follow"),
        timestamps: asked.is_set("timestamps"),
        previous: asked.is_set("previous"),
        since,
        tail: asked.number("tailLines")?,
        limit,
    })
}

fn invalid(target: &Target, why: &str) -> Failure {
    let message = format!("PodLogOptions {:?} is invalid: {why}", target.name);
    Failure::new(422, "Invalid", message)
}

/// The container that a request means.
fn container(pod: &Value, name: &str, asked: &str) -> Result<String, Failure> {
    let names = |field: &str| -> Vec<&str> {
        let containers = pod["spec"][field].as_array().into_iter().flatten();
        containers.map(|container| text(&container["name"])).collect()
    };
    let (containers, init) = (names("containers"), names("initContainers"));
    if !asked.is_empty() {
        return if [&containers, &init, &names("ephemeralContainers")]
            .iter()
            .any(|names| names.contains(&asked))
        {
            Ok(asked.to_owned())
        } else {
            Err(Failure::bad_request(format!("container {asked} is not valid for pod {name}")))
        };
    }
    match containers[..] {
        [one] => Ok(one.to_owned()),
        _ => {
            let mut message = format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                containers.join(" ")
            );
            if !init.is_empty() {
                message += &format!(" or one of the init containers: [{}]", init.join(" "));
            }
            Err(Failure::bad_request(message))
        }
    }
}

/// Whether the run before the current one is meant; the kubelet goes by the container's status.
fn is_of_last_run(
    pod: &Value,
    name: &str,
    container: &str,
    previous: bool,
) -> Result<bool, Failure> {
    let statuses = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let status = statuses
        .iter()
        .flat_map(|field| pod["status"][field].as_array().into_iter().flatten())
        .find(|status| status["name"] == container)
        .ok_or_else(|| {
            let message = format!("container {container:?} in pod {name:?} is not available");
            Failure::bad_request(message)
        })?;
    let has_last = status["lastState"]["terminated"]["containerID"].is_string();
    let state = &status["state"];
    if previous {
        if has_last {
            return Ok(true);
        }
        let message =
            format!("previous terminated container {container:?} in pod {name:?} not found");
        return Err(Failure::bad_request(message));
    }
    if state["running"].is_object() || state["terminated"]["containerID"].is_string() {
        return Ok(false);
    }
    if has_last {
        return Ok(true);
    }
    let why = match text(&state["waiting"]["reason"]) {
        "" => " - no logs yet",
        "ErrImagePull" => ": image can't be pulled",
        "ImagePullBackOff" => ": trying and failing to pull image",
        other => return Err(waiting(container, name, &format!(": {other}"))),
    };
    Err(waiting(container, name, why))
}

fn waiting(container: &str, pod: &str, why: &str) -> Failure {
    let message = format!("container {container:?} in pod {pod:?} is waiting to start{why}");
    Failure::bad_request(message)
}

async fn send(stream: &mut Stream, run: &Run, mut cursor: u64, wanted: &Wanted) {
    let mut changes = run.subscribe();
    let mut left = wanted.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    loop {
        let (mut bytes, ended) = run.read(&mut cursor, wanted);
        if let Some(left) = &mut left {
            bytes.truncate(*left);
            *left -= bytes.len();
        }
        if bytes.is_empty() {
            if ended || !wanted.follow {
                return stream.end(Cut::Clean).await;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = stream.closed() => return,
            }
            continue;
        }
        if stream.send(bytes).await.is_err() || left == Some(0) {
            return;
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
