;;! emit=clif,asm
;;; Bitwise operators on whole vectors. Recasts between lane types cost no instruction.
(module
  (func $binary (param v128 v128) (result v128 v128 v128 v128)
    (v128.and (local.get 0) (local.get 1)) (v128.andnot (local.get 0) (local.get 1))
    (v128.or (local.get 0) (local.get 1)) (v128.xor (local.get 0) (local.get 1)))
  (func $others (param v128 v128 v128) (result v128 v128 i32)
    (v128.not (local.get 0)) (v128.bitselect (local.get 0) (local.get 1) (local.get 2)) (v128.any_true (local.get 0)))
  (func $recast (param v128 v128) (result v128)
    (i8x16.add (i64x2.add (f32x4.add (local.get 0) (local.get 1)) (local.get 1)) (local.get 0)))
)

;; == emit=clif,asm
;;
;; p.0.binary:
;; function u0:0(i64 vmctx, i8x16, i8x16) -> i8x16, i8x16, i8x16, i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i8x16):
;;     v7 = band v1, v2
;;     v8 = bnot v2
;;     v9 = band v1, v8
;;     v10 = bor v1, v2
;;     v11 = bxor v1, v2
;;     jump block1(v7, v9, v10, v11)
;;
;; block1(v3: i8x16, v4: i8x16, v5: i8x16, v6: i8x16):
;;     return v3, v4, v5, v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm7
;;   pand %xmm1, %xmm7
;;   movdqa %xmm1, %xmm4
;;   pandn %xmm0, %xmm4
;;   movdqa %xmm0, %xmm2
;;   por %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pxor %xmm1, %xmm3
;;   movdqa %xmm7, %xmm0
;;   movdqa %xmm4, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.others:
;; function u0:1(i64 vmctx, i8x16, i8x16, i8x16) -> i8x16, i8x16, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;;     v7 = bnot v1
;;     v8 = bitselect v3, v1, v2
;;     v9 = vany_true v1
;;     v10 = uextend.i32 v9
;;     jump block1(v7, v8, v10)
;;
;; block1(v4: i8x16, v5: i8x16, v6: i32):
;;     return v4, v5, v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm4
;;   pcmpeqd %xmm4, %xmm4
;;   movdqa %xmm0, %xmm3
;;   pxor %xmm4, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pand %xmm2, %xmm4
;;   pandn %xmm1, %xmm2
;;   movdqa %xmm2, %xmm1
;;   por %xmm4, %xmm1
;;   ptest %xmm0, %xmm0
;;   setne %al
;;   movzbl %al, %eax
;;   movdqa %xmm3, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.recast:
;; function u0:2(i64 vmctx, i8x16, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i8x16):
;;     v4 = bitcast.f32x4 little v2
;;     v5 = bitcast.f32x4 little v1
;;     v6 = fadd v5, v4
;;     v7 = bitcast.i64x2 little v2
;;     v8 = bitcast.i64x2 little v6
;;     v9 = iadd v8, v7
;;     v10 = bitcast.i8x16 little v9
;;     v11 = iadd v10, v1
;;     jump block1(v11)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movdqa %xmm0, %xmm6
;;   jmp     label1
;; block1:
;;   movdqa %xmm6, %xmm2
;;   movdqa %xmm2, %xmm0
;;   addps %xmm1, %xmm0
;;   paddq %xmm1, %xmm0
;;   movdqa %xmm6, %xmm1
;;   paddb %xmm1, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
