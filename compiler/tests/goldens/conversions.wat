;;! emit=clif,asm
;;; Conversions that cannot trap.
(module
  (func $i32_trunc_sat_f32_s (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))
  (func $i32_trunc_sat_f32_u (param f32) (result i32) (i32.trunc_sat_f32_u (local.get 0)))
  (func $i32_trunc_sat_f64_s (param f64) (result i32) (i32.trunc_sat_f64_s (local.get 0)))
  (func $i32_trunc_sat_f64_u (param f64) (result i32) (i32.trunc_sat_f64_u (local.get 0)))
  (func $i64_trunc_sat_f32_s (param f32) (result i64) (i64.trunc_sat_f32_s (local.get 0)))
  (func $i64_trunc_sat_f32_u (param f32) (result i64) (i64.trunc_sat_f32_u (local.get 0)))
  (func $i64_trunc_sat_f64_s (param f64) (result i64) (i64.trunc_sat_f64_s (local.get 0)))
  (func $i64_trunc_sat_f64_u (param f64) (result i64) (i64.trunc_sat_f64_u (local.get 0)))
  (func $f32_convert_i32_s (param i32) (result f32) (f32.convert_i32_s (local.get 0)))
  (func $f32_convert_i32_u (param i32) (result f32) (f32.convert_i32_u (local.get 0)))
  (func $f32_convert_i64_s (param i64) (result f32) (f32.convert_i64_s (local.get 0)))
  (func $f32_convert_i64_u (param i64) (result f32) (f32.convert_i64_u (local.get 0)))
  (func $f64_convert_i32_s (param i32) (result f64) (f64.convert_i32_s (local.get 0)))
  (func $f64_convert_i32_u (param i32) (result f64) (f64.convert_i32_u (local.get 0)))
  (func $f64_convert_i64_s (param i64) (result f64) (f64.convert_i64_s (local.get 0)))
  (func $f64_convert_i64_u (param i64) (result f64) (f64.convert_i64_u (local.get 0)))
  (func $width (param i32 i64 f32 f64) (result i32 i64 i64 f32 f64)
    (i32.wrap_i64 (local.get 1)) (i64.extend_i32_s (local.get 0)) (i64.extend_i32_u (local.get 0))
    (f32.demote_f64 (local.get 3)) (f64.promote_f32 (local.get 2)))
  (func $reinterpret (param i32 i64 f32 f64) (result i32 i64 f32 f64)
    (i32.reinterpret_f32 (local.get 2)) (i64.reinterpret_f64 (local.get 3))
    (f32.reinterpret_i32 (local.get 0)) (f64.reinterpret_i64 (local.get 1)))
)

