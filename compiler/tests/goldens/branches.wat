;;! emit=clif,asm
;;; Branches out of nested blocks, select.
(module
  (func $br_if (param i32) (result i32)
    (block $a (block $b (br_if $a (local.get 0)) (br_if $b (i32.eqz (local.get 0))) (return (i32.const 1))) (return (i32.const 2)))
    (i32.const 3))
  (func $select (param i32 i32 f64 f64) (result i32 f64)
    (select (local.get 0) (local.get 1) (local.get 0))
    (select (local.get 2) (local.get 3) (local.get 1)))
  (func $select_ref (param funcref i32) (result funcref)
    (select (result funcref) (local.get 0) (ref.null func) (local.get 1)))
)

;; == emit=clif,asm
;;
;; p.0.br_if:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     brif v1, block2, block4
;;
;; block4:
;;     v3 = iconst.i32 0
;;     v4 = icmp.i32 eq v1, v3  ; v3 = 0
;;     v5 = uextend.i32 v4
;;     brif v5, block3, block5
;;
;; block5:
;;     v6 = iconst.i32 1
;;     return v6  ; v6 = 1
;;
;; block3:
;;     v7 = iconst.i32 2
;;     return v7  ; v7 = 2
;;
;; block2:
;;     v8 = iconst.i32 3
;;     jump block1(v8)  ; v8 = 3
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   testl %esi, %esi
;;   jnz     label4; j label1
;; block1:
;;   testl %esi, %esi
;;   jz      label3; j label2
;; block2:
;;   movl $0x1, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block3:
;;   movl $0x2, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block4:
;;   jmp     label5
;; block5:
;;   movl $0x3, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.select:
;; function u0:1(i64 vmctx, i32, i32, f64, f64) -> i32, f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32, v3: f64, v4: f64):
;;     v7 = select v1, v1, v2
;;     v8 = select v2, v3, v4
;;     jump block1(v7, v8)
;;
;; block1(v5: i32, v6: f64):
;;     return v5, v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   testl %esi, %esi
;;   movq %rdx, %rax
;;   cmovnel %esi, %eax
;;   testl %edx, %edx
;;   movdqa %xmm0, %xmm2
;;   movdqa %xmm1, %xmm0
;;   movsd %xmm0, %xmm0; jz $next; movsd %xmm2, %xmm0; $next:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.select_ref:
;; function u0:2(i64 vmctx, i64, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64, v2: i32):
;;     v4 = iconst.i64 0
;;     v5 = select v2, v1, v4  ; v4 = 0
;;     jump block1(v5)
;;
;; block1(v3: i64):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %rax
;;   xorq %rax, %rax
;;   testl %edx, %edx
;;   cmovneq %rsi, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
