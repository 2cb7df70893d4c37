;;! emit=clif,asm
;;; Locals start at zero; tee, set and get cost nothing by themselves.
(module
  (func (param i32) (result i32 i64 f32 f64) (local i32 i64 f32 f64)
    (local.set 1 (local.get 0))
    (local.tee 1 (i32.add (local.get 1) (local.get 1)))
    (local.get 2) (local.get 3) (local.get 4))
  (func $loop_carried (param i32 i32) (result i32) (local i32)
    (loop $l
      (local.set 2 (i32.add (local.get 2) (local.get 1)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 2))
)

;; == emit=clif,asm
;;
;; p.0:
;; function u0:0(i64 vmctx, i32) -> i32, i64, f32, f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v2 = iconst.i32 0
;;     v3 = iconst.i64 0
;;     v4 = f32const 0.0
;;     v5 = f64const 0.0
;;     v10 = iadd v1, v1
;;     jump block1(v10, v3, v4, v5)  ; v3 = 0, v4 = 0.0, v5 = 0.0
;;
;; block1(v6: i32, v7: i64, v8: f32, v9: f64):
;;     return v6, v7, v8, v9
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   leal (%rsi, %rsi), %eax
;;   uninit  %rcx
;;   xorq %rcx, %rcx
;;   uninit  %xmm0
;;   xorps %xmm0, %xmm0
;;   uninit  %xmm1
;;   xorpd %xmm1, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.loop_carried:
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v6 -> v2
;;     v3 = iconst.i32 0
;;     jump block3(v3, v1)  ; v3 = 0
;;
;; block3(v5: i32, v8: i32):
;;     v7 = iadd v5, v6
;;     v9 = iconst.i32 1
;;     v10 = iconst.i32 -1
;;     v11 = iadd v8, v10  ; v10 = -1
;;     brif v11, block3(v7, v11), block4
;;
;; block4:
;;     jump block2
;;
;; block2:
;;     jump block1(v7)
;;
;; block1(v4: i32):
;;     return v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   jmp     label1
;; block1:
;;   leal -1(%rsi), %esi
;;   leal (%rax, %rdx), %eax
;;   testl %esi, %esi
;;   jnz     label2; j label3
;; block2:
;;   jmp     label1
;; block3:
;;   jmp     label4
;; block4:
;;   jmp     label5
;; block5:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
