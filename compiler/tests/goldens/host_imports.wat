;;! emit=clif,asm,calls checks=true
;;! emit=clif,calls checks=true traps=call
;;; Host functions are called directly, by the shim's symbols, with the context first.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (call $log (i32.const 2) (i32.const 16) (local.get 0)))
  (func $time (result i32) (call $clock (i32.const 0) (i64.const 1) (i32.const 8)))
  (func $stop (call $exit (i32.const 1)))
)

;; == emit=clif,asm,calls checks=true
;;
;; p.3.proxy_abi_version_0_2_1:
;; function u0:3(i64 vmctx) tail {
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
;; p.4.malloc:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i32) -> i32 system_v
;;     fn0 = colocated u1:0 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 2
;;     v4 = iconst.i32 16
;;     v5 = iconst.i32 0
;;     v6 = call fn0(v0, v3, v4, v1)  ; v3 = 2, v4 = 16
;;     jump block1(v6)
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
;;   movq %rsi, %rcx
;;   movl $0x2, %esi
;;   movl $0x10, %edx
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_proxy_log
;;
;; p.5.time:
;; function u0:5(i64 vmctx) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i64, i32) -> i32 system_v
;;     fn0 = colocated u1:53 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v2 = iconst.i32 0
;;     v3 = iconst.i64 1
;;     v4 = iconst.i32 8
;;     v5 = iconst.i32 1
;;     v6 = call fn0(v0, v2, v3, v4)  ; v2 = 0, v3 = 1, v4 = 8
;;     jump block1(v6)
;;
;; block1(v1: i32):
;;     return v1
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
;;   movl $0x1, %edx
;;   movl $0x8, %ecx
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_wasi_clock_time_get
;;
;; p.6.stop:
;; function u0:6(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u1:56 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v1 = iconst.i32 1
;;     v2 = iconst.i32 2
;;     call fn0(v0, v1)  ; v1 = 1
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   movl $0x1, %esi
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_wasi_proc_exit

;; == emit=clif,calls checks=true traps=call
;;
;; p.3.proxy_abi_version_0_2_1:
;; function u0:3(i64 vmctx) tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64):
;;     v1 = load.i64 notrap aligned region1 v0-24
;;     v2 = get_stack_pointer.i64
;;     v3 = icmp ult v2, v1
;;     brif v3, block1, block2
;;
;; block1 cold:
;;     v4 = iconst.i32 9
;;     call fn0(v0, v4)  ; v4 = 9
;;     trap user9
;;
;; block2:
;;     jump block3
;;
;; block3:
;;     return
;; }
;; calls nullvm_libcall_trap
;;
;; p.4.malloc:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     sig1 = (i64 vmctx, i32, i32, i32) -> i32 system_v
;;     fn0 = colocated u2:11 sig0
;;     fn1 = colocated u1:0 sig1
;;
;; block0(v0: i64, v1: i32):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = iconst.i32 2
;;     v8 = iconst.i32 16
;;     v9 = iconst.i32 0
;;     v10 = call fn1(v0, v7, v8, v1)  ; v7 = 2, v8 = 16
;;     jump block3(v10)
;;
;; block3(v6: i32):
;;     return v6
;; }
;; calls nullvm_proxy_log, nullvm_libcall_trap
;;
;; p.5.time:
;; function u0:5(i64 vmctx) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     sig1 = (i64 vmctx, i32, i64, i32) -> i32 system_v
;;     fn0 = colocated u2:11 sig0
;;     fn1 = colocated u1:53 sig1
;;
;; block0(v0: i64):
;;     v1 = load.i64 notrap aligned region1 v0-24
;;     v2 = get_stack_pointer.i64
;;     v3 = icmp ult v2, v1
;;     brif v3, block1, block2
;;
;; block1 cold:
;;     v4 = iconst.i32 9
;;     call fn0(v0, v4)  ; v4 = 9
;;     trap user9
;;
;; block2:
;;     v6 = iconst.i32 0
;;     v7 = iconst.i64 1
;;     v8 = iconst.i32 8
;;     v9 = iconst.i32 1
;;     v10 = call fn1(v0, v6, v7, v8)  ; v6 = 0, v7 = 1, v8 = 8
;;     jump block3(v10)
;;
;; block3(v5: i32):
;;     return v5
;; }
;; calls nullvm_wasi_clock_time_get, nullvm_libcall_trap
;;
;; p.6.stop:
;; function u0:6(i64 vmctx) tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     sig1 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;     fn1 = colocated u1:56 sig1
;;
;; block0(v0: i64):
;;     v1 = load.i64 notrap aligned region1 v0-24
;;     v2 = get_stack_pointer.i64
;;     v3 = icmp ult v2, v1
;;     brif v3, block1, block2
;;
;; block1 cold:
;;     v4 = iconst.i32 9
;;     call fn0(v0, v4)  ; v4 = 9
;;     trap user9
;;
;; block2:
;;     v5 = iconst.i32 1
;;     v6 = iconst.i32 2
;;     call fn1(v0, v5)  ; v5 = 1
;;     jump block3
;;
;; block3:
;;     return
;; }
;; calls nullvm_wasi_proc_exit, nullvm_libcall_trap
