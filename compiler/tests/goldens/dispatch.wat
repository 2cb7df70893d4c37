;;! emit=clif
;;! emit=asm interruptible=true
;;; A loop that begins with a br_table: the branch to a known state goes straight there, after a copy of what stands before the
;;; table; a choice between two known states becomes a branch; an unknown state goes through the table.
(module
  (memory 1)
  (func (param $state i32) (param $at i32) (result i32)
    (loop $top
      (local.set $at (i32.add (local.get $at) (i32.load8_u (local.get $at))))
      (block $two (block $one (block $zero
        (br_table $zero $one $two (local.get $state)))
        (local.set $state (i32.const 1))
        (br $top))
        (local.set $state (select (i32.const 2) (i32.const 0) (i32.eqz (local.get $at))))
        (br $top))
      (local.set $state (local.get $at))
      (br_if $top (i32.lt_u (local.get $state) (i32.const 3))))
    (local.get $at)))

;; == emit=clif
;;
;; p.0:
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     jump block3(v2, v1)
;;
;; block3(v4: i32, v9: i32):
;;     v5 = uextend.i64 v4
;;     v6 = iadd.i64 v0, v5
;;     v7 = uload8.i32 user2 little region0 v6
;;     v8 = iadd v4, v7
;;     br_table v9, block4(v8), [block6(v8), block5(v8)]
;;
;; block6(v11: i32):
;;     v10 = iconst.i32 1
;;     v12 = uextend.i64 v11
;;     v13 = iadd.i64 v0, v12
;;     v14 = uload8.i32 user2 little region0 v13
;;     v15 = iadd v11, v14
;;     jump block5(v15)
;;
;; block5(v18: i32):
;;     v16 = iconst.i32 2
;;     v17 = iconst.i32 0
;;     v19 = iconst.i32 0
;;     v20 = icmp eq v18, v19  ; v19 = 0
;;     v21 = uextend.i32 v20
;;     v22 = select v21, v16, v17  ; v16 = 2, v17 = 0
;;     v23 = uextend.i64 v18
;;     v24 = iadd.i64 v0, v23
;;     v25 = uload8.i32 user2 little region0 v24
;;     v26 = iadd v18, v25
;;     brif v21, block4(v26), block6(v26)
;;
;; block4(v27: i32):
;;     v28 = iconst.i32 3
;;     v29 = icmp ult v27, v28  ; v28 = 3
;;     v30 = uextend.i32 v29
;;     brif v30, block3(v27, v27), block7
;;
;; block7:
;;     jump block2
;;
;; block2:
;;     jump block1(v27)
;;
;; block1(v3: i32):
;;     return v3
;; }

;; == emit=asm interruptible=true
;;
;; p.0:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   movl %edx, %eax
;;   movzbq (%rdi, %rax), %rax
;;   leal (%rdx, %rax), %edx
;;   movl $0x2, %eax
;;   movl %esi, %ecx
;;   cmpl %eax, %ecx
;;   cmovbl %ecx, %eax
;;   br_table %rax, %rcx, %rax
;; block2:
;;   jmp     label9
;; block3:
;;   jmp     label5
;; block4:
;;   movq %rdx, %rax
;;   jmp     label6
;; block5:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   movl %edx, %eax
;;   movzbq (%rdi, %rax), %rax
;;   leal (%rdx, %rax), %eax
;;   jmp     label6
;; block6:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   movl %eax, %ecx
;;   movzbq (%rdi, %rcx), %rcx
;;   leal (%rax, %rcx), %edx
;;   testl %eax, %eax
;;   jz      label7; j label8
;; block7:
;;   jmp     label9
;; block8:
;;   jmp     label5
;; block9:
;;   cmpl $0x3, %edx
;;   jb      label10; j label11
;; block10:
;;   movq %rdx, %rsi
;;   jmp     label1
;; block11:
;;   jmp     label12
;; block12:
;;   jmp     label13
;; block13:
;;   movq %rdx, %rax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
