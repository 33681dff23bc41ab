;; What the history of one attempt takes at least: what was there before, the host, and the open attempt for
;; a client that leaves; then the status code and the outcome. A retry would tell of its failure in
;; `proxy_on_delete`.
(module
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "upstream_attempts")
  (data (i32.const 64) "upstream\00address")
  (data (i32.const 128) "127.0.0.1:10000=?")
  (data (i32.const 192) ":status")
  (data (i32.const 256) "127.0.0.1:10000=200/1ms")

  (func (export "proxy_abi_version_0_2_1"))

  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    (i32.const 4096))

  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $get (i32.const 0) (i32.const 17) (i32.const 2048) (i32.const 2052)))
    (drop (call $get (i32.const 64) (i32.const 16) (i32.const 2048) (i32.const 2052)))
    (drop (call $set (i32.const 0) (i32.const 17) (i32.const 128) (i32.const 17)))
    (i32.const 0))

  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $get_header
      (i32.const 2) (i32.const 192) (i32.const 7) (i32.const 2048) (i32.const 2052)))
    (drop (call $set (i32.const 0) (i32.const 17) (i32.const 256) (i32.const 23)))
    (i32.const 0))

  (func (export "proxy_on_delete") (param i32)))
