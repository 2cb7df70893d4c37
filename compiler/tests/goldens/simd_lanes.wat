;;! emit=clif,asm
;;; Lanes: splat, extract, replace, shuffle.
(module
  (func $i8x16 (param v128 i32) (result v128 v128 i32 i32)
    (i8x16.splat (local.get 1)) (i8x16.replace_lane 1 (local.get 0) (local.get 1))
    (i8x16.extract_lane_s 1 (local.get 0)) (i8x16.extract_lane_u 1 (local.get 0)))
  (func $i16x8 (param v128 i32) (result v128 v128 i32 i32)
    (i16x8.splat (local.get 1)) (i16x8.replace_lane 1 (local.get 0) (local.get 1))
    (i16x8.extract_lane_s 1 (local.get 0)) (i16x8.extract_lane_u 1 (local.get 0)))
  (func $i32x4 (param v128 i32) (result v128 v128 i32)
    (i32x4.splat (local.get 1)) (i32x4.replace_lane 1 (local.get 0) (local.get 1))
    (i32x4.extract_lane 1 (local.get 0)))
  (func $i64x2 (param v128 i64) (result v128 v128 i64)
    (i64x2.splat (local.get 1)) (i64x2.replace_lane 1 (local.get 0) (local.get 1))
    (i64x2.extract_lane 1 (local.get 0)))
  (func $f32x4 (param v128 f32) (result v128 v128 f32)
    (f32x4.splat (local.get 1)) (f32x4.replace_lane 1 (local.get 0) (local.get 1))
    (f32x4.extract_lane 1 (local.get 0)))
  (func $f64x2 (param v128 f64) (result v128 v128 f64)
    (f64x2.splat (local.get 1)) (f64x2.replace_lane 1 (local.get 0) (local.get 1))
    (f64x2.extract_lane 1 (local.get 0)))
  (func $shuffle (param v128 v128) (result v128 v128)
    (i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31 (local.get 0) (local.get 1))
    (i8x16.swizzle (local.get 0) (local.get 1)))
  (func $const (result v128 v128) (v128.const i32x4 1 2 3 4) (v128.const i64x2 0 0))
)

