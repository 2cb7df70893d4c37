;;! emit=clif,asm
;;; Blocks, ifs and loops with parameters and results.
(module
  (func $block (param i32) (result i32)
    (block $b (result i32)
      (drop (br_if $b (i32.const 1) (local.get 0)))
      (i32.const 2)))
  (func $if (param i32 i32) (result i32)
    (if (result i32) (local.get 0) (then (local.get 1)) (else (i32.const 3))))
  (func $if_without_else (param i32) (result i32) (local i32)
    (if (local.get 0) (then (local.set 1 (i32.const 5))))
    (local.get 1))
  (func $if_params (param i32 i32) (result i32)
    (local.get 1) (local.get 0)
    (if (param i32) (result i32) (then (i32.const 1) i32.add) (else (i32.const 2) i32.mul)))
  (func $loop_params (param i32) (result i32)
    (local.get 0)
    (loop $l (param i32) (result i32)
      (i32.const 1) i32.sub
      local.tee 0
      (br_if $l (local.get 0))))
  (func $return_inside (param i32) (result i32)
    (if (local.get 0) (then (return (i32.const 1))))
    (i32.const 2))
  (func $nothing_after (param i32) (result i32)
    (block (br 1 (i32.const 4)) (if (i32.const 1) (then unreachable) (else nop)))
    (i32.const 6))
)

;; == emit=clif,asm
;;
;; p.0.block:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v4 = iconst.i32 1
;;     brif v1, block2(v4), block3  ; v4 = 1
;;
;; block3:
;;     v5 = iconst.i32 2
;;     jump block2(v5)  ; v5 = 2
;;
;; block2(v3: i32):
;;     jump block1(v3)
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl $0x1, %eax
;;   testl %esi, %esi
;;   jnz     label1; j label2
;; block1:
;;   jmp     label3
;; block2:
;;   movl $0x2, %eax
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.if:
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     brif v1, block2, block3
;;
;; block2:
;;     jump block4(v2)
;;
;; block3:
;;     v5 = iconst.i32 3
;;     jump block4(v5)  ; v5 = 3
;;
;; block4(v4: i32):
;;     jump block1(v4)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   testl %esi, %esi
;;   jnz     label2; j label1
;; block1:
;;   movl $0x3, %edx
;;   jmp     label3
;; block2:
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movq %rdx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.if_without_else:
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v2 = iconst.i32 0
;;     brif v1, block2, block3
;;
;; block2:
;;     v4 = iconst.i32 5
;;     jump block4(v4)  ; v4 = 5
;;
;; block3:
;;     jump block4(v2)  ; v2 = 0
;;
;; block4(v5: i32):
;;     jump block1(v5)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   testl %esi, %esi
;;   jnz     label2; j label1
;; block1:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   jmp     label3
;; block2:
;;   movl $0x5, %eax
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.if_params:
;; function u0:3(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     brif v1, block2, block3
;;
;; block2:
;;     v5 = iconst.i32 1
;;     v6 = iadd.i32 v2, v5  ; v5 = 1
;;     jump block4(v6)
;;
;; block3:
;;     v7 = iconst.i32 2
;;     v8 = imul.i32 v2, v7  ; v7 = 2
;;     jump block4(v8)
;;
;; block4(v4: i32):
;;     jump block1(v4)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   testl %esi, %esi
;;   jnz     label2; j label1
;; block1:
;;   leal (%rdx, %rdx), %eax
;;   jmp     label3
;; block2:
;;   leal 1(%rdx), %eax
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.4.loop_params:
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     jump block3(v1)
;;
;; block3(v4: i32):
;;     v5 = iconst.i32 1
;;     v6 = iconst.i32 -1
;;     v7 = iadd v4, v6  ; v6 = -1
;;     brif v7, block3(v7), block4
;;
;; block4:
;;     jump block2(v7)
;;
;; block2(v3: i32):
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
;;   leal -1(%rsi), %eax
;;   testl %eax, %eax
;;   jnz     label2; j label3
;; block2:
;;   movq %rax, %rsi
;;   jmp     label1
;; block3:
;;   jmp     label4
;; block4:
;;   jmp     label5
;; block5:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.5.return_inside:
;; function u0:5(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     brif v1, block2, block3
;;
;; block2:
;;     v3 = iconst.i32 1
;;     return v3  ; v3 = 1
;;
;; block3:
;;     jump block4
;;
;; block4:
;;     v4 = iconst.i32 2
;;     jump block1(v4)  ; v4 = 2
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   testl %esi, %esi
;;   jnz     label4; j label1
;; block1:
;;   jmp     label2
;; block2:
;;   jmp     label3
;; block3:
;;   movl $0x2, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block4:
;;   movl $0x1, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.6.nothing_after:
;; function u0:6(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 4
;;     jump block1(v3)  ; v3 = 4
;;
;; block2:
;;     trap user1
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movl $0x4, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
