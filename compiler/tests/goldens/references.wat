;;! emit=clif,asm
;;; A function reference is the function's index plus 1; no address reaches the guest.
(module
  (elem declare func $f)
  (func $f (result funcref) (ref.func $f))
  (func $null (result funcref externref) (ref.null func) (ref.null extern))
  (func $is_null (param funcref externref) (result i32 i32) (ref.is_null (local.get 0)) (ref.is_null (local.get 1)))
)

;; == emit=clif,asm
;;
;; p.0.f:
;; function u0:0(i64 vmctx) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v2 = iconst.i64 1
;;     jump block1(v2)  ; v2 = 1
;;
;; block1(v1: i64):
;;     return v1
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
;; p.1.null:
;; function u0:1(i64 vmctx) -> i64, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v3 = iconst.i64 0
;;     v4 = iconst.i64 0
;;     jump block1(v3, v4)  ; v3 = 0, v4 = 0
;;
;; block1(v1: i64, v2: i64):
;;     return v1, v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %rcx
;;   xorq %rcx, %rcx
;;   movq %rcx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.is_null:
;; function u0:2(i64 vmctx, i64, i64) -> i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v5 = iconst.i64 0
;;     v6 = icmp eq v1, v5  ; v5 = 0
;;     v7 = uextend.i32 v6
;;     v8 = iconst.i64 0
;;     v9 = icmp eq v2, v8  ; v8 = 0
;;     v10 = uextend.i32 v9
;;     jump block1(v7, v10)
;;
;; block1(v3: i32, v4: i32):
;;     return v3, v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   testq %rsi, %rsi
;;   sete %r8b
;;   movzbl %r8b, %eax
;;   testq %rdx, %rdx
;;   sete %r9b
;;   movzbl %r9b, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
