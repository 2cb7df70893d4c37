;; Guests that do not end by themselves, each of another shape.
(module
  (memory (export "memory") 16384)
  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "empty") (loop (br 0)))
  (func (export "nested") (local i32)
    (loop $outer
      (local.set 0 (i32.const 0))
      (loop $inner
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if $inner (i32.ne (local.get 0) (i32.const 0))))
      (br $outer)))
  (func (export "recursion") (drop (call $fib (i32.const 100))))
  (func $again (export "tail") (return_call $again))
  (func (export "bulk")
    (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x40000000))
          (memory.copy (i32.const 0) (i32.const 1) (i32.const 0x3fffffff))
          (br 0))))
