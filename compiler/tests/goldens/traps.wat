;;! emit=clif,asm,calls
;;! emit=clif,asm,calls traps=call
;;; The unreachable instruction, and a conditional one.
(module
  (func $unreachable unreachable)
  (func $maybe (param i32) (if (local.get 0) (then unreachable)))
)

;; == emit=clif,asm,calls
;;
;; p.0.unreachable:
;; function u0:0(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64):
;;     trap user1
;;
;; block1:
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   ud2
;; calls
;;
;; p.1.maybe:
;; function u0:1(i64 vmctx, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     brif v1, block2, block3
;;
;; block2:
;;     trap user1
;;
;; block3:
;;     jump block4
;;
;; block4:
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   testl %esi, %esi
;;   jnz #trap=user1
;;   jmp     label1
;; block1:
;;   jmp     label2
;; block2:
;;   jmp     label3
;; block3:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; calls

;; == emit=clif,asm,calls traps=call
;;
;; p.0.unreachable:
;; function u0:0(i64 vmctx) tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     fn0 = colocated u2:11 sig0
;;
;; block0(v0: i64):
;;     v1 = load.i64 notrap aligned region1 v0-24
;;     v2 = get_stack_pointer.i64
;;     v3 = icmp ult v2, v1
;;     brif v3, block1, block2
;;
;; block1 cold:
;;     v4 = iconst.i32 9
;;     call fn0(v0, v4)  ; v4 = 9
;;     trap user9
;;
;; block2:
;;     v5 = iconst.i32 1
;;     call fn0(v0, v5)  ; v5 = 1
;;     trap user1
;;
;; block3:
;;     trap user1
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %rsi
;;   movq    %rsp, %r8
;;   cmpq %rsi, %r8
;;   jb      label2; j label1
;; block1:
;;   movl $0x1, %esi
;;   call    User(userextname0)
;;   ud2
;; block2:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;; calls nullvm_libcall_trap, nullvm_libcall_trap
;;
;; p.1.maybe:
;; function u0:1(i64 vmctx, i32) tail {
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
;;     brif.i32 v1, block4, block5
;;
;; block4:
;;     v6 = iconst.i32 1
;;     call fn0(v0, v6)  ; v6 = 1
;;     trap user1
;;
;; block5:
;;     jump block6
;;
;; block6:
;;     jump block3
;;
;; block3:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;; block0:
;;   movq -0x18(%rdi), %r8
;;   movq    %rsp, %r9
;;   cmpq %r8, %r9
;;   jb      label6; j label1
;; block1:
;;   testl %esi, %esi
;;   jnz     label5; j label2
;; block2:
;;   jmp     label3
;; block3:
;;   jmp     label4
;; block4:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block5:
;;   movl $0x1, %esi
;;   call    User(userextname0)
;;   ud2
;; block6:
;;   movl $0x9, %esi
;;   call    User(userextname0)
;;   ud2
;; calls nullvm_libcall_trap, nullvm_libcall_trap
