;;! emit=clif,asm
;;! emit=clif traps=call
;;; Indirect calls compare the index with the table and the element with the signature, by its number in the plugin; a null
;;; element has the number 0.
(module
  (type $t (func (param i32) (result i32)))
  (type $same (func (param i32) (result i32)))
  (type $other (func))
  (table $a 4 funcref)
  (table $b 4 8 funcref)
  (func $call (param i32 i32) (result i32) (call_indirect $a (type $t) (local.get 0) (local.get 1)))
  (func $equal_type (param i32 i32) (result i32) (call_indirect $b (type $same) (local.get 0) (local.get 1)))
  (func $other_type (param i32) (call_indirect $a (type $other) (local.get 0)))
)

;; == emit=clif,asm
;;
;; p.0.call:
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v4 = load.i64 notrap aligned region2 v0-272
;;     v5 = load.i64 notrap aligned region2 v0-264
;;     v6 = uextend.i64 v2
;;     v7 = icmp uge v6, v5
;;     trapnz v7, user3
;;     v8 = iconst.i64 4
;;     v9 = ishl v6, v8  ; v8 = 4
;;     v10 = iadd v4, v9
;;     v11 = load.i32 notrap aligned region3 v10+8
;;     v12 = iconst.i32 1
;;     v13 = icmp ne v11, v12  ; v12 = 1
;;     brif v13, block2, block3
;;
;; block2 cold:
;;     v14 = iconst.i32 0
;;     v15 = icmp.i32 eq v11, v14  ; v14 = 0
;;     trapnz v15, user4
;;     trap user5
;;
;; block3:
;;     v16 = load.i64 notrap aligned region3 v10
;;     v17 = call_indirect sig0, v16(v0, v1)
;;     jump block1(v17)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   movq -0x110(%rdi), %r9
;;   movl %edx, %r8d
;;   cmpq -0x108(%rdi), %r8
;;   jnb #trap=user3
;;   shlq $0x4, %r8
;;   movl 8(%r9, %r8), %r11d
;;   cmpl $0x1, %r11d
;;   jnz     label3; j label1
;; block1:
;;   movq (%r9, %r8), %rax
;;   call    *%rax
;;   jmp     label2
;; block2:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block3:
;;   testl %r11d, %r11d
;;   jz #trap=user4
;;   ud2
;;
;; p.1.equal_type:
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32, v2: i32):
;;     v4 = load.i64 notrap aligned region2 v0-288
;;     v5 = load.i64 notrap aligned region2 v0-280
;;     v6 = uextend.i64 v2
;;     v7 = icmp uge v6, v5
;;     trapnz v7, user3
;;     v8 = iconst.i64 4
;;     v9 = ishl v6, v8  ; v8 = 4
;;     v10 = iadd v4, v9
;;     v11 = load.i32 notrap aligned region3 v10+8
;;     v12 = iconst.i32 1
;;     v13 = icmp ne v11, v12  ; v12 = 1
;;     brif v13, block2, block3
;;
;; block2 cold:
;;     v14 = iconst.i32 0
;;     v15 = icmp.i32 eq v11, v14  ; v14 = 0
;;     trapnz v15, user4
;;     trap user5
;;
;; block3:
;;     v16 = load.i64 notrap aligned region3 v10
;;     v17 = call_indirect sig0, v16(v0, v1)
;;     jump block1(v17)
;;
;; block1(v3: i32):
;;     return v3
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   movq -0x120(%rdi), %r9
;;   movl %edx, %r8d
;;   cmpq -0x118(%rdi), %r8
;;   jnb #trap=user3
;;   shlq $0x4, %r8
;;   movl 8(%r9, %r8), %r11d
;;   cmpl $0x1, %r11d
;;   jnz     label3; j label1
;; block1:
;;   movq (%r9, %r8), %rax
;;   call    *%rax
;;   jmp     label2
;; block2:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block3:
;;   testl %r11d, %r11d
;;   jz #trap=user4
;;   ud2
;;
;; p.2.other_type:
;; function u0:2(i64 vmctx, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned gv0-24
;;     sig0 = (i64 vmctx) tail
;;     stack_limit = gv1
;;
;; block0(v0: i64, v1: i32):
;;     v2 = load.i64 notrap aligned region2 v0-272
;;     v3 = load.i64 notrap aligned region2 v0-264
;;     v4 = uextend.i64 v1
;;     v5 = icmp uge v4, v3
;;     trapnz v5, user3
;;     v6 = iconst.i64 4
;;     v7 = ishl v4, v6  ; v6 = 4
;;     v8 = iadd v2, v7
;;     v9 = load.i32 notrap aligned region3 v8+8
;;     v10 = iconst.i32 2
;;     v11 = icmp ne v9, v10  ; v10 = 2
;;     brif v11, block2, block3
;;
;; block2 cold:
;;     v12 = iconst.i32 0
;;     v13 = icmp.i32 eq v9, v12  ; v12 = 0
;;     trapnz v13, user4
;;     trap user5
;;
;; block3:
;;     v14 = load.i64 notrap aligned region3 v8
;;     call_indirect sig0, v14(v0)
;;     jump block1
;;
;; block1:
;;     return
;; }
;;   pushq %rbp
;;   movq %rsp, %rbp
;;   movq -0x18(%rdi), %r10
;;   addq $0x10, %r10
;;   cmpq %rsp, %r10
;;   jnbe #trap=stk_ovf
;; block0:
;;   movq -0x110(%rdi), %r8
;;   movl %esi, %esi
;;   cmpq -0x108(%rdi), %rsi
;;   jnb #trap=user3
;;   shlq $0x4, %rsi
;;   movl 8(%r8, %rsi), %r9d
;;   cmpl $0x2, %r9d
;;   jnz     label3; j label1
;; block1:
;;   movq (%r8, %rsi), %r11
;;   call    *%r11
;;   jmp     label2
;; block2:
;;   movq %rbp, %rsp
;;   popq %rbp
;;   retq
;; block3:
;;   testl %r9d, %r9d
;;   jz #trap=user4
;;   ud2

