;;! emit=clif,asm
;;; Floating-point arithmetic. Rounding is one instruction of SSE4.1: the baseline has it.
(module
  (func $f32_binary0 (param f32 f32) (result f32 f32 f32 f32 f32 f32 f32)
    (f32.add (local.get 0) (local.get 1))
    (f32.sub (local.get 0) (local.get 1))
    (f32.mul (local.get 0) (local.get 1))
    (f32.div (local.get 0) (local.get 1))
    (f32.min (local.get 0) (local.get 1))
    (f32.max (local.get 0) (local.get 1))
    (f32.copysign (local.get 0) (local.get 1)))
  (func $f32_unary0 (param f32) (result f32 f32 f32 f32 f32 f32 f32)
    (f32.abs (local.get 0))
    (f32.neg (local.get 0))
    (f32.ceil (local.get 0))
    (f32.floor (local.get 0))
    (f32.trunc (local.get 0))
    (f32.nearest (local.get 0))
    (f32.sqrt (local.get 0)))
  (func $f64_binary0 (param f64 f64) (result f64 f64 f64 f64 f64 f64 f64)
    (f64.add (local.get 0) (local.get 1))
    (f64.sub (local.get 0) (local.get 1))
    (f64.mul (local.get 0) (local.get 1))
    (f64.div (local.get 0) (local.get 1))
    (f64.min (local.get 0) (local.get 1))
    (f64.max (local.get 0) (local.get 1))
    (f64.copysign (local.get 0) (local.get 1)))
  (func $f64_unary0 (param f64) (result f64 f64 f64 f64 f64 f64 f64)
    (f64.abs (local.get 0))
    (f64.neg (local.get 0))
    (f64.ceil (local.get 0))
    (f64.floor (local.get 0))
    (f64.trunc (local.get 0))
    (f64.nearest (local.get 0))
    (f64.sqrt (local.get 0)))
  (func $const (result f32 f64 f64 f32) (f32.const 1.5) (f64.const -0.0) (f64.const nan) (f32.const nan:0x200000))
)

