;; A start section that calls the host. Stops the request if the status was InternalFailure.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $status (mut i32) (i32.const -1))
  (data (i32.const 0) "started")
  (func $start (global.set $status (call $log (i32.const 2) (i32.const 0) (i32.const 7))))
  (start $start)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.eq (global.get $status) (i32.const 10))))
