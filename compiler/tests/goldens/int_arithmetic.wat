;;! emit=clif,asm
;;; Integer arithmetic. Shift amounts are taken modulo the width by the machine.
(module
  (func $i32_binary0 (param i32 i32) (result i32 i32 i32 i32 i32 i32 i32 i32)
    (i32.add (local.get 0) (local.get 1))
    (i32.sub (local.get 0) (local.get 1))
    (i32.mul (local.get 0) (local.get 1))
    (i32.and (local.get 0) (local.get 1))
    (i32.or (local.get 0) (local.get 1))
    (i32.xor (local.get 0) (local.get 1))
    (i32.shl (local.get 0) (local.get 1))
    (i32.shr_s (local.get 0) (local.get 1)))
  (func $i32_binary1 (param i32 i32) (result i32 i32 i32)
    (i32.shr_u (local.get 0) (local.get 1))
    (i32.rotl (local.get 0) (local.get 1))
    (i32.rotr (local.get 0) (local.get 1)))
  (func $i64_binary0 (param i64 i64) (result i64 i64 i64 i64 i64 i64 i64 i64)
    (i64.add (local.get 0) (local.get 1))
    (i64.sub (local.get 0) (local.get 1))
    (i64.mul (local.get 0) (local.get 1))
    (i64.and (local.get 0) (local.get 1))
    (i64.or (local.get 0) (local.get 1))
    (i64.xor (local.get 0) (local.get 1))
    (i64.shl (local.get 0) (local.get 1))
    (i64.shr_s (local.get 0) (local.get 1)))
  (func $i64_binary1 (param i64 i64) (result i64 i64 i64)
    (i64.shr_u (local.get 0) (local.get 1))
    (i64.rotl (local.get 0) (local.get 1))
    (i64.rotr (local.get 0) (local.get 1)))
  (func $i32_unary0 (param i32) (result i32 i32 i32 i32 i32)
    (i32.clz (local.get 0))
    (i32.ctz (local.get 0))
    (i32.popcnt (local.get 0))
    (i32.extend8_s (local.get 0))
    (i32.extend16_s (local.get 0)))
  (func $i64_unary0 (param i64) (result i64 i64 i64 i64 i64 i64)
    (i64.clz (local.get 0))
    (i64.ctz (local.get 0))
    (i64.popcnt (local.get 0))
    (i64.extend8_s (local.get 0))
    (i64.extend16_s (local.get 0))
    (i64.extend32_s (local.get 0)))
)

