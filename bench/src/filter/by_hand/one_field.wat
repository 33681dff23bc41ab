;; What one field takes at least: the property that it is told from, and a value as long.
(module
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "upstream\00request_attempt_count")
  (data (i32.const 64) "access_log")
  (data (i32.const 128) "{\"retry\":\"none\"}")

  (func (export "proxy_abi_version_0_2_1"))

  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    (i32.const 4096))

  (func (export "proxy_on_log") (param i32)
    (drop (call $get (i32.const 0) (i32.const 30) (i32.const 2048) (i32.const 2052)))
    (drop (call $set (i32.const 64) (i32.const 10) (i32.const 128) (i32.const 16)))))
