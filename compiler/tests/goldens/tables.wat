;;! emit=clif,asm,calls
;;; Tables: reading is inline, writing is the shim's.
(module
  (table $f 4 funcref)
  (table $e 4 8 externref)
  (elem $passive func 0)
  (func $get (param i32) (result funcref externref) (table.get $f (local.get 0)) (table.get $e (local.get 0)))
  (func $set (param i32 funcref externref)
    (table.set $f (local.get 0) (local.get 1)) (table.set $e (local.get 0) (local.get 2)))
  (func $size (result i32 i32) (table.size $f) (table.size $e))
  (func $grow (param i32) (result i32) (table.grow $e (ref.null extern) (local.get 0)))
  (func $fill (param i32 externref i32) (table.fill $e (local.get 0) (local.get 1) (local.get 2)))
  (func $copy (param i32 i32 i32) (table.copy $f $f (local.get 0) (local.get 1) (local.get 2)))
  (func $init (param i32 i32 i32) (table.init $f $passive (local.get 0) (local.get 1) (local.get 2)))
  (func $drop (elem.drop $passive))
)

;; == emit=clif,asm,calls
;;
;; p.0.get:
;; function u0:0(i64 vmctx, i32) -> i64, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v4 = load.i64 notrap aligned region2 v0-272
;;     v5 = load.i64 notrap aligned region2 v0-264
;;     v6 = uextend.i64 v1
;;     v7 = icmp uge v6, v5
;;     trapnz v7, user3
;;     v8 = iconst.i64 4
;;     v9 = ishl v6, v8  ; v8 = 4
;;     v10 = iadd v4, v9
;;     v11 = uload32 notrap aligned region3 v10+12
;;     v12 = load.i64 notrap aligned region2 v0-288
;;     v13 = load.i64 notrap aligned region2 v0-280
;;     v14 = uextend.i64 v1
;;     v15 = icmp uge v14, v13
;;     trapnz v15, user3
;;     v16 = iconst.i64 4
;;     v17 = ishl v14, v16  ; v16 = 4
;;     v18 = iadd v12, v17
;;     v19 = load.i64 notrap aligned region3 v18
;;     jump block1(v11, v19)
;;
;; block1(v2: i64, v3: i64):
;;     return v2, v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x110(%rdi), %r9
;;   movl %esi, %r8d
;;   cmpq -0x108(%rdi), %r8
;;   jnb #trap=user3
;;   movq %r8, %r10
;;   shlq $0x4, %r10
;;   movl 0xc(%r9, %r10), %eax
;;   movq -0x120(%rdi), %r11
;;   cmpq -0x118(%rdi), %r8
;;   jnb #trap=user3
;;   movq (%r11, %r10), %rcx
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls
;;
;; p.1.set:
;; function u0:1(i64 vmctx, i32, i64, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i64) system_v
;;     fn0 = colocated u2:5 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: i64):
;;     v4 = iconst.i32 0
;;     call fn0(v0, v4, v1, v2)  ; v4 = 0
;;     v5 = iconst.i32 1
;;     call fn0(v0, v5, v1, v3)  ; v5 = 1
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x30, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x20, %rsp
;;   movq %r12, (%rsp)
;;   movq %r13, 8(%rsp)
;;   movq %r15, 0x10(%rsp)
;; block0:
;;   movq %rcx, %r12
;;   movq %rsi, %r13
;;   movq %rdi, %r15
;;   uninit  %rsi
;;   xorl %esi, %esi
;;   movq %rdx, %rcx
;;   movq %r13, %rdx
;;   call    User(userextname0)
;;   movl $0x1, %esi
;;   movq %r12, %rcx
;;   movq %r13, %rdx
;;   movq %r15, %rdi
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq (%rsp), %r12
;;   movq 8(%rsp), %r13
;;   movq 0x10(%rsp), %r15
;;   addq $0x20, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_table_set, nullvm_libcall_table_set
;;
;; p.2.size:
;; function u0:2(i64 vmctx) -> i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v3 = load.i64 notrap aligned region2 v0-272
;;     v4 = load.i64 notrap aligned region2 v0-264
;;     v5 = ireduce.i32 v4
;;     v6 = load.i64 notrap aligned region2 v0-288
;;     v7 = load.i64 notrap aligned region2 v0-280
;;     v8 = ireduce.i32 v7
;;     jump block1(v5, v8)
;;
;; block1(v1: i32, v2: i32):
;;     return v1, v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x110(%rdi), %rsi
;;   movq -0x108(%rdi), %rax
;;   movq -0x120(%rdi), %rsi
;;   movq -0x118(%rdi), %rcx
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls
;;
;; p.3.grow:
;; function u0:3(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i64) -> i32 system_v
;;     fn0 = colocated u2:6 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i64 0
;;     v4 = iconst.i32 1
;;     v5 = call fn0(v0, v4, v1, v3)  ; v4 = 1, v3 = 0
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
;;   movq %rsi, %rdx
;;   movl $0x1, %esi
;;   uninit  %rcx
;;   xorq %rcx, %rcx
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_table_grow
;;
;; p.4.fill:
;; function u0:4(i64 vmctx, i32, i64, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i64, i32) system_v
;;     fn0 = colocated u2:7 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: i32):
;;     v4 = iconst.i32 1
;;     call fn0(v0, v4, v1, v2, v3)  ; v4 = 1
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
;;   movq %rsi, %r9
;;   movl $0x1, %esi
;;   movq %rcx, %r8
;;   movq %rdx, %rcx
;;   movq %r9, %rdx
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_table_fill
;;
;; p.5.copy:
;; function u0:5(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i32, i32, i32) system_v
;;     fn0 = colocated u2:8 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = iconst.i32 0
;;     v5 = iconst.i32 0
;;     call fn0(v0, v4, v5, v1, v2, v3)  ; v4 = 0, v5 = 0
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
;;   movq %rdx, %r8
;;   uninit  %rdx
;;   xorl %edx, %edx
;;   movq %rcx, %r9
;;   movq %rsi, %rcx
;;   movq %rdx, %rsi
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_table_copy
;;
;; p.6.init:
;; function u0:6(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i32, i32, i32) system_v
;;     fn0 = colocated u2:9 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = iconst.i32 0
;;     v5 = iconst.i32 0
;;     call fn0(v0, v4, v5, v1, v2, v3)  ; v4 = 0, v5 = 0
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
;;   movq %rdx, %r8
;;   uninit  %rdx
;;   xorl %edx, %edx
;;   movq %rcx, %r9
;;   movq %rsi, %rcx
;;   movq %rdx, %rsi
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_table_init
;;
;; p.7.drop:
;; function u0:7(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:10 sig0
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
;; calls nullvm_libcall_elem_drop
