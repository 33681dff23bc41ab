-- What `retry` says of requests that take one attempt, with what a script can learn of attempts.
function envoy_on_response(handle)
  local attempts = handle:headers():get("x-envoy-attempt-count")
  local retry = attempts and tonumber(attempts) > 1 and "recovered" or "none"
  handle:streamInfo():dynamicMetadata():set("logcollector", "retry", retry)
end
