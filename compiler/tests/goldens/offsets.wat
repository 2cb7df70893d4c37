;;! emit=clif,asm
;;! emit=clif,asm bounds=explicit
;;; Static offsets at the edges: none may become a negative displacement.
(module
  (memory 1)
  (func $o0 (param i32) (result i32) (i32.load offset=0x0 (local.get 0)))
  (func $o3fffffff (param i32) (result i32) (i32.load offset=0x3fffffff (local.get 0)))
  (func $o40000000 (param i32) (result i32) (i32.load offset=0x40000000 (local.get 0)))
  (func $o7fffffff (param i32) (result i32) (i32.load offset=0x7fffffff (local.get 0)))
  (func $o80000000 (param i32) (result i32) (i32.load offset=0x80000000 (local.get 0)))
  (func $offffffff (param i32) (result i32) (i32.load offset=0xffffffff (local.get 0)))
  (func $constant_index (result i32 i32 i32)
    (i32.load offset=0x3fffffff (i32.const 0x7fffffff))
    (i32.load offset=0x80000000 (i32.const 0x80000000))
    (i32.load offset=0xffffffff (i32.const 0xffffffff)))
  (func $sum_wraps (param i32) (result i32) (i32.load offset=4 (i32.add (local.get 0) (i32.const -8))))
)

