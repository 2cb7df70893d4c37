;;! emit=asm
;;; Vector floating-point arithmetic and conversions.
(module
  (func $f32x4_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128 v128)
    (f32x4.add (local.get 0) (local.get 1))
    (f32x4.sub (local.get 0) (local.get 1))
    (f32x4.mul (local.get 0) (local.get 1))
    (f32x4.div (local.get 0) (local.get 1))
    (f32x4.min (local.get 0) (local.get 1))
    (f32x4.max (local.get 0) (local.get 1))
    (f32x4.pmin (local.get 0) (local.get 1))
    (f32x4.pmax (local.get 0) (local.get 1)))
  (func $f32x4_unary0 (param v128) (result v128 v128 v128 v128 v128 v128 v128)
    (f32x4.abs (local.get 0))
    (f32x4.neg (local.get 0))
    (f32x4.sqrt (local.get 0))
    (f32x4.ceil (local.get 0))
    (f32x4.floor (local.get 0))
    (f32x4.trunc (local.get 0))
    (f32x4.nearest (local.get 0)))
  (func $f64x2_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128 v128)
    (f64x2.add (local.get 0) (local.get 1))
    (f64x2.sub (local.get 0) (local.get 1))
    (f64x2.mul (local.get 0) (local.get 1))
    (f64x2.div (local.get 0) (local.get 1))
    (f64x2.min (local.get 0) (local.get 1))
    (f64x2.max (local.get 0) (local.get 1))
    (f64x2.pmin (local.get 0) (local.get 1))
    (f64x2.pmax (local.get 0) (local.get 1)))
  (func $f64x2_unary0 (param v128) (result v128 v128 v128 v128 v128 v128 v128)
    (f64x2.abs (local.get 0))
    (f64x2.neg (local.get 0))
    (f64x2.sqrt (local.get 0))
    (f64x2.ceil (local.get 0))
    (f64x2.floor (local.get 0))
    (f64x2.trunc (local.get 0))
    (f64x2.nearest (local.get 0)))
  (func $convert0 (param v128) (result v128 v128 v128 v128 v128 v128)
    (i32x4.trunc_sat_f32x4_s (local.get 0))
    (i32x4.trunc_sat_f32x4_u (local.get 0))
    (i32x4.trunc_sat_f64x2_s_zero (local.get 0))
    (i32x4.trunc_sat_f64x2_u_zero (local.get 0))
    (f32x4.convert_i32x4_s (local.get 0))
    (f32x4.convert_i32x4_u (local.get 0)))
  (func $convert_width0 (param v128) (result v128 v128 v128 v128)
    (f64x2.convert_low_i32x4_s (local.get 0))
    (f64x2.convert_low_i32x4_u (local.get 0))
    (f32x4.demote_f64x2_zero (local.get 0))
    (f64x2.promote_low_f32x4 (local.get 0)))
)

