;;! emit=clif,asm
;;! emit=asm cpu=x86-64-v3
;;; Relaxed operators do what the strict ones do, but a multiply-add is fused where the CPU can.
(module
  (func $binary0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128)
    (i8x16.relaxed_swizzle (local.get 0) (local.get 1))
    (f32x4.relaxed_min (local.get 0) (local.get 1))
    (f32x4.relaxed_max (local.get 0) (local.get 1))
    (f64x2.relaxed_min (local.get 0) (local.get 1))
    (f64x2.relaxed_max (local.get 0) (local.get 1))
    (i16x8.relaxed_q15mulr_s (local.get 0) (local.get 1))
    (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 1)))
  (func $unary0 (param v128) (result v128 v128 v128 v128)
    (i32x4.relaxed_trunc_f32x4_s (local.get 0))
    (i32x4.relaxed_trunc_f32x4_u (local.get 0))
    (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0))
    (i32x4.relaxed_trunc_f64x2_u_zero (local.get 0)))
  (func $ternary0 (param v128 v128 v128) (result v128 v128 v128 v128 v128 v128 v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))
    (f32x4.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2))
    (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2))
    (f64x2.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2))
    (i8x16.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2))
    (i64x2.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2))
    (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 1) (local.get 2)))
)

;; == emit=clif,asm
;;
;; p.0.binary0:
;; function u0:0(i64 vmctx, i8x16, i8x16) -> i8x16, i8x16, i8x16, i8x16, i8x16, i8x16, i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i8x16):
;;     v10 = swizzle v1, v2
;;     v11 = bitcast.f32x4 little v2
;;     v12 = bitcast.f32x4 little v1
;;     v13 = fmin v12, v11
;;     v14 = bitcast.f32x4 little v2
;;     v15 = bitcast.f32x4 little v1
;;     v16 = fmax v15, v14
;;     v17 = bitcast.f64x2 little v2
;;     v18 = bitcast.f64x2 little v1
;;     v19 = fmin v18, v17
;;     v20 = bitcast.f64x2 little v2
;;     v21 = bitcast.f64x2 little v1
;;     v22 = fmax v21, v20
;;     v23 = bitcast.i16x8 little v2
;;     v24 = bitcast.i16x8 little v1
;;     v25 = sqmul_round_sat v24, v23
;;     v26 = swiden_low v1
;;     v27 = swiden_low v2
;;     v28 = imul v26, v27
;;     v29 = swiden_high v1
;;     v30 = swiden_high v2
;;     v31 = imul v29, v30
;;     v32 = iadd_pairwise v28, v31
;;     v33 = bitcast.i8x16 little v13
;;     v34 = bitcast.i8x16 little v16
;;     v35 = bitcast.i8x16 little v19
;;     v36 = bitcast.i8x16 little v22
;;     v37 = bitcast.i8x16 little v25
;;     v38 = bitcast.i8x16 little v32
;;     jump block1(v10, v33, v34, v35, v36, v37, v38)
;;
;; block1(v3: i8x16, v4: i8x16, v5: i8x16, v6: i8x16, v7: i8x16, v8: i8x16, v9: i8x16):
;;     return v3, v4, v5, v6, v7, v8, v9
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm1, %xmm2
;;   paddusb (%rip), %xmm2
;;   movdqa %xmm0, %xmm7
;;   pshufb %xmm2, %xmm7
;;   movdqa %xmm0, %xmm2
;;   minps %xmm1, %xmm2
;;   movdqa %xmm1, %xmm3
;;   minps %xmm0, %xmm3
;;   orps %xmm3, %xmm2
;;   movdqa %xmm2, %xmm4
;;   cmpunordps %xmm3, %xmm4
;;   movdqa %xmm4, %xmm3
;;   orps %xmm3, %xmm2
;;   movdqa %xmm3, %xmm9
;;   psrld $0xa, %xmm3
;;   movdqa %xmm3, %xmm9
;;   andnps %xmm2, %xmm3
;;   movdqa %xmm3, %xmm9
;;   movdqa %xmm0, %xmm2
;;   maxps %xmm1, %xmm2
;;   movdqa %xmm1, %xmm3
;;   maxps %xmm0, %xmm3
;;   movdqa %xmm2, %xmm4
;;   xorps %xmm3, %xmm4
;;   orps %xmm4, %xmm2
;;   movdqa %xmm2, %xmm3
;;   subps %xmm4, %xmm3
;;   cmpunordps %xmm2, %xmm2
;;   psrld $0xa, %xmm2
;;   andnps %xmm3, %xmm2
;;   movdqa %xmm0, %xmm3
;;   minpd %xmm1, %xmm3
;;   movdqa %xmm1, %xmm5
;;   minpd %xmm0, %xmm5
;;   movdqa %xmm3, %xmm4
;;   orpd %xmm5, %xmm4
;;   cmpunordpd %xmm5, %xmm3
;;   orpd %xmm3, %xmm4
;;   psrlq $0xd, %xmm3
;;   andnpd %xmm4, %xmm3
;;   movdqa %xmm0, %xmm4
;;   maxpd %xmm1, %xmm4
;;   movdqa %xmm1, %xmm5
;;   maxpd %xmm0, %xmm5
;;   movdqa %xmm4, %xmm6
;;   xorpd %xmm5, %xmm6
;;   orpd %xmm6, %xmm4
;;   movdqa %xmm4, %xmm5
;;   subpd %xmm6, %xmm5
;;   cmpunordpd %xmm4, %xmm4
;;   psrlq $0xd, %xmm4
;;   andnpd %xmm5, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pmulhrsw %xmm1, %xmm5
;;   movdqa %xmm5, %xmm6
;;   pcmpeqw (%rip), %xmm6
;;   pxor %xmm6, %xmm5
;;   pmovsxbw %xmm0, %xmm6
;;   pmovsxbw %xmm1, %xmm8
;;   pmullw %xmm8, %xmm6
;;   palignr $0x8, %xmm0, %xmm0
;;   pmovsxbw %xmm0, %xmm0
;;   palignr $0x8, %xmm1, %xmm1
;;   pmovsxbw %xmm1, %xmm1
;;   pmullw %xmm1, %xmm0
;;   phaddw %xmm0, %xmm6
;;   movdqa %xmm7, %xmm0
;;   movdqa %xmm9, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.unary0:
;; function u0:1(i64 vmctx, i8x16) -> i8x16, i8x16, i8x16, i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     const0 = 0x00000000000000000000000000000000
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16):
;;     v6 = bitcast.f32x4 little v1
;;     v7 = fcvt_to_sint_sat.i32x4 v6
;;     v8 = bitcast.f32x4 little v1
;;     v9 = fcvt_to_uint_sat.i32x4 v8
;;     v10 = bitcast.f64x2 little v1
;;     v11 = vconst.i64x2 const0
;;     v12 = fcvt_to_sint_sat.i64x2 v10
;;     v13 = snarrow v12, v11  ; v11 = const0
;;     v14 = bitcast.f64x2 little v1
;;     v15 = vconst.i64x2 const0
;;     v16 = fcvt_to_uint_sat.i64x2 v14
;;     v17 = uunarrow v16, v15  ; v15 = const0
;;     v18 = bitcast.i8x16 little v7
;;     v19 = bitcast.i8x16 little v9
;;     v20 = bitcast.i8x16 little v13
;;     v21 = bitcast.i8x16 little v17
;;     jump block1(v18, v19, v20, v21)
;;
;; block1(v2: i8x16, v3: i8x16, v4: i8x16, v5: i8x16):
;;     return v2, v3, v4, v5
;; }
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
;;   movdqa %xmm1, %xmm5
;;   pxor %xmm2, %xmm1
;;   movdqa %xmm1, %xmm5
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
;;   maxpd %xmm4, %xmm0
;;   minpd (%rip), %xmm0
;;   roundpd $0x3, %xmm0, %xmm3
;;   addpd (%rip), %xmm3
;;   shufps $0x88, %xmm4, %xmm3
;;   movdqa %xmm5, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.ternary0:
;; function u0:2(i64 vmctx, i8x16, i8x16, i8x16) -> i8x16, i8x16, i8x16, i8x16, i8x16, i8x16, i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;;     v11 = bitcast.f32x4 little v3
;;     v12 = bitcast.f32x4 little v2
;;     v13 = bitcast.f32x4 little v1
;;     v14 = fmul v13, v12
;;     v15 = fadd v14, v11
;;     v16 = bitcast.f32x4 little v3
;;     v17 = bitcast.f32x4 little v2
;;     v18 = bitcast.f32x4 little v1
;;     v19 = fneg v18
;;     v20 = fmul v19, v17
;;     v21 = fadd v20, v16
;;     v22 = bitcast.f64x2 little v3
;;     v23 = bitcast.f64x2 little v2
;;     v24 = bitcast.f64x2 little v1
;;     v25 = fmul v24, v23
;;     v26 = fadd v25, v22
;;     v27 = bitcast.f64x2 little v3
;;     v28 = bitcast.f64x2 little v2
;;     v29 = bitcast.f64x2 little v1
;;     v30 = fneg v29
;;     v31 = fmul v30, v28
;;     v32 = fadd v31, v27
;;     v33 = bitselect v3, v1, v2
;;     v34 = bitcast.i64x2 little v3
;;     v35 = bitcast.i64x2 little v2
;;     v36 = bitcast.i64x2 little v1
;;     v37 = bitselect v34, v36, v35
;;     v38 = bitcast.i32x4 little v3
;;     v39 = swiden_low v1
;;     v40 = swiden_low v2
;;     v41 = imul v39, v40
;;     v42 = swiden_high v1
;;     v43 = swiden_high v2
;;     v44 = imul v42, v43
;;     v45 = iadd_pairwise v41, v44
;;     v46 = swiden_low v45
;;     v47 = swiden_high v45
;;     v48 = iadd_pairwise v46, v47
;;     v49 = iadd v48, v38
;;     v50 = bitcast.i8x16 little v15
;;     v51 = bitcast.i8x16 little v21
;;     v52 = bitcast.i8x16 little v26
;;     v53 = bitcast.i8x16 little v32
;;     v54 = bitcast.i8x16 little v37
;;     v55 = bitcast.i8x16 little v49
;;     jump block1(v50, v51, v52, v53, v33, v54, v55)
;;
;; block1(v4: i8x16, v5: i8x16, v6: i8x16, v7: i8x16, v8: i8x16, v9: i8x16, v10: i8x16):
;;     return v4, v5, v6, v7, v8, v9, v10
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm3
;;   mulps %xmm1, %xmm3
;;   addps %xmm2, %xmm3
;;   movdqa %xmm3, %xmm8
;;   uninit  %xmm3
;;   pcmpeqd %xmm3, %xmm3
;;   pslld $0x1f, %xmm3
;;   movdqa %xmm0, %xmm4
;;   xorps %xmm3, %xmm4
;;   movdqa %xmm4, %xmm3
;;   mulps %xmm1, %xmm3
;;   movdqa %xmm3, %xmm9
;;   addps %xmm2, %xmm3
;;   movdqa %xmm3, %xmm9
;;   movdqa %xmm0, %xmm3
;;   mulpd %xmm1, %xmm3
;;   addpd %xmm2, %xmm3
;;   movdqa %xmm3, %xmm10
;;   uninit  %xmm4
;;   pcmpeqd %xmm4, %xmm4
;;   psllq $0x3f, %xmm4
;;   movdqa %xmm0, %xmm3
;;   xorpd %xmm4, %xmm3
;;   mulpd %xmm1, %xmm3
;;   addpd %xmm2, %xmm3
;;   movdqa %xmm0, %xmm5
;;   pand %xmm2, %xmm5
;;   movdqa %xmm2, %xmm4
;;   pandn %xmm1, %xmm4
;;   por %xmm5, %xmm4
;;   movdqa %xmm0, %xmm6
;;   pand %xmm2, %xmm6
;;   movdqa %xmm2, %xmm5
;;   pandn %xmm1, %xmm5
;;   por %xmm6, %xmm5
;;   pmovsxbw %xmm0, %xmm6
;;   pmovsxbw %xmm1, %xmm7
;;   pmullw %xmm7, %xmm6
;;   palignr $0x8, %xmm0, %xmm0
;;   pmovsxbw %xmm0, %xmm0
;;   palignr $0x8, %xmm1, %xmm1
;;   pmovsxbw %xmm1, %xmm1
;;   pmullw %xmm1, %xmm0
;;   phaddw %xmm0, %xmm6
;;   pmaddwd (%rip), %xmm6
;;   paddd %xmm2, %xmm6
;;   movdqa %xmm8, %xmm0
;;   movdqa %xmm9, %xmm1
;;   movdqa %xmm10, %xmm2
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=asm cpu=x86-64-v3
;;
;; p.0.binary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   vpaddusb (%rip), %xmm1, %xmm2
;;   vpshufb %xmm2, %xmm0, %xmm10
;;   vminps %xmm1, %xmm0, %xmm2
;;   vminps %xmm0, %xmm1, %xmm3
;;   vorps %xmm3, %xmm2, %xmm2
;;   vcmpunordps %xmm3, %xmm2, %xmm3
;;   vorps %xmm3, %xmm2, %xmm2
;;   vpsrld $0xa, %xmm3, %xmm3
;;   vandnps %xmm2, %xmm3, %xmm7
;;   vmaxps %xmm1, %xmm0, %xmm2
;;   vmaxps %xmm0, %xmm1, %xmm3
;;   vxorps %xmm3, %xmm2, %xmm4
;;   vorps %xmm4, %xmm2, %xmm3
;;   vsubps %xmm4, %xmm3, %xmm2
;;   vcmpunordps %xmm3, %xmm3, %xmm3
;;   vpsrld $0xa, %xmm3, %xmm3
;;   vandnps %xmm2, %xmm3, %xmm2
;;   vminpd %xmm1, %xmm0, %xmm3
;;   vminpd %xmm0, %xmm1, %xmm4
;;   vorpd %xmm4, %xmm3, %xmm5
;;   vcmpunordpd %xmm4, %xmm3, %xmm4
;;   vorpd %xmm4, %xmm5, %xmm3
;;   vpsrlq $0xd, %xmm4, %xmm4
;;   vandnpd %xmm3, %xmm4, %xmm3
;;   vmaxpd %xmm1, %xmm0, %xmm4
;;   vmaxpd %xmm0, %xmm1, %xmm5
;;   vxorpd %xmm5, %xmm4, %xmm8
;;   vorpd %xmm8, %xmm4, %xmm5
;;   vsubpd %xmm8, %xmm5, %xmm4
;;   vcmpunordpd %xmm5, %xmm5, %xmm5
;;   vpsrlq $0xd, %xmm5, %xmm5
;;   vandnpd %xmm4, %xmm5, %xmm4
;;   vpmulhrsw %xmm1, %xmm0, %xmm5
;;   vpcmpeqw (%rip), %xmm5, %xmm8
;;   vpxor %xmm8, %xmm5, %xmm5
;;   vpmovsxbw %xmm0, %xmm8
;;   vpmovsxbw %xmm1, %xmm9
;;   vpmullw %xmm9, %xmm8, %xmm8
;;   vpalignr $0x8, %xmm0, %xmm0, %xmm0
;;   vpmovsxbw %xmm0, %xmm0
;;   vpalignr $0x8, %xmm1, %xmm1, %xmm1
;;   vpmovsxbw %xmm1, %xmm1
;;   vpmullw %xmm1, %xmm0, %xmm0
;;   vphaddw %xmm0, %xmm8, %xmm6
;;   movdqa %xmm10, %xmm0
;;   movdqa %xmm7, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.unary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   vcmpeqps %xmm0, %xmm0, %xmm2
;;   vandps %xmm2, %xmm0, %xmm1
;;   vpxor %xmm1, %xmm2, %xmm2
;;   vcvttps2dq %xmm1, %xmm1
;;   vpand %xmm2, %xmm1, %xmm2
;;   vpsrad $0x1f, %xmm2, %xmm2
;;   vpxor %xmm1, %xmm2, %xmm6
;;   uninit  %xmm1
;;   vxorps %xmm1, %xmm1, %xmm1
;;   vmaxps %xmm1, %xmm0, %xmm2
;;   vpcmpeqd %xmm1, %xmm1, %xmm1
;;   vpsrld $0x1, %xmm1, %xmm1
;;   vcvtdq2ps %xmm1, %xmm4
;;   vcvttps2dq %xmm2, %xmm1
;;   vsubps %xmm4, %xmm2, %xmm5
;;   vcmpleps %xmm5, %xmm4, %xmm2
;;   vcvttps2dq %xmm5, %xmm4
;;   vpxor %xmm2, %xmm4, %xmm2
;;   uninit  %xmm4
;;   vpxor %xmm4, %xmm4, %xmm4
;;   vpmaxsd %xmm4, %xmm2, %xmm2
;;   vpaddd %xmm1, %xmm2, %xmm1
;;   vcmpeqpd %xmm0, %xmm0, %xmm2
;;   vandps (%rip), %xmm2, %xmm2
;;   vminpd %xmm2, %xmm0, %xmm2
;;   vcvttpd2dq %xmm2, %xmm2
;;   uninit  %xmm3
;;   vxorpd %xmm3, %xmm3, %xmm4
;;   vmaxpd %xmm4, %xmm0, %xmm0
;;   vminpd (%rip), %xmm0, %xmm0
;;   vroundpd $0x3, %xmm0, %xmm0
;;   vaddpd (%rip), %xmm0, %xmm0
;;   vshufps $0x88, %xmm4, %xmm0, %xmm3
;;   movdqa %xmm6, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.ternary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm7
;;   vfmadd213ps %xmm2, %xmm1, %xmm7
;;   movdqa %xmm0, %xmm8
;;   vfnmadd213ps %xmm2, %xmm1, %xmm8
;;   movdqa %xmm0, %xmm11
;;   vfmadd213pd %xmm2, %xmm1, %xmm11
;;   movdqa %xmm0, %xmm3
;;   vfnmadd213pd %xmm2, %xmm1, %xmm3
;;   vpand %xmm2, %xmm0, %xmm4
;;   vpandn %xmm1, %xmm2, %xmm5
;;   vpor %xmm4, %xmm5, %xmm4
;;   vpand %xmm2, %xmm0, %xmm5
;;   vpandn %xmm1, %xmm2, %xmm9
;;   vpor %xmm5, %xmm9, %xmm5
;;   vpmovsxbw %xmm0, %xmm9
;;   vpmovsxbw %xmm1, %xmm10
;;   vpmullw %xmm10, %xmm9, %xmm9
;;   vpalignr $0x8, %xmm0, %xmm0, %xmm0
;;   vpmovsxbw %xmm0, %xmm0
;;   vpalignr $0x8, %xmm1, %xmm1, %xmm1
;;   vpmovsxbw %xmm1, %xmm1
;;   vpmullw %xmm1, %xmm0, %xmm0
;;   vphaddw %xmm0, %xmm9, %xmm0
;;   vpmaddwd (%rip), %xmm0, %xmm0
;;   vpaddd %xmm2, %xmm0, %xmm6
;;   movdqa %xmm7, %xmm0
;;   movdqa %xmm8, %xmm1
;;   movdqa %xmm11, %xmm2
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
