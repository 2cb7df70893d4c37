;;! emit=clif,asm
;;! emit=clif,asm bounds=explicit
;;! emit=clif,asm bounds=explicit traps=call
;;; The same accesses under each way to find those out of bounds. A load whose result nobody uses traps all the same.
(module
  (memory 1)
  (func $load (param i32) (result i64) (i64.load offset=16 (local.get 0)))
  (func $store (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func $dead_load (param i32) (drop (i32.load (local.get 0))))
  (func $overwritten (param i32 i32) (i32.store (local.get 0) (i32.const 1)) (i32.store offset=4 (local.get 1) (i32.const 2))
    (i32.store (local.get 0) (i32.const 3)))
)

;; == emit=clif,asm
;;
;; p.0.load:
;; function u0:0(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     v5 = load.i64 user2 little region0 v4+16
;;     jump block1(v5)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movq 0x10(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.store:
;; function u0:1(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iadd v0, v3
;;     istore8 user2 little region0 v2, v4
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movb %dl, (%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.dead_load:
;; function u0:2(i64 vmctx, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v2 = uextend.i64 v1
;;     v3 = iadd v0, v2
;;     v4 = load.i32 user2 little region0 v3
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl (%rdi, %rsi), %esi
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.overwritten:
;; function u0:3(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = iconst.i32 1
;;     v4 = uextend.i64 v1
;;     v5 = iadd v0, v4
;;     store user2 little region0 v3, v5  ; v3 = 1
;;     v6 = iconst.i32 2
;;     v7 = uextend.i64 v2
;;     v8 = iadd v0, v7
;;     store user2 little region0 v6, v8+4  ; v6 = 2
;;     v9 = iconst.i32 3
;;     v10 = uextend.i64 v1
;;     v11 = iadd v0, v10
;;     store user2 little region0 v9, v11  ; v9 = 3
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   movl $0x1, (%rdi, %rsi)
;;   movl %edx, %r8d
;;   movl $0x2, 4(%rdi, %r8)
;;   movl $0x3, (%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif,asm bounds=explicit
;;
;; p.0.load:
;; function u0:0(i64 vmctx, i32) -> i64 tail {
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
;;     v9 = load.i64 notrap little region0 v8+16
;;     jump block1(v9)
;;
;; block1(v2: i64):
;;     return v2
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   leaq 0x18(%rsi), %r8
;;   cmpq -0x10(%rdi), %r8
;;   jnbe #trap=user2
;;   movq 0x10(%rdi, %rsi), %rax
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.store:
;; function u0:1(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned region1 v0-16
;;     v5 = iconst.i64 1
;;     v6 = iadd v3, v5  ; v5 = 1
;;     v7 = icmp ugt v6, v4
;;     trapnz v7, user2
;;     v8 = iadd v0, v3
;;     istore8 notrap little region0 v2, v8
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   leaq 1(%rsi), %r8
;;   cmpq -0x10(%rdi), %r8
;;   jnbe #trap=user2
;;   movb %dl, (%rdi, %rsi)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.dead_load:
;; function u0:2(i64 vmctx, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v2 = uextend.i64 v1
;;     v3 = load.i64 notrap aligned region1 v0-16
;;     v4 = iconst.i64 4
;;     v5 = iadd v2, v4  ; v4 = 4
;;     v6 = icmp ugt v5, v3
;;     trapnz v6, user2
;;     v7 = iadd v0, v2
;;     v8 = load.i32 notrap little region0 v7
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movl %esi, %esi
;;   leaq 4(%rsi), %r8
;;   cmpq -0x10(%rdi), %r8
;;   jnbe #trap=user2
;;   movl (%rdi, %rsi), %edi
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.3.overwritten:
;; function u0:3(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = iconst.i32 1
;;     v4 = uextend.i64 v1
;;     v5 = load.i64 notrap aligned region1 v0-16
;;     v6 = iconst.i64 4
;;     v7 = iadd v4, v6  ; v6 = 4
;;     v8 = icmp ugt v7, v5
;;     trapnz v8, user2
;;     v9 = iadd v0, v4
;;     store notrap little region0 v3, v9  ; v3 = 1
;;     v10 = iconst.i32 2
;;     v11 = uextend.i64 v2
;;     v12 = load.i64 notrap aligned region1 v0-16
;;     v13 = iconst.i64 8
;;     v14 = iadd v11, v13  ; v13 = 8
;;     v15 = icmp ugt v14, v12
;;     trapnz v15, user2
;;     v16 = iadd v0, v11
;;     store notrap little region0 v10, v16+4  ; v10 = 2
;;     v17 = iconst.i32 3
;;     v18 = uextend.i64 v1
;;     v19 = load.i64 notrap aligned region1 v0-16
;;     v20 = iconst.i64 4
;;     v21 = iadd v18, v20  ; v20 = 4
;;     v22 = icmp ugt v21, v19
;;     trapnz v22, user2
;;     v23 = iadd v0, v18
;;     store notrap little region0 v17, v23  ; v17 = 3
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x10(%rdi), %r9
;;   movl %esi, %r8d
;;   leaq 4(%r8), %r10
;;   cmpq %r9, %r10
;;   jnbe #trap=user2
;;   movl $0x1, (%rdi, %r8)
;;   movl %edx, %r11d
;;   leaq 8(%r11), %rax
;;   cmpq %r9, %rax
;;   jnbe #trap=user2
;;   movl $0x2, 4(%rdi, %r11)
;;   movl $0x3, (%rdi, %r8)
;;   jmp     label1
;; block1:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq

;; == emit=clif,asm bounds=explicit traps=call
;;
;; p.0.load:
;; function u0:0(i64 vmctx, i32) -> i64 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i32):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v7 = uextend.i64 v1
;;     v8 = load.i64 notrap aligned region1 v0-16
;;     v9 = iconst.i64 24
;;     v10 = iadd v7, v9  ; v9 = 24
;;     v11 = icmp ugt v10, v8
;;     brif v11, block4, block5
;;
;; block4 cold:
;;     v12 = iconst.i32 2
;;     call fn0(v0, v12)  ; v12 = 2
;;     trap user2
;;
;; block5:
;;     v13 = iadd.i64 v0, v7
;;     v14 = load.i64 notrap little region0 v13+16
;;     jump block3(v14)
;;
;; block3(v6: i64):
;;     return v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %r10
;;   movq    %rsp, %r11
;;   cmpq %r10, %r11
;;   jb      label5; j label1
;; block1:
;;   movq -0x10(%rdi), %rcx
;;   movl %esi, %eax
;;   leaq 0x18(%rax), %rdx
;;   cmpq %rcx, %rdx
;;   jnbe    label4; j label2
;; block2:
;;   movq 0x10(%rdi, %rax), %rax
;;   jmp     label3
;; block3:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block4:
;;   movl $0x2, %esi
;;   call    User(userextname0)
;;   ud2
;; block5:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;;
;; p.1.store:
;; function u0:1(i64 vmctx, i32, i32) tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v7 = uextend.i64 v1
;;     v8 = load.i64 notrap aligned region1 v0-16
;;     v9 = iconst.i64 1
;;     v10 = iadd v7, v9  ; v9 = 1
;;     v11 = icmp ugt v10, v8
;;     brif v11, block4, block5
;;
;; block4 cold:
;;     v12 = iconst.i32 2
;;     call fn0(v0, v12)  ; v12 = 2
;;     trap user2
;;
;; block5:
;;     v13 = iadd.i64 v0, v7
;;     istore8.i32 notrap little region0 v2, v13
;;     jump block3
;;
;; block3:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %r10
;;   movq    %rsp, %r11
;;   cmpq %r10, %r11
;;   jb      label5; j label1
;; block1:
;;   movq -0x10(%rdi), %rcx
;;   movl %esi, %eax
;;   leaq 1(%rax), %rsi
;;   cmpq %rcx, %rsi
;;   jnbe    label4; j label2
;; block2:
;;   movb %dl, (%rdi, %rax)
;;   jmp     label3
;; block3:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block4:
;;   movl $0x2, %esi
;;   call    User(userextname0)
;;   ud2
;; block5:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;;
;; p.2.dead_load:
;; function u0:2(i64 vmctx, i32) tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i32):
;;     v2 = load.i64 notrap aligned region1 v0-24
;;     v3 = get_stack_pointer.i64
;;     v4 = icmp ult v3, v2
;;     brif v4, block1, block2
;;
;; block1 cold:
;;     v5 = iconst.i32 9
;;     call fn0(v0, v5)  ; v5 = 9
;;     trap user9
;;
;; block2:
;;     v6 = uextend.i64 v1
;;     v7 = load.i64 notrap aligned region1 v0-16
;;     v8 = iconst.i64 4
;;     v9 = iadd v6, v8  ; v8 = 4
;;     v10 = icmp ugt v9, v7
;;     brif v10, block4, block5
;;
;; block4 cold:
;;     v11 = iconst.i32 2
;;     call fn0(v0, v11)  ; v11 = 2
;;     trap user2
;;
;; block5:
;;     v12 = iadd.i64 v0, v6
;;     v13 = load.i32 notrap little region0 v12
;;     jump block3
;;
;; block3:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %r10
;;   movq    %rsp, %r11
;;   cmpq %r10, %r11
;;   jb      label5; j label1
;; block1:
;;   movq -0x10(%rdi), %rcx
;;   movl %esi, %eax
;;   leaq 4(%rax), %rdx
;;   cmpq %rcx, %rdx
;;   jnbe    label4; j label2
;; block2:
;;   movl (%rdi, %rax), %eax
;;   jmp     label3
;; block3:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block4:
;;   movl $0x2, %esi
;;   call    User(userextname0)
;;   ud2
;; block5:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;;
;; p.3.overwritten:
;; function u0:3(i64 vmctx, i32, i32) tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v3 = load.i64 notrap aligned region1 v0-24
;;     v4 = get_stack_pointer.i64
;;     v5 = icmp ult v4, v3
;;     brif v5, block1, block2
;;
;; block1 cold:
;;     v6 = iconst.i32 9
;;     call fn0(v0, v6)  ; v6 = 9
;;     trap user9
;;
;; block2:
;;     v7 = iconst.i32 1
;;     v8 = uextend.i64 v1
;;     v9 = load.i64 notrap aligned region1 v0-16
;;     v10 = iconst.i64 4
;;     v11 = iadd v8, v10  ; v10 = 4
;;     v12 = icmp ugt v11, v9
;;     brif v12, block4, block5
;;
;; block4 cold:
;;     v13 = iconst.i32 2
;;     call fn0(v0, v13)  ; v13 = 2
;;     trap user2
;;
;; block5:
;;     v14 = iadd.i64 v0, v8
;;     store.i32 notrap little region0 v7, v14  ; v7 = 1
;;     v15 = iconst.i32 2
;;     v16 = uextend.i64 v2
;;     v17 = load.i64 notrap aligned region1 v0-16
;;     v18 = iconst.i64 8
;;     v19 = iadd v16, v18  ; v18 = 8
;;     v20 = icmp ugt v19, v17
;;     brif v20, block6, block7
;;
;; block6 cold:
;;     v21 = iconst.i32 2
;;     call fn0(v0, v21)  ; v21 = 2
;;     trap user2
;;
;; block7:
;;     v22 = iadd.i64 v0, v16
;;     store.i32 notrap little region0 v15, v22+4  ; v15 = 2
;;     v23 = iconst.i32 3
;;     v24 = uextend.i64 v1
;;     v25 = load.i64 notrap aligned region1 v0-16
;;     v26 = iconst.i64 4
;;     v27 = iadd v24, v26  ; v26 = 4
;;     v28 = icmp ugt v27, v25
;;     brif v28, block8, block9
;;
;; block8 cold:
;;     v29 = iconst.i32 2
;;     call fn0(v0, v29)  ; v29 = 2
;;     trap user2
;;
;; block9:
;;     v30 = iadd.i64 v0, v24
;;     store.i32 notrap little region0 v23, v30  ; v23 = 3
;;     jump block3
;;
;; block3:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %rax
;;   movq    %rsp, %rcx
;;   cmpq %rax, %rcx
;;   jb      label9; j label1
;; block1:
;;   movq -0x10(%rdi), %rcx
;;   movl %esi, %eax
;;   leaq 4(%rax), %rsi
;;   cmpq %rcx, %rsi
;;   jnbe    label8; j label2
;; block2:
;;   movl $0x1, (%rdi, %rax)
;;   movl %edx, %edx
;;   leaq 8(%rdx), %r8
;;   cmpq %rcx, %r8
;;   jnbe    label7; j label3
;; block3:
;;   movl $0x2, 4(%rdi, %rdx)
;;   cmpq %rcx, %rsi
;;   jnbe    label6; j label4
;; block4:
;;   movl $0x3, (%rdi, %rax)
;;   jmp     label5
;; block5:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block6:
;;   movl $0x2, %esi
;;   call    User(userextname0)
;;   ud2
;; block7:
;;   movl $0x2, %esi
;;   call    User(userextname0)
;;   ud2
;; block8:
;;   movl $0x2, %esi
;;   call    User(userextname0)
;;   ud2
;; block9:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