;; == emit=asm
;;
;; p.0.f32x4_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm10
;;   addps %xmm1, %xmm10
;;   movdqa %xmm0, %xmm11
;;   subps %xmm1, %xmm11
;;   movdqa %xmm0, %xmm2
;;   mulps %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   divps %xmm1, %xmm3
;;   movdqa %xmm0, %xmm5
;;   minps %xmm1, %xmm5
;;   movdqa %xmm1, %xmm8
;;   minps %xmm0, %xmm8
;;   orps %xmm8, %xmm5
;;   movdqa %xmm5, %xmm4
;;   cmpunordps %xmm8, %xmm4
;;   orps %xmm4, %xmm5
;;   psrld $0xa, %xmm4
;;   andnps %xmm5, %xmm4
;;   movdqa %xmm0, %xmm5
;;   maxps %xmm1, %xmm5
;;   movdqa %xmm1, %xmm6
;;   maxps %xmm0, %xmm6
;;   movdqa %xmm5, %xmm9
;;   xorps %xmm6, %xmm9
;;   orps %xmm9, %xmm5
;;   movdqa %xmm5, %xmm8
;;   subps %xmm9, %xmm8
;;   cmpunordps %xmm5, %xmm5
;;   psrld $0xa, %xmm5
;;   andnps %xmm8, %xmm5
;;   movdqa %xmm0, %xmm6
;;   movdqa %xmm1, %xmm0
;;   cmpltps %xmm6, %xmm0
;;   movdqa %xmm6, %xmm8
;;   pblendvb %xmm0, %xmm1, %xmm6
;;   movdqa %xmm8, %xmm0
;;   cmpltps %xmm1, %xmm0
;;   movdqa %xmm8, %xmm7
;;   pblendvb %xmm0, %xmm1, %xmm7
;;   movdqa %xmm10, %xmm0
;;   movdqa %xmm11, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.f32x4_unary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm1
;;   pcmpeqd %xmm1, %xmm1
;;   psrld $0x1, %xmm1
;;   movdqa %xmm0, %xmm7
;;   andps %xmm1, %xmm7
;;   uninit  %xmm2
;;   pcmpeqd %xmm2, %xmm2
;;   pslld $0x1f, %xmm2
;;   movdqa %xmm0, %xmm1
;;   xorps %xmm2, %xmm1
;;   sqrtps %xmm0, %xmm2
;;   roundps $0x2, %xmm0, %xmm3
;;   roundps $0x1, %xmm0, %xmm4
;;   roundps $0x3, %xmm0, %xmm5
;;   roundps $0x0, %xmm0, %xmm6
;;   movdqa %xmm7, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.f64x2_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm10
;;   addpd %xmm1, %xmm10
;;   movdqa %xmm0, %xmm11
;;   subpd %xmm1, %xmm11
;;   movdqa %xmm0, %xmm2
;;   mulpd %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   divpd %xmm1, %xmm3
;;   movdqa %xmm0, %xmm4
;;   minpd %xmm1, %xmm4
;;   movdqa %xmm1, %xmm8
;;   minpd %xmm0, %xmm8
;;   movdqa %xmm4, %xmm5
;;   orpd %xmm8, %xmm5
;;   cmpunordpd %xmm8, %xmm4
;;   orpd %xmm4, %xmm5
;;   psrlq $0xd, %xmm4
;;   andnpd %xmm5, %xmm4
;;   movdqa %xmm0, %xmm5
;;   maxpd %xmm1, %xmm5
;;   movdqa %xmm1, %xmm6
;;   maxpd %xmm0, %xmm6
;;   movdqa %xmm5, %xmm9
;;   xorpd %xmm6, %xmm9
;;   orpd %xmm9, %xmm5
;;   movdqa %xmm5, %xmm8
;;   subpd %xmm9, %xmm8
;;   cmpunordpd %xmm5, %xmm5
;;   psrlq $0xd, %xmm5
;;   andnpd %xmm8, %xmm5
;;   movdqa %xmm0, %xmm6
;;   movdqa %xmm1, %xmm0
;;   cmpltpd %xmm6, %xmm0
;;   movdqa %xmm6, %xmm8
;;   pblendvb %xmm0, %xmm1, %xmm6
;;   movdqa %xmm8, %xmm0
;;   cmpltpd %xmm1, %xmm0
;;   movdqa %xmm8, %xmm7
;;   pblendvb %xmm0, %xmm1, %xmm7
;;   movdqa %xmm10, %xmm0
;;   movdqa %xmm11, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.f64x2_unary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm1
;;   pcmpeqd %xmm1, %xmm1
;;   psrlq $0x1, %xmm1
;;   movdqa %xmm0, %xmm7
;;   andpd %xmm1, %xmm7
;;   uninit  %xmm2
;;   pcmpeqd %xmm2, %xmm2
;;   psllq $0x3f, %xmm2
;;   movdqa %xmm0, %xmm1
;;   xorpd %xmm2, %xmm1
;;   sqrtpd %xmm0, %xmm2
;;   roundpd $0x2, %xmm0, %xmm3
;;   roundpd $0x1, %xmm0, %xmm4
;;   roundpd $0x3, %xmm0, %xmm5
;;   roundpd $0x0, %xmm0, %xmm6
;;   movdqa %xmm7, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.convert0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm1
;;   cmpeqps %xmm0, %xmm1
;;   movdqa %xmm0, %xmm2
;;   andps %xmm1, %xmm2
;;   pxor %xmm2, %xmm1
;;   cvttps2dq %xmm2, %xmm2
;;   movdqa %xmm2, %xmm3
;;   pand %xmm1, %xmm3
;;   movdqa %xmm3, %xmm1
;;   psrad $0x1f, %xmm1
;;   movdqa %xmm1, %xmm7
;;   pxor %xmm2, %xmm1
;;   movdqa %xmm1, %xmm7
;;   uninit  %xmm2
;;   xorps %xmm2, %xmm2
;;   movdqa %xmm0, %xmm1
;;   maxps %xmm2, %xmm1
;;   pcmpeqd %xmm2, %xmm2
;;   psrld $0x1, %xmm2
;;   cvtdq2ps %xmm2, %xmm3
;;   cvttps2dq %xmm1, %xmm2
;;   subps %xmm3, %xmm1
;;   cmpleps %xmm1, %xmm3
;;   cvttps2dq %xmm1, %xmm1
;;   pxor %xmm3, %xmm1
;;   uninit  %xmm3
;;   pxor %xmm3, %xmm3
;;   pmaxsd %xmm3, %xmm1
;;   paddd %xmm2, %xmm1
;;   movdqa %xmm0, %xmm2
;;   cmpeqpd %xmm0, %xmm2
;;   andps (%rip), %xmm2
;;   movdqa %xmm0, %xmm3
;;   minpd %xmm2, %xmm3
;;   cvttpd2dq %xmm3, %xmm2
;;   uninit  %xmm4
;;   xorpd %xmm4, %xmm4
;;   movdqa %xmm0, %xmm3
;;   maxpd %xmm4, %xmm3
;;   minpd (%rip), %xmm3
;;   roundpd $0x3, %xmm3, %xmm3
;;   addpd (%rip), %xmm3
;;   shufps $0x88, %xmm4, %xmm3
;;   cvtdq2ps %xmm0, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pslld $0x10, %xmm5
;;   psrld $0x10, %xmm5
;;   psubd %xmm5, %xmm0
;;   cvtdq2ps %xmm5, %xmm6
;;   psrld $0x1, %xmm0
;;   cvtdq2ps %xmm0, %xmm5
;;   addps %xmm5, %xmm5
;;   addps %xmm6, %xmm5
;;   movdqa %xmm7, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.convert_width0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvtdq2pd %xmm0, %xmm7
;;   movdqa %xmm0, %xmm1
;;   unpcklps (%rip), %xmm1
;;   subpd (%rip), %xmm1
;;   cvtpd2ps %xmm0, %xmm2
;;   cvtps2pd %xmm0, %xmm3
;;   movdqa %xmm7, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
