;;! emit=asm
;;; Vector comparisons.
(module
  (func $i8x16_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128 v128)
    (i8x16.eq (local.get 0) (local.get 1))
    (i8x16.ne (local.get 0) (local.get 1))
    (i8x16.lt_s (local.get 0) (local.get 1))
    (i8x16.lt_u (local.get 0) (local.get 1))
    (i8x16.gt_s (local.get 0) (local.get 1))
    (i8x16.gt_u (local.get 0) (local.get 1))
    (i8x16.le_s (local.get 0) (local.get 1))
    (i8x16.le_u (local.get 0) (local.get 1)))
  (func $i8x16_1 (param v128 v128) (result v128 v128)
    (i8x16.ge_s (local.get 0) (local.get 1))
    (i8x16.ge_u (local.get 0) (local.get 1)))
  (func $i16x8_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128 v128)
    (i16x8.eq (local.get 0) (local.get 1))
    (i16x8.ne (local.get 0) (local.get 1))
    (i16x8.lt_s (local.get 0) (local.get 1))
    (i16x8.lt_u (local.get 0) (local.get 1))
    (i16x8.gt_s (local.get 0) (local.get 1))
    (i16x8.gt_u (local.get 0) (local.get 1))
    (i16x8.le_s (local.get 0) (local.get 1))
    (i16x8.le_u (local.get 0) (local.get 1)))
  (func $i16x8_1 (param v128 v128) (result v128 v128)
    (i16x8.ge_s (local.get 0) (local.get 1))
    (i16x8.ge_u (local.get 0) (local.get 1)))
  (func $i32x4_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128 v128)
    (i32x4.eq (local.get 0) (local.get 1))
    (i32x4.ne (local.get 0) (local.get 1))
    (i32x4.lt_s (local.get 0) (local.get 1))
    (i32x4.lt_u (local.get 0) (local.get 1))
    (i32x4.gt_s (local.get 0) (local.get 1))
    (i32x4.gt_u (local.get 0) (local.get 1))
    (i32x4.le_s (local.get 0) (local.get 1))
    (i32x4.le_u (local.get 0) (local.get 1)))
  (func $i32x4_1 (param v128 v128) (result v128 v128)
    (i32x4.ge_s (local.get 0) (local.get 1))
    (i32x4.ge_u (local.get 0) (local.get 1)))
  (func $i64x2_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128)
    (i64x2.eq (local.get 0) (local.get 1))
    (i64x2.ne (local.get 0) (local.get 1))
    (i64x2.lt_s (local.get 0) (local.get 1))
    (i64x2.gt_s (local.get 0) (local.get 1))
    (i64x2.le_s (local.get 0) (local.get 1))
    (i64x2.ge_s (local.get 0) (local.get 1)))
  (func $f32x4_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128)
    (f32x4.eq (local.get 0) (local.get 1))
    (f32x4.ne (local.get 0) (local.get 1))
    (f32x4.lt (local.get 0) (local.get 1))
    (f32x4.gt (local.get 0) (local.get 1))
    (f32x4.le (local.get 0) (local.get 1))
    (f32x4.ge (local.get 0) (local.get 1)))
  (func $f64x2_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128)
    (f64x2.eq (local.get 0) (local.get 1))
    (f64x2.ne (local.get 0) (local.get 1))
    (f64x2.lt (local.get 0) (local.get 1))
    (f64x2.gt (local.get 0) (local.get 1))
    (f64x2.le (local.get 0) (local.get 1))
    (f64x2.ge (local.get 0) (local.get 1)))
)

