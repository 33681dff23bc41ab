;; What eight fields take at least: the properties that they are told from, and a value about as long.
(module
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "xds\00route_name")
  (data (i32.const 64) "xds\00cluster_name")
  (data (i32.const 128) "request\00path")
  (data (i32.const 192) "request\00headers\00x-tenant")
  (data (i32.const 256) "response\00code_details")
  (data (i32.const 320) "upstream\00address")
  (data (i32.const 384) "request\00duration")
  (data (i32.const 448) "upstream\00request_attempt_count")
  (data (i32.const 512) "access_log")
  (data (i32.const 1024) "{\"route\":\"all\",\"cluster\":\"upstream\",\"path\":\"/proxied?item=17&token=[redacted]\",\"tenant\":\"acme\",\"details\":\"via_upstream\",\"upstream\":\"127.0.0.1:10000\",\"duration_ms\":1.234567,\"retry\":\"none\"}")

  (func (export "proxy_abi_version_0_2_1"))

  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    (i32.const 4096))

  (func $read (param $path i32) (param $size i32)
    (drop (call $get (local.get $path) (local.get $size) (i32.const 2048) (i32.const 2052))))

  (func (export "proxy_on_log") (param i32)
    (call $read (i32.const 0) (i32.const 14))
    (call $read (i32.const 64) (i32.const 16))
    (call $read (i32.const 128) (i32.const 12))
    (call $read (i32.const 192) (i32.const 24))
    (call $read (i32.const 256) (i32.const 21))
    (call $read (i32.const 320) (i32.const 16))
    (call $read (i32.const 384) (i32.const 16))
    (call $read (i32.const 448) (i32.const 30))
    (drop (call $set (i32.const 512) (i32.const 10) (i32.const 1024) (i32.const 187)))))
