;;! emit=clif,asm interruptible=true
;;! emit=asm interruptible=true traps=call
;;! emit=asm interruptible=true opt=size
;;! emit=asm interruptible=true target=aarch64-unknown-linux-gnu
;;; At full optimisation the interrupt field is read on every way around every loop, calls in it or not.
(module
  (memory 1)
  (func $empty (loop $l (br $l)))
  (func $counts (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $nested (param i32) (result i32) (local i32 i32)
    (loop $outer
      (local.set 1 (i32.const 100))
      (loop $inner
        (local.set 2 (i32.add (local.get 2) (i32.load (local.get 1))))
        (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
      (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 2))
)

;; == emit=clif,asm interruptible=true
;;
;; p.0.empty:
;; function u0:0(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     jump block3
;;
;; block3:
;;     jump block3
;;
;; block2:
;;     trap user1
;;
;; block1:
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   jmp     label1
;;
;; p.1.counts:
;; function u0:1(i64 vmctx, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     jump block3(v1)
;;
;; block3(v2: i32):
;;     v3 = iconst.i32 1
;;     v4 = iconst.i32 -1
;;     v5 = iadd v2, v4  ; v4 = -1
;;     brif v5, block3(v5), block4
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
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   leal -1(%rsi), %esi
;;   testl %esi, %esi
;;   jnz     label2; j label3
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
;;
;; p.2.nested:
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v2 = iconst.i32 0
;;     jump block3(v2, v1)  ; v2 = 0
;;
;; block3(v14: i32, v16: i32):
;;     v15 -> v16
;;     v4 = iconst.i32 100
;;     jump block5(v14, v4)  ; v4 = 100
;;
;; block5(v5: i32, v6: i32):
;;     v7 = uextend.i64 v6
;;     v8 = iadd.i64 v0, v7
;;     v9 = load.i32 user2 little region0 v8
;;     v10 = iadd v5, v9
;;     v11 = iconst.i32 1
;;     v12 = iconst.i32 -1
;;     v13 = iadd v6, v12  ; v12 = -1
;;     brif v13, block5(v10, v13), block6
;;
;; block6:
;;     jump block4
;;
;; block4:
;;     v17 = iconst.i32 1
;;     v18 = iconst.i32 -1
;;     v19 = iadd.i32 v16, v18  ; v18 = -1
;;     brif v19, block3(v10, v19), block7
;;
;; block7:
;;     jump block2
;;
;; block2:
;;     jump block1(v10)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   jmp     label1
;; block1:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   movl $0x64, %r11d
;;   jmp     label2
;; block2:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   movl %r11d, %ecx
;;   movl (%rdi, %rcx), %ecx
;;   leal -1(%r11), %r11d
;;   leal (%rax, %rcx), %eax
;;   testl %r11d, %r11d
;;   jnz     label3; j label4
;; block3:
;;   jmp     label2
;; block4:
;;   jmp     label5
;; block5:
;;   leal -1(%rsi), %esi
;;   testl %esi, %esi
;;   jnz     label6; j label7
;; block6:
;;   jmp     label1
;; block7:
;;   jmp     label8
;; block8:
;;   jmp     label9
;; block9:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=asm interruptible=true traps=call
;;
;; p.0.empty:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %rsi
;;   movq    %rsp, %r8
;;   cmpq %rsi, %r8
;;   jb      label5; j label1
;; block1:
;;   jmp     label2
;; block2:
;;   movq -0x20(%rdi), %r9
;;   testq %r9, %r9
;;   jnz     label4; j label3
;; block3:
;;   jmp     label2
;; block4:
;;   movl $0xa, %esi
;;   call    User(userextname0)
;;   ud2
;; block5:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;;
;; p.1.counts:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %r9
;;   movq    %rsp, %r10
;;   cmpq %r9, %r10
;;   jb      label9; j label1
;; block1:
;;   jmp     label2
;; block2:
;;   movq -0x20(%rdi), %rax
;;   testq %rax, %rax
;;   jnz     label8; j label3
;; block3:
;;   leal -1(%rsi), %esi
;;   testl %esi, %esi
;;   jnz     label4; j label5
;; block4:
;;   jmp     label2
;; block5:
;;   jmp     label6
;; block6:
;;   jmp     label7
;; block7:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block8:
;;   movl $0xa, %esi
;;   call    User(userextname0)
;;   ud2
;; block9:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;;
;; p.2.nested:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %rax
;;   movq    %rsp, %rcx
;;   cmpq %rax, %rcx
;;   jb      label15; j label1
;; block1:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   jmp     label2
;; block2:
;;   movq -0x20(%rdi), %rcx
;;   testq %rcx, %rcx
;;   jnz     label14; j label3
;; block3:
;;   movl $0x64, %ecx
;;   jmp     label4
;; block4:
;;   movq -0x20(%rdi), %rdx
;;   testq %rdx, %rdx
;;   jnz     label13; j label5
;; block5:
;;   movl %ecx, %edx
;;   movl (%rdi, %rdx), %edx
;;   leal -1(%rcx), %ecx
;;   leal (%rax, %rdx), %eax
;;   testl %ecx, %ecx
;;   jnz     label6; j label7
;; block6:
;;   jmp     label4
;; block7:
;;   jmp     label8
;; block8:
;;   leal -1(%rsi), %esi
;;   testl %esi, %esi
;;   jnz     label9; j label10
;; block9:
;;   jmp     label2
;; block10:
;;   jmp     label11
;; block11:
;;   jmp     label12
;; block12:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block13:
;;   movl $0xa, %esi
;;   call    User(userextname0)
;;   ud2
;; block14:
;;   movl $0xa, %esi
;;   call    User(userextname0)
;;   ud2
;; block15:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2

;; == emit=asm interruptible=true opt=size
;;
;; p.0.empty:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   jmp     label1
;;
;; p.1.counts:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   leal -1(%rsi), %esi
;;   testl %esi, %esi
;;   jnz     label2; j label3
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
;;
;; p.2.nested:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   uninit  %rax
;;   xorl %eax, %eax
;;   jmp     label1
;; block1:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   movl $0x64, %r11d
;;   jmp     label2
;; block2:
;;   cmpq -0x20(%rdi), %rdi
;;   jb #trap=user10
;;   movl %r11d, %ecx
;;   movl (%rdi, %rcx), %ecx
;;   leal -1(%r11), %r11d
;;   leal (%rax, %rcx), %eax
;;   testl %r11d, %r11d
;;   jnz     label3; j label4
;; block3:
;;   jmp     label2
;; block4:
;;   jmp     label5
;; block5:
;;   leal -1(%rsi), %esi
;;   testl %esi, %esi
;;   jnz     label6; j label7
;; block6:
;;   jmp     label1
;; block7:
;;   jmp     label8
;; block8:
;;   jmp     label9
;; block9:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=asm interruptible=true target=aarch64-unknown-linux-gnu
;;
;; p.0.empty:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   b label1
;; block1:
;;   ldur x3, [x2, #-32]
;;   cbnz x3, #trap=user10
;;   b label1
;;
;; p.1.counts:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   b label1
;; block1:
;;   ldur x6, [x2, #-32]
;;   cbnz x6, #trap=user10
;;   sub w3, w3, #1
;;   cbnz w3, label2 ; b label3
;; block2:
;;   b label1
;; block3:
;;   b label4
;; block4:
;;   b label5
;; block5:
;;   ldp fp, lr, [sp], #16
;;   ret
;;
;; p.2.nested:
;;   stp fp, lr, [sp, #-16]!
;;   mov fp, sp
;; block0:
;;   mov x0, x2
;;   movz w2, #0
;;   b label1
;; block1:
;;   ldur x15, [x0, #-32]
;;   cbnz x15, #trap=user10
;;   movz w10, #100
;;   b label2
;; block2:
;;   ldur x1, [x0, #-32]
;;   cbnz x1, #trap=user10
;;   ldr w1, [x0, w10, UXTW]
;;   sub w10, w10, #1
;;   add w2, w2, w1
;;   cbnz w10, label3 ; b label4
;; block3:
;;   b label2
;; block4:
;;   b label5
;; block5:
;;   sub w3, w3, #1
;;   cbnz w3, label6 ; b label7
;; block6:
;;   b label1
;; block7:
;;   b label8
;; block8:
;;   b label9
;; block9:
;;   ldp fp, lr, [sp], #16
;;   ret
