;;! emit=clif,asm
;;; Comparisons give an i32; a branch on one needs none.
(module
  (func $i32_0 (param i32 i32) (result i32 i32 i32 i32 i32 i32 i32 i32)
    (i32.eq (local.get 0) (local.get 1))
    (i32.ne (local.get 0) (local.get 1))
    (i32.lt_s (local.get 0) (local.get 1))
    (i32.lt_u (local.get 0) (local.get 1))
    (i32.gt_s (local.get 0) (local.get 1))
    (i32.gt_u (local.get 0) (local.get 1))
    (i32.le_s (local.get 0) (local.get 1))
    (i32.le_u (local.get 0) (local.get 1)))
  (func $i32_1 (param i32 i32) (result i32 i32)
    (i32.ge_s (local.get 0) (local.get 1))
    (i32.ge_u (local.get 0) (local.get 1)))
  (func $i64_0 (param i64 i64) (result i32 i32 i32 i32 i32 i32 i32 i32)
    (i64.eq (local.get 0) (local.get 1))
    (i64.ne (local.get 0) (local.get 1))
    (i64.lt_s (local.get 0) (local.get 1))
    (i64.lt_u (local.get 0) (local.get 1))
    (i64.gt_s (local.get 0) (local.get 1))
    (i64.gt_u (local.get 0) (local.get 1))
    (i64.le_s (local.get 0) (local.get 1))
    (i64.le_u (local.get 0) (local.get 1)))
  (func $i64_1 (param i64 i64) (result i32 i32)
    (i64.ge_s (local.get 0) (local.get 1))
    (i64.ge_u (local.get 0) (local.get 1)))
  (func $f32_0 (param f32 f32) (result i32 i32 i32 i32 i32 i32)
    (f32.eq (local.get 0) (local.get 1))
    (f32.ne (local.get 0) (local.get 1))
    (f32.lt (local.get 0) (local.get 1))
    (f32.gt (local.get 0) (local.get 1))
    (f32.le (local.get 0) (local.get 1))
    (f32.ge (local.get 0) (local.get 1)))
  (func $f64_0 (param f64 f64) (result i32 i32 i32 i32 i32 i32)
    (f64.eq (local.get 0) (local.get 1))
    (f64.ne (local.get 0) (local.get 1))
    (f64.lt (local.get 0) (local.get 1))
    (f64.gt (local.get 0) (local.get 1))
    (f64.le (local.get 0) (local.get 1))
    (f64.ge (local.get 0) (local.get 1)))
  (func $eqz (param i32 i64) (result i32 i32) (i32.eqz (local.get 0)) (i64.eqz (local.get 1)))
  (func $branch (param i32 i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (local.get 1)) (then (i32.const 7)) (else (i32.const 9))))
)

