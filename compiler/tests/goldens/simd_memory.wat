;;! emit=clif,asm
;;! emit=clif bounds=explicit
;;; Vector loads and stores; lanes are checked for the bytes that they touch.
(module
  (memory 1)
  (func $load (param i32) (result v128) (v128.load offset=8 (local.get 0)))
  (func $load8x8_s (param i32) (result v128) (v128.load8x8_s offset=8 (local.get 0)))
  (func $load8x8_u (param i32) (result v128) (v128.load8x8_u offset=8 (local.get 0)))
  (func $load16x4_s (param i32) (result v128) (v128.load16x4_s offset=8 (local.get 0)))
  (func $load16x4_u (param i32) (result v128) (v128.load16x4_u offset=8 (local.get 0)))
  (func $load32x2_s (param i32) (result v128) (v128.load32x2_s offset=8 (local.get 0)))
  (func $load32x2_u (param i32) (result v128) (v128.load32x2_u offset=8 (local.get 0)))
  (func $load8_splat (param i32) (result v128) (v128.load8_splat offset=8 (local.get 0)))
  (func $load16_splat (param i32) (result v128) (v128.load16_splat offset=8 (local.get 0)))
  (func $load32_splat (param i32) (result v128) (v128.load32_splat offset=8 (local.get 0)))
  (func $load64_splat (param i32) (result v128) (v128.load64_splat offset=8 (local.get 0)))
  (func $load32_zero (param i32) (result v128) (v128.load32_zero offset=8 (local.get 0)))
  (func $load64_zero (param i32) (result v128) (v128.load64_zero offset=8 (local.get 0)))
  (func $store (param i32 v128) (v128.store offset=8 (local.get 0) (local.get 1)))
  (func $load8_lane (param i32 v128) (result v128) (v128.load8_lane offset=8 1 (local.get 0) (local.get 1)))
  (func $store8_lane (param i32 v128) (v128.store8_lane offset=8 1 (local.get 0) (local.get 1)))
  (func $load16_lane (param i32 v128) (result v128) (v128.load16_lane offset=8 1 (local.get 0) (local.get 1)))
  (func $store16_lane (param i32 v128) (v128.store16_lane offset=8 1 (local.get 0) (local.get 1)))
  (func $load32_lane (param i32 v128) (result v128) (v128.load32_lane offset=8 1 (local.get 0) (local.get 1)))
  (func $store32_lane (param i32 v128) (v128.store32_lane offset=8 1 (local.get 0) (local.get 1)))
  (func $load64_lane (param i32 v128) (result v128) (v128.load64_lane offset=8 1 (local.get 0) (local.get 1)))
  (func $store64_lane (param i32 v128) (v128.store64_lane offset=8 1 (local.get 0) (local.get 1)))
)

