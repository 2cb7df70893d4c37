;;! emit=asm
;;; Vector integer arithmetic.
(module
  (func $i8x16_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128 v128)
    (i8x16.add (local.get 0) (local.get 1))
    (i8x16.sub (local.get 0) (local.get 1))
    (i8x16.min_s (local.get 0) (local.get 1))
    (i8x16.min_u (local.get 0) (local.get 1))
    (i8x16.max_s (local.get 0) (local.get 1))
    (i8x16.max_u (local.get 0) (local.get 1))
    (i8x16.add_sat_s (local.get 0) (local.get 1))
    (i8x16.add_sat_u (local.get 0) (local.get 1)))
  (func $i8x16_1 (param v128 v128) (result v128 v128 v128)
    (i8x16.sub_sat_s (local.get 0) (local.get 1))
    (i8x16.sub_sat_u (local.get 0) (local.get 1))
    (i8x16.avgr_u (local.get 0) (local.get 1)))
  (func $i8x16_unary0 (param v128) (result v128 v128 v128)
    (i8x16.abs (local.get 0))
    (i8x16.neg (local.get 0))
    (i8x16.popcnt (local.get 0)))
  (func $i8x16_shift (param v128 i32) (result v128 v128 v128)
    (i8x16.shl (local.get 0) (local.get 1)) (i8x16.shr_s (local.get 0) (local.get 1)) (i8x16.shr_u (local.get 0) (local.get 1)))
  (func $i8x16_test (param v128) (result i32 i32) (i8x16.all_true (local.get 0)) (i8x16.bitmask (local.get 0)))
  (func $i16x8_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128 v128)
    (i16x8.add (local.get 0) (local.get 1))
    (i16x8.sub (local.get 0) (local.get 1))
    (i16x8.mul (local.get 0) (local.get 1))
    (i16x8.min_s (local.get 0) (local.get 1))
    (i16x8.min_u (local.get 0) (local.get 1))
    (i16x8.max_s (local.get 0) (local.get 1))
    (i16x8.max_u (local.get 0) (local.get 1))
    (i16x8.add_sat_s (local.get 0) (local.get 1)))
  (func $i16x8_1 (param v128 v128) (result v128 v128 v128 v128)
    (i16x8.add_sat_u (local.get 0) (local.get 1))
    (i16x8.sub_sat_s (local.get 0) (local.get 1))
    (i16x8.sub_sat_u (local.get 0) (local.get 1))
    (i16x8.avgr_u (local.get 0) (local.get 1)))
  (func $i16x8_unary0 (param v128) (result v128 v128)
    (i16x8.abs (local.get 0))
    (i16x8.neg (local.get 0)))
  (func $i16x8_shift (param v128 i32) (result v128 v128 v128)
    (i16x8.shl (local.get 0) (local.get 1)) (i16x8.shr_s (local.get 0) (local.get 1)) (i16x8.shr_u (local.get 0) (local.get 1)))
  (func $i16x8_test (param v128) (result i32 i32) (i16x8.all_true (local.get 0)) (i16x8.bitmask (local.get 0)))
  (func $i32x4_0 (param v128 v128) (result v128 v128 v128 v128 v128 v128 v128)
    (i32x4.add (local.get 0) (local.get 1))
    (i32x4.sub (local.get 0) (local.get 1))
    (i32x4.mul (local.get 0) (local.get 1))
    (i32x4.min_s (local.get 0) (local.get 1))
    (i32x4.min_u (local.get 0) (local.get 1))
    (i32x4.max_s (local.get 0) (local.get 1))
    (i32x4.max_u (local.get 0) (local.get 1)))
  (func $i32x4_unary0 (param v128) (result v128 v128)
    (i32x4.abs (local.get 0))
    (i32x4.neg (local.get 0)))
  (func $i32x4_shift (param v128 i32) (result v128 v128 v128)
    (i32x4.shl (local.get 0) (local.get 1)) (i32x4.shr_s (local.get 0) (local.get 1)) (i32x4.shr_u (local.get 0) (local.get 1)))
  (func $i32x4_test (param v128) (result i32 i32) (i32x4.all_true (local.get 0)) (i32x4.bitmask (local.get 0)))
  (func $i64x2_0 (param v128 v128) (result v128 v128 v128)
    (i64x2.add (local.get 0) (local.get 1))
    (i64x2.sub (local.get 0) (local.get 1))
    (i64x2.mul (local.get 0) (local.get 1)))
  (func $i64x2_unary0 (param v128) (result v128 v128)
    (i64x2.abs (local.get 0))
    (i64x2.neg (local.get 0)))
  (func $i64x2_shift (param v128 i32) (result v128 v128 v128)
    (i64x2.shl (local.get 0) (local.get 1)) (i64x2.shr_s (local.get 0) (local.get 1)) (i64x2.shr_u (local.get 0) (local.get 1)))
  (func $i64x2_test (param v128) (result i32 i32) (i64x2.all_true (local.get 0)) (i64x2.bitmask (local.get 0)))
)

