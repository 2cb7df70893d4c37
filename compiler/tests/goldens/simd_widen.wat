;;! emit=asm
;;; Widening, narrowing, products.
(module
  (func $i16x8_extend0 (param v128) (result v128 v128 v128 v128)
    (i16x8.extend_low_i8x16_s (local.get 0))
    (i16x8.extend_low_i8x16_u (local.get 0))
    (i16x8.extend_high_i8x16_s (local.get 0))
    (i16x8.extend_high_i8x16_u (local.get 0)))
  (func $i16x8_extmul0 (param v128 v128) (result v128 v128 v128 v128)
    (i16x8.extmul_low_i8x16_s (local.get 0) (local.get 1))
    (i16x8.extmul_low_i8x16_u (local.get 0) (local.get 1))
    (i16x8.extmul_high_i8x16_s (local.get 0) (local.get 1))
    (i16x8.extmul_high_i8x16_u (local.get 0) (local.get 1)))
  (func $i32x4_extend0 (param v128) (result v128 v128 v128 v128)
    (i32x4.extend_low_i16x8_s (local.get 0))
    (i32x4.extend_low_i16x8_u (local.get 0))
    (i32x4.extend_high_i16x8_s (local.get 0))
    (i32x4.extend_high_i16x8_u (local.get 0)))
  (func $i32x4_extmul0 (param v128 v128) (result v128 v128 v128 v128)
    (i32x4.extmul_low_i16x8_s (local.get 0) (local.get 1))
    (i32x4.extmul_low_i16x8_u (local.get 0) (local.get 1))
    (i32x4.extmul_high_i16x8_s (local.get 0) (local.get 1))
    (i32x4.extmul_high_i16x8_u (local.get 0) (local.get 1)))
  (func $i64x2_extend0 (param v128) (result v128 v128 v128 v128)
    (i64x2.extend_low_i32x4_s (local.get 0))
    (i64x2.extend_low_i32x4_u (local.get 0))
    (i64x2.extend_high_i32x4_s (local.get 0))
    (i64x2.extend_high_i32x4_u (local.get 0)))
  (func $i64x2_extmul0 (param v128 v128) (result v128 v128 v128 v128)
    (i64x2.extmul_low_i32x4_s (local.get 0) (local.get 1))
    (i64x2.extmul_low_i32x4_u (local.get 0) (local.get 1))
    (i64x2.extmul_high_i32x4_s (local.get 0) (local.get 1))
    (i64x2.extmul_high_i32x4_u (local.get 0) (local.get 1)))
  (func $pairwise0 (param v128) (result v128 v128 v128 v128)
    (i16x8.extadd_pairwise_i8x16_s (local.get 0))
    (i16x8.extadd_pairwise_i8x16_u (local.get 0))
    (i32x4.extadd_pairwise_i16x8_s (local.get 0))
    (i32x4.extadd_pairwise_i16x8_u (local.get 0)))
  (func $narrow0 (param v128 v128) (result v128 v128 v128 v128 v128 v128)
    (i8x16.narrow_i16x8_s (local.get 0) (local.get 1))
    (i8x16.narrow_i16x8_u (local.get 0) (local.get 1))
    (i16x8.narrow_i32x4_s (local.get 0) (local.get 1))
    (i16x8.narrow_i32x4_u (local.get 0) (local.get 1))
    (i16x8.q15mulr_sat_s (local.get 0) (local.get 1))
    (i32x4.dot_i16x8_s (local.get 0) (local.get 1)))
)

