;; The least that a module can do to leave a value for the access log: one property is read and one is
;; set, without an SDK, an allocator, or anything for each request.
(module
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "upstream\00request_attempt_count")
  (data (i32.const 64) "floor")

  (func (export "proxy_abi_version_0_2_1"))

  ;; Envoy asks for room for the value that it hands over, and there is one at a time.
  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    (i32.const 1024))

  (func (export "proxy_on_log") (param i32)
    ;; Where the value is, and how long it is, go to 128 and 132.
    (if (i32.eqz (call $get (i32.const 0) (i32.const 30) (i32.const 128) (i32.const 132)))
      (then
        (drop (call $set
          (i32.const 64) (i32.const 5)
          (i32.load (i32.const 128)) (i32.load (i32.const 132))))))))