;; == emit=clif traps=call
;;
;; p.0.call:
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     sig1 = (i64 vmctx, i32) -> i32 tail
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
;;     v8 = load.i64 notrap aligned region2 v0-272
;;     v9 = load.i64 notrap aligned region2 v0-264
;;     v10 = uextend.i64 v2
;;     v11 = icmp uge v10, v9
;;     brif v11, block4, block5
;;
;; block4 cold:
;;     v12 = iconst.i32 3
;;     call fn0(v0, v12)  ; v12 = 3
;;     trap user3
;;
;; block5:
;;     v13 = iconst.i64 4
;;     v14 = ishl.i64 v10, v13  ; v13 = 4
;;     v15 = iadd.i64 v8, v14
;;     v16 = load.i32 notrap aligned region3 v15+8
;;     v17 = iconst.i32 1
;;     v18 = icmp ne v16, v17  ; v17 = 1
;;     brif v18, block6, block7
;;
;; block6 cold:
;;     v19 = iconst.i32 0
;;     v20 = icmp.i32 eq v16, v19  ; v19 = 0
;;     brif v20, block8, block9
;;
;; block8 cold:
;;     v21 = iconst.i32 4
;;     call fn0(v0, v21)  ; v21 = 4
;;     trap user4
;;
;; block9:
;;     v22 = iconst.i32 5
;;     call fn0(v0, v22)  ; v22 = 5
;;     trap user5
;;
;; block7:
;;     v23 = load.i64 notrap aligned region3 v15
;;     v24 = call_indirect sig1, v23(v0, v1)
;;     jump block3(v24)
;;
;; block3(v7: i32):
;;     return v7
;; }
;;
;; p.1.equal_type:
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     sig1 = (i64 vmctx, i32) -> i32 tail
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
;;     v8 = load.i64 notrap aligned region2 v0-288
;;     v9 = load.i64 notrap aligned region2 v0-280
;;     v10 = uextend.i64 v2
;;     v11 = icmp uge v10, v9
;;     brif v11, block4, block5
;;
;; block4 cold:
;;     v12 = iconst.i32 3
;;     call fn0(v0, v12)  ; v12 = 3
;;     trap user3
;;
;; block5:
;;     v13 = iconst.i64 4
;;     v14 = ishl.i64 v10, v13  ; v13 = 4
;;     v15 = iadd.i64 v8, v14
;;     v16 = load.i32 notrap aligned region3 v15+8
;;     v17 = iconst.i32 1
;;     v18 = icmp ne v16, v17  ; v17 = 1
;;     brif v18, block6, block7
;;
;; block6 cold:
;;     v19 = iconst.i32 0
;;     v20 = icmp.i32 eq v16, v19  ; v19 = 0
;;     brif v20, block8, block9
;;
;; block8 cold:
;;     v21 = iconst.i32 4
;;     call fn0(v0, v21)  ; v21 = 4
;;     trap user4
;;
;; block9:
;;     v22 = iconst.i32 5
;;     call fn0(v0, v22)  ; v22 = 5
;;     trap user5
;;
;; block7:
;;     v23 = load.i64 notrap aligned region3 v15
;;     v24 = call_indirect sig1, v23(v0, v1)
;;     jump block3(v24)
;;
;; block3(v7: i32):
;;     return v7
;; }
;;
;; p.2.other_type:
;; function u0:2(i64 vmctx, i32) tail {
;;     sig0 = (i64 vmctx, i32) system_v
;;     sig1 = (i64 vmctx) tail
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
;;     v6 = load.i64 notrap aligned region2 v0-272
;;     v7 = load.i64 notrap aligned region2 v0-264
;;     v8 = uextend.i64 v1
;;     v9 = icmp uge v8, v7
;;     brif v9, block4, block5
;;
;; block4 cold:
;;     v10 = iconst.i32 3
;;     call fn0(v0, v10)  ; v10 = 3
;;     trap user3
;;
;; block5:
;;     v11 = iconst.i64 4
;;     v12 = ishl.i64 v8, v11  ; v11 = 4
;;     v13 = iadd.i64 v6, v12
;;     v14 = load.i32 notrap aligned region3 v13+8
;;     v15 = iconst.i32 2
;;     v16 = icmp ne v14, v15  ; v15 = 2
;;     brif v16, block6, block7
;;
;; block6 cold:
;;     v17 = iconst.i32 0
;;     v18 = icmp.i32 eq v14, v17  ; v17 = 0
;;     brif v18, block8, block9
;;
;; block8 cold:
;;     v19 = iconst.i32 4
;;     call fn0(v0, v19)  ; v19 = 4
;;     trap user4
;;
;; block9:
;;     v20 = iconst.i32 5
;;     call fn0(v0, v20)  ; v20 = 5
;;     trap user5
;;
;; block7:
;;     v21 = load.i64 notrap aligned region3 v13
;;     call_indirect sig1, v21(v0)
;;     jump block3
;;
;; block3:
;;     return
;; }