;; == emit=clif,asm
;;
;; p.0.i32_trunc_sat_f32_s:
;; function u0:0(i64 vmctx, f32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_sint_sat.i32 v1
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvt_float32_to_sint32_sat_seq %xmm0, %eax, %rsi, %xmm4
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.i32_trunc_sat_f32_u:
;; function u0:1(i64 vmctx, f32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_uint_sat.i32 v1
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvt_float32_to_uint32_sat_seq %xmm0, %eax, %rsi, %xmm4, %xmm5
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.i32_trunc_sat_f64_s:
;; function u0:2(i64 vmctx, f64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_sint_sat.i32 v1
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvt_float64_to_sint32_sat_seq %xmm0, %eax, %rsi, %xmm4
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.i32_trunc_sat_f64_u:
;; function u0:3(i64 vmctx, f64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_uint_sat.i32 v1
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvt_float64_to_uint32_sat_seq %xmm0, %eax, %rsi, %xmm4, %xmm5
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.i64_trunc_sat_f32_s:
;; function u0:4(i64 vmctx, f32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_sint_sat.i64 v1
;;     jump block1(v3)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvt_float32_to_sint64_sat_seq %xmm0, %rax, %rsi, %xmm4
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.i64_trunc_sat_f32_u:
;; function u0:5(i64 vmctx, f32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_uint_sat.i64 v1
;;     jump block1(v3)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvt_float32_to_uint64_sat_seq %xmm0, %rax, %rsi, %xmm4, %xmm5
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.i64_trunc_sat_f64_s:
;; function u0:6(i64 vmctx, f64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_sint_sat.i64 v1
;;     jump block1(v3)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvt_float64_to_sint64_sat_seq %xmm0, %rax, %rsi, %xmm4
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.7.i64_trunc_sat_f64_u:
;; function u0:7(i64 vmctx, f64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_uint_sat.i64 v1
;;     jump block1(v3)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cvt_float64_to_uint64_sat_seq %xmm0, %rax, %rsi, %xmm4, %xmm5
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.8.f32_convert_i32_s:
;; function u0:8(i64 vmctx, i32) -> f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = fcvt_from_sint.f32 v1
;;     jump block1(v3)
;;
;; block1(v2: f32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm0
;;   xorps %xmm0, %xmm0
;;   cvtsi2ssl %esi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.9.f32_convert_i32_u:
;; function u0:9(i64 vmctx, i32) -> f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = fcvt_from_uint.f32 v1
;;     jump block1(v3)
;;
;; block1(v2: f32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm0
;;   xorps %xmm0, %xmm0
;;   movl %esi, %edi
;;   cvtsi2ssq %rdi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.10.f32_convert_i64_s:
;; function u0:10(i64 vmctx, i64) -> f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64):
;;     v3 = fcvt_from_sint.f32 v1
;;     jump block1(v3)
;;
;; block1(v2: f32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm0
;;   xorps %xmm0, %xmm0
;;   cvtsi2ssq %rsi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.11.f32_convert_i64_u:
;; function u0:11(i64 vmctx, i64) -> f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64):
;;     v3 = fcvt_from_uint.f32 v1
;;     jump block1(v3)
;;
;; block1(v2: f32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   u64_to_f32_seq %rsi, %xmm0, %r8, %rdi
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.12.f64_convert_i32_s:
;; function u0:12(i64 vmctx, i32) -> f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = fcvt_from_sint.f64 v1
;;     jump block1(v3)
;;
;; block1(v2: f64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm0
;;   xorpd %xmm0, %xmm0
;;   cvtsi2sdl %esi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.13.f64_convert_i32_u:
;; function u0:13(i64 vmctx, i32) -> f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = fcvt_from_uint.f64 v1
;;     jump block1(v3)
;;
;; block1(v2: f64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm0
;;   xorpd %xmm0, %xmm0
;;   movl %esi, %edi
;;   cvtsi2sdq %rdi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.14.f64_convert_i64_s:
;; function u0:14(i64 vmctx, i64) -> f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64):
;;     v3 = fcvt_from_sint.f64 v1
;;     jump block1(v3)
;;
;; block1(v2: f64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %xmm0
;;   xorpd %xmm0, %xmm0
;;   cvtsi2sdq %rsi, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.15.f64_convert_i64_u:
;; function u0:15(i64 vmctx, i64) -> f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i64):
;;     v3 = fcvt_from_uint.f64 v1
;;     jump block1(v3)
;;
;; block1(v2: f64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   u64_to_f64_seq %rsi, %xmm0, %r8, %rdi
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.16.width:
;; function u0:16(i64 vmctx, i32, i64, f32, f64) -> i32, i64, i64, f32, f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: f32, v4: f64):
;;     v10 = ireduce.i32 v2
;;     v11 = sextend.i64 v1
;;     v12 = uextend.i64 v1
;;     v13 = fdemote.f32 v4
;;     v14 = fpromote.f64 v3
;;     jump block1(v10, v11, v12, v13, v14)
;;
;; block1(v5: i32, v6: i64, v7: i64, v8: f32, v9: f64):
;;     return v5, v6, v7, v8, v9
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rdx, %rax
;;   movdqa %xmm0, %xmm2
;;   jmp     label1
;; block1:
;;   movslq %esi, %rcx
;;   movl %esi, %edx
;;   uninit  %xmm0
;;   xorps %xmm0, %xmm0
;;   cvtsd2ss %xmm1, %xmm0
;;   uninit  %xmm1
;;   xorpd %xmm1, %xmm1
;;   cvtss2sd %xmm2, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.17.reinterpret:
;; function u0:17(i64 vmctx, i32, i64, f32, f64) -> i32, i64, f32, f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i64, v3: f32, v4: f64):
;;     v9 = bitcast.i32 v3
;;     v10 = bitcast.i64 v4
;;     v11 = bitcast.f32 v1
;;     v12 = bitcast.f64 v2
;;     jump block1(v9, v10, v11, v12)
;;
;; block1(v5: i32, v6: i64, v7: f32, v8: f64):
;;     return v5, v6, v7, v8
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movd %xmm0, %eax
;;   movq %xmm1, %rcx
;;   movd %esi, %xmm0
;;   movq %rdx, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
