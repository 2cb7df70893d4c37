;;! emit=clif,asm
;;; Globals lie below the memory base, after the tables. Immutable ones are constants. A store to the memory does not
;;; make the optimiser forget a global.
(module
  (memory 1)
  (table 2 funcref)
  (global $immutable i32 (i32.const 42))
  (global $folded i64 (i64.add (i64.const 40) (i64.const 2)))
  (global $m32 (mut i32) (i32.const 1))
  (global $m64 (mut i64) (i64.const 2))
  (global $mf (mut f64) (f64.const 3))
  (global $mv (mut v128) (v128.const i64x2 4 5))
  (global $mr (mut funcref) (ref.null func))
  (func $constants (result i32 i64) (global.get $immutable) (global.get $folded))
  (func $get (result i32 i64 f64 v128 funcref)
    (global.get $m32) (global.get $m64) (global.get $mf) (global.get $mv) (global.get $mr))
  (func $set (param i32 i64 f64 v128)
    (global.set $m32 (local.get 0)) (global.set $m64 (local.get 1)) (global.set $mf (local.get 2))
    (global.set $mv (local.get 3)) (global.set $mr (ref.null func)))
  (func $kept_across_store (param i32) (result i32)
    (global.get $m32)
    (i32.store (local.get 0) (local.get 0))
    (i32.add (global.get $m32)))
)

;; == emit=clif,asm
;;
;; p.0.constants:
;; function u0:0(i64 vmctx) -> i32, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v3 = iconst.i32 42
;;     v4 = iconst.i64 42
;;     jump block1(v3, v4)  ; v3 = 42, v4 = 42
;;
;; block1(v1: i32, v2: i64):
;;     return v1, v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movl $0x2a, %eax
;;   movl $0x2a, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.get:
;; function u0:1(i64 vmctx) -> i32, i64, f64, i8x16, i64 tail {
;;     region4 = 18 "global 2"
;;     region5 = 19 "global 3"
;;     region6 = 20 "global 4"
;;     region7 = 21 "global 5"
;;     region8 = 22 "global 6"
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v6 = load.i32 notrap aligned region4 v0-320
;;     v7 = load.i64 notrap aligned region5 v0-336
;;     v8 = load.f64 notrap aligned region6 v0-352
;;     v9 = load.i8x16 notrap aligned region7 v0-368
;;     v10 = load.i64 notrap aligned region8 v0-384
;;     jump block1(v6, v7, v8, v9, v10)
;;
;; block1(v1: i32, v2: i64, v3: f64, v4: i8x16, v5: i64):
;;     return v1, v2, v3, v4, v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl -0x140(%rdi), %eax
;;   movq -0x150(%rdi), %rcx
;;   movsd -0x160(%rdi), %xmm0
;;   movdqu -0x170(%rdi), %xmm1
;;   movq -0x180(%rdi), %rdx
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.set:
;; function u0:2(i64 vmctx, i32, i64, f64, i8x16) tail {
;;     region4 = 18 "global 2"
;;     region5 = 19 "global 3"
;;     region6 = 20 "global 4"
;;     region7 = 21 "global 5"
;;     region8 = 22 "global 6"
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: f64, v4: i8x16):
;;     store notrap aligned region4 v1, v0-320
;;     store notrap aligned region5 v2, v0-336
;;     store notrap aligned region6 v3, v0-352
;;     store notrap aligned region7 v4, v0-368
;;     v5 = iconst.i64 0
;;     store notrap aligned region8 v5, v0-384  ; v5 = 0
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, -0x140(%rdi)
;;   movq %rdx, -0x150(%rdi)
;;   movsd %xmm0, -0x160(%rdi)
;;   movdqu %xmm1, -0x170(%rdi)
;;   movq $0x0, -0x180(%rdi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.kept_across_store:
;; function u0:3(i64 vmctx, i32) -> i32 tail {
;;     region4 = 18 "global 2"
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = load.i32 notrap aligned region4 v0-320
;;     v4 = uextend.i64 v1
;;     v5 = iadd v0, v4
;;     store user2 little region0 v1, v5
;;     v6 = load.i32 notrap aligned region4 v0-320
;;     v7 = iadd v3, v6
;;     jump block1(v7)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl -0x140(%rdi), %r8d
;;   movl %esi, %r9d
;;   movl %esi, (%rdi, %r9)
;;   jmp     label1
;; block1:
;;   leal (%r8, %r8), %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