;; == emit=clif,asm
;;
;; p.0.i32_binary0:
;; function u0:0(i64 vmctx, i32, i32) -> i32, i32, i32, i32, i32, i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v11 = iadd v1, v2
;;     v12 = isub v1, v2
;;     v13 = imul v1, v2
;;     v14 = band v1, v2
;;     v15 = bor v1, v2
;;     v16 = bxor v1, v2
;;     v17 = ishl v1, v2
;;     v18 = sshr v1, v2
;;     jump block1(v11, v12, v13, v14, v15, v16, v17, v18)
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
;;   movq %r12, (%rsp)
;;   movq %r13, 8(%rsp)
;; block0:
;;   jmp     label1
;; block1:
;;   leal (%rsi, %rdx), %eax
;;   movq %rsi, %r12
;;   subl %edx, %r12d
;;   movq %rsi, %r11
;;   imull %edx, %r11d
;;   movq %rsi, %r13
;;   andl %edx, %r13d
;;   movq %rsi, %rdi
;;   orl %edx, %edi
;;   movq %rsi, %r8
;;   xorl %edx, %r8d
;;   movq %rdx, %rcx
;;   movq %rsi, %r9
;;   shll %cl, %r9d
;;   movq %rsi, %r10
;;   sarl %cl, %r10d
;;   movq %r12, %rcx
;;   movq %r11, %rdx
;;   movq %r13, %rsi
;;   movq (%rsp), %r12
;;   movq 8(%rsp), %r13
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i32_binary1:
;; function u0:1(i64 vmctx, i32, i32) -> i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v6 = ushr v1, v2
;;     v7 = rotl v1, v2
;;     v8 = rotr v1, v2
;;     jump block1(v6, v7, v8)
;;
;; block1(v3: i32, v4: i32, v5: i32):
;;     return v3, v4, v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rdx, %rcx
;;   movq %rsi, %rax
;;   shrl %cl, %eax
;;   movq %rsi, %rdi
;;   roll %cl, %edi
;;   movq %rsi, %rdx
;;   rorl %cl, %edx
;;   movq %rdi, %rcx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i64_binary0:
;; function u0:2(i64 vmctx, i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v11 = iadd v1, v2
;;     v12 = isub v1, v2
;;     v13 = imul v1, v2
;;     v14 = band v1, v2
;;     v15 = bor v1, v2
;;     v16 = bxor v1, v2
;;     v17 = ishl v1, v2
;;     v18 = sshr v1, v2
;;     jump block1(v11, v12, v13, v14, v15, v16, v17, v18)
;;
;; block1(v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: i64, v10: i64):
;;     return v3, v4, v5, v6, v7, v8, v9, v10
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x10, %rsp
;;   movq %r12, (%rsp)
;;   movq %r13, 8(%rsp)
;; block0:
;;   jmp     label1
;; block1:
;;   leaq (%rsi, %rdx), %rax
;;   movq %rsi, %r12
;;   subq %rdx, %r12
;;   movq %rsi, %r11
;;   imulq %rdx, %r11
;;   movq %rsi, %r13
;;   andq %rdx, %r13
;;   movq %rsi, %rdi
;;   orq %rdx, %rdi
;;   movq %rsi, %r8
;;   xorq %rdx, %r8
;;   movq %rdx, %rcx
;;   movq %rsi, %r9
;;   shlq %cl, %r9
;;   movq %rsi, %r10
;;   sarq %cl, %r10
;;   movq %r12, %rcx
;;   movq %r11, %rdx
;;   movq %r13, %rsi
;;   movq (%rsp), %r12
;;   movq 8(%rsp), %r13
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i64_binary1:
;; function u0:3(i64 vmctx, i64, i64) -> i64, i64, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v6 = ushr v1, v2
;;     v7 = rotl v1, v2
;;     v8 = rotr v1, v2
;;     jump block1(v6, v7, v8)
;;
;; block1(v3: i64, v4: i64, v5: i64):
;;     return v3, v4, v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rdx, %rcx
;;   movq %rsi, %rax
;;   shrq %cl, %rax
;;   movq %rsi, %rdi
;;   rolq %cl, %rdi
;;   movq %rsi, %rdx
;;   rorq %cl, %rdx
;;   movq %rdi, %rcx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i32_unary0:
;; function u0:4(i64 vmctx, i32) -> i32, i32, i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v7 = clz v1
;;     v8 = ctz v1
;;     v9 = popcnt v1
;;     v10 = ireduce.i8 v1
;;     v11 = sextend.i32 v10
;;     v12 = ireduce.i16 v1
;;     v13 = sextend.i32 v12
;;     jump block1(v7, v8, v9, v11, v13)
;;
;; block1(v2: i32, v3: i32, v4: i32, v5: i32, v6: i32):
;;     return v2, v3, v4, v5, v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq $0xffffffffffffffff, %r9
;;   bsrl %esi, %ecx
;;   cmovel %r9d, %ecx
;;   movl $0x1f, %eax
;;   subl %ecx, %eax
;;   movl $0x20, %r11d
;;   bsfl %esi, %ecx
;;   cmovel %r11d, %ecx
;;   popcntl %esi, %edx
;;   movq %rsi, %rdi
;;   movsbl %dil, %esi
;;   movswl %di, %edi
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i64_unary0:
;; function u0:5(i64 vmctx, i64) -> i64, i64, i64, i64, i64, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64):
;;     v8 = clz v1
;;     v9 = ctz v1
;;     v10 = popcnt v1
;;     v11 = ireduce.i8 v1
;;     v12 = sextend.i64 v11
;;     v13 = ireduce.i16 v1
;;     v14 = sextend.i64 v13
;;     v15 = ireduce.i32 v1
;;     v16 = sextend.i64 v15
;;     jump block1(v8, v9, v10, v12, v14, v16)
;;
;; block1(v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64):
;;     return v2, v3, v4, v5, v6, v7
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq $0xffffffffffffffff, %r10
;;   bsrq %rsi, %rcx
;;   cmoveq %r10, %rcx
;;   movl $0x3f, %eax
;;   subq %rcx, %rax
;;   movl $0x40, %edx
;;   bsfq %rsi, %rcx
;;   cmoveq %rdx, %rcx
;;   popcntq %rsi, %rdx
;;   movq %rsi, %rdi
;;   movsbq %dil, %rsi
;;   movq %rdi, %r8
;;   movswq %r8w, %rdi
;;   movslq %r8d, %r8
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
