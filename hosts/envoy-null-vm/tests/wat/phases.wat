;; What a plugin may call when: the initialisation and the allocator are restricted.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
  (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (global $initialized (mut i32) (i32.const 0))
  (global $bad_malloc (mut i32) (i32.const 0))
  (data (i32.const 16) "initialized")
  (data (i32.const 32) "main has run")
  (data (i32.const 48) "value")
  (data (i32.const 64) "allocating")
  (func (export "proxy_abi_version_0_2_1"))

  (func (export "_initialize")
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 11)))
    (global.set $initialized (i32.add (global.get $initialized) (i32.const 1))))
  (func (export "main") (param i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 32) (i32.const 12)))
    (i32.const 0))

  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32)
    (drop (call $log (i32.const 2) (i32.const 64) (i32.const 10)))
    (if (global.get $bad_malloc) (then (drop (call $tick (i32.const 1)))))
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  ;; Asks for the property `value`: 1 if `_initialize` has run exactly once.
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (drop (call $get_property (i32.const 48) (i32.const 5) (i32.const 128) (i32.const 132)))
    (i32.eq (global.get $initialized) (i32.const 1)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))

  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))

  ;; From here on the allocator does what it must not.
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (global.set $bad_malloc (i32.const 1))
    (drop (call $get_property (i32.const 48) (i32.const 5) (i32.const 128) (i32.const 132)))
    (i32.const 0)))
