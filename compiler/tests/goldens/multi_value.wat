;;! emit=clif,asm
;;; Up to eight results are in registers; more go through an area that the caller gives, 16 bytes each.
(module
  (func $eight (result i32 i32 i32 i32 i32 i32 i32 i32)
    i32.const 1 i32.const 2 i32.const 3 i32.const 4 i32.const 5 i32.const 6 i32.const 7 i32.const 8)
  (func $nine (param i32 i64 f64) (result i32 i64 f64 i32 i64 f64 i32 i64 f64)
    (local.get 0) (local.get 1) (local.get 2) (local.get 0) (local.get 1) (local.get 2) (local.get 0) (local.get 1) (local.get 2))
  (func $caller (param i32) (result i32 i64 f64 i32 i64 f64 i32 i64 f64) (call $nine (local.get 0) (i64.const 1) (f64.const 2)))
  (func $tail (param i32) (result i32 i64 f64 i32 i64 f64 i32 i64 f64) (return_call $nine (local.get 0) (i64.const 1) (f64.const 2)))
  (func $uses (param i32) (result i64) (local f64)
    (call $nine (local.get 0) (i64.const 1) (f64.const 2))
    local.set 1 (local.set 0 (i32.wrap_i64)) drop
    local.set 1 drop drop local.set 1 (return))
)