;; == emit=asm
;;
;; p.0.i8x16_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm8
;;   pcmpeqb %xmm1, %xmm8
;;   movdqa %xmm0, %xmm2
;;   pcmpeqb %xmm1, %xmm2
;;   movdqa %xmm2, %xmm10
;;   uninit  %xmm2
;;   pcmpeqd %xmm2, %xmm2
;;   movdqa %xmm10, %xmm3
;;   pxor %xmm2, %xmm3
;;   movdqa %xmm3, %xmm10
;;   movdqa %xmm1, %xmm2
;;   pcmpgtb %xmm0, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pminub %xmm1, %xmm3
;;   pcmpeqb %xmm1, %xmm3
;;   uninit  %xmm4
;;   pcmpeqd %xmm4, %xmm4
;;   pxor %xmm4, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pcmpgtb %xmm1, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pmaxub %xmm1, %xmm5
;;   pcmpeqb %xmm1, %xmm5
;;   uninit  %xmm7
;;   pcmpeqd %xmm7, %xmm7
;;   pxor %xmm7, %xmm5
;;   movdqa %xmm0, %xmm7
;;   pminsb %xmm1, %xmm7
;;   movdqa %xmm0, %xmm6
;;   pcmpeqb %xmm7, %xmm6
;;   movdqa %xmm0, %xmm9
;;   pminub %xmm1, %xmm9
;;   movdqa %xmm0, %xmm7
;;   pcmpeqb %xmm9, %xmm7
;;   movdqa %xmm8, %xmm0
;;   movdqa %xmm10, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i8x16_1:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm6
;;   pmaxsb %xmm1, %xmm6
;;   movdqa %xmm0, %xmm2
;;   pcmpeqb %xmm6, %xmm2
;;   movdqa %xmm0, %xmm6
;;   pmaxub %xmm1, %xmm6
;;   movdqa %xmm0, %xmm1
;;   pcmpeqb %xmm6, %xmm1
;;   movdqa %xmm2, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i16x8_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm8
;;   pcmpeqw %xmm1, %xmm8
;;   movdqa %xmm0, %xmm2
;;   pcmpeqw %xmm1, %xmm2
;;   movdqa %xmm2, %xmm10
;;   uninit  %xmm2
;;   pcmpeqd %xmm2, %xmm2
;;   movdqa %xmm10, %xmm3
;;   pxor %xmm2, %xmm3
;;   movdqa %xmm3, %xmm10
;;   movdqa %xmm1, %xmm2
;;   pcmpgtw %xmm0, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pminuw %xmm1, %xmm3
;;   pcmpeqw %xmm1, %xmm3
;;   uninit  %xmm4
;;   pcmpeqd %xmm4, %xmm4
;;   pxor %xmm4, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pcmpgtw %xmm1, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pmaxuw %xmm1, %xmm5
;;   pcmpeqw %xmm1, %xmm5
;;   uninit  %xmm7
;;   pcmpeqd %xmm7, %xmm7
;;   pxor %xmm7, %xmm5
;;   movdqa %xmm0, %xmm7
;;   pminsw %xmm1, %xmm7
;;   movdqa %xmm0, %xmm6
;;   pcmpeqw %xmm7, %xmm6
;;   movdqa %xmm0, %xmm9
;;   pminuw %xmm1, %xmm9
;;   movdqa %xmm0, %xmm7
;;   pcmpeqw %xmm9, %xmm7
;;   movdqa %xmm8, %xmm0
;;   movdqa %xmm10, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i16x8_1:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm6
;;   pmaxsw %xmm1, %xmm6
;;   movdqa %xmm0, %xmm2
;;   pcmpeqw %xmm6, %xmm2
;;   movdqa %xmm0, %xmm6
;;   pmaxuw %xmm1, %xmm6
;;   movdqa %xmm0, %xmm1
;;   pcmpeqw %xmm6, %xmm1
;;   movdqa %xmm2, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i32x4_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm8
;;   pcmpeqd %xmm1, %xmm8
;;   movdqa %xmm0, %xmm2
;;   pcmpeqd %xmm1, %xmm2
;;   movdqa %xmm2, %xmm10
;;   uninit  %xmm2
;;   pcmpeqd %xmm2, %xmm2
;;   movdqa %xmm10, %xmm3
;;   pxor %xmm2, %xmm3
;;   movdqa %xmm3, %xmm10
;;   movdqa %xmm1, %xmm2
;;   pcmpgtd %xmm0, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pminud %xmm1, %xmm3
;;   pcmpeqd %xmm1, %xmm3
;;   uninit  %xmm4
;;   pcmpeqd %xmm4, %xmm4
;;   pxor %xmm4, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pcmpgtd %xmm1, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pmaxud %xmm1, %xmm5
;;   pcmpeqd %xmm1, %xmm5
;;   uninit  %xmm7
;;   pcmpeqd %xmm7, %xmm7
;;   pxor %xmm7, %xmm5
;;   movdqa %xmm0, %xmm7
;;   pminsd %xmm1, %xmm7
;;   movdqa %xmm0, %xmm6
;;   pcmpeqd %xmm7, %xmm6
;;   movdqa %xmm0, %xmm9
;;   pminud %xmm1, %xmm9
;;   movdqa %xmm0, %xmm7
;;   pcmpeqd %xmm9, %xmm7
;;   movdqa %xmm8, %xmm0
;;   movdqa %xmm10, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i32x4_1:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm6
;;   pmaxsd %xmm1, %xmm6
;;   movdqa %xmm0, %xmm2
;;   pcmpeqd %xmm6, %xmm2
;;   movdqa %xmm0, %xmm6
;;   pmaxud %xmm1, %xmm6
;;   movdqa %xmm0, %xmm1
;;   pcmpeqd %xmm6, %xmm1
;;   movdqa %xmm2, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.i64x2_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm7
;;   pcmpeqq %xmm1, %xmm7
;;   movdqa %xmm0, %xmm2
;;   pcmpeqq %xmm1, %xmm2
;;   movdqa %xmm2, %xmm8
;;   uninit  %xmm2
;;   pcmpeqd %xmm2, %xmm2
;;   movdqa %xmm8, %xmm3
;;   pxor %xmm2, %xmm3
;;   movdqa %xmm3, %xmm8
;;   movdqa %xmm1, %xmm2
;;   pcmpgtq %xmm0, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pcmpgtq %xmm1, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pcmpgtq %xmm1, %xmm4
;;   uninit  %xmm6
;;   pcmpeqd %xmm6, %xmm6
;;   pxor %xmm6, %xmm4
;;   pcmpgtq %xmm0, %xmm1
;;   uninit  %xmm0
;;   pcmpeqd %xmm0, %xmm0
;;   movdqa %xmm1, %xmm5
;;   pxor %xmm0, %xmm5
;;   movdqa %xmm7, %xmm0
;;   movdqa %xmm8, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.f32x4_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm6
;;   cmpeqps %xmm1, %xmm6
;;   movdqa %xmm0, %xmm7
;;   cmpneqps %xmm1, %xmm7
;;   movdqa %xmm0, %xmm2
;;   cmpltps %xmm1, %xmm2
;;   movdqa %xmm1, %xmm3
;;   cmpltps %xmm0, %xmm3
;;   movdqa %xmm0, %xmm4
;;   cmpleps %xmm1, %xmm4
;;   movdqa %xmm1, %xmm5
;;   cmpleps %xmm0, %xmm5
;;   movdqa %xmm6, %xmm0
;;   movdqa %xmm7, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.8.f64x2_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm6
;;   cmpeqpd %xmm1, %xmm6
;;   movdqa %xmm0, %xmm7
;;   cmpneqpd %xmm1, %xmm7
;;   movdqa %xmm0, %xmm2
;;   cmpltpd %xmm1, %xmm2
;;   movdqa %xmm1, %xmm3
;;   cmpltpd %xmm0, %xmm3
;;   movdqa %xmm0, %xmm4
;;   cmplepd %xmm1, %xmm4
;;   movdqa %xmm1, %xmm5
;;   cmplepd %xmm0, %xmm5
;;   movdqa %xmm6, %xmm0
;;   movdqa %xmm7, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
