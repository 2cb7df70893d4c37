;;! emit=clif,asm
;;; Tail calls, with more arguments than the caller has, and through a table.
(module
  (type $t (func (param i32) (result i32)))
  (table 4 funcref)
  (func $even (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
  (func $odd (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
  (func $many (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (local.get 7))
  (func $more_arguments (param i64) (result i64)
    (return_call $many (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (i64.const 1)))
  (func $indirect (param i32) (result i32) (return_call_indirect (type $t) (local.get 0) (local.get 0)))
)

;; == emit=clif,asm
;;
;; p.0.even:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     fn0 = colocated u0:1 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = icmp eq v1, v3  ; v3 = 0
;;     v5 = uextend.i32 v4
;;     brif v5, block2, block3
;;
;; block2:
;;     v7 = iconst.i32 1
;;     jump block4(v7)  ; v7 = 1
;;
;; block3:
;;     v8 = iconst.i32 1
;;     v9 = iconst.i32 -1
;;     v10 = iadd.i32 v1, v9  ; v9 = -1
;;     return_call fn0(v0, v10)
;;
;; block4(v6: i32):
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
;;   testl %esi, %esi
;;   jz      label2; j label1
;; block1:
;;   leal -1(%rsi), %esi
;;   return_call_known User(userextname0) (0) tmp=%r11 %rdi=%rdi %rsi=%rsi
;; block2:
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movl $0x1, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.odd:
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     fn0 = colocated u0:0 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = icmp eq v1, v3  ; v3 = 0
;;     v5 = uextend.i32 v4
;;     brif v5, block2, block3
;;
;; block2:
;;     v7 = iconst.i32 0
;;     jump block4(v7)  ; v7 = 0
;;
;; block3:
;;     v8 = iconst.i32 1
;;     v9 = iconst.i32 -1
;;     v10 = iadd.i32 v1, v9  ; v9 = -1
;;     return_call fn0(v0, v10)
;;
;; block4(v6: i32):
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
;;   testl %esi, %esi
;;   jz      label2; j label1
;; block1:
;;   leal -1(%rsi), %esi
;;   return_call_known User(userextname0) (0) tmp=%r11 %rdi=%rdi %rsi=%rsi
;; block2:
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.many:
;; function u0:2(i64 vmctx, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64):
;;     jump block1(v8)
;;
;; block1(v9: i64):
;;     return v9
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq <offset:0>+-0x10(%rbp), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq $0x20
;;
;; p.3.more_arguments:
;; function u0:3(i64 vmctx, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail
;;     fn0 = colocated u0:2 sig0
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64):
;;     v3 = iconst.i64 1
;;     return_call fn0(v0, v1, v1, v1, v1, v1, v1, v1, v3)  ; v3 = 1
;;
;; block1(v2: i64):
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x30, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x20, %rsp
;;   movq %rsp, %rbp
;;   movq 0x20(%rsp), %r11
;;   movq %r11, (%rsp)
;;   movq 0x28(%rsp), %r11
;;   movq %r11, 8(%rsp)
;; block0:
;;   movl $0x1, %r8d
;;   movq %rsi, <offset:0>+-0x20(%rbp)
;;   movq %rsi, <offset:0>+-0x18(%rbp)
;;   movq %r8, <offset:0>+-0x10(%rbp)
;;   movq %rsi, %r9
;;   movq %r9, %rcx
;;   movq %r9, %rdx
;;   movq %r9, %r8
;;   return_call_known User(userextname0) (32) tmp=%r11 %rdi=%rdi %rsi=%rsi %rdx=%rdx %rcx=%rcx %r8=%r8 %r9=%r9
;;
;; p.4.indirect:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = load.i64 notrap aligned region2 v0-272
;;     v4 = load.i64 notrap aligned region2 v0-264
;;     v5 = uextend.i64 v1
;;     v6 = icmp uge v5, v4
;;     trapnz v6, user3
;;     v7 = iconst.i64 4
;;     v8 = ishl v5, v7  ; v7 = 4
;;     v9 = iadd v3, v8
;;     v10 = load.i32 notrap aligned region3 v9+8
;;     v11 = iconst.i32 1
;;     v12 = icmp ne v10, v11  ; v11 = 1
;;     brif v12, block2, block3
;;
;; block2 cold:
;;     v13 = iconst.i32 0
;;     v14 = icmp.i32 eq v10, v13  ; v13 = 0
;;     trapnz v14, user4
;;     trap user5
;;
;; block3:
;;     v15 = load.i64 notrap aligned region3 v9
;;     return_call_indirect sig0, v15(v0, v1)
;;
;; block1(v2: i32):
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   movq -0x110(%rdi), %r8
;;   movl %esi, %r9d
;;   cmpq -0x108(%rdi), %r9
;;   jnb #trap=user3
;;   shlq $0x4, %r9
;;   movl 8(%r8, %r9), %r10d
;;   cmpl $0x1, %r10d
;;   jnz     label2; j label1
;; block1:
;;   movq (%r8, %r9), %r10
;;   return_call_unknown %r10 (0) tmp=%r11 %rdi=%rdi %rsi=%rsi
;; block2:
;;   testl %r10d, %r10d
;;   jz #trap=user4
;;   ud2