;; == emit=clif,asm
;;
;; p.0.i8x16:
;; function u0:0(i64 vmctx, i8x16, i32) -> i8x16, i8x16, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i32):
;;     v7 = ireduce.i8 v2
;;     v8 = splat.i8x16 v7
;;     v9 = ireduce.i8 v2
;;     v10 = insertlane v1, v9, 1
;;     v11 = extractlane v1, 1
;;     v12 = sextend.i32 v11
;;     v13 = extractlane v1, 1
;;     v14 = uextend.i32 v13
;;     jump block1(v8, v10, v12, v14)
;;
;; block1(v3: i8x16, v4: i8x16, v5: i32, v6: i32):
;;     return v3, v4, v5, v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movdqa %xmm0, %xmm2
;;   jmp     label1
;; block1:
;;   movd %esi, %xmm0
;;   uninit  %xmm1
;;   pxor %xmm1, %xmm1
;;   pshufb %xmm1, %xmm0
;;   movdqa %xmm2, %xmm1
;;   pinsrb $0x1, %esi, %xmm1
;;   pextrb $0x1, %xmm2, %r11d
;;   movsbl %r11b, %eax
;;   movzbl %r11b, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i16x8:
;; function u0:1(i64 vmctx, i8x16, i32) -> i8x16, i8x16, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i32):
;;     v7 = ireduce.i16 v2
;;     v8 = splat.i16x8 v7
;;     v9 = bitcast.i16x8 little v1
;;     v10 = ireduce.i16 v2
;;     v11 = insertlane v9, v10, 1
;;     v12 = bitcast.i16x8 little v1
;;     v13 = extractlane v12, 1
;;     v14 = sextend.i32 v13
;;     v15 = bitcast.i16x8 little v1
;;     v16 = extractlane v15, 1
;;     v17 = uextend.i32 v16
;;     v18 = bitcast.i8x16 little v8
;;     v19 = bitcast.i8x16 little v11
;;     jump block1(v18, v19, v14, v17)
;;
;; block1(v3: i8x16, v4: i8x16, v5: i32, v6: i32):
;;     return v3, v4, v5, v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movd %esi, %xmm1
;;   pshuflw $0x0, %xmm1, %xmm1
;;   pshufd $0x0, %xmm1, %xmm2
;;   movdqa %xmm0, %xmm1
;;   pinsrw $0x1, %esi, %xmm1
;;   pextrw $0x1, %xmm0, %r10d
;;   movswl %r10w, %eax
;;   movzwl %r10w, %ecx
;;   movdqa %xmm2, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i32x4:
;; function u0:2(i64 vmctx, i8x16, i32) -> i8x16, i8x16, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i32):
;;     v6 = splat.i32x4 v2
;;     v7 = bitcast.i32x4 little v1
;;     v8 = insertlane v7, v2, 1
;;     v9 = bitcast.i32x4 little v1
;;     v10 = extractlane v9, 1
;;     v11 = bitcast.i8x16 little v6
;;     v12 = bitcast.i8x16 little v8
;;     jump block1(v11, v12, v10)
;;
;; block1(v3: i8x16, v4: i8x16, v5: i32):
;;     return v3, v4, v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movdqa %xmm0, %xmm7
;;   jmp     label1
;; block1:
;;   movd %esi, %xmm6
;;   pshufd $0x0, %xmm6, %xmm0
;;   movdqa %xmm7, %xmm2
;;   movdqa %xmm2, %xmm1
;;   pinsrd $0x1, %esi, %xmm1
;;   pextrd $0x1, %xmm2, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i64x2:
;; function u0:3(i64 vmctx, i8x16, i64) -> i8x16, i8x16, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i64):
;;     v6 = splat.i64x2 v2
;;     v7 = bitcast.i64x2 little v1
;;     v8 = insertlane v7, v2, 1
;;     v9 = bitcast.i64x2 little v1
;;     v10 = extractlane v9, 1
;;     v11 = bitcast.i8x16 little v6
;;     v12 = bitcast.i8x16 little v8
;;     jump block1(v11, v12, v10)
;;
;; block1(v3: i8x16, v4: i8x16, v5: i64):
;;     return v3, v4, v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movdqa %xmm0, %xmm7
;;   jmp     label1
;; block1:
;;   movq %rsi, %xmm6
;;   pshufd $0x44, %xmm6, %xmm0
;;   movdqa %xmm7, %xmm2
;;   movdqa %xmm2, %xmm1
;;   pinsrq $0x1, %rsi, %xmm1
;;   pextrq $0x1, %xmm2, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.f32x4:
;; function u0:4(i64 vmctx, i8x16, f32) -> i8x16, i8x16, f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: f32):
;;     v6 = splat.f32x4 v2
;;     v7 = bitcast.f32x4 little v1
;;     v8 = insertlane v7, v2, 1
;;     v9 = bitcast.f32x4 little v1
;;     v10 = extractlane v9, 1
;;     v11 = bitcast.i8x16 little v6
;;     v12 = bitcast.i8x16 little v8
;;     jump block1(v11, v12, v10)
;;
;; block1(v3: i8x16, v4: i8x16, v5: f32):
;;     return v3, v4, v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm1, %xmm6
;;   shufps $0x0, %xmm1, %xmm6
;;   movdqa %xmm0, %xmm7
;;   insertps $0x10, %xmm1, %xmm7
;;   pshufd $0x1, %xmm0, %xmm2
;;   movdqa %xmm6, %xmm0
;;   movdqa %xmm7, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.f64x2:
;; function u0:5(i64 vmctx, i8x16, f64) -> i8x16, i8x16, f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: f64):
;;     v6 = splat.f64x2 v2
;;     v7 = bitcast.f64x2 little v1
;;     v8 = insertlane v7, v2, 1
;;     v9 = bitcast.f64x2 little v1
;;     v10 = extractlane v9, 1
;;     v11 = bitcast.i8x16 little v6
;;     v12 = bitcast.i8x16 little v8
;;     jump block1(v11, v12, v10)
;;
;; block1(v3: i8x16, v4: i8x16, v5: f64):
;;     return v3, v4, v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   pshufd $0x44, %xmm1, %xmm6
;;   movdqa %xmm1, %xmm2
;;   movdqa %xmm0, %xmm1
;;   movlhps %xmm2, %xmm1
;;   pshufd $0xee, %xmm0, %xmm2
;;   movdqa %xmm6, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.shuffle:
;; function u0:6(i64 vmctx, i8x16, i8x16) -> i8x16, i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i8x16, v2: i8x16):
;;     v5 = shuffle v1, v2, 0x1f0e1d0c1b0a19081706150413021100
;;     v6 = swizzle v1, v2
;;     jump block1(v5, v6)
;;
;; block1(v3: i8x16, v4: i8x16):
;;     return v3, v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm2
;;   pshufb (%rip), %xmm2
;;   movdqa %xmm0, %xmm3
;;   movdqa %xmm2, %xmm0
;;   movdqa %xmm1, %xmm2
;;   pshufb (%rip), %xmm2
;;   por %xmm2, %xmm0
;;   paddusb (%rip), %xmm1
;;   movdqa %xmm1, %xmm2
;;   movdqa %xmm3, %xmm1
;;   pshufb %xmm2, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.const:
;; function u0:7(i64 vmctx) -> i8x16, i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     const0 = 0x00000004000000030000000200000001
;;     const1 = 0x00000000000000000000000000000000
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v3 = vconst.i8x16 const0
;;     v4 = vconst.i8x16 const1
;;     jump block1(v3, v4)  ; v3 = const0, v4 = const1
;;
;; block1(v1: i8x16, v2: i8x16):
;;     return v1, v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqu (%rip), %xmm0
;;   uninit  %xmm1
;;   pxor %xmm1, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
