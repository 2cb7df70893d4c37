;; Pointers at the edges of the memory, an allocator that lies, and DNS.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_size" (func $map_size (param i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_status" (func $buffer_status (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "envoy_resolve_dns" (func $resolve (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_status" (func $status (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $malloc_gives (mut i32) (i32.const 4096))
  (data (i32.const 0) "0123456789abcdef")
  (data (i32.const 16) "x-a")
  (data (i32.const 24) "user-agent")
  (data (i32.const 40) "value")
  (data (i32.const 48) "example.org")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (global.get $malloc_gives))

  ;; Adds the request header `x-a` with a digit.
  (func $say (param $digit i32)
    (drop (call $add_header (i32.const 0) (i32.const 16) (i32.const 3)
      (i32.add (i32.const 0) (i32.and (local.get $digit) (i32.const 15))) (i32.const 1))))

  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    ;; Out of bounds by one, by a lot, and with a sum that does not fit in 32 bits: 6 each.
    (call $say (call $log (i32.const 2) (i32.const 65535) (i32.const 2)))
    (call $say (call $log (i32.const 2) (i32.const 0) (i32.const -1)))
    (call $say (call $log (i32.const 2) (i32.const -16) (i32.const 32)))
    ;; The last byte is in bounds: 0.
    (call $say (call $log (i32.const 2) (i32.const 65535) (i32.const 1)))
    ;; Out-parameters are 32 bits wide: the words after them stay.
    (i32.store (i32.const 208) (i32.const 0x11111111))
    (i32.store (i32.const 216) (i32.const 0x22222222))
    (call $say (call $map_size (i32.const 0) (i32.const 204)))
    (call $say (i32.eq (i32.load (i32.const 208)) (i32.const 0x11111111)))
    (call $say (call $buffer_status (i32.const 0) (i32.const 212) (i32.const 220)))
    (call $say (i32.eq (i32.load (i32.const 216)) (i32.const 0x22222222)))
    ;; An out-parameter in the last 2 bytes: 6.
    (call $say (call $map_size (i32.const 0) (i32.const 65534)))
    ;; The name resolver is the embedder's: status and token 77 = 0x4d.
    (call $say (call $resolve (i32.const 48) (i32.const 11) (i32.const 224)))
    (call $say (i32.load (i32.const 224)))
    ;; The status of the last call: 9.
    (call $say (call $status (i32.const 240) (i32.const 244) (i32.const 248)))
    (call $say (i32.load (i32.const 240)))
    ;; An address of the allocator at 0 is none: 6. One beyond the memory: 6.
    (global.set $malloc_gives (i32.const 0))
    (call $say (call $get_header (i32.const 0) (i32.const 24) (i32.const 10) (i32.const 128) (i32.const 132)))
    (global.set $malloc_gives (i32.const 65534))
    (call $say (call $get_header (i32.const 0) (i32.const 24) (i32.const 10) (i32.const 128) (i32.const 132)))
    (call $say (call $get_buffer (i32.const 0) (i32.const 0) (i32.const 10) (i32.const 128) (i32.const 132)))
    ;; Maps and buffers that do not exist: 2.
    (call $say (call $get_header (i32.const 8) (i32.const 24) (i32.const 10) (i32.const 128) (i32.const 132)))
    (call $say (call $get_buffer (i32.const 9) (i32.const 0) (i32.const 10) (i32.const 128) (i32.const 132)))
    (i32.const 77))

  ;; As unsigned as it can be.
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const -1)))
