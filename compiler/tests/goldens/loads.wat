;;! emit=clif,asm
;;! emit=clif bounds=explicit
;;; Loads of every width: base and index are the operand, with no check under guard.
(module
  (memory 1)
  (func $i32_load (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func $i64_load (param i32) (result i64) (i64.load offset=8 (local.get 0)))
  (func $f32_load (param i32) (result f32) (f32.load offset=8 (local.get 0)))
  (func $f64_load (param i32) (result f64) (f64.load offset=8 (local.get 0)))
  (func $i32_load8_s (param i32) (result i32) (i32.load8_s offset=8 (local.get 0)))
  (func $i32_load8_u (param i32) (result i32) (i32.load8_u offset=8 (local.get 0)))
  (func $i32_load16_s (param i32) (result i32) (i32.load16_s offset=8 (local.get 0)))
  (func $i32_load16_u (param i32) (result i32) (i32.load16_u offset=8 (local.get 0)))
  (func $i64_load8_s (param i32) (result i64) (i64.load8_s offset=8 (local.get 0)))
  (func $i64_load8_u (param i32) (result i64) (i64.load8_u offset=8 (local.get 0)))
  (func $i64_load16_s (param i32) (result i64) (i64.load16_s offset=8 (local.get 0)))
  (func $i64_load16_u (param i32) (result i64) (i64.load16_u offset=8 (local.get 0)))
  (func $i64_load32_s (param i32) (result i64) (i64.load32_s offset=8 (local.get 0)))
  (func $i64_load32_u (param i32) (result i64) (i64.load32_u offset=8 (local.get 0)))
)

;; == emit=clif,asm
;;
;; p.0.i32_load:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i32 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl 8(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i64_load:
;; function u0:1(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i64 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.f32_load:
;; function u0:2(i64 vmctx, i32) -> f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.f32 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: f32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movss 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.f64_load:
;; function u0:3(i64 vmctx, i32) -> f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.f64 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: f64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movsd 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i32_load8_s:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload8.i32 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movsbq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i32_load8_u:
;; function u0:5(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload8.i32 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movzbq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.i32_load16_s:
;; function u0:6(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload16.i32 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movswq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.i32_load16_u:
;; function u0:7(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload16.i32 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movzwq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.8.i64_load8_s:
;; function u0:8(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload8.i64 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movsbq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.9.i64_load8_u:
;; function u0:9(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload8.i64 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movzbq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.10.i64_load16_s:
;; function u0:10(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload16.i64 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movswq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.11.i64_load16_u:
;; function u0:11(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload16.i64 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movzwq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.12.i64_load32_s:
;; function u0:12(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload32 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movslq 8(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.13.i64_load32_u:
;; function u0:13(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload32 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl 8(%rdi, %rsi), %eax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif bounds=explicit
;;
;; p.0.i32_load:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i32 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;
;; p.1.i64_load:
;; function u0:1(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i64 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;
;; p.2.f32_load:
;; function u0:2(i64 vmctx, i32) -> f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.f32 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: f32):
;;     return v2
;; }
;;
;; p.3.f64_load:
;; function u0:3(i64 vmctx, i32) -> f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.f64 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: f64):
;;     return v2
;; }
;;
;; p.4.i32_load8_s:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 9
;;     v6 = iadd v3, v5  ; v5 = 9
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = sload8.i32 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;
;; p.5.i32_load8_u:
;; function u0:5(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 9
;;     v6 = iadd v3, v5  ; v5 = 9
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = uload8.i32 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;
;; p.6.i32_load16_s:
;; function u0:6(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 10
;;     v6 = iadd v3, v5  ; v5 = 10
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = sload16.i32 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;
;; p.7.i32_load16_u:
;; function u0:7(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 10
;;     v6 = iadd v3, v5  ; v5 = 10
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = uload16.i32 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;
;; p.8.i64_load8_s:
;; function u0:8(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 9
;;     v6 = iadd v3, v5  ; v5 = 9
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = sload8.i64 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;
;; p.9.i64_load8_u:
;; function u0:9(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 9
;;     v6 = iadd v3, v5  ; v5 = 9
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = uload8.i64 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;
;; p.10.i64_load16_s:
;; function u0:10(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 10
;;     v6 = iadd v3, v5  ; v5 = 10
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = sload16.i64 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;
;; p.11.i64_load16_u:
;; function u0:11(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 10
;;     v6 = iadd v3, v5  ; v5 = 10
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = uload16.i64 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;
;; p.12.i64_load32_s:
;; function u0:12(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = sload32 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;
;; p.13.i64_load32_u:
;; function u0:13(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = uload32 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i64):
;;     return v2
;; }