;; == emit=clif,asm
;;
;; p.0.eight:
;; function u0:0(i64 vmctx) -> i32, i32, i32, i32, i32, i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v9 = iconst.i32 1
;;     v10 = iconst.i32 2
;;     v11 = iconst.i32 3
;;     v12 = iconst.i32 4
;;     v13 = iconst.i32 5
;;     v14 = iconst.i32 6
;;     v15 = iconst.i32 7
;;     v16 = iconst.i32 8
;;     jump block1(v9, v10, v11, v12, v13, v14, v15, v16)  ; v9 = 1, v10 = 2, v11 = 3, v12 = 4, v13 = 5, v14 = 6, v15 = 7, v16 = 8
;;
;; block1(v1: i32, v2: i32, v3: i32, v4: i32, v5: i32, v6: i32, v7: i32, v8: i32):
;;     return v1, v2, v3, v4, v5, v6, v7, v8
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movl $0x1, %eax
;;   movl $0x2, %ecx
;;   movl $0x3, %edx
;;   movl $0x4, %esi
;;   movl $0x5, %edi
;;   movl $0x6, %r8d
;;   movl $0x7, %r9d
;;   movl $0x8, %r10d
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.nine:
;; function u0:1(i64 vmctx, i32, i64, f64, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: f64, v4: i64):
;;     jump block1(v1, v2, v3, v1, v2, v3, v1, v2, v3)
;;
;; block1(v5: i32, v6: i64, v7: f64, v8: i32, v9: i64, v10: f64, v11: i32, v12: i64, v13: f64):
;;     store notrap aligned v5, v4
;;     store notrap aligned v6, v4+16
;;     store notrap aligned v7, v4+32
;;     store notrap aligned v8, v4+48
;;     store notrap aligned v9, v4+64
;;     store notrap aligned v10, v4+80
;;     store notrap aligned v11, v4+96
;;     store notrap aligned v12, v4+112
;;     store notrap aligned v13, v4+128
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movl %esi, (%rcx)
;;   movq %rdx, 0x10(%rcx)
;;   movsd %xmm0, 0x20(%rcx)
;;   movl %esi, 0x30(%rcx)
;;   movq %rdx, 0x40(%rcx)
;;   movsd %xmm0, 0x50(%rcx)
;;   movl %esi, 0x60(%rcx)
;;   movq %rdx, 0x70(%rcx)
;;   movsd %xmm0, 0x80(%rcx)
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.caller:
;; function u0:2(i64 vmctx, i32, i64) tail {
;;     ss0 = explicit_slot 144, align = 16
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i64, f64, i64) tail
;;     fn0 = colocated u0:1 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v12 = iconst.i64 1
;;     v13 = f64const 0x1.0000000000000p1
;;     v14 = stack_addr.i64 ss0
;;     call fn0(v0, v1, v12, v13, v14)  ; v12 = 1, v13 = 0x1.0000000000000p1
;;     v15 = load.i32 notrap aligned v14
;;     v16 = load.i64 notrap aligned v14+16
;;     v17 = load.f64 notrap aligned v14+32
;;     v18 = load.i32 notrap aligned v14+48
;;     v19 = load.i64 notrap aligned v14+64
;;     v20 = load.f64 notrap aligned v14+80
;;     v21 = load.i32 notrap aligned v14+96
;;     v22 = load.i64 notrap aligned v14+112
;;     v23 = load.f64 notrap aligned v14+128
;;     jump block1(v15, v16, v17, v18, v19, v20, v21, v22, v23)
;;
;; block1(v3: i32, v4: i64, v5: f64, v6: i32, v7: i64, v8: f64, v9: i32, v10: i64, v11: f64):
;;     store notrap aligned v3, v2
;;     store notrap aligned v4, v2+16
;;     store notrap aligned v5, v2+32
;;     store notrap aligned v6, v2+48
;;     store notrap aligned v7, v2+64
;;     store notrap aligned v8, v2+80
;;     store notrap aligned v9, v2+96
;;     store notrap aligned v10, v2+112
;;     store notrap aligned v11, v2+128
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0xb0, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0xa0, %rsp
;;   movq %rbx, 0x90(%rsp)
;; block0:
;;   movq %rdx, %rbx
;;   movl $0x1, %edx
;;   movabsq $0x4000000000000000, %rax
;;   movq %rax, %xmm0
;;   leaq <offset:1>+(%rsp), %rcx
;;   call    User(userextname0)
;;   movl <offset:1>+(%rsp), %eax
;;   movq <offset:1>+0x10(%rsp), %rcx
;;   movsd <offset:1>+0x20(%rsp), %xmm0
;;   movl <offset:1>+0x30(%rsp), %edx
;;   movq <offset:1>+0x40(%rsp), %rsi
;;   movsd <offset:1>+0x50(%rsp), %xmm1
;;   movl <offset:1>+0x60(%rsp), %edi
;;   movq <offset:1>+0x70(%rsp), %r8
;;   movsd <offset:1>+0x80(%rsp), %xmm2
;;   jmp     label1
;; block1:
;;   movq %rbx, %r9
;;   movl %eax, (%r9)
;;   movq %rcx, 0x10(%r9)
;;   movsd %xmm0, 0x20(%r9)
;;   movl %edx, 0x30(%r9)
;;   movq %rsi, 0x40(%r9)
;;   movsd %xmm1, 0x50(%r9)
;;   movl %edi, 0x60(%r9)
;;   movq %r8, 0x70(%r9)
;;   movsd %xmm2, 0x80(%r9)
;;   movq 0x90(%rsp), %rbx
;;   addq $0xa0, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.tail:
;; function u0:3(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i64, f64, i64) tail
;;     fn0 = colocated u0:1 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v12 = iconst.i64 1
;;     v13 = f64const 0x1.0000000000000p1
;;     return_call fn0(v0, v1, v12, v13, v2)  ; v12 = 1, v13 = 0x1.0000000000000p1
;;
;; block1(v3: i32, v4: i64, v5: f64, v6: i32, v7: i64, v8: f64, v9: i32, v10: i64, v11: f64):
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   movq %rdx, %rcx
;;   movl $0x1, %edx
;;   movabsq $0x4000000000000000, %r8
;;   movq %r8, %xmm0
;;   return_call_known User(userextname0) (0) tmp=%r11 %rdi=%rdi %rsi=%rsi %rdx=%rdx %xmm0=%xmm0 %rcx=%rcx
;;
;; p.4.uses:
;; function u0:4(i64 vmctx, i32) -> i64 tail {
;;     ss0 = explicit_slot 144, align = 16
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i64, f64, i64) tail
;;     fn0 = colocated u0:1 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v2 = f64const 0.0
;;     v4 = iconst.i64 1
;;     v5 = f64const 0x1.0000000000000p1
;;     v6 = stack_addr.i64 ss0
;;     call fn0(v0, v1, v4, v5, v6)  ; v4 = 1, v5 = 0x1.0000000000000p1
;;     v7 = load.i32 notrap aligned v6
;;     v8 = load.i64 notrap aligned v6+16
;;     v9 = load.f64 notrap aligned v6+32
;;     v10 = load.i32 notrap aligned v6+48
;;     v11 = load.i64 notrap aligned v6+64
;;     v12 = load.f64 notrap aligned v6+80
;;     v13 = load.i32 notrap aligned v6+96
;;     v14 = load.i64 notrap aligned v6+112
;;     v15 = load.f64 notrap aligned v6+128
;;     v16 = ireduce.i32 v14
;;     return v8
;;
;; block1(v3: i64):
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0xa0, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x90, %rsp
;; block0:
;;   movl $0x1, %edx
;;   movabsq $0x4000000000000000, %rax
;;   movq %rax, %xmm0
;;   leaq <offset:1>+(%rsp), %rcx
;;   call    User(userextname0)
;;   movl <offset:1>+(%rsp), %eax
;;   movq <offset:1>+0x10(%rsp), %rax
;;   movsd <offset:1>+0x20(%rsp), %xmm0
;;   movl <offset:1>+0x30(%rsp), %ecx
;;   movq <offset:1>+0x40(%rsp), %rcx
;;   movsd <offset:1>+0x50(%rsp), %xmm0
;;   movl <offset:1>+0x60(%rsp), %ecx
;;   movq <offset:1>+0x70(%rsp), %rcx
;;   movsd <offset:1>+0x80(%rsp), %xmm0
;;   addq $0x90, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
