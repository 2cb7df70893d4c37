;;! emit=clif,asm,calls checks=true stub=true
;;; An import that no host has traps with its own name.
(module
  (import "env" "no_such_function" (func $unknown (param i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.wrap_i64 (call $unknown (local.get 0))))
)

;; == emit=clif,asm,calls checks=true stub=true
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
;; calls
;;
;; p.2.malloc:
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:12 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     call fn0(v0, v3)  ; v3 = 0
;;     v4 = iconst.i64 0
;;     v5 = ireduce.i32 v4  ; v4 = 0
;;     jump block1(v5)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   uninit  %rsi
;;   xorl %esi, %esi
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_stub_import