;; == emit=clif,asm
;;
;; p.0.f32_binary0:
;; function u0:0(i64 vmctx, f32, f32) -> f32, f32, f32, f32, f32, f32, f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32, v2: f32):
;;     v10 = fadd v1, v2
;;     v11 = fsub v1, v2
;;     v12 = fmul v1, v2
;;     v13 = fdiv v1, v2
;;     v14 = fmin v1, v2
;;     v15 = fmax v1, v2
;;     v16 = fcopysign v1, v2
;;     jump block1(v10, v11, v12, v13, v14, v15, v16)
;;
;; block1(v3: f32, v4: f32, v5: f32, v6: f32, v7: f32, v8: f32, v9: f32):
;;     return v3, v4, v5, v6, v7, v8, v9
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm15
;;   addss %xmm1, %xmm15
;;   movdqa %xmm0, %xmm7
;;   subss %xmm1, %xmm7
;;   movdqa %xmm0, %xmm2
;;   mulss %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   divss %xmm1, %xmm3
;;   movdqa %xmm1, %xmm4
;;   xmm min seq f32 %xmm0, %xmm4, %xmm4
;;   movdqa %xmm1, %xmm5
;;   xmm max seq f32 %xmm0, %xmm5, %xmm5
;;   movl $0x80000000, %r10d
;;   movd %r10d, %xmm14
;;   movdqa %xmm14, %xmm6
;;   andnps %xmm0, %xmm6
;;   andps %xmm1, %xmm14
;;   orps %xmm14, %xmm6
;;   movdqa %xmm15, %xmm0
;;   movdqa %xmm7, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.f32_unary0:
;; function u0:1(i64 vmctx, f32) -> f32, f32, f32, f32, f32, f32, f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f32):
;;     v9 = fabs v1
;;     v10 = fneg v1
;;     v11 = ceil v1
;;     v12 = floor v1
;;     v13 = trunc v1
;;     v14 = nearest v1
;;     v15 = sqrt v1
;;     jump block1(v9, v10, v11, v12, v13, v14, v15)
;;
;; block1(v2: f32, v3: f32, v4: f32, v5: f32, v6: f32, v7: f32, v8: f32):
;;     return v2, v3, v4, v5, v6, v7, v8
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movl $0x7fffffff, %eax
;;   movd %eax, %xmm1
;;   movdqa %xmm0, %xmm7
;;   andps %xmm1, %xmm7
;;   movl $0x80000000, %eax
;;   movd %eax, %xmm2
;;   movdqa %xmm0, %xmm1
;;   xorps %xmm2, %xmm1
;;   roundss $0x2, %xmm0, %xmm2
;;   roundss $0x1, %xmm0, %xmm3
;;   roundss $0x3, %xmm0, %xmm4
;;   roundss $0x0, %xmm0, %xmm5
;;   uninit  %xmm6
;;   xorps %xmm6, %xmm6
;;   sqrtss %xmm0, %xmm6
;;   movdqa %xmm7, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.f64_binary0:
;; function u0:2(i64 vmctx, f64, f64) -> f64, f64, f64, f64, f64, f64, f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64, v2: f64):
;;     v10 = fadd v1, v2
;;     v11 = fsub v1, v2
;;     v12 = fmul v1, v2
;;     v13 = fdiv v1, v2
;;     v14 = fmin v1, v2
;;     v15 = fmax v1, v2
;;     v16 = fcopysign v1, v2
;;     jump block1(v10, v11, v12, v13, v14, v15, v16)
;;
;; block1(v3: f64, v4: f64, v5: f64, v6: f64, v7: f64, v8: f64, v9: f64):
;;     return v3, v4, v5, v6, v7, v8, v9
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movdqa %xmm0, %xmm15
;;   addsd %xmm1, %xmm15
;;   movdqa %xmm0, %xmm7
;;   subsd %xmm1, %xmm7
;;   movdqa %xmm0, %xmm2
;;   mulsd %xmm1, %xmm2
;;   movdqa %xmm0, %xmm3
;;   divsd %xmm1, %xmm3
;;   movdqa %xmm1, %xmm4
;;   xmm min seq f64 %xmm0, %xmm4, %xmm4
;;   movdqa %xmm1, %xmm5
;;   xmm max seq f64 %xmm0, %xmm5, %xmm5
;;   movabsq $0x8000000000000000, %r10
;;   movq %r10, %xmm14
;;   movdqa %xmm14, %xmm6
;;   andnpd %xmm0, %xmm6
;;   andpd %xmm1, %xmm14
;;   orpd %xmm14, %xmm6
;;   movdqa %xmm15, %xmm0
;;   movdqa %xmm7, %xmm1
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.f64_unary0:
;; function u0:3(i64 vmctx, f64) -> f64, f64, f64, f64, f64, f64, f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: f64):
;;     v9 = fabs v1
;;     v10 = fneg v1
;;     v11 = ceil v1
;;     v12 = floor v1
;;     v13 = trunc v1
;;     v14 = nearest v1
;;     v15 = sqrt v1
;;     jump block1(v9, v10, v11, v12, v13, v14, v15)
;;
;; block1(v2: f64, v3: f64, v4: f64, v5: f64, v6: f64, v7: f64, v8: f64):
;;     return v2, v3, v4, v5, v6, v7, v8
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movabsq $0x7fffffffffffffff, %rax
;;   movq %rax, %xmm1
;;   movdqa %xmm0, %xmm7
;;   andpd %xmm1, %xmm7
;;   movabsq $0x8000000000000000, %rax
;;   movq %rax, %xmm2
;;   movdqa %xmm0, %xmm1
;;   xorpd %xmm2, %xmm1
;;   roundsd $0x2, %xmm0, %xmm2
;;   roundsd $0x1, %xmm0, %xmm3
;;   roundsd $0x3, %xmm0, %xmm4
;;   roundsd $0x0, %xmm0, %xmm5
;;   uninit  %xmm6
;;   xorpd %xmm6, %xmm6
;;   sqrtsd %xmm0, %xmm6
;;   movdqa %xmm7, %xmm0
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.const:
;; function u0:4(i64 vmctx) -> f32, f64, f64, f32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v5 = f32const 0x1.800000p0
;;     v6 = f64const -0.0
;;     v7 = f64const +NaN
;;     v8 = f32const +sNaN:0x200000
;;     jump block1(v5, v6, v7, v8)  ; v5 = 0x1.800000p0, v6 = -0.0, v7 = +NaN, v8 = +sNaN:0x200000
;;
;; block1(v1: f32, v2: f64, v3: f64, v4: f32):
;;     return v1, v2, v3, v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movl $0x3fc00000, %edi
;;   movd %edi, %xmm0
;;   movabsq $0x8000000000000000, %rdi
;;   movq %rdi, %xmm1
;;   movabsq $0x7ff8000000000000, %rdi
;;   movq %rdi, %xmm2
;;   movl $0x7fa00000, %edi
;;   movd %edi, %xmm3
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