;; == emit=clif,asm
;;
;; p.0.load:
;; function u0:0(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i8x16 user2 little region0 v4+8
;;     jump block1(v5)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movdqu 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.load8x8_s:
;; function u0:1(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload8x8 user2 little region0 v4+8
;;     v6 = bitcast.i8x16 little v5
;;     jump block1(v6)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pmovsxbw 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.load8x8_u:
;; function u0:2(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload8x8 user2 little region0 v4+8
;;     v6 = bitcast.i8x16 little v5
;;     jump block1(v6)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pmovzxbw 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.load16x4_s:
;; function u0:3(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload16x4 user2 little region0 v4+8
;;     v6 = bitcast.i8x16 little v5
;;     jump block1(v6)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pmovsxwd 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.load16x4_u:
;; function u0:4(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload16x4 user2 little region0 v4+8
;;     v6 = bitcast.i8x16 little v5
;;     jump block1(v6)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pmovzxwd 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.load32x2_s:
;; function u0:5(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = sload32x2 user2 little region0 v4+8
;;     v6 = bitcast.i8x16 little v5
;;     jump block1(v6)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pmovsxdq 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.load32x2_u:
;; function u0:6(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = uload32x2 user2 little region0 v4+8
;;     v6 = bitcast.i8x16 little v5
;;     jump block1(v6)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pmovzxdq 8(%rdi, %rsi), %xmm0
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.load8_splat:
;; function u0:7(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i8 user2 little region0 v4+8
;;     v6 = splat.i8x16 v5
;;     jump block1(v6)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %r8d
;;   movzbq 8(%rdi, %r8), %r8
;;   jmp     label1
;; block1:
;;   movd %r8d, %xmm0
;;   uninit  %xmm1
;;   pxor %xmm1, %xmm1
;;   pshufb %xmm1, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.8.load16_splat:
;; function u0:8(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i16 user2 little region0 v4+8
;;     v6 = splat.i16x8 v5
;;     v7 = bitcast.i8x16 little v6
;;     jump block1(v7)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %r8d
;;   movzwq 8(%rdi, %r8), %rdi
;;   jmp     label1
;; block1:
;;   movd %edi, %xmm6
;;   pshuflw $0x0, %xmm6, %xmm0
;;   pshufd $0x0, %xmm0, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.9.load32_splat:
;; function u0:9(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i32 user2 little region0 v4+8
;;     v6 = splat.i32x4 v5
;;     v7 = bitcast.i8x16 little v6
;;     jump block1(v7)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl 8(%rdi, %rsi), %esi
;;   jmp     label1
;; block1:
;;   movd %esi, %xmm6
;;   pshufd $0x0, %xmm6, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.10.load64_splat:
;; function u0:10(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i64 user2 little region0 v4+8
;;     v6 = splat.i64x2 v5
;;     v7 = bitcast.i8x16 little v6
;;     jump block1(v7)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movq 8(%rdi, %rsi), %rsi
;;   jmp     label1
;; block1:
;;   movq %rsi, %xmm6
;;   pshufd $0x44, %xmm6, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.11.load32_zero:
;; function u0:11(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i32 user2 little region0 v4+8
;;     v6 = scalar_to_vector.i32x4 v5
;;     v7 = bitcast.i8x16 little v6
;;     jump block1(v7)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl 8(%rdi, %rsi), %esi
;;   jmp     label1
;; block1:
;;   movd %esi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.12.load64_zero:
;; function u0:12(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i64 user2 little region0 v4+8
;;     v6 = scalar_to_vector.i64x2 v5
;;     v7 = bitcast.i8x16 little v6
;;     jump block1(v7)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movq 8(%rdi, %rsi), %rsi
;;   jmp     label1
;; block1:
;;   movq %rsi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.13.store:
;; function u0:13(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
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
;;   movdqu %xmm0, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.14.load8_lane:
;; function u0:14(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = uextend.i64 v1
;;     v5 = iadd v0, v4
;;     v6 = load.i8 user2 little region0 v5+8
;;     v7 = insertlane v2, v6, 1
;;     jump block1(v7)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movzbq 8(%rdi, %rsi), %rsi
;;   jmp     label1
;; block1:
;;   pinsrb $0x1, %esi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.15.store8_lane:
;; function u0:15(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = extractlane v2, 1
;;     v4 = uextend.i64 v1
;;     v5 = iadd v0, v4
;;     store user2 little region0 v3, v5+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pextrb $0x1, %xmm0, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.16.load16_lane:
;; function u0:16(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = bitcast.i16x8 little v2
;;     v5 = uextend.i64 v1
;;     v6 = iadd v0, v5
;;     v7 = load.i16 user2 little region0 v6+8
;;     v8 = insertlane v4, v7, 1
;;     v9 = bitcast.i8x16 little v8
;;     jump block1(v9)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movzwq 8(%rdi, %rsi), %rsi
;;   jmp     label1
;; block1:
;;   pinsrw $0x1, %esi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.17.store16_lane:
;; function u0:17(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = bitcast.i16x8 little v2
;;     v4 = extractlane v3, 1
;;     v5 = uextend.i64 v1
;;     v6 = iadd v0, v5
;;     store user2 little region0 v4, v6+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pextrw $0x1, %xmm0, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.18.load32_lane:
;; function u0:18(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = bitcast.i32x4 little v2
;;     v5 = uextend.i64 v1
;;     v6 = iadd v0, v5
;;     v7 = load.i32 user2 little region0 v6+8
;;     v8 = insertlane v4, v7, 1
;;     v9 = bitcast.i8x16 little v8
;;     jump block1(v9)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl 8(%rdi, %rsi), %esi
;;   jmp     label1
;; block1:
;;   pinsrd $0x1, %esi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.19.store32_lane:
;; function u0:19(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = bitcast.i32x4 little v2
;;     v4 = extractlane v3, 1
;;     v5 = uextend.i64 v1
;;     v6 = iadd v0, v5
;;     store user2 little region0 v4, v6+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pextrd $0x1, %xmm0, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.20.load64_lane:
;; function u0:20(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = bitcast.i64x2 little v2
;;     v5 = uextend.i64 v1
;;     v6 = iadd v0, v5
;;     v7 = load.i64 user2 little region0 v6+8
;;     v8 = insertlane v4, v7, 1
;;     v9 = bitcast.i8x16 little v8
;;     jump block1(v9)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movq 8(%rdi, %rsi), %rsi
;;   jmp     label1
;; block1:
;;   pinsrq $0x1, %rsi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.21.store64_lane:
;; function u0:21(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = bitcast.i64x2 little v2
;;     v4 = extractlane v3, 1
;;     v5 = uextend.i64 v1
;;     v6 = iadd v0, v5
;;     store user2 little region0 v4, v6+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   pextrq $0x1, %xmm0, 8(%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif bounds=explicit
;;
;; p.0.load:
;; function u0:0(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 24
;;     v6 = iadd v3, v5  ; v5 = 24
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i8x16 notrap little region0 v8+8
;;     jump block1(v9)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.1.load8x8_s:
;; function u0:1(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = sload8x8 notrap little region0 v8+8
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.2.load8x8_u:
;; function u0:2(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = uload8x8 notrap little region0 v8+8
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.3.load16x4_s:
;; function u0:3(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = sload16x4 notrap little region0 v8+8
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.4.load16x4_u:
;; function u0:4(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = uload16x4 notrap little region0 v8+8
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.5.load32x2_s:
;; function u0:5(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = sload32x2 notrap little region0 v8+8
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.6.load32x2_u:
;; function u0:6(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = uload32x2 notrap little region0 v8+8
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.7.load8_splat:
;; function u0:7(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 9
;;     v6 = iadd v3, v5  ; v5 = 9
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i8 notrap little region0 v8+8
;;     v10 = splat.i8x16 v9
;;     jump block1(v10)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.8.load16_splat:
;; function u0:8(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 10
;;     v6 = iadd v3, v5  ; v5 = 10
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i16 notrap little region0 v8+8
;;     v10 = splat.i16x8 v9
;;     v11 = bitcast.i8x16 little v10
;;     jump block1(v11)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.9.load32_splat:
;; function u0:9(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i32 notrap little region0 v8+8
;;     v10 = splat.i32x4 v9
;;     v11 = bitcast.i8x16 little v10
;;     jump block1(v11)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.10.load64_splat:
;; function u0:10(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i64 notrap little region0 v8+8
;;     v10 = splat.i64x2 v9
;;     v11 = bitcast.i8x16 little v10
;;     jump block1(v11)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.11.load32_zero:
;; function u0:11(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 12
;;     v6 = iadd v3, v5  ; v5 = 12
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i32 notrap little region0 v8+8
;;     v10 = scalar_to_vector.i32x4 v9
;;     v11 = bitcast.i8x16 little v10
;;     jump block1(v11)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.12.load64_zero:
;; function u0:12(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 16
;;     v6 = iadd v3, v5  ; v5 = 16
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     v9 = load.i64 notrap little region0 v8+8
;;     v10 = scalar_to_vector.i64x2 v9
;;     v11 = bitcast.i8x16 little v10
;;     jump block1(v11)
;;
;; block1(v2: i8x16):
;;     return v2
;; }
;;
;; p.13.store:
;; function u0:13(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 24
;;     v6 = iadd v3, v5  ; v5 = 24
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
;; p.14.load8_lane:
;; function u0:14(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = uextend.i64 v1
;;     v5 = load.i64 notrap aligned region1 v0-16
;;     v6 = iconst.i64 9
;;     v7 = iadd v4, v6  ; v6 = 9
;;     v8 = icmp ugt v7, v5
;;     trapnz v8, user2
;;     v9 = iadd v0, v4
;;     v10 = load.i8 notrap little region0 v9+8
;;     v11 = insertlane v2, v10, 1
;;     jump block1(v11)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;
;; p.15.store8_lane:
;; function u0:15(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = extractlane v2, 1
;;     v4 = uextend.i64 v1
;;     v5 = load.i64 notrap aligned region1 v0-16
;;     v6 = iconst.i64 9
;;     v7 = iadd v4, v6  ; v6 = 9
;;     v8 = icmp ugt v7, v5
;;     trapnz v8, user2
;;     v9 = iadd v0, v4
;;     store notrap little region0 v3, v9+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.16.load16_lane:
;; function u0:16(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = bitcast.i16x8 little v2
;;     v5 = uextend.i64 v1
;;     v6 = load.i64 notrap aligned region1 v0-16
;;     v7 = iconst.i64 10
;;     v8 = iadd v5, v7  ; v7 = 10
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, user2
;;     v10 = iadd v0, v5
;;     v11 = load.i16 notrap little region0 v10+8
;;     v12 = insertlane v4, v11, 1
;;     v13 = bitcast.i8x16 little v12
;;     jump block1(v13)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;
;; p.17.store16_lane:
;; function u0:17(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = bitcast.i16x8 little v2
;;     v4 = extractlane v3, 1
;;     v5 = uextend.i64 v1
;;     v6 = load.i64 notrap aligned region1 v0-16
;;     v7 = iconst.i64 10
;;     v8 = iadd v5, v7  ; v7 = 10
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, user2
;;     v10 = iadd v0, v5
;;     store notrap little region0 v4, v10+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.18.load32_lane:
;; function u0:18(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = bitcast.i32x4 little v2
;;     v5 = uextend.i64 v1
;;     v6 = load.i64 notrap aligned region1 v0-16
;;     v7 = iconst.i64 12
;;     v8 = iadd v5, v7  ; v7 = 12
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, user2
;;     v10 = iadd v0, v5
;;     v11 = load.i32 notrap little region0 v10+8
;;     v12 = insertlane v4, v11, 1
;;     v13 = bitcast.i8x16 little v12
;;     jump block1(v13)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;
;; p.19.store32_lane:
;; function u0:19(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = bitcast.i32x4 little v2
;;     v4 = extractlane v3, 1
;;     v5 = uextend.i64 v1
;;     v6 = load.i64 notrap aligned region1 v0-16
;;     v7 = iconst.i64 12
;;     v8 = iadd v5, v7  ; v7 = 12
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, user2
;;     v10 = iadd v0, v5
;;     store notrap little region0 v4, v10+8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;
;; p.20.load64_lane:
;; function u0:20(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = bitcast.i64x2 little v2
;;     v5 = uextend.i64 v1
;;     v6 = load.i64 notrap aligned region1 v0-16
;;     v7 = iconst.i64 16
;;     v8 = iadd v5, v7  ; v7 = 16
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, user2
;;     v10 = iadd v0, v5
;;     v11 = load.i64 notrap little region0 v10+8
;;     v12 = insertlane v4, v11, 1
;;     v13 = bitcast.i8x16 little v12
;;     jump block1(v13)
;;
;; block1(v3: i8x16):
;;     return v3
;; }
;;
;; p.21.store64_lane:
;; function u0:21(i64 vmctx, i32, i8x16) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i8x16):
;;     v3 = bitcast.i64x2 little v2
;;     v4 = extractlane v3, 1
;;     v5 = uextend.i64 v1
;;     v6 = load.i64 notrap aligned region1 v0-16
;;     v7 = iconst.i64 16
;;     v8 = iadd v5, v7  ; v7 = 16
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, user2
;;     v10 = iadd v0, v5
;;     store notrap little region0 v4, v10+8
;;     jump block1
;;
;; block1:
;;     return
;; }
