;;! emit=asm
;;! emit=clif,asm traps=call
;;; The stack pointer is compared with the limit in the context before a frame is used; leaves without a frame are spared.
(module
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $caller (param i32) (result i32) (call $leaf (call $leaf (local.get 0))))
  (func $tail_calls_itself (param i32) (return_call $tail_calls_itself (local.get 0)))
)

;; == emit=asm
;;
;; p.0.leaf:
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   jmp     label1
;; block1:
;;   leal 1(%rsi), %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.1.caller:
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x20, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;;   subq $0x10, %rsp
;;   movq %r12, (%rsp)
;; block0:
;;   movq %rdi, %r12
;;   call    User(userextname0)
;;   movq %rax, %rsi
;;   movq %r12, %rdi
;;   call    User(userextname0)
;;   jmp     label1
;; block1:
;;   movq (%rsp), %r12
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;;
;; p.2.tail_calls_itself:
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   return_call_known User(userextname0) (0) tmp=%r11 %rdi=%rdi %rsi=%rsi

;; == emit=clif,asm traps=call
;;
;; p.0.leaf:
;; function u0:0(i64 vmctx, i32) -> i32 tail {
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
;;     v7 = iconst.i32 1
;;     v8 = iadd.i32 v1, v7  ; v7 = 1
;;     jump block3(v8)
;;
;; block3(v6: i32):
;;     return v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %r8
;;   movq    %rsp, %r9
;;   cmpq %r8, %r9
;;   jb      label3; j label1
;; block1:
;;   jmp     label2
;; block2:
;;   leal 1(%rsi), %eax
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block3:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;;
;; p.1.caller:
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     sig1 = (i64 vmctx, i32) -> i32 tail
;;     fn0 = colocated u2:11 sig0
;;     fn1 = colocated u0:0 sig1
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
;;     v7 = call fn1(v0, v1)
;;     v8 = call fn1(v0, v7)
;;     jump block3(v8)
;;
;; block3(v6: i32):
;;     return v6
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   subq $0x10, %rsp
;;   movq %r12, (%rsp)
;; block0:
;;   movq %rdi, %r12
;;   movq -0x18(%rdi), %rdi
;;   movq    %rsp, %r8
;;   cmpq %rdi, %r8
;;   jb      label3; j label1
;; block1:
;;   movq %r12, %rdi
;;   call    User(userextname1)
;;   movq %rax, %rsi
;;   movq %r12, %rdi
;;   call    User(userextname1)
;;   jmp     label2
;; block2:
;;   movq (%rsp), %r12
;;   addq $0x10, %rsp
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block3:
;;   movq %r12, %rdi
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;;
;; p.2.tail_calls_itself:
;; function u0:2(i64 vmctx, i32) tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     sig1 = (i64 vmctx, i32) tail
;;     fn0 = colocated u2:11 sig0
;;     fn1 = colocated u0:2 sig1
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
;;     return_call fn1(v0, v1)
;;
;; block3:
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %r8
;;   movq    %rsp, %r9
;;   cmpq %r8, %r9
;;   jb      label2; j label1
;; block1:
;;   return_call_known User(userextname1) (0) tmp=%r11 %rdi=%rdi %rsi=%rsi
;; block2:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
