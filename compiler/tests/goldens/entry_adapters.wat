;;! emit=clif,asm entries=true
;;; One adapter per signature of an export, from an array of 16-byte values to registers and back.
(module
  (func (export "plain") (param i32 i64 f32 f64) (result i32) (local.get 0))
  (func (export "same") (param i32 i64 f32 f64) (result i32) (i32.const 1))
  (func (export "vector") (param v128 funcref) (result v128) (local.get 0))
  (func (export "nine") (result i32 i64 f64 i32 i64 f64 i32 i64 f64) unreachable)
  (func $not_exported (param f64))
)

;; == emit=clif,asm entries=true
;;
;; p.0.plain:
;; function u0:0(i64 vmctx, i32, i64, f32, f64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: f32, v4: f64):
;;     jump block1(v1)
;;
;; block1(v5: i32):
;;     return v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rsi, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.same:
;; function u0:1(i64 vmctx, i32, i64, f32, f64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: f32, v4: f64):
;;     v6 = iconst.i32 1
;;     jump block1(v6)  ; v6 = 1
;;
;; block1(v5: i32):
;;     return v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movl $0x1, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.vector:
;; function u0:2(i64 vmctx, i8x16, i64) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i64):
;;     jump block1(v1)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.nine:
;; function u0:3(i64 vmctx, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64):
;;     trap user1
;;
;; block1(v2: i32, v3: i64, v4: f64, v5: i32, v6: i64, v7: f64, v8: i32, v9: i64, v10: f64):
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   ud2
;;
;; p.4.not_exported:
;; function u0:4(i64 vmctx, f64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.entry.0:
;; function u3:0(i64 vmctx, i64, i64) system_v {
;;     sig0 = (i64 vmctx, i32, i64, f32, f64) -> i32 tail
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v3 = load.i32 notrap aligned v2
;;     v4 = load.i64 notrap aligned v2+16
;;     v5 = load.f32 notrap aligned v2+32
;;     v6 = load.f64 notrap aligned v2+48
;;     v7 = call_indirect sig0, v1(v0, v3, v4, v5, v6)
;;     store notrap aligned v7, v2
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   subq $0x10, %rsp
;;   movq %r12, (%rsp)
;; block0:
;;   movq %rsi, %rax
;;   movl (%rdx), %esi
;;   movq 0x10(%rdx), %r8
;;   movss 0x20(%rdx), %xmm0
;;   movsd 0x30(%rdx), %xmm1
;;   movq %rdx, %r12
;;   movq %r8, %rdx
;;   call    *%rax
;;   movq %r12, %rdx
;;   movl %eax, (%rdx)
;;   movq (%rsp), %r12
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.entry.1:
;; function u3:1(i64 vmctx, i64, i64) system_v {
;;     sig0 = (i64 vmctx, i8x16, i64) -> i8x16 tail
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v3 = load.i8x16 notrap aligned v2
;;     v4 = load.i64 notrap aligned v2+16
;;     v5 = call_indirect sig0, v1(v0, v3, v4)
;;     store notrap aligned v5, v2
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   subq $0x10, %rsp
;;   movq %r12, (%rsp)
;; block0:
;;   movq %rsi, %r11
;;   movdqu (%rdx), %xmm0
;;   movq 0x10(%rdx), %rsi
;;   movq %rdx, %r12
;;   call    *%r11
;;   movq %r12, %rdx
;;   movdqu %xmm0, (%rdx)
;;   movq (%rsp), %r12
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.entry.2:
;; function u3:2(i64 vmctx, i64, i64) system_v {
;;     sig0 = (i64 vmctx, i64) tail
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     call_indirect sig0, v1(v0, v2)
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rsi, %r8
;;   movq %rdx, %rsi
;;   call    *%r8
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