;; == emit=clif,asm
;;
;; p.0.i32_0:
;; function u0:0(i64 vmctx, i32, i32) -> i32, i32, i32, i32, i32, i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v11 = icmp eq v1, v2
;;     v12 = uextend.i32 v11
;;     v13 = icmp ne v1, v2
;;     v14 = uextend.i32 v13
;;     v15 = icmp slt v1, v2
;;     v16 = uextend.i32 v15
;;     v17 = icmp ult v1, v2
;;     v18 = uextend.i32 v17
;;     v19 = icmp sgt v1, v2
;;     v20 = uextend.i32 v19
;;     v21 = icmp ugt v1, v2
;;     v22 = uextend.i32 v21
;;     v23 = icmp sle v1, v2
;;     v24 = uextend.i32 v23
;;     v25 = icmp ule v1, v2
;;     v26 = uextend.i32 v25
;;     jump block1(v12, v14, v16, v18, v20, v22, v24, v26)
;;
;; block1(v3: i32, v4: i32, v5: i32, v6: i32, v7: i32, v8: i32, v9: i32, v10: i32):
;;     return v3, v4, v5, v6, v7, v8, v9, v10
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x10, %rsp
;;   movq %rbx, (%rsp)
;; block0:
;;   jmp     label1
;; block1:
;;   cmpl %edx, %esi
;;   sete %al
;;   movzbl %al, %eax
;;   cmpl %edx, %esi
;;   setne %cl
;;   movzbl %cl, %ecx
;;   cmpl %edx, %esi
;;   setl %dil
;;   movzbl %dil, %r11d
;;   cmpl %edx, %esi
;;   setb %dil
;;   movzbl %dil, %ebx
;;   cmpl %edx, %esi
;;   setg %dil
;;   movzbl %dil, %edi
;;   cmpl %edx, %esi
;;   seta %r8b
;;   movzbl %r8b, %r8d
;;   cmpl %edx, %esi
;;   setle %r9b
;;   movzbl %r9b, %r9d
;;   cmpl %edx, %esi
;;   setbe %dl
;;   movzbl %dl, %r10d
;;   movq %r11, %rdx
;;   movq %rbx, %rsi
;;   movq (%rsp), %rbx
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i32_1:
;; function u0:1(i64 vmctx, i32, i32) -> i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v5 = icmp sge v1, v2
;;     v6 = uextend.i32 v5
;;     v7 = icmp uge v1, v2
;;     v8 = uextend.i32 v7
;;     jump block1(v6, v8)
;;
;; block1(v3: i32, v4: i32):
;;     return v3, v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cmpl %edx, %esi
;;   setge %r8b
;;   movzbl %r8b, %eax
;;   cmpl %edx, %esi
;;   setae %r9b
;;   movzbl %r9b, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i64_0:
;; function u0:2(i64 vmctx, i64, i64) -> i32, i32, i32, i32, i32, i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v11 = icmp eq v1, v2
;;     v12 = uextend.i32 v11
;;     v13 = icmp ne v1, v2
;;     v14 = uextend.i32 v13
;;     v15 = icmp slt v1, v2
;;     v16 = uextend.i32 v15
;;     v17 = icmp ult v1, v2
;;     v18 = uextend.i32 v17
;;     v19 = icmp sgt v1, v2
;;     v20 = uextend.i32 v19
;;     v21 = icmp ugt v1, v2
;;     v22 = uextend.i32 v21
;;     v23 = icmp sle v1, v2
;;     v24 = uextend.i32 v23
;;     v25 = icmp ule v1, v2
;;     v26 = uextend.i32 v25
;;     jump block1(v12, v14, v16, v18, v20, v22, v24, v26)
;;
;; block1(v3: i32, v4: i32, v5: i32, v6: i32, v7: i32, v8: i32, v9: i32, v10: i32):
;;     return v3, v4, v5, v6, v7, v8, v9, v10
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x10, %rsp
;;   movq %rbx, (%rsp)
;; block0:
;;   jmp     label1
;; block1:
;;   cmpq %rdx, %rsi
;;   sete %al
;;   movzbl %al, %eax
;;   cmpq %rdx, %rsi
;;   setne %cl
;;   movzbl %cl, %ecx
;;   cmpq %rdx, %rsi
;;   setl %dil
;;   movzbl %dil, %r11d
;;   cmpq %rdx, %rsi
;;   setb %dil
;;   movzbl %dil, %ebx
;;   cmpq %rdx, %rsi
;;   setg %dil
;;   movzbl %dil, %edi
;;   cmpq %rdx, %rsi
;;   seta %r8b
;;   movzbl %r8b, %r8d
;;   cmpq %rdx, %rsi
;;   setle %r9b
;;   movzbl %r9b, %r9d
;;   cmpq %rdx, %rsi
;;   setbe %dl
;;   movzbl %dl, %r10d
;;   movq %r11, %rdx
;;   movq %rbx, %rsi
;;   movq (%rsp), %rbx
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i64_1:
;; function u0:3(i64 vmctx, i64, i64) -> i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v5 = icmp sge v1, v2
;;     v6 = uextend.i32 v5
;;     v7 = icmp uge v1, v2
;;     v8 = uextend.i32 v7
;;     jump block1(v6, v8)
;;
;; block1(v3: i32, v4: i32):
;;     return v3, v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cmpq %rdx, %rsi
;;   setge %r8b
;;   movzbl %r8b, %eax
;;   cmpq %rdx, %rsi
;;   setae %r9b
;;   movzbl %r9b, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.f32_0:
;; function u0:4(i64 vmctx, f32, f32) -> i32, i32, i32, i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32, v2: f32):
;;     v9 = fcmp eq v1, v2
;;     v10 = uextend.i32 v9
;;     v11 = fcmp ne v1, v2
;;     v12 = uextend.i32 v11
;;     v13 = fcmp lt v1, v2
;;     v14 = uextend.i32 v13
;;     v15 = fcmp gt v1, v2
;;     v16 = uextend.i32 v15
;;     v17 = fcmp le v1, v2
;;     v18 = uextend.i32 v17
;;     v19 = fcmp ge v1, v2
;;     v20 = uextend.i32 v19
;;     jump block1(v10, v12, v14, v16, v18, v20)
;;
;; block1(v3: i32, v4: i32, v5: i32, v6: i32, v7: i32, v8: i32):
;;     return v3, v4, v5, v6, v7, v8
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   ucomiss %xmm1, %xmm0
;;   setnp %al
;;   sete %cl
;;   andl %ecx, %eax
;;   movzbl %al, %eax
;;   ucomiss %xmm1, %xmm0
;;   setp %cl
;;   setne %dl
;;   orl %edx, %ecx
;;   movzbl %cl, %ecx
;;   ucomiss %xmm0, %xmm1
;;   seta %dl
;;   movzbl %dl, %edx
;;   ucomiss %xmm1, %xmm0
;;   seta %sil
;;   movzbl %sil, %esi
;;   ucomiss %xmm0, %xmm1
;;   setae %dil
;;   movzbl %dil, %edi
;;   ucomiss %xmm1, %xmm0
;;   setae %r8b
;;   movzbl %r8b, %r8d
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.f64_0:
;; function u0:5(i64 vmctx, f64, f64) -> i32, i32, i32, i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64, v2: f64):
;;     v9 = fcmp eq v1, v2
;;     v10 = uextend.i32 v9
;;     v11 = fcmp ne v1, v2
;;     v12 = uextend.i32 v11
;;     v13 = fcmp lt v1, v2
;;     v14 = uextend.i32 v13
;;     v15 = fcmp gt v1, v2
;;     v16 = uextend.i32 v15
;;     v17 = fcmp le v1, v2
;;     v18 = uextend.i32 v17
;;     v19 = fcmp ge v1, v2
;;     v20 = uextend.i32 v19
;;     jump block1(v10, v12, v14, v16, v18, v20)
;;
;; block1(v3: i32, v4: i32, v5: i32, v6: i32, v7: i32, v8: i32):
;;     return v3, v4, v5, v6, v7, v8
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   ucomisd %xmm1, %xmm0
;;   setnp %al
;;   sete %cl
;;   andl %ecx, %eax
;;   movzbl %al, %eax
;;   ucomisd %xmm1, %xmm0
;;   setp %cl
;;   setne %dl
;;   orl %edx, %ecx
;;   movzbl %cl, %ecx
;;   ucomisd %xmm0, %xmm1
;;   seta %dl
;;   movzbl %dl, %edx
;;   ucomisd %xmm1, %xmm0
;;   seta %sil
;;   movzbl %sil, %esi
;;   ucomisd %xmm0, %xmm1
;;   setae %dil
;;   movzbl %dil, %edi
;;   ucomisd %xmm1, %xmm0
;;   setae %r8b
;;   movzbl %r8b, %r8d
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.eqz:
;; function u0:6(i64 vmctx, i32, i64) -> i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v5 = iconst.i32 0
;;     v6 = icmp eq v1, v5  ; v5 = 0
;;     v7 = uextend.i32 v6
;;     v8 = iconst.i64 0
;;     v9 = icmp eq v2, v8  ; v8 = 0
;;     v10 = uextend.i32 v9
;;     jump block1(v7, v10)
;;
;; block1(v3: i32, v4: i32):
;;     return v3, v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   testl %esi, %esi
;;   sete %r8b
;;   movzbl %r8b, %eax
;;   testq %rdx, %rdx
;;   sete %r9b
;;   movzbl %r9b, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.branch:
;; function u0:7(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v4 = icmp slt v1, v2
;;     v5 = uextend.i32 v4
;;     brif v5, block2, block3
;;
;; block2:
;;     v7 = iconst.i32 7
;;     jump block4(v7)  ; v7 = 7
;;
;; block3:
;;     v8 = iconst.i32 9
;;     jump block4(v8)  ; v8 = 9
;;
;; block4(v6: i32):
;;     jump block1(v6)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   cmpl %edx, %esi
;;   jl      label2; j label1
;; block1:
;;   movl $0x9, %eax
;;   jmp     label3
;; block2:
;;   movl $0x7, %eax
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
