;;! emit=clif,asm,calls checks=true
;;; An import in a table has an adapter with the convention of Wasm functions.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (type $t (func (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $log)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32)
    (call_indirect (type $t) (local.get 0) (local.get 0) (local.get 0) (i32.const 0)))
)

;; == emit=clif,asm,calls checks=true
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
;;     sig0 = (i64 vmctx, i32, i32, i32) -> i32 tail
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = load.i64 notrap aligned region2 v0-272
;;     v5 = load.i64 notrap aligned region2 v0-264
;;     v6 = uextend.i64 v3  ; v3 = 0
;;     v7 = icmp uge v6, v5
;;     trapnz v7, user3
;;     v8 = iconst.i64 4
;;     v9 = ishl v6, v8  ; v8 = 4
;;     v10 = iadd v4, v9
;;     v11 = load.i32 notrap aligned region3 v10+8
;;     v12 = iconst.i32 1
;;     v13 = icmp ne v11, v12  ; v12 = 1
;;     brif v13, block2, block3
;;
;; block2 cold:
;;     v14 = iconst.i32 0
;;     v15 = icmp.i32 eq v11, v14  ; v14 = 0
;;     trapnz v15, user4
;;     trap user5
;;
;; block3:
;;     v16 = load.i64 notrap aligned region3 v10
;;     v17 = call_indirect sig0, v16(v0, v1, v1, v1)
;;     jump block1(v17)
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
;;   movq -0x110(%rdi), %r8
;;   movq -0x108(%rdi), %r9
;;   testq %r9, %r9
;;   jz #trap=user3
;;   movl 8(%r8), %r9d
;;   cmpl $0x1, %r9d
;;   jnz     label3; j label1
;; block1:
;;   movq (%r8), %r11
;;   movq %rsi, %rcx
;;   movq %rcx, %rdx
;;   call    *%r11
;;   jmp     label2
;; block2:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block3:
;;   testl %r9d, %r9d
;;   jz #trap=user4
;;   ud2
;; calls
;;
;; p.0.log:
;; function u0:0(i64 vmctx, i32, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i32) -> i32 system_v
;;     fn0 = colocated u1:0 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = iconst.i32 0
;;     v5 = call fn0(v0, v1, v2, v3)
;;     return v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   call    User(userextname0)
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_proxy_log
