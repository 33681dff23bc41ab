;; What Envoy calls in place of the SDK's functions of these names.
(module
  (import "filter" "role_on_configure" (func $configure (param i32 i32) (result i32)))
  (import "filter" "role_on_log" (func $log (param i32)))
  (export "proxy_on_configure" (func $configure))
  (export "proxy_on_log" (func $log)))
