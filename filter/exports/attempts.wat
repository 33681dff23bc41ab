;; What Envoy calls in place of the SDK's functions of these names.
(module
  (import "filter" "role_on_configure" (func $configure (param i32 i32) (result i32)))
  (import "filter" "role_on_request_headers" (func $request (param i32 i32 i32) (result i32)))
  (import "filter" "role_on_response_headers" (func $response (param i32 i32 i32) (result i32)))
  (import "filter" "role_on_delete" (func $delete (param i32)))
  (export "proxy_on_configure" (func $configure))
  (export "proxy_on_request_headers" (func $request))
  (export "proxy_on_response_headers" (func $response))
  (export "proxy_on_delete" (func $delete)))
