;;! emit=clif,asm
;;! emit=clif bounds=explicit
;;; Stores of every width.
(module
  (memory 1)
  (func $i32_store (param i32 i32) (i32.store offset=8 (local.get 0) (local.get 1)))
  (func $i64_store (param i32 i64) (i64.store offset=8 (local.get 0) (local.get 1)))
  (func $f32_store (param i32 f32) (f32.store offset=8 (local.get 0) (local.get 1)))
  (func $f64_store (param i32 f64) (f64.store offset=8 (local.get 0) (local.get 1)))
  (func $i32_store8 (param i32 i32) (i32.store8 offset=8 (local.get 0) (local.get 1)))
  (func $i32_store16 (param i32 i32) (i32.store16 offset=8 (local.get 0) (local.get 1)))
  (func $i64_store8 (param i32 i64) (i64.store8 offset=8 (local.get 0) (local.get 1)))
  (func $i64_store16 (param i32 i64) (i64.store16 offset=8 (local.get 0) (local.get 1)))
  (func $i64_store32 (param i32 i64) (i64.store32 offset=8 (local.get 0) (local.get 1)))
)

;; == emit=clif,asm
;;
;; p.0.i32_store:
;; function u0:0(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     store user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl %edx, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i64_store:
;; function u0:1(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     store user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movq %rdx, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.f32_store:
;; function u0:2(i64 vmctx, i32, f32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: f32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     store user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movss %xmm0, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.f64_store:
;; function u0:3(i64 vmctx, i32, f64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: f64):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     store user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movsd %xmm0, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i32_store8:
;; function u0:4(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     istore8 user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movb %dl, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i32_store16:
;; function u0:5(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     istore16 user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movw %dx, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.i64_store8:
;; function u0:6(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     istore8 user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movb %dl, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.i64_store16:
;; function u0:7(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     istore16 user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movw %dx, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.8.i64_store32:
;; function u0:8(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     istore32 user2 little region0 v2, v4+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl %edx, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif bounds=explicit
;;
;; p.0.i32_store:
;; function u0:0(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     store notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.1.i64_store:
;; function u0:1(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     store notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.2.f32_store:
;; function u0:2(i64 vmctx, i32, f32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: f32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     store notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.3.f64_store:
;; function u0:3(i64 vmctx, i32, f64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: f64):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     store notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.4.i32_store8:
;; function u0:4(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 9
;;     v6 = iadd v3, v5  ; v5 = 9
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     istore8 notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.5.i32_store16:
;; function u0:5(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 10
;;     v6 = iadd v3, v5  ; v5 = 10
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     istore16 notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.6.i64_store8:
;; function u0:6(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 9
;;     v6 = iadd v3, v5  ; v5 = 9
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     istore8 notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.7.i64_store16:
;; function u0:7(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 10
;;     v6 = iadd v3, v5  ; v5 = 10
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     istore16 notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.8.i64_store32:
;; function u0:8(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     istore32 notrap little region0 v2, v8+8
;;     jump block1
;;
;; block1:
;;     return
;; }
