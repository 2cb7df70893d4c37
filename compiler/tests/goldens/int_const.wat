;;! emit=clif,asm
;;; Integer constants, at the edges of what immediates hold.
(module
  (func (result i32 i32 i32 i32)
    i32.const 0 i32.const -1 i32.const 0x7fffffff i32.const 0x80000000)
  (func (result i64 i64 i64 i64 i64)
    i64.const 0 i64.const -1 i64.const 0x7fffffff i64.const 0x80000000 i64.const 0x8000000000000000)
  (func (param i32) (result i32 i32)
    (i32.add (local.get 0) (i32.const -128))
    (i32.and (local.get 0) (i32.const 0x12345678)))
)

;; == emit=clif,asm
;;
;; p.0:
;; function u0:0(i64 vmctx) -> i32, i32, i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v5 = iconst.i32 0
;;     v6 = iconst.i32 -1
;;     v7 = iconst.i32 0x7fff_ffff
;;     v8 = iconst.i32 -2147483648
;;     jump block1(v5, v6, v7, v8)  ; v5 = 0, v6 = -1, v7 = 0x7fff_ffff, v8 = -2147483648
;;
;; block1(v1: i32, v2: i32, v3: i32, v4: i32):
;;     return v1, v2, v3, v4
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   movl $0xffffffff, %ecx
;;   movl $0x7fffffff, %edx
;;   movl $0x80000000, %esi
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1:
;; function u0:1(i64 vmctx) -> i64, i64, i64, i64, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     v6 = iconst.i64 0
;;     v7 = iconst.i64 -1
;;     v8 = iconst.i64 0x7fff_ffff
;;     v9 = iconst.i64 0x8000_0000
;;     v10 = iconst.i64 -9223372036854775808
;;     jump block1(v6, v7, v8, v9, v10)  ; v6 = 0, v7 = -1, v8 = 0x7fff_ffff, v9 = 0x8000_0000, v10 = -9223372036854775808
;;
;; block1(v1: i64, v2: i64, v3: i64, v4: i64, v5: i64):
;;     return v1, v2, v3, v4, v5
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   uninit  %rax
;;   xorq %rax, %rax
;;   movq $0xffffffffffffffff, %rcx
;;   movl $0x7fffffff, %edx
;;   movl $0x80000000, %esi
;;   movabsq $0x8000000000000000, %rdi
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2:
;; function u0:2(i64 vmctx, i32) -> i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v4 = iconst.i32 -128
;;     v5 = iadd v1, v4  ; v4 = -128
;;     v6 = iconst.i32 0x1234_5678
;;     v7 = band v1, v6  ; v6 = 0x1234_5678
;;     jump block1(v5, v7)
;;
;; block1(v2: i32, v3: i32):
;;     return v2, v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   leal -0x80(%rsi), %eax
;;   movq %rsi, %rcx
;;   andl $0x12345678, %ecx
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
