;;! emit=clif,asm
;;; Direct calls, colocated: a relative call, no GOT.
(module
  (func $callee (param i32 i64 f64) (result i64) (local.get 1))
  (func $caller (param i32) (result i64) (call $callee (local.get 0) (i64.const 2) (f64.const 3)))
  (func $many (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (local.get 9))
  (func $calls_many (param i32) (result i32)
    (call $many (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (i32.const 7)))
  (func $recursive (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (local.get 0) (call $recursive (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
)

;; == emit=clif,asm
;;
;; p.0.callee:
;; function u0:0(i64 vmctx, i32, i64, f64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: f64):
;;     jump block1(v2)
;;
;; block1(v4: i64):
;;     return v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rdx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.caller:
;; function u0:1(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i64, f64) -> i64 tail
;;     fn0 = colocated u0:0 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i64 2
;;     v4 = f64const 0x1.8000000000000p1
;;     v5 = call fn0(v0, v1, v3, v4)  ; v3 = 2, v4 = 0x1.8000000000000p1
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   movl $0x2, %edx
;;   movabsq $0x4008000000000000, %r8
;;   movq %r8, %xmm0
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.many:
;; function u0:2(i64 vmctx, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32, v3: i32, v4: i32, v5: i32, v6: i32, v7: i32, v8: i32, v9: i32, v10: i32):
;;     jump block1(v10)
;;
;; block1(v11: i32):
;;     return v11
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq <offset:0>+-0x10(%rbp), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq $0x30
;;
;; p.3.calls_many:
;; function u0:3(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32) -> i32 tail
;;     fn0 = colocated u0:2 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 7
;;     v4 = call fn0(v0, v1, v1, v1, v1, v1, v1, v1, v1, v1, v3)  ; v3 = 7
;;     jump block1(v4)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x40, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x30, %rsp
;; block0:
;;   movl $0x7, %r8d
;;   movl %esi, (%rsp)
;;   movl %esi, 8(%rsp)
;;   movl %esi, 0x10(%rsp)
;;   movl %esi, 0x18(%rsp)
;;   movl %r8d, 0x20(%rsp)
;;   movq %rsi, %r9
;;   movq %r9, %rcx
;;   movq %r9, %rdx
;;   movq %r9, %r8
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   addq $0x30, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.recursive:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     fn0 = colocated u0:4 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     brif v1, block2, block3
;;
;; block2:
;;     v4 = iconst.i32 1
;;     v5 = iconst.i32 -1
;;     v6 = iadd.i32 v1, v5  ; v5 = -1
;;     v7 = call fn0(v0, v6)
;;     v8 = iadd.i32 v1, v7
;;     jump block4(v8)
;;
;; block3:
;;     v9 = iconst.i32 0
;;     jump block4(v9)  ; v9 = 0
;;
;; block4(v3: i32):
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x20, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x10, %rsp
;;   movq %r12, (%rsp)
;; block0:
;;   testl %esi, %esi
;;   movq %rsi, %r12
;;   jnz     label2; j label1
;; block1:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   jmp     label3
;; block2:
;;   movq %r12, %rax
;;   leal -1(%rax), %esi
;;   call    User(userextname0)
;;   movq %r12, %rsi
;;   leal (%rsi, %rax), %eax
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movq (%rsp), %r12
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