;; == emit=asm
;;
;; p.0.i8x16_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm11
;;   paddb %xmm1, %xmm11
;;   movdqa %xmm0, %xmm12
;;   psubb %xmm1, %xmm12
;;   movdqa %xmm0, %xmm2
;;   pminsb %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pminub %xmm1, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pmaxsb %xmm1, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pmaxub %xmm1, %xmm5
;;   movdqa %xmm0, %xmm6
;;   paddsb %xmm1, %xmm6
;;   movdqa %xmm0, %xmm7
;;   paddusb %xmm1, %xmm7
;;   movdqa %xmm11, %xmm0
;;   movdqa %xmm12, %xmm1
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
;;   psubsb %xmm1, %xmm6
;;   movdqa %xmm1, %xmm2
;;   movdqa %xmm0, %xmm1
;;   psubusb %xmm2, %xmm1
;;   movdqa %xmm0, %xmm7
;;   pavgb %xmm2, %xmm7
;;   movdqa %xmm6, %xmm0
;;   movdqa %xmm7, %xmm2
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i8x16_unary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pabsb %xmm0, %xmm4
;;   uninit  %xmm1
;;   pxor %xmm1, %xmm1
;;   psubb %xmm0, %xmm1
;;   movdqa %xmm0, %xmm7
;;   pand (%rip), %xmm7
;;   psrlw $0x4, %xmm0
;;   pand (%rip), %xmm0
;;   movdqu (%rip), %xmm3
;;   movdqa %xmm3, %xmm2
;;   pshufb %xmm7, %xmm2
;;   pshufb %xmm0, %xmm3
;;   paddb %xmm3, %xmm2
;;   movdqa %xmm4, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i8x16_shift:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rsi, %rax
;;   andq $0x7, %rax
;;   movd %eax, %xmm1
;;   movdqa %xmm0, %xmm2
;;   psllw %xmm1, %xmm2
;;   movdqa %xmm2, %xmm4
;;   leaq (%rip), %rcx
;;   shlq $0x4, %rax
;;   movdqu (%rcx, %rax), %xmm1
;;   pand %xmm1, %xmm2
;;   movdqa %xmm2, %xmm4
;;   movq %rsi, %rax
;;   andq $0x7, %rax
;;   movdqa %xmm0, %xmm1
;;   punpcklbw %xmm0, %xmm1
;;   movdqa %xmm0, %xmm2
;;   punpckhbw %xmm0, %xmm2
;;   addl $0x8, %eax
;;   movd %eax, %xmm3
;;   psraw %xmm3, %xmm1
;;   psraw %xmm3, %xmm2
;;   packsswb %xmm2, %xmm1
;;   andq $0x7, %rsi
;;   movd %esi, %xmm2
;;   psrlw %xmm2, %xmm0
;;   leaq (%rip), %rax
;;   shlq $0x4, %rsi
;;   movdqa %xmm0, %xmm2
;;   pand (%rax, %rsi), %xmm2
;;   movdqa %xmm4, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i8x16_test:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm6
;;   pxor %xmm6, %xmm6
;;   movdqa %xmm0, %xmm1
;;   pcmpeqb %xmm6, %xmm1
;;   ptest %xmm1, %xmm1
;;   sete %al
;;   movzbl %al, %eax
;;   pmovmskb %xmm0, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i16x8_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm11
;;   paddw %xmm1, %xmm11
;;   movdqa %xmm0, %xmm12
;;   psubw %xmm1, %xmm12
;;   movdqa %xmm0, %xmm2
;;   pmullw %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pminsw %xmm1, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pminuw %xmm1, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pmaxsw %xmm1, %xmm5
;;   movdqa %xmm0, %xmm6
;;   pmaxuw %xmm1, %xmm6
;;   movdqa %xmm0, %xmm7
;;   paddsw %xmm1, %xmm7
;;   movdqa %xmm11, %xmm0
;;   movdqa %xmm12, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.i16x8_1:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm7
;;   paddusw %xmm1, %xmm7
;;   movdqa %xmm0, %xmm4
;;   psubsw %xmm1, %xmm4
;;   movdqa %xmm0, %xmm2
;;   psubusw %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pavgw %xmm1, %xmm3
;;   movdqa %xmm7, %xmm0
;;   movdqa %xmm4, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.i16x8_unary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pabsw %xmm0, %xmm6
;;   uninit  %xmm1
;;   pxor %xmm1, %xmm1
;;   psubw %xmm0, %xmm1
;;   movdqa %xmm6, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.8.i16x8_shift:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rsi, %r10
;;   andq $0xf, %r10
;;   movd %r10d, %xmm1
;;   movdqa %xmm0, %xmm4
;;   psllw %xmm1, %xmm4
;;   movq %rsi, %r10
;;   andq $0xf, %r10
;;   movd %r10d, %xmm3
;;   movdqa %xmm0, %xmm1
;;   psraw %xmm3, %xmm1
;;   andq $0xf, %rsi
;;   movd %esi, %xmm3
;;   movdqa %xmm0, %xmm2
;;   psrlw %xmm3, %xmm2
;;   movdqa %xmm4, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.9.i16x8_test:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm1
;;   pxor %xmm1, %xmm1
;;   movdqa %xmm0, %xmm2
;;   pcmpeqw %xmm1, %xmm2
;;   ptest %xmm2, %xmm2
;;   sete %al
;;   movzbl %al, %eax
;;   packsswb %xmm0, %xmm0
;;   pmovmskb %xmm0, %ecx
;;   shrq $0x8, %rcx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.10.i32x4_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm10
;;   paddd %xmm1, %xmm10
;;   movdqa %xmm0, %xmm7
;;   psubd %xmm1, %xmm7
;;   movdqa %xmm0, %xmm2
;;   pmulld %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   pminsd %xmm1, %xmm3
;;   movdqa %xmm0, %xmm4
;;   pminud %xmm1, %xmm4
;;   movdqa %xmm0, %xmm5
;;   pmaxsd %xmm1, %xmm5
;;   movdqa %xmm0, %xmm6
;;   pmaxud %xmm1, %xmm6
;;   movdqa %xmm10, %xmm0
;;   movdqa %xmm7, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.11.i32x4_unary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pabsd %xmm0, %xmm6
;;   uninit  %xmm1
;;   pxor %xmm1, %xmm1
;;   psubd %xmm0, %xmm1
;;   movdqa %xmm6, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.12.i32x4_shift:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rsi, %r10
;;   andq $0x1f, %r10
;;   movd %r10d, %xmm1
;;   movdqa %xmm0, %xmm4
;;   pslld %xmm1, %xmm4
;;   movq %rsi, %r10
;;   andq $0x1f, %r10
;;   movd %r10d, %xmm3
;;   movdqa %xmm0, %xmm1
;;   psrad %xmm3, %xmm1
;;   andq $0x1f, %rsi
;;   movd %esi, %xmm3
;;   movdqa %xmm0, %xmm2
;;   psrld %xmm3, %xmm2
;;   movdqa %xmm4, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.13.i32x4_test:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm6
;;   pxor %xmm6, %xmm6
;;   movdqa %xmm0, %xmm1
;;   pcmpeqd %xmm6, %xmm1
;;   ptest %xmm1, %xmm1
;;   sete %al
;;   movzbl %al, %eax
;;   movmskps %xmm0, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.14.i64x2_0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm7
;;   paddq %xmm1, %xmm7
;;   movdqa %xmm0, %xmm3
;;   psubq %xmm1, %xmm3
;;   movdqa %xmm0, %xmm4
;;   psrlq $0x20, %xmm4
;;   pmuludq %xmm1, %xmm4
;;   movdqa %xmm1, %xmm6
;;   psrlq $0x20, %xmm6
;;   movdqa %xmm0, %xmm5
;;   pmuludq %xmm6, %xmm5
;;   paddq %xmm5, %xmm4
;;   psllq $0x20, %xmm4
;;   pmuludq %xmm1, %xmm0
;;   movdqa %xmm0, %xmm2
;;   paddq %xmm4, %xmm2
;;   movdqa %xmm7, %xmm0
;;   movdqa %xmm3, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.15.i64x2_unary0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movdqa %xmm0, %xmm1
;;   jmp     label1
;; block1:
;;   uninit  %xmm0
;;   pxor %xmm0, %xmm0
;;   movdqa %xmm1, %xmm2
;;   psubq %xmm2, %xmm0
;;   blendvpd %xmm0, %xmm2, %xmm0
;;   uninit  %xmm1
;;   pxor %xmm1, %xmm1
;;   psubq %xmm2, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.16.i64x2_shift:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movq %rsi, %rax
;;   andq $0x3f, %rax
;;   movd %eax, %xmm1
;;   movdqa %xmm0, %xmm5
;;   psllq %xmm1, %xmm5
;;   movq %rsi, %r10
;;   andq $0x3f, %r10
;;   movq %r10, %xmm1
;;   movdqu (%rip), %xmm3
;;   psrlq %xmm1, %xmm3
;;   movdqa %xmm0, %xmm4
;;   psrlq %xmm1, %xmm4
;;   movdqa %xmm3, %xmm1
;;   pxor %xmm4, %xmm1
;;   psubq %xmm3, %xmm1
;;   andq $0x3f, %rsi
;;   movd %esi, %xmm3
;;   movdqa %xmm0, %xmm2
;;   psrlq %xmm3, %xmm2
;;   movdqa %xmm5, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.17.i64x2_test:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm6
;;   pxor %xmm6, %xmm6
;;   movdqa %xmm0, %xmm1
;;   pcmpeqq %xmm6, %xmm1
;;   ptest %xmm1, %xmm1
;;   sete %al
;;   movzbl %al, %eax
;;   movmskpd %xmm0, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
