;;! emit=clif,asm
;;! emit=clif,calls checks=true
;;; A tail call of an import is a call and a return.
(module
  (import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (return_call $time (local.get 0)))
)

;; == emit=clif,asm
;;
;; p.1.proxy_abi_version_0_2_1:
;; function u0:1(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
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
;; p.2.malloc:
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     ss0 = explicit_slot 16, align = 16
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i64) system_v
;;     fn0 = colocated u2:13 sig0
;;     const0 = 0x00000000000000000000000000000000
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = stack_addr.i64 ss0
;;     v5 = vconst.i8x16 const0
;;     store notrap aligned v5, v4  ; v5 = const0
;;     store notrap aligned v1, v4
;;     call fn0(v0, v3, v4)  ; v3 = 0
;;     v6 = load.i32 notrap aligned v4
;;     return v6
;;
;; block1(v2: i32):
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x20, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x10, %rsp
;; block0:
;;   uninit  %xmm0
;;   pxor %xmm0, %xmm0
;;   leaq <offset:1>+(%rsp), %rdx
;;   movdqu %xmm0, <offset:1>+(%rsp)
;;   movl %esi, <offset:1>+(%rsp)
;;   uninit  %rsi
;;   xorl %esi, %esi
;;   call    User(userextname0)
;;   movl <offset:1>+(%rsp), %eax
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif,calls checks=true
;;
;; p.1.proxy_abi_version_0_2_1:
;; function u0:1(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     jump block1
;;
;; block1:
;;     return
;; }
;; calls
;;
;; p.2.malloc:
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 system_v
;;     fn0 = colocated u1:3 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = call fn0(v0, v1)
;;     return v4
;;
;; block1(v2: i32):
;;     trap user1
;; }
;; calls nullvm_proxy_get_current_time_nanoseconds
