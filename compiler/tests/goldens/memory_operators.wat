;;! emit=clif,asm,calls
;;; Size is read from the context; everything else on whole memories is the shim's.
(module
  (memory 1 16)
  (data $passive "abc")
  (func $size (result i32) (memory.size))
  (func $grow (param i32) (result i32) (memory.grow (local.get 0)))
  (func $size_is_read_again (result i32) (memory.size) (drop (memory.grow (i32.const 1))) (i32.add (memory.size)))
  (func $copy (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func $fill (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func $init (param i32 i32 i32) (memory.init $passive (local.get 0) (local.get 1) (local.get 2)))
  (func $drop (data.drop $passive))
)

;; == emit=clif,asm,calls
;;
;; p.0.size:
;; function u0:0(i64 vmctx) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v2 = load.i64 notrap aligned region1 v0-16
;;     v3 = iconst.i64 16
;;     v4 = ushr v2, v3  ; v3 = 16
;;     v5 = ireduce.i32 v4
;;     jump block1(v5)
;;
;; block1(v1: i32):
;;     return v1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x10(%rdi), %rax
;;   jmp     label1
;; block1:
;;   shrq $0x10, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls
;;
;; p.1.grow:
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 system_v
;;     fn0 = colocated u2:0 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = call fn0(v0, v1)
;;     jump block1(v3)
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
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_memory_grow
;;
;; p.2.size_is_read_again:
;; function u0:2(i64 vmctx) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 system_v
;;     fn0 = colocated u2:0 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v2 = load.i64 notrap aligned region1 v0-16
;;     v3 = iconst.i64 16
;;     v4 = ushr v2, v3  ; v3 = 16
;;     v5 = ireduce.i32 v4
;;     v6 = iconst.i32 1
;;     v7 = call fn0(v0, v6)  ; v6 = 1
;;     v8 = load.i64 notrap aligned region1 v0-16
;;     v9 = iconst.i64 16
;;     v10 = ushr v8, v9  ; v9 = 16
;;     v11 = ireduce.i32 v10
;;     v12 = iadd v5, v11
;;     jump block1(v12)
;;
;; block1(v1: i32):
;;     return v1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x20, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x10, %rsp
;;   movq %r12, (%rsp)
;;   movq %r13, 8(%rsp)
;; block0:
;;   movq -0x10(%rdi), %r13
;;   movq %rdi, %r12
;;   movl $0x1, %esi
;;   call    User(userextname0)
;;   movq -0x10(%r12), %rsi
;;   jmp     label1
;; block1:
;;   shrq $0x10, %r13
;;   shrq $0x10, %rsi
;;   leal (%r13, %rsi), %eax
;;   movq (%rsp), %r12
;;   movq 8(%rsp), %r13
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_memory_grow
;;
;; p.3.copy:
;; function u0:3(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i32) system_v
;;     fn0 = colocated u2:1 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     call fn0(v0, v1, v2, v3)
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
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_memory_copy
;;
;; p.4.fill:
;; function u0:4(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i32) system_v
;;     fn0 = colocated u2:2 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     call fn0(v0, v1, v2, v3)
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
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_memory_fill
;;
;; p.5.init:
;; function u0:5(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i32, i32) system_v
;;     fn0 = colocated u2:3 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = iconst.i32 0
;;     call fn0(v0, v4, v1, v2, v3)  ; v4 = 0
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
;;   movq %rsi, %r10
;;   uninit  %rsi
;;   xorl %esi, %esi
;;   movq %rcx, %r8
;;   movq %rdx, %rcx
;;   movq %r10, %rdx
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_memory_init
;;
;; p.6.drop:
;; function u0:6(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:4 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v1 = iconst.i32 0
;;     call fn0(v0, v1)  ; v1 = 0
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
;;   uninit  %rsi
;;   xorl %esi, %esi
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_data_drop
