;;! emit=clif,asm,calls
;;; Without Proxy-Wasm checks imports go to the embedder, with 16 bytes per value.
(module
  (import "spectest" "f" (func $f (param i32 f64 v128) (result i64 f32)))
  (func (param i32) (result i64 f32) (call $f (local.get 0) (f64.const 1) (v128.const i64x2 2 3)))
)

;; == emit=clif,asm,calls
;;
;; p.1:
;; function u0:1(i64 vmctx, i32) -> i64, f32 tail {
;;     ss0 = explicit_slot 48, align = 16
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32, i64) system_v
;;     fn0 = colocated u2:13 sig0
;;     const0 = 0x00000000000000030000000000000002
;;     const1 = 0x00000000000000000000000000000000
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v4 = f64const 0x1.0000000000000p0
;;     v5 = vconst.i8x16 const0
;;     v6 = iconst.i32 0
;;     v7 = stack_addr.i64 ss0
;;     v8 = vconst.i8x16 const1
;;     store notrap aligned v8, v7  ; v8 = const1
;;     store notrap aligned v8, v7+16  ; v8 = const1
;;     store notrap aligned v8, v7+32  ; v8 = const1
;;     store notrap aligned v1, v7
;;     store notrap aligned v4, v7+16  ; v4 = 0x1.0000000000000p0
;;     store notrap aligned v5, v7+32  ; v5 = const0
;;     call fn0(v0, v6, v7)  ; v6 = 0
;;     v9 = load.i64 notrap aligned v7
;;     v10 = load.f32 notrap aligned v7+16
;;     jump block1(v9, v10)
;;
;; block1(v2: i64, v3: f32):
;;     return v2, v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x40, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x30, %rsp
;; block0:
;;   uninit  %xmm0
;;   pxor %xmm0, %xmm0
;;   leaq <offset:1>+(%rsp), %rdx
;;   movdqu %xmm0, <offset:1>+(%rsp)
;;   movdqu %xmm0, <offset:1>+0x10(%rsp)
;;   movdqu %xmm0, <offset:1>+0x20(%rsp)
;;   movl %esi, <offset:1>+(%rsp)
;;   movabsq $0x3ff0000000000000, %rax
;;   movq %rax, %xmm0
;;   movsd %xmm0, <offset:1>+0x10(%rsp)
;;   movdqu (%rip), %xmm0
;;   movdqu %xmm0, <offset:1>+0x20(%rsp)
;;   uninit  %rsi
;;   xorl %esi, %esi
;;   call    User(userextname0)
;;   movq <offset:1>+(%rsp), %rax
;;   movss <offset:1>+0x10(%rsp), %xmm0
;;   jmp     label1
;; block1:
;;   addq $0x30, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls nullvm_libcall_call_import