;; == emit=asm
;;
;; p.0.i16x8_extend0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pmovsxbw %xmm0, %xmm5
;;   pmovzxbw %xmm0, %xmm1
;;   movdqa %xmm0, %xmm2
;;   palignr $0x8, %xmm0, %xmm2
;;   pmovsxbw %xmm2, %xmm2
;;   uninit  %xmm4
;;   pxor %xmm4, %xmm4
;;   movdqa %xmm0, %xmm3
;;   punpckhbw %xmm4, %xmm3
;;   movdqa %xmm5, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i16x8_extmul0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pmovsxbw %xmm0, %xmm2
;;   movdqa %xmm2, %xmm4
;;   pmovsxbw %xmm1, %xmm2
;;   movdqa %xmm4, %xmm3
;;   pmullw %xmm2, %xmm3
;;   movdqa %xmm3, %xmm4
;;   pmovzxbw %xmm0, %xmm2
;;   movdqa %xmm2, %xmm5
;;   pmovzxbw %xmm1, %xmm2
;;   movdqa %xmm5, %xmm3
;;   pmullw %xmm2, %xmm3
;;   movdqa %xmm3, %xmm5
;;   movdqa %xmm0, %xmm2
;;   palignr $0x8, %xmm0, %xmm2
;;   pmovsxbw %xmm2, %xmm2
;;   movdqa %xmm1, %xmm3
;;   palignr $0x8, %xmm1, %xmm3
;;   pmovsxbw %xmm3, %xmm3
;;   pmullw %xmm3, %xmm2
;;   uninit  %xmm3
;;   pxor %xmm3, %xmm3
;;   punpckhbw %xmm3, %xmm0
;;   uninit  %xmm3
;;   pxor %xmm3, %xmm3
;;   punpckhbw %xmm3, %xmm1
;;   movdqa %xmm0, %xmm3
;;   pmullw %xmm1, %xmm3
;;   movdqa %xmm4, %xmm0
;;   movdqa %xmm5, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i32x4_extend0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pmovsxwd %xmm0, %xmm5
;;   pmovzxwd %xmm0, %xmm1
;;   movdqa %xmm0, %xmm2
;;   palignr $0x8, %xmm0, %xmm2
;;   pmovsxwd %xmm2, %xmm2
;;   uninit  %xmm4
;;   pxor %xmm4, %xmm4
;;   movdqa %xmm0, %xmm3
;;   punpckhwd %xmm4, %xmm3
;;   movdqa %xmm5, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i32x4_extmul0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm2
;;   pmullw %xmm1, %xmm2
;;   movdqa %xmm2, %xmm4
;;   movdqa %xmm0, %xmm2
;;   pmulhw %xmm1, %xmm2
;;   movdqa %xmm4, %xmm3
;;   punpcklwd %xmm2, %xmm3
;;   movdqa %xmm3, %xmm4
;;   movdqa %xmm0, %xmm2
;;   pmullw %xmm1, %xmm2
;;   movdqa %xmm2, %xmm5
;;   movdqa %xmm0, %xmm2
;;   pmulhuw %xmm1, %xmm2
;;   movdqa %xmm5, %xmm3
;;   punpcklwd %xmm2, %xmm3
;;   movdqa %xmm3, %xmm5
;;   movdqa %xmm0, %xmm2
;;   pmullw %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pmulhw %xmm1, %xmm3
;;   punpckhwd %xmm3, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pmullw %xmm1, %xmm3
;;   pmulhuw %xmm1, %xmm0
;;   punpckhwd %xmm0, %xmm3
;;   movdqa %xmm4, %xmm0
;;   movdqa %xmm5, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i64x2_extend0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pmovsxdq %xmm0, %xmm5
;;   pmovzxdq %xmm0, %xmm1
;;   pshufd $0xee, %xmm0, %xmm2
;;   pmovsxdq %xmm2, %xmm2
;;   uninit  %xmm4
;;   xorps %xmm4, %xmm4
;;   movdqa %xmm0, %xmm3
;;   unpckhps %xmm4, %xmm3
;;   movdqa %xmm5, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i64x2_extmul0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pshufd $0x50, %xmm0, %xmm2
;;   movdqa %xmm2, %xmm5
;;   pshufd $0x50, %xmm1, %xmm2
;;   movdqa %xmm1, %xmm4
;;   movdqa %xmm5, %xmm1
;;   pmuldq %xmm2, %xmm1
;;   movdqa %xmm1, %xmm5
;;   pshufd $0x50, %xmm0, %xmm1
;;   pshufd $0x50, %xmm4, %xmm2
;;   pmuludq %xmm2, %xmm1
;;   pshufd $0xfa, %xmm0, %xmm2
;;   pshufd $0xfa, %xmm4, %xmm3
;;   pmuldq %xmm3, %xmm2
;;   pshufd $0xfa, %xmm0, %xmm3
;;   pshufd $0xfa, %xmm4, %xmm0
;;   pmuludq %xmm0, %xmm3
;;   movdqa %xmm5, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.pairwise0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqu (%rip), %xmm1
;;   pmaddubsw %xmm0, %xmm1
;;   movdqa %xmm1, %xmm4
;;   movdqa %xmm0, %xmm1
;;   pmaddubsw (%rip), %xmm1
;;   movdqa %xmm0, %xmm2
;;   pmaddwd (%rip), %xmm2
;;   pxor (%rip), %xmm0
;;   pmaddwd (%rip), %xmm0
;;   movdqa %xmm0, %xmm3
;;   paddd (%rip), %xmm3
;;   movdqa %xmm4, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.narrow0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm6
;;   packsswb %xmm1, %xmm6
;;   movdqa %xmm0, %xmm11
;;   packuswb %xmm1, %xmm11
;;   movdqa %xmm0, %xmm2
;;   packssdw %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   packusdw %xmm1, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pmulhrsw %xmm1, %xmm4
;;   movdqa %xmm4, %xmm7
;;   pcmpeqw (%rip), %xmm7
;;   pxor %xmm7, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pmaddwd %xmm1, %xmm5
;;   movdqa %xmm6, %xmm0
;;   movdqa %xmm11, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