;; == emit=clif,asm
;;
;; p.0.o0:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i32 user2 little region0 v4
;;     jump block1(v5)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl (%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.o3fffffff:
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i32 user2 little region0 v4+0x3fff_ffff
;;     jump block1(v5)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl 0x3fffffff(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.o40000000:
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iconst.i64 0x4000_0000
;;     v5 = iadd v3, v4  ; v4 = 0x4000_0000
;;     v6 = iadd v0, v5
;;     v7 = load.i32 user2 little region0 v6
;;     jump block1(v7)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl 0x40000000(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.o7fffffff:
;; function u0:3(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iconst.i64 0x7fff_ffff
;;     v5 = iadd v3, v4  ; v4 = 0x7fff_ffff
;;     v6 = iadd v0, v5
;;     v7 = load.i32 user2 little region0 v6
;;     jump block1(v7)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl 0x7fffffff(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.o80000000:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iconst.i64 0x8000_0000
;;     v5 = iadd v3, v4  ; v4 = 0x8000_0000
;;     v6 = iadd v0, v5
;;     v7 = load.i32 user2 little region0 v6
;;     jump block1(v7)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl $0x80000000, %r8d
;;   leaq (%rsi, %r8), %rsi
;;   movl (%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.offffffff:
;; function u0:5(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iconst.i64 0xffff_ffff
;;     v5 = iadd v3, v4  ; v4 = 0xffff_ffff
;;     v6 = iadd v0, v5
;;     v7 = load.i32 user2 little region0 v6
;;     jump block1(v7)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl $0xffffffff, %r8d
;;   leaq (%rsi, %r8), %rsi
;;   movl (%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.constant_index:
;; function u0:6(i64 vmctx) -> i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v4 = iconst.i32 0x7fff_ffff
;;     v5 = uextend.i64 v4  ; v4 = 0x7fff_ffff
;;     v6 = iadd v0, v5
;;     v7 = load.i32 user2 little region0 v6+0x3fff_ffff
;;     v8 = iconst.i32 -2147483648
;;     v9 = uextend.i64 v8  ; v8 = -2147483648
;;     v10 = iconst.i64 0x8000_0000
;;     v11 = iadd v9, v10  ; v10 = 0x8000_0000
;;     v12 = iadd v0, v11
;;     v13 = load.i32 user2 little region0 v12
;;     v14 = iconst.i32 -1
;;     v15 = uextend.i64 v14  ; v14 = -1
;;     v16 = iconst.i64 0xffff_ffff
;;     v17 = iadd v15, v16  ; v16 = 0xffff_ffff
;;     v18 = iadd v0, v17
;;     v19 = load.i32 user2 little region0 v18
;;     jump block1(v7, v13, v19)
;;
;; block1(v1: i32, v2: i32, v3: i32):
;;     return v1, v2, v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl $0x7fffffff, %r8d
;;   movl 0x3fffffff(%rdi, %r8), %eax
;;   movabsq $0x100000000, %r8
;;   movl (%rdi, %r8), %ecx
;;   movabsq $0x1fffffffe, %r8
;;   movl (%rdi, %r8), %edx
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.sum_wraps:
;; function u0:7(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 -8
;;     v4 = iadd v1, v3  ; v3 = -8
;;     v5 = uextend.i64 v4
;;     v6 = iadd v0, v5
;;     v7 = load.i32 user2 little region0 v6+4
;;     jump block1(v7)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   leal -8(%rsi), %esi
;;   movl 4(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif,asm bounds=explicit
;;
;; p.0.o0:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 4
;;     v6 = iadd v3, v5  ; v5 = 4
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i32 notrap little region0 v8
;;     jump block1(v9)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   leaq 4(%rsi), %r8
;;   cmpq -0x10(%rdi), %r8
;;   jnbe #trap=user2
;;   movl (%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.o3fffffff:
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 0x4000_0003
;;     v6 = iadd v3, v5  ; v5 = 0x4000_0003
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i32 notrap little region0 v8+0x3fff_ffff
;;     jump block1(v9)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   leaq 0x40000003(%rsi), %r8
;;   cmpq -0x10(%rdi), %r8
;;   jnbe #trap=user2
;;   movl 0x3fffffff(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.o40000000:
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 0x4000_0004
;;     v6 = iadd v3, v5  ; v5 = 0x4000_0004
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iconst.i64 0x4000_0000
;;     v9 = iadd v3, v8  ; v8 = 0x4000_0000
;;     v10 = iadd v0, v9
;;     v11 = load.i32 notrap little region0 v10
;;     jump block1(v11)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   leaq 0x40000004(%rsi), %r8
;;   cmpq -0x10(%rdi), %r8
;;   jnbe #trap=user2
;;   movl 0x40000000(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.o7fffffff:
;; function u0:3(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 0x8000_0003
;;     v6 = iadd v3, v5  ; v5 = 0x8000_0003
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iconst.i64 0x7fff_ffff
;;     v9 = iadd v3, v8  ; v8 = 0x7fff_ffff
;;     v10 = iadd v0, v9
;;     v11 = load.i32 notrap little region0 v10
;;     jump block1(v11)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl $0x80000003, %r8d
;;   leaq (%rsi, %r8), %r8
;;   cmpq -0x10(%rdi), %r8
;;   jnbe #trap=user2
;;   movl 0x7fffffff(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.o80000000:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 0x8000_0004
;;     v6 = iadd v3, v5  ; v5 = 0x8000_0004
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iconst.i64 0x8000_0000
;;     v9 = iadd v3, v8  ; v8 = 0x8000_0000
;;     v10 = iadd v0, v9
;;     v11 = load.i32 notrap little region0 v10
;;     jump block1(v11)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %r8d
;;   movl $0x80000004, %r9d
;;   leaq (%r8, %r9), %r9
;;   cmpq -0x10(%rdi), %r9
;;   jnbe #trap=user2
;;   movl $0x80000000, %r10d
;;   leaq (%r8, %r10), %r10
;;   movl (%rdi, %r10), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.offffffff:
;; function u0:5(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 0x0001_0000_0003
;;     v6 = iadd v3, v5  ; v5 = 0x0001_0000_0003
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iconst.i64 0xffff_ffff
;;     v9 = iadd v3, v8  ; v8 = 0xffff_ffff
;;     v10 = iadd v0, v9
;;     v11 = load.i32 notrap little region0 v10
;;     jump block1(v11)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %r8d
;;   movabsq $0x100000003, %r9
;;   leaq (%r8, %r9), %r9
;;   cmpq -0x10(%rdi), %r9
;;   jnbe #trap=user2
;;   movl $0xffffffff, %r10d
;;   leaq (%r8, %r10), %r10
;;   movl (%rdi, %r10), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.constant_index:
;; function u0:6(i64 vmctx) -> i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v4 = iconst.i32 0x7fff_ffff
;;     v5 = uextend.i64 v4  ; v4 = 0x7fff_ffff
;;     v6 = load.i64 notrap aligned region1 v0-16
;;     v7 = iconst.i64 0x4000_0003
;;     v8 = iadd v5, v7  ; v7 = 0x4000_0003
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, user2
;;     v10 = iadd v0, v5
;;     v11 = load.i32 notrap little region0 v10+0x3fff_ffff
;;     v12 = iconst.i32 -2147483648
;;     v13 = uextend.i64 v12  ; v12 = -2147483648
;;     v14 = load.i64 notrap aligned region1 v0-16
;;     v15 = iconst.i64 0x8000_0004
;;     v16 = iadd v13, v15  ; v15 = 0x8000_0004
;;     v17 = icmp ugt v16, v14
;;     trapnz v17, user2
;;     v18 = iconst.i64 0x8000_0000
;;     v19 = iadd v13, v18  ; v18 = 0x8000_0000
;;     v20 = iadd v0, v19
;;     v21 = load.i32 notrap little region0 v20
;;     v22 = iconst.i32 -1
;;     v23 = uextend.i64 v22  ; v22 = -1
;;     v24 = load.i64 notrap aligned region1 v0-16
;;     v25 = iconst.i64 0x0001_0000_0003
;;     v26 = iadd v23, v25  ; v25 = 0x0001_0000_0003
;;     v27 = icmp ugt v26, v24
;;     trapnz v27, user2
;;     v28 = iconst.i64 0xffff_ffff
;;     v29 = iadd v23, v28  ; v28 = 0xffff_ffff
;;     v30 = iadd v0, v29
;;     v31 = load.i32 notrap little region0 v30
;;     jump block1(v11, v21, v31)
;;
;; block1(v1: i32, v2: i32, v3: i32):
;;     return v1, v2, v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x10(%rdi), %r8
;;   cmpq (%rip), %r8
;;   jb #trap=user2
;;   movl $0x7fffffff, %r10d
;;   movl 0x3fffffff(%rdi, %r10), %eax
;;   cmpq (%rip), %r8
;;   jb #trap=user2
;;   movabsq $0x100000000, %rcx
;;   movl (%rdi, %rcx), %ecx
;;   cmpq (%rip), %r8
;;   jb #trap=user2
;;   movabsq $0x1fffffffe, %rdx
;;   movl (%rdi, %rdx), %edx
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.sum_wraps:
;; function u0:7(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 -8
;;     v4 = iadd v1, v3  ; v3 = -8
;;     v5 = uextend.i64 v4
;;     v6 = load.i64 notrap aligned region1 v0-16
;;     v7 = iconst.i64 8
;;     v8 = iadd v5, v7  ; v7 = 8
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, user2
;;     v10 = iadd v0, v5
;;     v11 = load.i32 notrap little region0 v10+4
;;     jump block1(v11)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   leal -8(%rsi), %esi
;;   leaq 8(%rsi), %r8
;;   cmpq -0x10(%rdi), %r8
;;   jnbe #trap=user2
;;   movl 4(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
