;;! emit=clif,asm
;;; Jump tables, with and without values, into loops too.
(module
  (func $dense (param i32) (result i32)
    (block $d (block $c (block $b (block $a (br_table $a $b $c $a $d (local.get 0)))
      (return (i32.const 10))) (return (i32.const 11))) (return (i32.const 12)))
    (i32.const 13))
  (func $values (param i32 i32) (result i32)
    (block $b (result i32)
      (block $a (result i32) (br_table $a $b (local.get 1) (local.get 0)))
      (i32.const 1) i32.add))
  (func $one (param i32) (br_table 0 (local.get 0)))
  (func $loop (param i32) (loop $l (block $b (br_table $l $b (local.get 0)))))
)

;; == emit=clif,asm
;;
;; p.0.dense:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     br_table v1, block2, [block5, block4, block3, block5]
;;
;; block5:
;;     v3 = iconst.i32 10
;;     return v3  ; v3 = 10
;;
;; block4:
;;     v4 = iconst.i32 11
;;     return v4  ; v4 = 11
;;
;; block3:
;;     v5 = iconst.i32 12
;;     return v5  ; v5 = 12
;;
;; block2:
;;     v6 = iconst.i32 13
;;     jump block1(v6)  ; v6 = 13
;;
;; block1(v2: i32):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl $0x4, %r8d
;;   movl %esi, %r9d
;;   cmpl %r8d, %r9d
;;   cmovbl %r9d, %r8d
;;   br_table %r8, %rcx, %rax
;; block1:
;;   jmp     label5
;; block2:
;;   jmp     label5
;; block3:
;;   movl $0xc, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block4:
;;   movl $0xb, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block5:
;;   movl $0xa, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block6:
;;   jmp     label7
;; block7:
;;   movl $0xd, %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.values:
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     br_table v1, block2(v2), [block3(v2)]
;;
;; block3(v5: i32):
;;     v6 = iconst.i32 1
;;     v7 = iadd v5, v6  ; v6 = 1
;;     jump block2(v7)
;;
;; block2(v4: i32):
;;     jump block1(v4)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl $0x1, %r8d
;;   movl %esi, %r9d
;;   cmpl %r8d, %r9d
;;   cmovbl %r9d, %r8d
;;   br_table %r8, %rcx, %rax
;; block1:
;;   jmp     label3
;; block2:
;;   leal 1(%rdx), %edx
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movq %rdx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.one:
;; function u0:2(i64 vmctx, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     br_table v1, block1, []
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq %rsi, %r10
;;   uninit  %rsi
;;   xorl %esi, %esi
;;   movl %r10d, %edi
;;   cmpl %esi, %edi
;;   cmovbl %edi, %esi
;;   br_table %rsi, %r11, %rax
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.loop:
;; function u0:3(i64 vmctx, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v2 -> v1
;;     jump block3
;;
;; block3:
;;     br_table v2, block4, [block3]
;;
;; block4:
;;     jump block2
;;
;; block2:
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   movl $0x1, %edi
;;   movl %esi, %r8d
;;   cmpl %edi, %r8d
;;   cmovbl %r8d, %edi
;;   br_table %rdi, %r10, %r11
;; block2:
;;   jmp     label1
;; block3:
;;   jmp     label4
;; block4:
;;   jmp     label5
;; block5:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
